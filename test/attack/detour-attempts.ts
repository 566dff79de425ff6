/** Ways around the tables: roles, settings, functions, files, other sessions, changes of the server itself. */
import type { Attempt } from './trial.js';
import type { World } from './world.js';

type Detour = string | string[] | { statements: string[]; refusals: string[] };

/** Every detour; `roles` are the roles of the server that an attacker may want to be. */
export function detourAttempts({ a, b, rolePrefix }: World, roles: readonly string[]): Attempt[] {
  const app = `${rolePrefix}_app`;
  const reader = `${rolePrefix}_reader`;
  const others = roles.filter((role) => role !== app && role !== reader);
  const company = 'select * from company';
  const kinds: Record<string, Record<string, Detour>> = {
    'become another role': Object.fromEntries(
      others.flatMap((role) => [
        [`set role ${role}`, [`set role "${role}"`, company]],
        [`set session authorization ${role}`, [`set session authorization "${role}"`, company]],
        [`set_config role ${role}`, [`select set_config('role', '${role}', false)`, company]],
        [`grant ${role}`, [`grant "${role}" to "${app}"`, company]],
      ]),
    ),
    'become less bound': {
      'reset role': ['reset role', company],
      'set role none': ['set role none', company],
      'reset session authorization': ['reset session authorization', company],
      'reset all': ['reset all', company],
      'reset the organization': ['reset dartwing.org', company],
      'an empty organization': ["set local dartwing.org = ''", company],
      'a star for an organization': ["set local dartwing.org = '*'", company],
      'a pattern for an organization': ["set local dartwing.org = 'ORG-%'", company],
      'organizations of a person as the app': [`set local dartwing.orgs = '${a.organization}'`, company],
      'the person of A as the app': [`set local dartwing.person = '${a.person}'`, company],
      'the reader without organizations': [`set role "${reader}"`, company],
      'the reader with an empty list': [
        `set local role "${reader}"`,
        "set local dartwing.orgs = ''",
        company,
      ],
      'the reader with a star': [`set local role "${reader}"`, "set local dartwing.orgs = '*,%'", company],
      'row security off for the session': ['set row_security = off', company],
      'row security off for the role': `alter role "${app}" bypassrls`,
      'superuser for the role': `alter role "${app}" superuser`,
      'roles for the role': `alter role "${app}" createrole`,
      'settings of another role': `alter role "${rolePrefix}_system" set dartwing.org = 'x'`,
      'password of another role': `alter role "${rolePrefix}_system" password 'x'`,
      'settings of the database': `do $$ begin execute format('alter database %I set row_security = off', current_database()); end $$`,
      'settings of the server': {
        statements: ["alter system set row_security = 'off'"],
        refusals: ['25001'],
      },
      'a new role': 'create role spy login',
      'drop the system role': `drop role "${rolePrefix}_system"`,
      'owned objects': {
        statements: [`reassign owned by "${rolePrefix}_owner" to "${app}"`],
        refusals: ['42501'],
      },
      'default rights': `alter default privileges for role "${rolePrefix}_owner" grant select on tables to public`,
      'commit and go on': { statements: ['commit', company], refusals: [] },
      'roll back and go on': { statements: ['rollback', company], refusals: [] },
      'a new transaction inside': { statements: ['commit', 'begin', company, 'commit'], refusals: [] },
      'read write again': {
        statements: [
          'set transaction read write',
          `update company set legal_name = 'x' where organization = '${a.organization}'`,
        ],
        refusals: ['25001'],
      },
      'rights of replication': {
        statements: ["set session_replication_role = 'replica'", company],
        refusals: [],
      },
      'privileged libraries': { statements: ["load 'file_fdw'"], refusals: ['58P01'] },
      'libraries of the session': {
        statements: ["set session_preload_libraries = 'x'"],
        refusals: ['55P02'],
      },
    },
    'call a function of ours': {
      'organizations of a person of A': `select person_organizations('${a.person}', now()) as found`,
      'organizations of everybody': `select person_organizations(id, now()) as found from generate_series(1, 40) n, lateral (select format('PERSON-2026-%s', lpad(n::text, 5, '0')) as id) p`,
      'organizations of NULL': 'select person_organizations(null, now()) as found',
      'make a partition': 'select ensure_audit_partition(now())',
      'call the trigger function': 'select refuse_audit_change()',
      'replace our function': `create or replace function dartwing.person_organizations (text, timestamptz) returns text language sql as $$ select '' $$`,
      'overload our function': `create function dartwing.person_organizations (varchar, timestamptz) returns text language sql as $$ select '' $$`,
      'own our function': `alter function person_organizations(text, timestamptz) owner to "${app}"`,
      'definer off our function': 'alter function person_organizations(text, timestamptz) security invoker',
      'path of our function':
        'alter function person_organizations(text, timestamptz) set search_path = pg_temp',
      'grant our function': {
        statements: [
          'grant execute on function person_organizations(text, timestamptz) to public',
          `select person_organizations('${a.person}', now())`,
        ],
        refusals: [],
      },
      'shadow what our function reads': [
        'create temp table org_member (organization text, person text, status text)',
        `insert into pg_temp.org_member values ('spied', '${b.person}', 'active')`,
        'set local search_path = pg_temp, dartwing',
        `select count(*)::int as foreign_rows where person_organizations(set_config('dartwing.person', '${b.person}', true), now()) like '%spied%'`,
      ],
    },
    'numbers of a series': {
      'next of organizations': "select nextval('organization_series')",
      'current of organizations': "select currval('organization_series')",
      'last of organizations': 'select last_value from organization_series',
      'set back persons': "select setval('person_series', 1)",
      'current of persons': { statements: ["select currval('person_series')"], refusals: ['55000'] },
      'last of the session': { statements: ['select lastval()'], refusals: ['55000'] },
      restart: 'alter sequence person_series restart',
    },
    'read all of it': {
      schema_to_xml: "select schema_to_xml('dartwing', true, false, '')::text",
      database_to_xml: 'select database_to_xml(true, false, $$$$)::text',
      cursor_to_xml: [
        'declare c cursor for select * from company',
        "select cursor_to_xml('c', 100, true, false, '')::text",
      ],
      query_to_xml_and_xmlschema:
        "select query_to_xml_and_xmlschema('select * from org_member', true, false, '')::text",
      pg_stats: 'select * from pg_stats where schemaname = $$dartwing$$',
      pg_stats_ext: 'select * from pg_stats_ext',
      pg_statistic: 'select * from pg_statistic',
      pg_statistic_ext_data: 'select * from pg_statistic_ext_data',
      pg_authid: 'select * from pg_authid',
      pg_shadow: 'select * from pg_shadow',
      pg_user_mapping: 'select * from pg_user_mapping',
      pg_hba_file_rules: 'select * from pg_hba_file_rules',
      pg_stat_activity: 'select * from pg_stat_activity',
      pg_prepared_statements: 'select * from pg_prepared_statements',
      pg_cursors: 'select * from pg_cursors',
      pg_locks: 'select * from pg_locks',
      pg_stat_user_tables: 'select * from pg_stat_user_tables',
      'information_schema columns':
        "select * from information_schema.columns where table_schema = 'dartwing'",
      'policies and their text': 'select * from pg_policies',
      'texts of functions':
        "select pg_get_functiondef(oid) from pg_proc where pronamespace = 'dartwing'::regnamespace",
    },
    'read files of the server': {
      pg_read_file: "select pg_read_file('PG_VERSION')",
      pg_read_binary_file: "select pg_read_binary_file('global/pg_control')",
      'pg_read_file of a table': "select pg_read_binary_file(pg_relation_filepath('company'))",
      pg_ls_dir: "select pg_ls_dir('.')",
      pg_stat_file: "select pg_stat_file('PG_VERSION')",
      pg_ls_logdir: 'select * from pg_ls_logdir()',
      pg_current_logfile: 'select pg_current_logfile()',
      lo_import: "select lo_import('/etc/hostname')",
      lo_export: "select lo_export(1, '/tmp/dartwing-attack')",
      pg_largeobject: 'select * from pg_largeobject',
      'copy from a file': ['create temp table loot (line text)', "copy pg_temp.loot from '/etc/hostname'"],
      'copy from a program': ['create temp table loot (line text)', "copy pg_temp.loot from program 'id'"],
      'copy to a program': "copy (select 1) to program 'cat'",
      file_fdw: { statements: ['create extension file_fdw'], refusals: ['0A000'] },
      adminpack: { statements: ['create extension adminpack'], refusals: ['0A000'] },
      'heap pages': { statements: ['create extension pageinspect'], refusals: ['0A000'] },
      'write-ahead log': 'select pg_switch_wal()',
      'a slot of replication': "select pg_create_logical_replication_slot('spy', 'test_decoding')",
      'a backup': { statements: ["select pg_backup_start('spy')"], refusals: ['42883'] },
    },
    'leave the database': {
      dblink: { statements: ['create extension dblink'], refusals: ['0A000'] },
      postgres_fdw: { statements: ['create extension postgres_fdw'], refusals: ['0A000'] },
      'a foreign server': {
        statements: ['create server spy foreign data wrapper postgres_fdw'],
        refusals: ['42704'],
      },
      'a foreign data wrapper': 'create foreign data wrapper spy',
      'a subscription': {
        statements: ["create subscription spy connection 'host=/x' publication p with (connect = false)"],
        refusals: [],
      },
      'an untrusted language': { statements: ['create extension plperlu'], refusals: ['0A000', '58P01'] },
      'a function in C': "create function pg_temp.c () returns int language c as 'libc', 'system'",
      'an internal function':
        "create function pg_temp.i () returns int language internal as 'pg_backend_pid'",
      'a database': { statements: ['create database spy'], refusals: ['25001'] },
      'a tablespace': { statements: ["create tablespace spy location '/tmp'"], refusals: ['25001'] },
    },
    'change the ground': {
      'a schema': 'create schema spy',
      'a table in the schema': 'create table dartwing.spy (x int)',
      'a table in public': 'create table public.spy (x int)',
      'a type in the schema': 'create type dartwing.spy as (x int)',
      'a type over a column': 'create domain dartwing.spy as text',
      'an operator in the schema':
        'create operator dartwing.= (leftarg = text, rightarg = text, function = texteq)',
      'a cast': { statements: ['create cast (text as bytea) with inout'], refusals: ['42501'] },
      'a collation': "create collation dartwing.spy (locale = 'C')",
      'an event trigger': {
        statements: [
          'create event trigger spy on ddl_command_start execute function suppress_redundant_updates_trigger()',
        ],
        refusals: ['42P17'],
      },
      'an aggregate in public': 'create aggregate public.spy (int) (sfunc = int4pl, stype = int)',
      'a security label': { statements: ["security label on table company is 'x'"], refusals: ['22023'] },
      'our migrations': "insert into migration (id, name, breaking, checksum) values (99, 'x', false, 'x')",
      'our fingerprint': "update installation set master_key_fingerprint = 'x'",
      'our role templates': 'update role_template set is_supervisor = true',
      'our idempotency keys': 'select * from idempotency',
      'merges of persons': 'select * from person_merge_log',
      'rename the schema': 'alter schema dartwing rename to spy',
      'own the schema': 'alter schema dartwing owner to current_user',
      'drop the schema': 'drop schema dartwing cascade',
      'drop what is owned': [`drop owned by "${app}" restrict`, company],
      reindex: { statements: ['reindex table company'], refusals: [] },
      vacuum: { statements: ['vacuum company'], refusals: ['25001'] },
      cluster: { statements: ['cluster company'], refusals: ['42704', '25001'] },
    },
    'run it as somebody else': {
      'a block':
        'do $$ begin perform set_config($s$row_security$s$, $s$off$s$, true); perform * from company; end $$',
      'a block with dynamic SQL': "do $$ begin execute 'set local role postgres'; end $$",
      'a definer function of a block': [
        `do $$ begin execute 'create function pg_temp.f () returns setof company language sql security definer set row_security = off as $f$ select * from dartwing.company $f$'; end $$`,
        'select * from pg_temp.f()',
      ],
      'a procedure that commits': {
        statements: [
          'create procedure pg_temp.p () language plpgsql as $$ begin commit; perform * from dartwing.company; end $$',
          'call pg_temp.p()',
        ],
        refusals: ['2D000'],
      },
      'a function with the organization unset': [
        `create function pg_temp.f () returns setof company language sql set dartwing.org = '' as $$ select * from dartwing.company $$`,
        'select * from pg_temp.f()',
      ],
      'a trigger on a temporary table': [
        'create temp table bait (x int)',
        'create temp table loot (line text)',
        `create function pg_temp.t () returns trigger language plpgsql security definer as
          $$ begin insert into pg_temp.loot select c::text from dartwing.company c; return new; end $$`,
        'create trigger t before insert on bait for each row execute function pg_temp.t()',
        'insert into bait values (1)',
        'select * from loot',
      ],
      "an operator of one's own": [
        `create function pg_temp.same (text, text) returns boolean language sql as $$ select true $$`,
        'create operator pg_temp.=== (leftarg = text, rightarg = text, function = pg_temp.same)',
        `select count(*)::int as foreign_rows from company where organization operator(pg_temp.===) 'x' and organization <> '${b.organization}'`,
      ],
      'a leakproof function':
        'create function pg_temp.leak (text) returns boolean language sql leakproof as $$ select true $$',
      'a support function': 'alter function pg_catalog.texteq(text, text) support like_support',
      'an index on an expression': 'create index on company ((length(legal_name)))',
    },
  };
  return Object.entries(kinds).flatMap(([how, detours]) =>
    Object.entries(detours).map(([on, detour]): Attempt => {
      if (typeof detour === 'string') return { how, on, statements: [detour] };
      return Array.isArray(detour) ? { how, on, statements: detour } : { how, on, ...detour };
    }),
  );
}
