/** Everything that is tried on each tenant table. `foreign_rows` in an answer counts rows that are not B's. */
import type { Attempt } from './trial.js';
import type { TenantTable, World } from './world.js';

type Maker = (table: TenantTable, literals: Literals) => Omit<Attempt, 'how' | 'on'> | string | string[];

/** Parts of statements for one table. */
interface Literals {
  /** `organization = 'ORG-…'`, of A. */
  ofA: string;
  /** Everything but B's rows. */
  notOfB: string;
  columns: string;
  /** A row of B that claims to be A's, as a row source. */
  forged: string;
  /** The row of A itself, as a row source. */
  copied: string;
  /** An assignment that changes nothing. */
  touch: string;
  key: string;
}

const reading: Record<string, Maker> = {
  'select everything': ({ name }) => `select * from ${name}`,
  'select by key': ({ name }, { ofA }) => `select * from ${name} where ${ofA}`,
  'select through the schema name': ({ name }, { ofA }) => `select * from dartwing.${name} where ${ofA}`,
  'select only': ({ name }) => `table only ${name}`,
  'count what is not mine': ({ name }, { notOfB }) =>
    `select count(*)::int as foreign_rows from ${name} where ${notOfB}`,
  'exists by key': ({ name }, { ofA }) =>
    `select exists (select from ${name} where ${ofA})::int as foreign_rows`,
  'join with another table': ({ name }, { ofA }) =>
    `select t.* from ${name} t left join organization o on true where t.${ofA}`,
  'full join with literals': ({ name, key, a }) =>
    `select count(t.${key})::int as foreign_rows from (values ('${a}')) as wanted (id) full join ${name} t on t.${key} = wanted.id where wanted.id is not null`,
  'materialized expression': ({ name }, { notOfB }) =>
    `with all_rows as materialized (select * from ${name}) select count(*)::int as foreign_rows from all_rows where ${notOfB}`,
  'recursive expression': ({ name, key }, { ofA }) =>
    `with recursive walk (k) as (select ${key} from ${name} where ${ofA} union select t.${key} from ${name} t join walk on t.${key} > walk.k) select count(*)::int as foreign_rows from walk`,
  'lateral join': ({ name, key, a }) =>
    `select l.* from (values ('${a}')) as wanted (id) cross join lateral (select * from ${name} t where t.${key} = wanted.id) l`,
  'set difference': ({ name }, { key }) =>
    `select count(*)::int as foreign_rows from (table ${name} except select * from ${name} where ${key}) rest`,
  'rows as one text': ({ name }) => `select string_agg(t::text, ' ') as everything from ${name} t`,
  'rows as json': ({ name }) => `select jsonb_agg(to_jsonb(t)) as everything from ${name} t`,
  'system columns': ({ name }, { ofA }) =>
    `select tableoid::regclass, ctid, xmin, t.* from ${name} t where ${ofA}`,
  'rows by ctid': ({ name }, { notOfB }) =>
    `select count(*)::int as foreign_rows from ${name} where ctid = any (array(select format('(0,%s)', n)::tid from generate_series(1, 60) n)) and (${notOfB})`,
  'table sample': ({ name }, { notOfB }) =>
    `select count(*)::int as foreign_rows from ${name} tablesample bernoulli (100) where ${notOfB}`,
  'select for update': ({ name }, { ofA }) => `select * from ${name} where ${ofA} for update`,
  'select for key share': ({ name }, { ofA }) => `select * from ${name} where ${ofA} for key share`,
  'error that quotes a row': ({ name }, { ofA }) =>
    `select count(*)::int as foreign_rows from ${name} t where ${ofA} and t::text::int = 1`,
  'division by what a row says': ({ name, key, a }) =>
    `select count(*)::int as foreign_rows from ${name} where 1 / (case when ${key} = '${a}' then 0 else 1 end) = 2`,
  'leaky function in a predicate': ({ name }, { notOfB }) => ({
    statements: [
      'create temp table seen (line text)',
      `create function pg_temp.spy (line text) returns boolean language plpgsql cost 0.0000001 as
        $$ begin insert into seen values (line); return true; end $$`,
      `select count(*) from ${name} t where pg_temp.spy(t::text) and (${notOfB})`,
      'select * from seen',
    ],
  }),
  cursor: ({ name }) => [`declare thief cursor for select * from ${name}`, 'fetch all from thief'],
  'cursor with hold': ({ name }) => [
    `declare thief cursor with hold for select * from ${name}`,
    'fetch all from thief',
    'close thief',
  ],
  'prepared statement of SQL': ({ name }) => [
    `prepare thief as select * from ${name}`,
    'execute thief',
    'deallocate thief',
  ],
  explain: ({ name }) => `explain (verbose) select * from ${name}`,
  'planner statistics': ({ name }) => `select * from pg_stats where tablename = '${name}'`,
  'raw planner statistics': ({ name }) => `select * from pg_statistic where starelid = '${name}'::regclass`,
  table_to_xml: ({ name }) => ({
    statements: [`select table_to_xml('${name}', true, false, '')::text`],
    refusals: ['0A000'],
  }),
  query_to_xml: ({ name }, { ofA }) =>
    `select query_to_xml('select * from ${name} where ' || ${quote(ofA)}, true, false, '')::text`,
  'copy to the client': ({ name }, { notOfB }) => ({
    statements: [`copy (select * from ${name} where ${notOfB}) to stdout`],
    copied: 0,
  }),
  'copy to a file': ({ name }) => `copy ${name} to '/tmp/dartwing-attack.txt'`,
  'copy to a program': ({ name }) => `copy ${name} to program 'cat'`,
  'temporary view': ({ name }) => [
    `create temp view window_to as select * from ${name}`,
    'select * from window_to',
  ],
  'temporary view with a barrier': ({ name }) => [
    `create temp view window_to with (security_barrier, security_invoker = false) as select * from ${name}`,
    'select * from window_to',
  ],
  'temporary copy': ({ name }) => [`create temp table loot as select * from ${name}`, 'select * from loot'],
  'temporary definer function': ({ name }) => [
    `create function pg_temp.thief () returns setof ${name} language sql security definer as $$ select * from dartwing.${name} $$`,
    'select * from pg_temp.thief()',
  ],
  'block that raises what it read': ({ name }) => ({
    statements: [
      `do $$ begin raise exception 'read: %', (select string_agg(t::text, ' ') from ${name} t); end $$`,
    ],
    refusals: ['P0001'],
  }),
  'row security switched off': ({ name }) => ['set local row_security = off', `select * from ${name}`],
  'set role to the reader': ({ name }, { notOfB }) => [
    'set local role "{reader}"',
    `select count(*)::int as foreign_rows from ${name} where ${notOfB}`,
  ],
  'lock in share mode': ({ name }) => `lock table only ${name} in access share mode`,
};

const writing: Record<string, Maker> = {
  'insert a row of A': ({ name }, { columns, forged }) =>
    `insert into ${name} (${columns}) select ${columns} from ${forged}`,
  'insert rows of B and A together': ({ name }, { columns, forged, copied }) =>
    `insert into ${name} (${columns}) select ${columns} from ${forged} union all select ${columns} from ${copied}`,
  'insert what was selected': ({ name, key, a }, { columns }) =>
    `insert into ${name} (${columns}) select ${columns.replace(`"${key}"`, `'${a}'`)} from ${name}`,
  'insert on conflict do nothing': ({ name }, { columns, copied }) =>
    `insert into ${name} (${columns}) select ${columns} from ${copied} on conflict do nothing`,
  'insert on conflict do update': ({ name, primaryKey }, { columns, copied, touch }) =>
    `insert into ${name} (${columns}) select ${columns} from ${copied}
      on conflict (${(primaryKey.length > 0 ? primaryKey : ['ctid']).join(', ')}) do update set ${touch} returning *`,
  'insert through a view': ({ name }, { columns, forged }) => [
    `create temp view door as select * from ${name}`,
    `insert into door (${columns}) select ${columns} from ${forged}`,
  ],
  'insert from a definer function': ({ name }, { columns, forged }) => [
    `create function pg_temp.forge () returns void language sql security definer as $$ insert into dartwing.${name} (${columns}) select ${columns} from ${forged} $$`,
    'select pg_temp.forge()',
  ],
  'update rows of A': ({ name }, { ofA, touch }) => counted(`update ${name} set ${touch} where ${ofA}`),
  'update everything that is not mine': ({ name }, { notOfB, touch }) =>
    counted(`update ${name} set ${touch} where ${notOfB}`),
  'give my rows to A': ({ name, key, a }) => ({
    statements: [counted(`update ${name} set ${key} = '${a}'`)],
    // A trigger that fixes the organization comes before the policy.
    refusals: ['23514'],
  }),
  'take the rows of A': ({ name, key, b }, { ofA }) =>
    counted(`update ${name} set ${key} = '${b}' where ${ofA}`),
  'update with a join': ({ name, key, a }, { touch }) =>
    counted(`update ${name} t set ${touch} from (values ('${a}')) as wanted (id) where t.${key} = wanted.id`),
  'update by ctid': ({ name }, { notOfB, touch }) =>
    counted(
      `update ${name} set ${touch} where ctid = any (array(select format('(0,%s)', n)::tid from generate_series(1, 60) n)) and (${notOfB})`,
    ),
  'delete rows of A': ({ name }, { ofA }) => counted(`delete from ${name} where ${ofA}`),
  'delete everything that is not mine': ({ name }, { notOfB }) =>
    counted(`delete from ${name} where ${notOfB}`),
  'delete with a join': ({ name, key, a }) =>
    counted(`delete from ${name} t using (values ('${a}')) as wanted (id) where t.${key} = wanted.id`),
  'merge that deletes': ({ name, key, a }) =>
    `merge into ${name} t using (values ('${a}')) as wanted (id) on t.${key} = wanted.id when matched then delete`,
  'merge that inserts': ({ name }, { columns, forged }) =>
    `merge into ${name} t using ${forged} on false
      when not matched then insert (${columns}) values (${columns.replaceAll(/"(\w+)"/g, 'forged."$1"')})`,
  truncate: ({ name }) => `truncate ${name}`,
  'truncate cascade': ({ name }) => `truncate ${name} cascade`,
  'copy from a file': ({ name }) => `copy ${name} from '/etc/hostname'`,
  'copy from a program': ({ name }) => `copy ${name} from program 'echo'`,
};

const owning: Record<string, Maker> = {
  'switch row security off': ({ name }) => `alter table ${name} disable row level security`,
  'switch force off': ({ name }) => `alter table ${name} no force row level security`,
  'drop the policy': ({ name }) => ({
    statements: [`drop policy dartwing_tenant on ${name}`],
    refusals: ['42704'],
  }),
  'add a policy': ({ name }) => `create policy open_door on ${name} using (true)`,
  'become the owner': ({ name }) => `alter table ${name} owner to current_user`,
  'grant it to everybody': ({ name }) => `grant all on ${name} to public`,
  'add a column': ({ name }) => `alter table ${name} add column spy text`,
  'add a trigger': ({ name }) =>
    `create trigger spy before insert on ${name} for each row execute function suppress_redundant_updates_trigger()`,
  'add a rule': ({ name }) => `create rule spy as on insert to ${name} do also notify spy`,
  'add an index': ({ name, key }) => `create index spy on ${name} (${key})`,
  'refer to it': ({ name, key }) => `create table dartwing.spy (k text references ${name} (${key}))`,
  'inherit from it': ({ name }) => ({
    statements: [`create temp table spy () inherits (${name})`],
    refusals: ['42809'],
  }),
  'comment on it': ({ name }) => `comment on table ${name} is 'global: everybody'`,
  'rename it': ({ name }) => `alter table ${name} rename to spy`,
  'move it': ({ name }) => `alter table ${name} set schema public`,
  'drop it': ({ name }) => `drop table ${name} cascade`,
  'view in the schema': ({ name }) => `create view dartwing.spy as select * from ${name}`,
  'materialized view in the schema': ({ name }) =>
    `create materialized view dartwing.spy as select * from ${name}`,
  'definer function in the schema': ({ name }) =>
    `create function dartwing.spy () returns setof ${name} language sql security definer as $$ select * from ${name} $$`,
  publication: ({ name }) => `create publication spy for table ${name}`,
};

/** What an attempt is after. */
export type Aim = 'reading' | 'writing' | 'owning';

/** Every attempt with an aim on every table, by kind. */
export function tableAttempts(world: World, aim: Aim): Map<string, Attempt[]> {
  const kinds = new Map<string, Attempt[]>();
  for (const [how, make] of Object.entries({ reading, writing, owning }[aim])) {
    const attempts = world.tables.map((table) => {
      const made = make(table, literalsOf(table));
      const attack =
        typeof made === 'string' ? { statements: [made] } : Array.isArray(made) ? { statements: made } : made;
      const statements = attack.statements.map((text) =>
        text.replaceAll('{reader}', `${world.rolePrefix}_reader`),
      );
      return { how, on: table.name, ...attack, statements };
    });
    kinds.set(how, attempts);
  }
  return kinds;
}

function literalsOf(table: TenantTable): Literals {
  const { name, key, a, b, columns, rowOfA, rowOfB } = table;
  const changed = Object.keys(rowOfB).find((column) => column !== key && !table.primaryKey.includes(column));
  // A table that is all key is changed in its last column.
  const last = table.primaryKey.at(-1)!;
  const source = (row: Record<string, unknown>) =>
    `jsonb_populate_record(null::${name}, ${quote(JSON.stringify(row))}) as forged`;
  return {
    ofA: `${key} = '${a}'`,
    notOfB: `${key} is distinct from '${b}'`,
    key: `${key} = '${b}'`,
    columns: columns.map((column) => `"${column}"`).join(', '),
    forged: source({ ...rowOfB, [key]: a }),
    copied: source(rowOfA),
    touch: changed === undefined ? `"${last}" = ${quote(String(rowOfB[last]))}` : `"${changed}" = default`,
  };
}

/** The number of rows that a change reached. */
function counted(change: string): string {
  return `with hit as (${change} returning 1) select count(*)::int as foreign_rows from hit`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
