/**
 * Row-level security by machinery. After every migration each tenant table (one with a column `organization`)
 * gets row security, enabled and forced, with one policy per role; nobody can forget it. The policies compare the
 * organization with the transaction-local setting and nothing else, which is as fast as an explicit predicate.
 *
 * A table that needs other rules carries policies named `dartwing_custom_…` from its migration and is left alone.
 * A table that belongs to no organization says so in a comment that begins with `global:`.
 */
import type { Client } from 'pg';
import { quoteIdentifier, quoteLiteral } from './identifiers.js';
import type { RoleNames } from './roles.js';
import { stampSeals } from './seal.js';

/** The organization of the transaction. Unset or empty gives NULL, and NULL matches no row. */
export const currentOrganization = "nullif(current_setting('dartwing.org', true), '')";
/**
 * Whether a row belongs to an organization of a person's read. PostgreSQL plans `exists` twice and takes, by the rows that
 * it expects, the walk over the list (a read by key) or its hash (a list). As `in (select …)` the list would be hashed for
 * one row too, and as `= any (array)` it would be tried as a condition of an index beside the query's own predicate: the
 * planner, counting the organization twice, takes the first index that begins with it, also for a read by key.
 */
const amongOrganizations = (table: string) =>
  `exists (select from string_to_table(current_setting('dartwing.orgs', true), ',') as mine (id)
     where mine.id = ${table}.organization)`;

/** Tenant tables that the machinery has to stamp. */
const tenantTables = `
  select c.relname as name
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization' and not a.attisdropped
  where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition
    and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname like 'dartwing\\_custom\\_%')
  order by c.relname`;

/** The same as one statement for people who run SQL by hand. */
export function stampingSql(schema: string, roles: RoleNames): string {
  const standIn = 'tenant_table';
  return `do $stamping$
declare tenant_table name;
begin
  for tenant_table in ${tenantTables.replace('$1', quoteLiteral(schema)).trim()}
  loop
    execute replace($policy$${policySql(schema, standIn, roles)}$policy$, '"${standIn}"', quote_ident(tenant_table));
  end loop;
end
$stamping$;`;
}

/** Stamps every tenant table of the schema. Runs inside the migration's transaction, as the owner. */
export async function stampPolicies(client: Client, schema: string, roles: RoleNames): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(tenantTables, [schema]);
  for (const { name } of rows) await client.query(policySql(schema, name, roles));
  await stampSeals(client, schema);
  return rows.map((row) => row.name);
}

/** The SQL that stamps one tenant table. */
export function policySql(schema: string, tableName: string, roles: RoleNames): string {
  const table = `${quoteIdentifier(schema)}.${quoteIdentifier(tableName)}`;
  const app = quoteIdentifier(roles.app);
  const reader = quoteIdentifier(roles.reader);
  const system = quoteIdentifier(roles.system);
  return `
    alter table ${table} enable row level security;
    alter table ${table} force row level security;
    drop policy if exists dartwing_tenant on ${table};
    create policy dartwing_tenant on ${table} as permissive for all to ${app}
      using (organization = ${currentOrganization}) with check (organization = ${currentOrganization});
    drop policy if exists dartwing_reader on ${table};
    create policy dartwing_reader on ${table} as permissive for select to ${reader}
      using (${amongOrganizations(table)});
    drop policy if exists dartwing_system on ${table};
    create policy dartwing_system on ${table} as permissive for all to ${system} using (true) with check (true);
    grant select, insert, update, delete on ${table} to ${app}, ${system};
    grant select on ${table} to ${reader};`;
}
