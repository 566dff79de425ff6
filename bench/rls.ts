/**
 * Row-level security against an explicit predicate without it: lists and point reads in 1,000,000 rows of 1,000
 * organizations. Both sides run the same transactions through the same code; only the roles differ, those of the
 * reference bypass row security.
 */
import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { openDatabase } from '../src/core/db/database.js';
import { quoteIdentifier } from '../src/core/db/identifiers.js';
import type { Database, Tx } from '../src/core/db/index.js';
import { stampPolicies } from '../src/core/db/policies.js';
import { roleNames, scramVerifier } from '../src/core/db/roles.js';
import { type DartwingOptions, describeInstallation } from '../src/core/options.js';
import { compare, type Figure, type Probe, printReport, progress, ratioFigure, timed } from './measure.js';
import { rolePrefix, withDatabase, withServer } from './server.js';

const organizationsZipf = 900;
const organizationsSmall = 100;
const rowsOfSmall = 20;
const rowsAll = 1_000_000;
/** What the requirements allow row-level security to cost. */
const atMost = 1.15;

/** A read in a transaction of one organization or one person. */
interface Read {
  text: string;
  values: unknown[];
}

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const report = await withServer(false, (server) =>
    withDatabase(server, 'rls', async (options, admin) => {
      const notes = [
        `PostgreSQL ${server.version}; ${rowsAll.toLocaleString('en')} rows, ${organizationsZipf} organizations of zipf sizes and ${organizationsSmall} of ${rowsOfSmall} old rows`,
        'server: execution time by explain analyze; client: a whole transaction as its caller waits for it',
      ];
      progress(`filling ${rowsAll} rows`);
      await fill(admin);
      await stamp(admin);
      const sides = await openSides(options, admin);
      try {
        const figures = [
          ...(await oneOrganization(sides)),
          ...(await manyOrganizations(sides, 'PERSON-20', 20)),
          ...(await manyOrganizations(sides, 'PERSON-200', 200)),
          ...(await smallOrganizations(sides, admin)),
        ];
        return { bench: 'rls', figures, notes };
      } finally {
        await sides.close();
      }
    }),
  );
  printReport(report, json);
}

/** The same database through roles with and without row security. */
interface Sides {
  plain: Database;
  secured: Database;
  close(): Promise<void>;
}

async function fill(admin: Client): Promise<void> {
  await admin.query(`create table note (
    organization text not null, id text not null, title text not null, status text not null,
    modified timestamptz not null, body text not null, primary key (organization, id))`);
  // Rows lie in the order in which they came, as in a table that grew: an organization's are spread over all of it.
  const sizes = organizationSizes();
  await admin.query(
    `insert into note
     select organization, 'NOTE-' || lpad(n::text, 7, '0'), 'Note number ' || n,
       (array['open', 'open', 'closed', 'waiting'])[1 + n % 4],
       now() - case when small then interval '2 years' else interval '0' end - random() * interval '1 year' as modified,
       repeat('words of the note ', 6)
     from unnest($1::text[], $2::int[], $3::boolean[]) as sized (organization, size, small), generate_series(1, size) n
     order by modified`,
    [
      sizes.map((_, index) => organizationId(index + 1)),
      sizes,
      sizes.map((_, index) => index >= organizationsZipf),
    ],
  );
  await admin.query('create index note_newest on note (organization, modified desc, id)');
  await admin.query(`
    insert into organization (id, slug, org_name, org_type, region, created_at, created_by, modified_at, modified_by)
    select 'ORG-2026-' || lpad(n::text, 5, '0'), 'org-' || n, 'Organization ' || n, 'company', 'local', now(), 'bench', now(), 'bench'
    from generate_series(1, ${organizationsZipf + organizationsSmall}) n;
    insert into person (id, primary_email, first_name, last_name, source, created_at, created_by, modified_at, modified_by)
    select id, lower(id) || '@bench.test', id, '', 'import', now(), 'bench', now(), 'bench'
    from unnest(array['PERSON-20', 'PERSON-200', 'PERSON-SMALL']) id;
    insert into org_member (organization, id, person, role, start_date, member_name, person_email, organization_name,
      organization_type, created_at, modified_at)
    select 'ORG-2026-' || lpad(n::text, 5, '0'), person || n, person, 'Owner', now(), person, 'p@bench.test', 'o', 'company', now(), now()
    from (select 'PERSON-20' as person, n * 44 - 43 as n from generate_series(1, 20) n
          union all select 'PERSON-200', n * 4 - 3 from generate_series(1, 200) n
          union all select 'PERSON-SMALL', ${organizationsZipf} + n from generate_series(1, 20) n) member`);
  await admin.query('vacuum analyze');
}

function organizationSizes(): number[] {
  const ranks = Array.from({ length: organizationsZipf }, (_, index) => index + 1);
  const harmonic = ranks.reduce((sum, rank) => sum + 1 / rank, 0);
  const largest = (rowsAll - organizationsSmall * rowsOfSmall) / harmonic;
  return [
    ...ranks.map((rank) => Math.round(largest / rank)),
    ...new Array<number>(organizationsSmall).fill(rowsOfSmall),
  ];
}

/** The machinery that stamps every tenant table after a migration. */
async function stamp(admin: Client): Promise<void> {
  const roles = roleNames(rolePrefix);
  await admin.query(`alter table note owner to ${quoteIdentifier(roles.owner)}`);
  await stampPolicies(admin, 'dartwing', roles);
}

async function openSides(options: DartwingOptions, admin: Client): Promise<Sides> {
  const installation = describeInstallation(options).database;
  const shared = { ...installation, poolConnectionsMax: 1, ringAudit: () => {} };
  const prefix = `${rolePrefix}_bypass`;
  const plainRoles = roleNames(prefix);
  const app = quoteIdentifier(plainRoles.app);
  const reader = quoteIdentifier(plainRoles.reader);
  const password = randomBytes(24).toString('base64url');
  const names = [plainRoles.app, plainRoles.reader];
  const { rows } = await admin.query<{ name: string }>(
    'select rolname as name from pg_roles where rolname = any ($1)',
    [names],
  );
  for (const { name } of rows) await admin.query(`drop owned by ${name}; drop role ${name}`);
  await admin.query(`
    create role ${app} login bypassrls password '${scramVerifier(password)}';
    create role ${reader} nologin bypassrls;
    grant ${reader} to ${app};
    grant usage on schema dartwing to ${app}, ${reader};
    grant select on all tables in schema dartwing to ${app}, ${reader};
    grant execute on function person_organizations(text, timestamptz) to ${app}`);
  const secured = openDatabase(shared);
  const plain = openDatabase({
    ...shared,
    rolePrefix: prefix,
    passwords: { app: password, system: password },
  });
  return {
    plain,
    secured,
    close: async () => {
      await Promise.all([plain.close(), secured.close()]);
      await admin.query(`drop owned by ${app}, ${reader}; drop role ${app}, ${reader}`);
    },
  };
}

const columns = 'organization, id, title, status, modified';
const newest = 'order by modified desc, id limit 20';
/** How a query of `asPerson` names the person's organizations. */
const mine = "string_to_array(current_setting('dartwing.orgs', true), ',')";

async function oneOrganization({ plain, secured }: Sides): Promise<Figure[]> {
  const organizations = Array.from({ length: 40 }, (_, index) => organizationId(1 + index * 22));
  const list = (organization: string): Read => ({
    text: `select ${columns} from note where organization = $1 ${newest}`,
    values: [organization],
  });
  const bareList = (): Read => ({ text: `select ${columns} from note ${newest}`, values: [] });
  const point = (organization: string): Read => ({
    text: `select ${columns} from note where organization = $1 and id = $2`,
    values: [organization, 'NOTE-0000017'],
  });
  const barePoint = (): Read => ({
    text: `select ${columns} from note where id = $1`,
    values: ['NOTE-0000017'],
  });
  const pair = (
    what: string,
    reference: (organization: string) => Read,
    measured: (organization: string) => Read,
  ) =>
    bothWays(what, { count: 300, atMost }, (take) => {
      const turn = [0, 0];
      const next = (side: 0 | 1) => organizations[turn[side]!++ % organizations.length]!;
      return {
        reference: () => {
          const organization = next(0);
          return plain.asOrg(organization, (tx) => take(tx, reference(organization)));
        },
        measured: () => {
          const organization = next(1);
          return secured.asOrg(organization, (tx) => take(tx, measured(organization)));
        },
      };
    });
  return [
    ...(await pair('asOrg, list of 20', list, list)),
    ...(await pair('asOrg, list of 20, only the policy', list, bareList)),
    ...(await pair('asOrg, point read', point, point)),
    ...(await pair('asOrg, point read, only the policy', point, barePoint)),
  ];
}

/** The first organization of both persons is the largest one, where a wrong plan for a read by key costs most. */
async function manyOrganizations(sides: Sides, person: string, count: number): Promise<Figure[]> {
  const organizations = await organizationsOf(sides, person);
  const list = newestOfAll(organizations);
  const each = newestOfEach(organizations);
  const point: Read = {
    text: `select ${columns} from note where organization = $1 and id = $2`,
    values: [organizations[0]!, 'NOTE-0000017'],
  };
  const what = `asPerson of ${count}`;
  return [
    ...(await asPersonPair(sides, person, `${what}, list of 20`, list.explicit, list.secured, { atMost })),
    ...(await asPersonPair(sides, person, `${what}, twenty of each`, each.explicit, each.secured)),
    ...(await asPersonPair(
      sides,
      person,
      `${what}, twenty of each beside the list`,
      list.explicit,
      each.explicit,
    )),
    ...(await asPersonPair(sides, person, `${what}, point read`, point, point, { atMost })),
    ...(await asPersonPair(sides, person, `${what}, = any beside the list`, list.explicit, any, {
      count: 10,
    })),
  ];
}

/**
 * The trap: with an index on the time alone, the planner looks there for rows that lie at its far end. The form that
 * avoids it has to keep the limit, the others show what they cost beside it.
 */
async function smallOrganizations(sides: Sides, admin: Client): Promise<Figure[]> {
  await admin.query('create index note_time on note (modified desc, id)');
  await admin.query('analyze note');
  const person = 'PERSON-SMALL';
  const organizations = await organizationsOf(sides, person);
  const list = newestOfAll(organizations);
  const bare: Read = { text: `select ${columns} from note ${newest}`, values: [] };
  const beside = (what: string, read: Read) =>
    asPersonPair(sides, person, `trap: ${what} beside the list`, list.explicit, read, { count: 10 });
  return [
    ...(await asPersonPair(sides, person, 'trap: list of 20', list.explicit, list.secured, { atMost })),
    ...(await beside('= any', any)),
    ...(await beside('only the policy', bare)),
  ];
}

function asPersonPair(
  sides: Sides,
  person: string,
  what: string,
  reference: Read,
  measured: Read,
  { count = 200, atMost }: { count?: number; atMost?: number } = {},
): Promise<Figure[]> {
  return bothWays(what, { count, atMost }, (take) => ({
    reference: () => sides.plain.asPerson(person, (tx) => take(tx, reference)),
    measured: () => sides.secured.asPerson(person, (tx) => take(tx, measured)),
  }));
}

function organizationsOf({ plain }: Sides, person: string): Promise<string[]> {
  return plain.asPerson(person, async (tx) => {
    const { rows } = await tx.query<{ organizations: string[] }>(`select ${mine} as organizations`);
    return rows[0]!.organizations;
  });
}

interface BothWays {
  explicit: Read;
  secured: Read;
}

/**
 * What a list across organizations should be: the twenty newest rows can only lie in the twenty organizations whose own
 * newest are the newest. One row of each is looked at, and twenty of those.
 */
function newestOfAll(organizations: string[]): BothWays {
  return perOrganization(
    organizations,
    (list) => `(select mine.organization from unnest(${list}) as mine (organization)
      cross join lateral (select modified, id from note where note.organization = mine.organization
        order by modified desc, id limit 1) newest
      ${newest}) as mine`,
  );
}

/** Twenty of each organization, and the newest of these. */
function newestOfEach(organizations: string[]): BothWays {
  return perOrganization(organizations, (list) => `unnest(${list}) as mine (organization)`);
}

function perOrganization(organizations: string[], from: (list: string) => string): BothWays {
  const text = (list: string) => `select note.* from ${from(list)}
    cross join lateral (select ${columns} from note where note.organization = mine.organization ${newest}) note
    ${newest}`;
  return {
    explicit: { text: text('$1::text[]'), values: [organizations] },
    secured: { text: text(mine), values: [] },
  };
}

/** The same asked for at once, as most would write it first. */
const any: Read = {
  text: `select ${columns} from note where organization = any ((select ${mine})::text[]) ${newest}`,
  values: [],
};

type Take = (tx: Tx, read: Read) => Promise<number>;

/** The two lines of one comparison: execution on the server, and the wait of the client. */
async function bothWays(
  what: string,
  { count, atMost }: { count: number; atMost?: number | undefined },
  make: (take: Take) => { reference: Probe; measured: Probe },
): Promise<Figure[]> {
  progress(what);
  const server = make(executionMs);
  const client = make(async (tx, { text, values }) => {
    await tx.query(text, values, `bench_${what}`.slice(0, 63));
    return 0;
  });
  const executed = await compare(server.reference, server.measured, { count: Math.ceil(count / 2) });
  const waited = await compare(timed(client.reference), timed(client.measured), {
    count,
    warmups: Math.min(count, 20),
  });
  return [ratioFigure(`${what}: server`, executed, atMost), ratioFigure(`${what}: client`, waited, atMost)];
}

/** The best of five executions as the server measures them, without the clock calls per row. */
async function executionMs(tx: Tx, { text, values }: Read): Promise<number> {
  const times: number[] = [];
  const enough = () => times.length === 5 || (times.length > 0 && times[0]! > 50);
  while (!enough()) {
    const { rows } = await tx.query<{ 'QUERY PLAN': { 'Execution Time': number }[] }>(
      `explain (analyze, timing off, format json) ${text}`,
      values,
    );
    times.push(rows[0]!['QUERY PLAN'][0]!['Execution Time']);
  }
  return Math.min(...times);
}

function organizationId(number: number): string {
  return `ORG-2026-${String(number).padStart(5, '0')}`;
}
