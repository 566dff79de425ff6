/**
 * Two organizations that know nothing of each other: A, whose rows carry a canary in every text, and B, from whose
 * transactions the attacks come. Every tenant table holds rows of both.
 */
import pg from 'pg';
import { createDartwing, type Dartwing, type DartwingOptions } from '../../src/core/index.js';
import { openKeyring } from '../../src/core/keys/index.js';
import type { TestDatabase } from '../support/database.js';
import { atEnd } from '../support/ending.js';
import { createTestInstallation } from '../support/installation.js';
import { masterKey } from '../support/server.js';

/** Stands in every text of A and in no statement of an attack. */
export const canary = 'amaranth';

export interface Party {
  organization: string;
  slug: string;
  person: string;
  email: string;
}

/** A table with rows of organizations, and how a row says whose it is. */
export interface TenantTable {
  name: string;
  /** Column that tells whose a row is. */
  key: string;
  /** Values of that column for A and for B. */
  a: string;
  b: string;
  /** Columns that an insert may name; all, where the app may insert nothing. */
  columns: string[];
  primaryKey: string[];
  partition: boolean;
  /** The app may read the whole of its rows. */
  readable: boolean;
  /** A whole row of A and one of B. */
  rowOfA: Record<string, unknown>;
  rowOfB: Record<string, unknown>;
}

export interface World {
  dartwing: Dartwing;
  database: TestDatabase;
  options: DartwingOptions;
  rolePrefix: string;
  a: Party;
  b: Party;
  tables: TenantTable[];
  /** A connection of the app's login that no organization was set on. */
  nobody: pg.Client;
  /** Rows of A in every table, policies, rights and roles as one fingerprint, read by a superuser. */
  fingerprint(): Promise<string>;
  /** How many rows of a table belong to B. */
  countOfB(table: TenantTable): number;
}

export async function createWorld(more: Partial<DartwingOptions> = {}): Promise<World> {
  const { database, options, rolePrefix } = await createTestInstallation({
    log: undefined,
    statementMs: 5_000,
    lockMs: 1_000,
    ...more,
  });
  const dartwing = await createDartwing(options);
  atEnd(() => dartwing.close());
  const a = await populate(dartwing, database, canary);
  const b = await populate(dartwing, database, 'beech');
  await dartwing.audit.sequence();
  // These entries stay in the stage: nothing sequences them.
  for (const { slug } of [a, b])
    await dartwing.tenancy.update(slug, { tier: 'pro' }, { reason: `${slug} reason` });
  await database.admin.query('analyze');
  const counts = new Map<string, number>();
  const tables: TenantTable[] = [];
  for (const table of await listTenantTables(database, `${rolePrefix}_app`, a, b)) {
    for (const [party, owner] of [
      [a, table.a],
      [b, table.b],
    ] as const) {
      await fillWhenEmpty(database, table, owner, party.slug);
    }
    const { rows } = await database.admin.query<{ a: object[] | null; b: object[] | null }>(
      `select jsonb_agg(t) filter (where ${table.key} = $1) as a, jsonb_agg(t) filter (where ${table.key} = $2) as b
       from ${table.name} t`,
      [table.a, table.b],
    );
    const { a: ofA, b: ofB } = rows[0]!;
    if (!ofA?.[0] || !ofB?.[0]) throw new Error(`${table.name} holds no rows to attack`);
    counts.set(table.name, ofB.length);
    tables.push({ ...table, rowOfA: { ...ofA[0] }, rowOfB: { ...ofB[0] } });
  }
  const nobody = await connectAs(
    options,
    `${rolePrefix}_app`,
    openKeyring(masterKey, 'test').rolePasswords.app,
  );
  const digests = tables
    .filter((table) => !table.partition)
    .map(
      ({ name, key, a: owner }) =>
        `select '${name}' as name, count(*), md5(string_agg(t::text, '|' order by t::text)) from ${name} t where ${key} = '${owner}'`,
    )
    .join(' union all ');
  return {
    dartwing,
    database,
    options,
    rolePrefix,
    a,
    b,
    tables,
    nobody,
    fingerprint: async () => {
      const rows = await database.admin.query(digests);
      const structure = await database.admin.query(structureStatement, [`${rolePrefix}_`]);
      return JSON.stringify([rows.rows, structure.rows]);
    },
    countOfB: (table) => counts.get(table.name)!,
  };
}

/** What an attack could loosen: tables, columns, policies, functions, the schema and the roles with their settings. */
const structureStatement = `
  select 'relation' as what, c.relname::text as name,
    md5(concat(c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity, c.relkind, obj_description(c.oid),
      array(select concat(attname, attacl) from pg_attribute where attrelid = c.oid order by attnum),
      array(select concat(polname, polroles, polqual, polwithcheck, polcmd) from pg_policy where polrelid = c.oid order by polname),
      array(select tgname::text from pg_trigger where tgrelid = c.oid order by 1))) as digest
  from pg_class c where c.relnamespace = 'dartwing'::regnamespace
  union all
  select 'function', proname::text, md5(concat(proowner, proacl, prosrc, prosecdef)) from pg_proc
    where pronamespace = 'dartwing'::regnamespace
  union all
  select 'schema', nspname::text, md5(concat(nspowner, nspacl)) from pg_namespace where nspname !~ '^pg_(toast_)?temp_'
  union all
  select 'role', r.rolname::text, md5(concat(rolpassword, rolsuper, rolbypassrls, rolcanlogin,
      array(select concat(setdatabase, setconfig) from pg_db_role_setting where setrole = r.oid order by 1),
      array(select roleid::int from pg_auth_members where member = r.oid order by 1)))
    from pg_authid r where starts_with(rolname, $1)
  order by 1, 2`;

/** A plain connection with the settings of a runtime connection, closed at the end of the file. */
export async function connectAs(
  options: DartwingOptions,
  role: string,
  password: string,
): Promise<pg.Client> {
  const url = new URL(options.url);
  url.username = role;
  url.password = password;
  const client = new pg.Client({
    connectionString: url.href,
    options: '-c search_path=dartwing,pg_temp -c statement_timeout=5000 -c lock_timeout=1000',
  });
  client.on('error', () => {});
  await client.connect();
  atEnd(() => client.end());
  return client;
}

/** An organization with rows in every table: its own through the verbs, those of other types by a superuser. */
async function populate(dartwing: Dartwing, { admin }: TestDatabase, word: string): Promise<Party> {
  const email = `${word}@${word}.test`;
  const created = await dartwing.tenancy.create({
    slug: word,
    type: 'company',
    name: `${word} holding`,
    logo: `https://${word}.test/logo.svg`,
    owner: email,
    concrete: { tax_id: `${word}-tax`, registered_address: `${word} street 1` },
  });
  const organization = created.after!.id;
  await dartwing.tenancy.update(word, {
    concrete: {
      officers: [{ person: email, title: `${word} chief` }],
      members_partners: [{ person: email, ownership_percent: 60 }],
    },
  });
  const insert = (text: string, ...values: unknown[]) => admin.query(text, [organization, ...values]);
  await insert(
    'insert into family (organization, name, family_nickname) values ($1, $2, $2)',
    `${word} family`,
  );
  await insert('insert into association (organization, name, amenities) values ($1, $2, $2)', `${word} club`);
  await insert(
    'insert into nonprofit (organization, name, mission_statement) values ($1, $2, $2)',
    `${word} mission`,
  );
  await insert(
    'insert into organization_membership_tier (organization, row_index, tier_name, benefits) values ($1, 1, $2, $2)',
    `${word} gold`,
  );
  const { rows } = await admin.query<{ id: string }>('select id from person where primary_email = $1', [
    email,
  ]);
  return { organization, slug: word, person: rows[0]!.id, email };
}

/** Gives a table that has no row of a party one of any content, whatever its rules say: attacks need a prey. */
async function fillWhenEmpty(
  { admin }: TestDatabase,
  table: Pick<TenantTable, 'name' | 'key' | 'partition'>,
  owner: string,
  word: string,
): Promise<void> {
  const found = await admin.query(`select from ${table.name} where ${table.key} = $1`, [owner]);
  if (found.rowCount !== 0) return;
  const columns = await admin.query<{ name: string; type: string }>(
    `select quote_ident(attname) as name, format_type(atttypid, null) as type from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = ''`,
    [table.name],
  );
  const checks = await admin.query<{ name: string }>(
    "select quote_ident(conname) as name from pg_constraint where conrelid = $1::regclass and contype = 'c'",
    [table.name],
  );
  for (const { name } of checks.rows) await admin.query(`alter table ${table.name} drop constraint ${name}`);
  const filled = columns.rows.filter(({ type }) => sampleOf(type, word) !== undefined);
  const values = filled.map(({ name, type }) => (name === table.key ? `'${owner}'` : sampleOf(type, word)));
  // Triggers and foreign keys do not run in this mode.
  await admin.query("set session_replication_role = 'replica'");
  await admin.query(
    `insert into ${table.name} (${filled.map(({ name }) => name).join(', ')}) values (${values.join(', ')})`,
  );
  await admin.query('reset session_replication_role');
}

/** A value of a type that shows whose it is, as SQL; undefined for types that are left empty. */
function sampleOf(type: string, word: string): string | undefined {
  if (type === 'text' || type.startsWith('character')) return `'${word}'`;
  // The form of an envelope; nobody opens it.
  if (type === 'sealed')
    return `'\\x44570101'::bytea || decode(repeat('00', 100), 'hex') || convert_to('${word}', 'utf8')`;
  if (/^(smallint|integer|bigint|numeric|real|double precision)/.test(type)) return String(word.length);
  if (/^(timestamp|date)/.test(type)) return 'now()';
  const others: Record<string, string> = {
    boolean: 'true',
    jsonb: `'{"word": "${word}"}'`,
    json: `'{"word": "${word}"}'`,
    bytea: `'${word}'`,
    sealed: `'\\x44570101'::bytea || convert_to(rpad('${word}', 100, '.'), 'UTF8')`,
    uuid: 'gen_random_uuid()',
    interval: `'1 day'`,
    inet: `'127.0.0.1'`,
    'text[]': `array['${word}']`,
    'bytea[]': `array['${word}'::bytea]`,
  };
  return others[type];
}

async function listTenantTables(
  { admin }: TestDatabase,
  app: string,
  a: Party,
  b: Party,
): Promise<Omit<TenantTable, 'rowOfA' | 'rowOfB'>[]> {
  const { rows } = await admin.query<TableRow>(
    `select c.relname::text as name, c.relispartition as partition, has_table_privilege($1, c.oid, 'select') as readable, writable, every,
      array(select a.attname::text from pg_constraint k, unnest(k.conkey) as key (number)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = key.number
        where k.conrelid = c.oid and k.contype = 'p') as "primaryKey"
    from pg_class c cross join lateral (
      select array_agg(attname::text order by attnum) as every,
        coalesce(array_agg(attname::text order by attnum) filter (where has_column_privilege($1, c.oid, attnum, 'insert')), '{}') as writable
      from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped and attidentity = '' and attgenerated = ''
    ) columns
    where c.relnamespace = 'dartwing'::regnamespace and c.relkind in ('r', 'p')
    order by c.relname`,
    [app],
  );
  return rows.flatMap(({ name, every, writable, primaryKey, partition, readable }) => {
    const shared = {
      name,
      primaryKey,
      partition,
      readable,
      columns: writable.length > 0 ? writable : every,
    };
    if (every.includes('organization'))
      return [{ ...shared, key: 'organization', a: a.organization, b: b.organization }];
    if (name === 'organization') return [{ ...shared, key: 'id', a: a.organization, b: b.organization }];
    if (name === 'person') return [{ ...shared, key: 'id', a: a.person, b: b.person }];
    if (every.includes('person')) return [{ ...shared, key: 'person', a: a.person, b: b.person }];
    return [];
  });
}

interface TableRow {
  name: string;
  partition: boolean;
  readable: boolean;
  writable: string[];
  every: string[];
  primaryKey: string[];
}
