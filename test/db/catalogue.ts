/** What a migration made, read from the catalogues as sorted lines without the names of schema and roles. */
import type pg from 'pg';

/** Tables, columns, rules, indexes, policies, rights, functions, triggers, sequences, roles and what was recorded. */
export async function readCatalogue(admin: pg.Client, schema: string, rolePrefix: string): Promise<string[]> {
  await admin.query('set search_path = pg_catalog');
  const { rows } = await admin.query<{ line: string }>(statement, [schema, `${rolePrefix}_`]);
  const recorded = await admin.query<{ line: string }>(
    `select format('migration %s %s %s %s', id, name, breaking, checksum) as line from ${schema}.migration`,
  );
  return [...rows, ...recorded.rows]
    .map(({ line }) =>
      line.replaceAll(rolePrefix, '{prefix}').replaceAll(new RegExp(`\\b${schema}\\b`, 'g'), '{schema}'),
    )
    .sort();
}

const statement = `
with space as (select oid, nspowner, nspacl from pg_namespace where nspname = $1),
relation as (select * from pg_class where relnamespace = (select oid from space) and relkind in ('r', 'p', 'v', 'm', 'S', 'i', 'I'))
select format('schema owner %s', nspowner::regrole) as line from space
union all
select format('schema %s to %s', acl.privilege_type, acl.grantee::regrole) from space, aclexplode(nspacl) acl
union all
select format('%s %s owner %s rls %s %s comment %s', relkind, relname, relowner::regrole, relrowsecurity, relforcerowsecurity,
  obj_description(oid, 'pg_class')) from relation
union all
select format('grant %s on %s to %s by %s', acl.privilege_type, relname, acl.grantee::regrole, acl.grantor::regrole)
  from relation, aclexplode(relacl) acl
union all
select format('grant %s on %s.%s to %s', acl.privilege_type, relname, attname, acl.grantee::regrole)
  from relation join pg_attribute on attrelid = relation.oid, aclexplode(attacl) acl
union all
select format('column %s.%s %s %s %s %s %s', relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
  (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = relation.oid and adnum = attnum))
  from relation join pg_attribute on attrelid = relation.oid where attnum > 0 and not attisdropped
union all
select format('constraint %s on %s: %s', conname, relname, pg_get_constraintdef(c.oid))
  from relation join pg_constraint c on conrelid = relation.oid
union all
select format('index %s', pg_get_indexdef(oid)) from relation where relkind in ('i', 'I')
union all
select format('policy %s on %s %s %s to %s: %s / %s', polname, relname, polcmd, polpermissive,
  array(select rolname from pg_roles where oid = any (polroles) order by 1), pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
  from relation join pg_policy on polrelid = relation.oid
union all
select format('trigger %s %s', pg_get_triggerdef(t.oid), tgenabled)
  from relation join pg_trigger t on tgrelid = relation.oid where not tgisinternal
union all
select format('function %s owner %s %s', pg_get_functiondef(oid), proowner::regrole,
  array(select format('%s to %s', privilege_type, grantee::regrole) from aclexplode(proacl) where grantee = 0 or grantee <> proowner order by 1))
  from pg_proc where pronamespace = (select oid from space) and prokind in ('f', 'p')
union all
select format('role %s %s %s %s %s %s settings %s', rolname, rolcanlogin, rolinherit, rolsuper, rolbypassrls, rolcreaterole,
  (select setconfig from pg_db_role_setting where setrole = r.oid and setdatabase = (select oid from pg_database where datname = current_database())))
  from pg_roles r where starts_with(rolname, $2)
union all
select distinct format('member %s of %s', member::regrole, roleid::regrole)
  from pg_auth_members where starts_with(member::regrole::text, $2)`;
