/**
 * The self-test of tenant isolation: read from the system catalogues in one statement, at every start and by
 * doctor. A finding means that a row could reach the wrong organization, so starting is refused.
 */
import { DartwingError } from '../errors.js';
import type { Database } from './database.js';
import { schemaVersion } from './migrate.js';
import type { RoleNames } from './roles.js';
import { sealedExpression } from './seal.js';
import type { Tx } from './transaction.js';

export interface IsolationFinding {
  check: string;
  object: string;
}

export interface SelfTest {
  schemaVersion: number;
  masterKeyFingerprint: string | undefined;
  sealedContext: boolean;
  findings: IsolationFinding[];
}

/** What each check means, for doctor. */
export const isolationChecks: Readonly<Record<string, string>> = {
  'role.privileged': 'A runtime role is superuser, bypasses row security, or may create roles or databases',
  'role.owns': 'A runtime role owns an object of the schema',
  'role.member': 'The app role belongs to a role that it must not become',
  'role.setting': 'A runtime role starts its sessions inside an organization or without row security',
  'schema.create': 'A runtime role or PUBLIC may create objects in the schema',
  'table.rls': 'A tenant table has no enabled and forced row security',
  'table.policy':
    'A tenant table lacks a policy with USING and WITH CHECK for the app role, or has one that lets all rows pass',
  'table.unowned': 'A table has neither an organization nor the comment that says it is global',
  'table.seal': 'The context is sealed, and a policy believes a plain setting',
  'table.grant':
    'A runtime role may truncate, reference or trigger on a table or reach a partition, or PUBLIC may use it',
  'index.unique': 'A unique index of a tenant table does not begin with the organization',
  'key.foreign': 'A foreign key between tenant tables leaves the organization out',
  'view.invoker': 'A view runs with the rights of its owner, or is materialized',
  'function.definer': 'A definer function is executable by everybody or has no fixed search path',
};

/**
 * What a policy may begin with, as PostgreSQL prints it back (white space and the table's name in a subquery apart): exactly
 * that, or that and more. Anything else for the app or the reader counts as too wide.
 */
const plainExpressions = [
  "organization = NULLIF(current_setting('dartwing.org'::text, true), ''::text)",
  "EXISTS ( SELECT FROM string_to_table(current_setting('dartwing.orgs'::text, true), ','::text) mine(id) WHERE (mine.id = organization))",
  "id = NULLIF(current_setting('dartwing.org'::text, true), ''::text)",
  "id = ANY (( SELECT string_to_array(current_setting('dartwing.orgs'::text, true), ','::text) AS string_to_array)::text[])",
  "id = NULLIF(current_setting('dartwing.person'::text, true), ''::text)",
];
const boundedExpressions = [
  ...plainExpressions,
  ...plainExpressions.map((text) => sealedExpression(text, true)),
];

/**
 * One statement over the catalogues; $1 schema, $2 app, $3 system, $4 reader, $5 owner, $6 sequencer, $7 bounded expressions. `person` and
 * `user_account` are global tables with row security of their own; the root table `organization` has its id.
 */
const catalogueStatement = `
with space as (select oid from pg_namespace where nspname = $1),
relation as (
  select c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner, c.relacl, c.reloptions, c.relispartition,
    a.attnum as organization_column,
    coalesce(obj_description(c.oid, 'pg_class'), '') like 'global:%' as global
  from pg_class c
  left join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization' and not a.attisdropped
  where c.relnamespace = (select oid from space) and c.relkind in ('r', 'p', 'v', 'm')
),
tenant as (
  select * from relation where relkind in ('r', 'p') and (organization_column is not null or relname = 'organization')
),
runtime as (select oid, rolname from pg_roles where rolname in ($2, $3, $4, $6)),
wide as (
  select distinct p.polrelid
  from pg_policy p
  join relation on relation.oid = p.polrelid,
  lateral (values (pg_get_expr(p.polqual, p.polrelid)), (pg_get_expr(p.polwithcheck, p.polrelid))) as asked (text),
  lateral (
    select replace(regexp_replace(asked.text, '\\s+', ' ', 'g'), format('(mine.id = %I.organization)', relation.relname), '(mine.id = organization)')
  ) as rule (text)
  where p.polpermissive and rule.text is not null and rule.text <> 'false'
    and (p.polroles = '{0}' or p.polroles && array(select oid from pg_roles where rolname in ($2, $4)))
    and not exists (
      select from unnest($7::text[]) as bounded (text)
      where rule.text = '(' || bounded.text || ')' or starts_with(rule.text, '((' || bounded.text || ') AND ')
    )
)
select 'role.privileged' as check, rolname::text as object from pg_roles
  where rolname in ($2, $3, $4, $5, $6) and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
union all
select 'role.owns', runtime.rolname || ' owns ' || relation.relname from relation join runtime on runtime.oid = relation.relowner
union all
select 'role.member', granted.rolname::text from pg_auth_members m
  join pg_roles member on member.oid = m.member join pg_roles granted on granted.oid = m.roleid
  where (member.rolname = $2 and granted.rolname <> $4) or (member.rolname = $4)
    or (member.rolname = $3 and granted.rolname <> $6) or member.rolname = $6
union all
select 'role.setting', r.rolname || ' sets ' || split_part(setting, '=', 1)
  from pg_db_role_setting s join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) as setting
  where r.rolname in ($2, $3) and (s.setdatabase = 0 or s.setdatabase = (select oid from pg_database where datname = current_database()))
    and (starts_with(setting, 'dartwing.') or split_part(setting, '=', 1) in ('role', 'row_security'))
union all
select distinct 'schema.create', coalesce(r.rolname::text, 'PUBLIC')
  from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) acl left join pg_roles r on r.oid = acl.grantee
  where n.nspname = $1 and acl.privilege_type = 'CREATE' and (acl.grantee = 0 or acl.grantee in (select oid from runtime))
union all
select 'table.rls', relname::text from relation
  where not (relrowsecurity and relforcerowsecurity) and not relispartition and (
    oid in (select oid from tenant) or relname in ('person', 'user_account') or oid in (select polrelid from pg_policy))
union all
select 'table.policy', relname::text from tenant where not relispartition and (
  not exists (
    select from pg_policy p where p.polrelid = tenant.oid and p.polroles @> array[(select oid from pg_roles where rolname = $2)]
  ) or exists (
    select from pg_policy p where p.polrelid = tenant.oid and p.polcmd in ('*', 'w') and p.polwithcheck is null
      and (p.polroles = '{0}' or p.polroles && array(select oid from pg_roles where rolname in ($2, $4)))
  ))
union all
select 'table.policy', relname::text || ' (too wide)' from relation where oid in (select polrelid from wide)
union all
select 'table.seal', relation.relname::text || ': ' || p.polname
  from pg_policy p join relation on relation.oid = p.polrelid
  where (select (to_jsonb(i) ->> 'sealed_context')::boolean from installation i) and p.polpermissive
    and concat(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) like '%current_setting(%'
union all
select 'table.unowned', relname::text from relation
  where relkind in ('r', 'p') and organization_column is null and relname <> 'organization' and not global
union all
select distinct 'table.grant', relation.relname || ': ' || coalesce(r.rolname::text, 'PUBLIC') || ' ' || acl.privilege_type
  from relation, aclexplode(relation.relacl) acl left join pg_roles r on r.oid = acl.grantee
  where acl.grantee = 0
    or (r.rolname in ($2, $3, $4, $6) and (relation.relispartition or acl.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER')))
union all
select 'index.unique', index_class.relname::text from pg_index i
  join tenant on tenant.oid = i.indrelid join pg_class index_class on index_class.oid = i.indexrelid
  where i.indisunique and tenant.organization_column is not null and i.indkey[0] <> tenant.organization_column
union all
select 'key.foreign', k.conname::text from pg_constraint k
  join tenant source on source.oid = k.conrelid join tenant target on target.oid = k.confrelid
  where k.contype = 'f' and target.relname <> 'organization' and not (source.organization_column = any (k.conkey))
union all
select 'view.invoker', relname::text from relation
  where relkind = 'm' or (relkind = 'v' and not coalesce(reloptions @> array['security_invoker=true'], false))
union all
select 'function.definer', p.proname::text from pg_proc p
  where p.pronamespace = (select oid from space) and p.prosecdef
    and (not coalesce(array_to_string(p.proconfig, ',') like '%search_path=%', false)
      or p.proacl is null
      or exists (select from aclexplode(p.proacl) acl where acl.grantee = 0))
order by 1, 2`;

/** What an installation says of itself. */
type Installation = Pick<SelfTest, 'schemaVersion' | 'masterKeyFingerprint' | 'sealedContext'>;

/** What an installation must be. */
export interface Expected {
  masterKeyFingerprint: string;
  /** True refuses a database whose policies believe plain settings. */
  sealedContext?: boolean | undefined;
}

/** Reads the state; throws nothing about findings. */
export async function runSelfTest(tx: Tx, schema: string, roles: RoleNames): Promise<SelfTest> {
  const { app, system, reader, owner, sequencer } = roles;
  const [installation, findings] = await Promise.all([
    readInstallation(tx),
    tx.query<IsolationFinding>(catalogueStatement, [
      schema,
      app,
      system,
      reader,
      owner,
      sequencer,
      boundedExpressions,
    ]),
  ]);
  return { ...installation, findings: findings.rows };
}

async function readInstallation(tx: Tx): Promise<Installation> {
  const text = `select (select max(id) from migration) as version,
    i.master_key_fingerprint as fingerprint, (to_jsonb(i) ->> 'sealed_context')::boolean as sealed
    from (select) one left join installation i on true`;
  type Row = { version: number; fingerprint: string | null; sealed: boolean | null };
  const [row] = (await tx.query<Row>(text, [], 'dartwing_installation')).rows;
  return {
    schemaVersion: row?.version ?? 0,
    masterKeyFingerprint: row?.fingerprint ?? undefined,
    sealedContext: row?.sealed ?? false,
  };
}

/**
 * Refuses to go on with a schema of another version, another master key, an open context or broken isolation.
 * @throws SCHEMA_MISSING, SCHEMA_OUTDATED, SCHEMA_NEWER, MASTER_KEY_CHANGED, CONTEXT_NOT_SEALED, ISOLATION_BROKEN,
 * DATABASE_*.
 */
export async function requireSound(database: Database, expected: Expected): Promise<void> {
  const test = await ask(database, (tx) => runSelfTest(tx, database.schema, database.roles));
  requireOurs(test, expected);
  const [first, ...others] = test.findings;
  if (first === undefined) return;
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  throw new DartwingError(
    'ISOLATION_BROKEN',
    { finding: `${first.check} ${first.object}${more}` },
    { detail: test.findings },
  );
}

/**
 * The cheap part of `requireSound`: schema version, master key, sealed context.
 * @throws SCHEMA_MISSING, SCHEMA_OUTDATED, SCHEMA_NEWER, MASTER_KEY_CHANGED, CONTEXT_NOT_SEALED, DATABASE_*.
 */
export async function requireVersion(database: Database, expected: Expected): Promise<void> {
  requireOurs(await ask(database, readInstallation), expected);
}

async function ask<T>(database: Database, question: (tx: Tx) => Promise<T>): Promise<T> {
  try {
    return await database.asMachinery(question);
  } catch (error) {
    const code = (error as { cause?: { code?: string } }).cause?.code;
    // Undefined table, undefined schema.
    if (code === '42P01' || code === '3F000') throw new DartwingError('SCHEMA_MISSING', {}, { cause: error });
    throw error;
  }
}

function requireOurs(
  { schemaVersion: current, masterKeyFingerprint: expected = 'none', sealedContext: sealed }: Installation,
  { masterKeyFingerprint: given, sealedContext: wanted }: Expected,
): void {
  const required = schemaVersion;
  if (current > required) throw new DartwingError('SCHEMA_NEWER', { current, required });
  if (current < required) throw new DartwingError('SCHEMA_OUTDATED', { current, required });
  if (given !== expected) throw new DartwingError('MASTER_KEY_CHANGED', { given, expected });
  if (wanted === true && !sealed) throw new DartwingError('CONTEXT_NOT_SEALED');
}
