/**
 * Runs migrations: under one advisory lock, each in its own transaction together with the stamping of policies
 * and the record of it; the first time that is stamped once, with the last. Two processes that start together both
 * succeed: the second finds nothing left to do.
 */
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import { DartwingError, isDartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { connectAlone } from './connection.js';
import { describeTarget } from './database.js';
import { quoteIdentifier, quoteLiteral } from './identifiers.js';
import { type Migration, migrations } from './migrations/index.js';
import { stampingSql, stampPolicies } from './policies.js';
import { ensureRoles, type RoleNames, type RolePasswords, roleNames, rolesSql } from './roles.js';
import { type ContextKey, contextKeyBlocks, stampSeals } from './seal.js';

export interface MigrateOptions {
  /** Address with a role that may create roles and schemas. */
  url: string;
  schema: string;
  rolePrefix: string;
  passwords: RolePasswords;
  masterKeyFingerprint: string;
  contextKey: ContextKey;
  /** Switch the sealed context on or off; as it is unless told. */
  sealedContext?: boolean | undefined;
  /** Highest migration to apply. */
  to?: number | undefined;
  allowBreaking?: boolean | undefined;
  /** Stamp the policies again although no migration is pending. */
  repairPolicies?: boolean | undefined;
  /** Wait for another runner. Default 60 s. */
  lockMs?: number | undefined;
  onProgress?: ((done: number, total: number, name: string) => void) | undefined;
}

export interface AppliedMigration {
  id: number;
  name: string;
  breaking: boolean;
  ms: number;
}

export interface MigrationRun {
  from: number;
  to: number;
  applied: AppliedMigration[];
  /** Tenant tables whose policies were stamped. */
  stamped: string[];
  pending: number;
  /** Whether policies demand a sealed context, and whether that is new. */
  sealedContext: boolean;
  sealChanged: boolean;
}

export interface MigrationState {
  current: number;
  required: number;
  pending: { id: number; name: string; breaking: boolean }[];
  applied: { id: number; name: string; applied_at: string }[];
  /** Ids whose SQL differs from what was applied. */
  drift: number[];
}

interface AppliedRow {
  id: number;
  name: string;
  checksum: string;
  applied_at: Date;
}

/** The migration that brought the sealed context. */
const sealedSince = 16;

/** The version that this code needs. */
export const schemaVersion = migrations.at(-1)!.id;

/**
 * Brings the schema up to date.
 * @param known migrations of this version in order; tests give others
 * @throws SCHEMA_NEWER, SCHEMA_DRIFT, MIGRATION_BREAKING, MIGRATION_FAILED, DATABASE_PRIVILEGE, DATABASE_TOO_OLD,
 * MASTER_KEY_CHANGED, ROLE_TAKEN.
 */
export async function migrateUp(
  options: MigrateOptions,
  known: readonly Migration[] = migrations,
): Promise<MigrationRun> {
  const latest = known.at(-1)!.id;
  return withAdministrator(options.url, async (client) => {
    await requireVersion(client);
    await lock(client, options.lockMs ?? 60_000);
    const before = await readApplied(client, options.schema);
    refuseForeign(before, known);
    await refuseOtherKey(client, options, before.length > 0);
    const roles = roleNames(options.rolePrefix);
    const current = before.at(-1)?.id ?? 0;
    const wanted = known.filter((m) => m.id > current && m.id <= (options.to ?? latest));
    const breaking = wanted.find((m) => m.breaking);
    if (breaking && current > 0 && !options.allowBreaking)
      throw new DartwingError('MIGRATION_BREAKING', { id: breaking.id });
    await prepareSchema(client, options, roles);
    const run: MigrationRun = {
      from: current,
      to: current,
      applied: [],
      stamped: [],
      pending: 0,
      sealedContext: false,
      sealChanged: false,
    };
    for (const migration of wanted) {
      options.onProgress?.(run.applied.length, wanted.length, migration.name);
      const started = performance.now();
      // In a schema that is being made nobody works yet: it opens at its last version only. Whoever goes on after a kill
      // in between stamps with each one.
      const isStamped = current > 0 || migration === wanted.at(-1);
      run.stamped = await applyOne(client, options, roles, migration, isStamped);
      run.to = migration.id;
      run.applied.push({
        id: migration.id,
        name: migration.name,
        breaking: migration.breaking,
        ms: Math.round(performance.now() - started),
      });
    }
    if (options.repairPolicies && wanted.length === 0)
      run.stamped = await repair(client, options.schema, roles);
    if (run.to > 0) await recordMasterKey(client, options, roles);
    if (run.to >= sealedSince) await recordContext(client, options, roles, run);
    run.pending = known.filter((m) => m.id > run.to).length;
    return run;
  });
}

/** What is applied and what is not. @throws DATABASE_UNREACHABLE, DATABASE_AUTHENTICATION. */
export async function migrationState(url: string, schema: string): Promise<MigrationState> {
  return withAdministrator(url, async (client) => {
    const applied = await readApplied(client, schema);
    const current = applied.at(-1)?.id ?? 0;
    return {
      current,
      required: schemaVersion,
      pending: migrations
        .filter((m) => m.id > current)
        .map(({ id, name, breaking }) => ({ id, name, breaking })),
      applied: applied.map((row) => ({
        id: row.id,
        name: row.name,
        applied_at: row.applied_at.toISOString(),
      })),
      drift: driftOf(applied, migrations),
    };
  });
}

/**
 * The SQL of the migrations after `from`, as it would run, for people with a migration tool of their own: also the
 * roles that are missing, the schema, the policies and the record of what was applied. Passwords and the
 * fingerprint of the master key are not in it; `migrateUp` sets them afterwards and finds nothing else to do.
 */
export function printMigrations(schema: string, rolePrefix: string, from = 0, to = schemaVersion): string {
  const roles = roleNames(rolePrefix);
  const ground = [
    rolesSql(roles),
    `create schema if not exists ${quoteIdentifier(schema)} authorization ${quoteIdentifier(roles.owner)};`,
    `do $settings$ begin execute format('${loginSettingsSql(schema, roles, '%1$I')}', current_database()); end $settings$;`,
    `set role ${quoteIdentifier(roles.owner)};`,
    `set search_path = ${quoteIdentifier(schema)}, pg_temp;`,
    schemaSql(schema, roles),
  ];
  const resumed = ground.slice(3, 5);
  const parts = migrations
    .filter((m) => m.id > from && m.id <= to)
    .map((m) =>
      [
        `-- migration ${m.id}: ${m.name}${m.breaking ? ' (breaking)' : ''}`,
        'begin;',
        render(m.sql, schema, roles).trim(),
        stampingSql(schema, roles),
        `insert into migration (id, name, breaking, checksum) values (${m.id}, ${quoteLiteral(m.name)}, ${m.breaking}, '${checksum(m)}');`,
        'commit;\n',
      ].join('\n'),
    );
  return `${(from === 0 ? ground : resumed).join('\n')}\n\n${parts.join('\n')}\nreset search_path;\nreset role;\n`;
}

async function withAdministrator<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connectAlone(
    { connectionString: url, connectionTimeoutMillis: 5_000, application_name: 'dartwing-migrate' },
    { target: describeTarget(url), role: decodeURIComponent(new URL(url).username) },
  );
  try {
    return await work(client);
  } finally {
    // Ends the session and with it the advisory lock.
    await client.end().catch(() => {});
  }
}

async function requireVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ number: number; text: string }>(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as text",
  );
  if (rows[0]!.number < 150_000) throw new DartwingError('DATABASE_TOO_OLD', { version: rows[0]!.text });
}

async function lock(client: pg.Client, waitMs: number): Promise<void> {
  // Roles belong to the whole server, so the lock does too: its key names no schema.
  await client.query(`set lock_timeout = ${Math.floor(waitMs)}`);
  await client.query("select pg_advisory_lock(hashtext('dartwing migrations'))").catch((error: unknown) => {
    throw new DartwingError(
      'DATABASE_TIMEOUT',
      {},
      { cause: error, why: 'Another process is migrating this server' },
    );
  });
}

async function readApplied(client: pg.Client, schema: string): Promise<AppliedRow[]> {
  const table = `${quoteIdentifier(schema)}.migration`;
  const { rows } = await client.query<{ found: string | null }>('select to_regclass($1)::text as found', [
    table,
  ]);
  if (rows[0]!.found === null) return [];
  return (await client.query<AppliedRow>(`select id, name, checksum, applied_at from ${table} order by id`))
    .rows;
}

function refuseForeign(applied: readonly AppliedRow[], known: readonly Migration[]): void {
  const current = applied.at(-1)?.id ?? 0;
  const required = known.at(-1)!.id;
  if (current > required) throw new DartwingError('SCHEMA_NEWER', { current, required });
  const [drifted] = driftOf(applied, known);
  if (drifted !== undefined) throw new DartwingError('SCHEMA_DRIFT', { id: drifted });
}

function driftOf(applied: readonly AppliedRow[], known: readonly Migration[]): number[] {
  return applied
    .filter((row) => {
      const mine = known.find((m) => m.id === row.id);
      return mine !== undefined && checksum(mine) !== row.checksum;
    })
    .map((row) => row.id);
}

function checksum(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex');
}

/** Whether this is the master key that the schema, or its roles, were made with. @throws MASTER_KEY_CHANGED, ROLE_TAKEN, DATABASE_* */
export async function requireMasterKey(
  options: Pick<MigrateOptions, 'url' | 'schema' | 'rolePrefix' | 'masterKeyFingerprint'>,
): Promise<void> {
  await withAdministrator(options.url, async (client) => {
    const applied = await readApplied(client, options.schema);
    await refuseOtherKey(client, options, applied.length > 0);
  });
}

/** Passwords come from the master key: with another key, `ensureRoles` would lock out whoever uses the first. */
async function refuseOtherKey(
  client: pg.Client,
  options: Pick<MigrateOptions, 'schema' | 'rolePrefix' | 'masterKeyFingerprint'>,
  installed: boolean,
): Promise<void> {
  const given = options.masterKeyFingerprint;
  if (installed) {
    const table = `${quoteIdentifier(options.schema)}.installation`;
    const { rows } = await client.query<{ master_key_fingerprint: string }>(
      `select master_key_fingerprint from ${table}`,
    );
    const expected = rows[0]?.master_key_fingerprint;
    if (expected !== undefined && expected !== given)
      throw new DartwingError('MASTER_KEY_CHANGED', { given, expected });
    return;
  }
  const { app } = roleNames(options.rolePrefix);
  const { rows } = await client.query<{ mark: string | null }>(
    "select shobj_description(oid, 'pg_authid') as mark from pg_roles where rolname = $1",
    [app],
  );
  const mark = rows[0]?.mark;
  if (mark && mark !== roleMark(given)) throw new DartwingError('ROLE_TAKEN', { prefix: options.rolePrefix });
}

function roleMark(fingerprint: string): string {
  return `dartwing runtime role, master key ${fingerprint}`;
}

/** What somebody else's change of the same roles makes of ours: roles belong to all databases of a server. */
const roleRaces = new Set(['XX000', '23505', '42710']);

/** Roles, schema and the table of migrations; again when another database of the server is doing the same. */
async function prepareSchema(client: pg.Client, options: MigrateOptions, roles: RoleNames): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await prepareOnce(client, options, roles);
      return;
    } catch (error) {
      await client.query('rollback').catch(() => {});
      if (isDartwingError(error)) throw error;
      const { message, code = '' } = error as { message: string; code?: string };
      if (roleRaces.has(code) && attempt < limits.roleAttemptsMax) {
        await setTimeout(10 * attempt);
      } else if (code === '42501') {
        throw new DartwingError(
          'DATABASE_PRIVILEGE',
          { role: decodeURIComponent(new URL(options.url).username), why: message },
          { cause: error },
        );
      } else {
        throw new DartwingError('MIGRATION_FAILED', { id: 0, why: message }, { cause: error });
      }
    }
  }
}

async function prepareOnce(client: pg.Client, options: MigrateOptions, roles: RoleNames): Promise<void> {
  const schema = quoteIdentifier(options.schema);
  const owner = quoteIdentifier(roles.owner);
  await client.query('begin');
  await ensureRoles(client, roles, options.passwords);
  await client.query(
    `comment on role ${quoteIdentifier(roles.app)} is '${roleMark(options.masterKeyFingerprint)}'`,
  );
  // Made for its owner in one step: giving it away later asks for rights that an administrator of one database lacks.
  await client.query(`create schema if not exists ${schema} authorization ${owner}`);
  const found = await client.query<{ database: string; owner: string }>(
    'select quote_ident(current_database()) as database, nspowner::regrole::text as owner from pg_namespace where nspname = $1',
    [options.schema],
  );
  if (found.rows[0]!.owner !== roles.owner) await client.query(`alter schema ${schema} owner to ${owner}`);
  await client.query(loginSettingsSql(options.schema, roles, found.rows[0]!.database));
  await client.query(`set local role ${owner}`);
  await client.query(schemaSql(options.schema, roles));
  await client.query('commit');
}

/** For poolers that drop start-up parameters: the login still finds its schema. Temporary tables never come first. */
function loginSettingsSql(schema: string, roles: RoleNames, database: string): string {
  return [roles.app, roles.system]
    .map(quoteIdentifier)
    .map(
      (role) => `
    alter role ${role} in database ${database} set search_path = ${quoteIdentifier(schema)}, pg_temp;
    grant connect on database ${database} to ${role};`,
    )
    .join('');
}

/** Who may enter the schema, and the table of what was applied. */
function schemaSql(name: string, roles: RoleNames): string {
  const schema = quoteIdentifier(name);
  const users = [roles.app, roles.reader, roles.system, roles.sequencer].map(quoteIdentifier).join(', ');
  return `
    grant usage on schema ${schema} to ${users};
    create table if not exists ${schema}.migration (
      id integer primary key, name text not null, breaking boolean not null, checksum text not null,
      applied_at timestamptz not null default now());
    comment on table ${schema}.migration is 'global: applied migrations';
    grant select on ${schema}.migration to ${users};`;
}

async function applyOne(
  client: pg.Client,
  options: MigrateOptions,
  roles: RoleNames,
  migration: Migration,
  isStamped: boolean,
): Promise<string[]> {
  await client.query('begin');
  try {
    await actAsOwner(client, options.schema, roles);
    await client.query(render(migration.sql, options.schema, roles));
    const stamped = isStamped ? await stampPolicies(client, options.schema, roles) : [];
    if (migration.id === 1) {
      await client.query('insert into installation (master_key_fingerprint) values ($1)', [
        options.masterKeyFingerprint,
      ]);
    }
    await client.query('insert into migration (id, name, breaking, checksum) values ($1, $2, $3, $4)', [
      migration.id,
      migration.name,
      migration.breaking,
      checksum(migration),
    ]);
    await client.query('commit');
    return stamped;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw new DartwingError(
      'MIGRATION_FAILED',
      { id: migration.id, why: (error as Error).message },
      { cause: error },
    );
  }
}

/** The first `migrateUp` after the tables were made, here or by hand, decides which master key is theirs. */
async function recordMasterKey(client: pg.Client, options: MigrateOptions, roles: RoleNames): Promise<void> {
  await client.query('begin');
  await actAsOwner(client, options.schema, roles);
  await client.query('insert into installation (master_key_fingerprint) values ($1) on conflict do nothing', [
    options.masterKeyFingerprint,
  ]);
  await client.query('commit');
}

/** Gives the database the key of the context, and the policies that ask for it or not. */
async function recordContext(
  client: pg.Client,
  { schema, contextKey, sealedContext }: MigrateOptions,
  roles: RoleNames,
  run: MigrationRun,
): Promise<void> {
  const { inner, outer } = contextKeyBlocks(contextKey);
  await client.query('begin');
  await actAsOwner(client, schema, roles);
  await client.query(
    `insert into context_key (id, inner_block, outer_block) values ($1, $2, $3)
     on conflict (id) do update set inner_block = $2, outer_block = $3
     where (context_key.inner_block, context_key.outer_block) is distinct from ($2, $3)`,
    [contextKey.id, inner, outer],
  );
  const { rows } = await client.query<{ was: boolean }>(
    'select sealed_context as was from installation for update',
  );
  const was = rows[0]!.was;
  const sealed = sealedContext ?? was;
  if (sealed !== was) {
    await client.query('update installation set sealed_context = $1', [sealed]);
    await stampSeals(client, schema);
  }
  run.sealedContext = sealed;
  run.sealChanged = sealed !== was;
  await client.query('commit');
}

async function repair(client: pg.Client, schema: string, roles: RoleNames): Promise<string[]> {
  await client.query('begin');
  await actAsOwner(client, schema, roles);
  const stamped = await stampPolicies(client, schema, roles);
  await client.query('commit');
  return stamped;
}

async function actAsOwner(client: pg.Client, schema: string, roles: RoleNames): Promise<void> {
  await client.query(`set local role ${quoteIdentifier(roles.owner)}`);
  await client.query(`set local search_path = ${quoteIdentifier(schema)}, pg_temp`);
}

function render(text: string, schema: string, roles: RoleNames): string {
  const names: Record<string, string> = { ...roles, schema };
  return text.replace(/\{\{(\w+)\}\}/g, (whole, key: string) => {
    const name = names[key];
    return name === undefined ? whole : quoteIdentifier(name);
  });
}
