/**
 * Creating an organization against the bare statements that store one, sent one after another in one transaction;
 * and with 10,000 organizations in the database against 10. Commits wait for the disk.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createDartwing, type Dartwing, type DartwingOptions } from '../src/core/index.js';
import { amountFigure, compare, printReport, progress, ratioFigure, timed } from './measure.js';
import { withDatabase, withServer } from './server.js';

const few = 10;
const many = 10_000;
const count = 150;

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const figures = await withServer(true, (server) =>
    withDatabase(server, 'few', (fewOptions, fewAdmin) =>
      withDatabase(server, 'many', async (manyOptions, manyAdmin) => {
        progress(`making ${many} organizations`);
        await fill(fewAdmin, few);
        await fill(manyAdmin, many);
        return measure({ options: fewOptions, admin: fewAdmin }, { options: manyOptions, admin: manyAdmin });
      }),
    ),
  );
  const notes = [
    'Every organization has a slug and an owner that did not exist. Audit entries are sequenced between the runs.',
    'Reference: begin, 9 inserts (organization, company, person, account, membership, 2 grants, 2 staged audit',
    'entries) and commit on one connection of plain pg, each awaited.',
  ];
  printReport({ bench: 'org-create', figures, notes }, json);
}

interface Database {
  options: DartwingOptions;
  admin: pg.Client;
}

async function measure(fewOnes: Database, manyOnes: Database) {
  const inFew = await createDartwing({ ...fewOnes.options, background: false });
  const inMany = await createDartwing({ ...manyOnes.options, background: false });
  const plain = new pg.Client({ connectionString: fewOnes.options.url, options: '-c search_path=dartwing' });
  await plain.connect();
  try {
    progress('create against its bare statements');
    const bare = await compare(
      timed(() => insertPlainly(plain)),
      creation(inFew),
      { count },
    );
    progress(`create among ${many} organizations against among ${few}`);
    const grown = await compare(creation(inFew), creation(inMany), { count });
    return [
      ratioFigure('create against bare inserts', bare, 2),
      ratioFigure(`create among ${many} against among ${few}`, grown, 1.2),
      amountFigure('create, in one connection', 1000 / bare.measured, '/s'),
    ];
  } finally {
    await plain.end();
    await inFew.close();
    await inMany.close();
  }
}

/** What is timed is the call; the sequencer's share comes after, where nobody waits for it. */
function creation(dartwing: Dartwing) {
  return async () => {
    const slug = freshName();
    const ms = await timed(() =>
      dartwing.tenancy.create({ slug, type: 'company', owner: `${slug}@bench.test` }),
    )();
    await dartwing.audit.sequence();
    return ms;
  };
}

async function insertPlainly(client: pg.Client): Promise<void> {
  const name = freshName();
  const email = `${name}@bench.test`;
  const at = new Date();
  const body = Buffer.alloc(700, 'x');
  const mac = Buffer.alloc(32);
  const insert = (table: string, columns: string, values: unknown[]) =>
    client.query({
      name: `bare_${table}`,
      text: `insert into ${table} (${columns}) values (${values.map((_, index) => `$${index + 1}`).join(', ')})`,
      values,
    });
  const grant = (allow: string, value: string) =>
    insert('permission_grant', 'organization, user_name, allow, for_value, created_at', [
      name,
      email,
      allow,
      value,
      at,
    ]);
  const stage = () => insert('audit_stage', 'organization, body, mac, key_id', ['BARE', body, mac, 0]);
  await client.query('begin');
  await insert(
    'organization',
    'id, slug, org_name, org_type, linked_doctype, linked_name, region, created_at, created_by, modified_at, modified_by',
    [name, name, name, 'company', 'Company', name, 'local', at, 'bench', at, 'bench'],
  );
  await insert('company', 'organization, name, legal_name', [name, name, name]);
  await insert(
    'person',
    'id, primary_email, first_name, last_name, source, frappe_user, user_sync_status, last_sync_at, created_at, created_by, modified_at, modified_by',
    [name, email, name, '', 'invite', email, 'synced', at, at, 'bench', at, 'bench'],
  );
  await insert('user_account', 'name, person, created_at', [email, name, at]);
  await insert(
    'org_member',
    'organization, id, person, role, start_date, member_name, person_email, organization_name, organization_type, created_at, modified_at',
    [name, name, name, 'Owner', at, name, email, name, 'company', at, at],
  );
  await grant('Organization', name);
  await grant('Company', name);
  await stage();
  await stage();
  await client.query('commit');
}

async function fill(admin: pg.Client, organizations: number): Promise<void> {
  await admin.query(`
    create temporary table seed as select n, 'seed-' || n as slug, 'ORG-2025-' || lpad(n::text, 5, '0') as id,
      'PERSON-2025-' || lpad(n::text, 5, '0') as person, 'seed-' || n || '@bench.test' as email,
      'SEED-' || lpad(n::text, 5, '0') as company from generate_series(1, ${organizations}) n;
    begin;
    insert into organization (id, slug, org_name, org_type, linked_doctype, linked_name, region, created_at, created_by, modified_at, modified_by)
      select id, slug, slug, 'company', 'Company', company, 'local', now(), 'bench', now(), 'bench' from seed;
    insert into company (organization, name, legal_name) select id, company, slug from seed;
    insert into person (id, primary_email, first_name, last_name, source, frappe_user, created_at, created_by, modified_at, modified_by)
      select person, email, slug, '', 'import', email, now(), 'bench', now(), 'bench' from seed;
    insert into user_account (name, person, created_at) select email, person, now() from seed;
    insert into org_member (organization, id, person, role, start_date, member_name, person_email, organization_name,
        organization_type, created_at, modified_at)
      select id, 'M-' || n, person, 'Owner', now(), slug, email, slug, 'company', now(), now() from seed;
    insert into permission_grant (organization, user_name, allow, for_value, created_at)
      select id, email, 'Organization', id, now() from seed union all select id, email, 'Company', company, now() from seed;
    commit;
    drop table seed;
    analyze`);
}

function freshName(): string {
  return `n-${randomUUID().slice(0, 13)}`;
}
