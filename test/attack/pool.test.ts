/** One connection, a thousand transactions of alternating organizations, and everything that goes wrong in them. */
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Dartwing, Tx } from '../../src/core/index.js';
import { createWorld, type World } from './world.js';

const transactions = 1_000;

let world: World;
let dartwing: Dartwing;
let organizations: string[];

beforeAll(async () => {
  world = await createWorld({ poolConnectionsMax: 1, statementMs: 250 });
  dartwing = world.dartwing;
  const more = await Promise.all(
    ['cedar', 'douglas', 'elm'].map((slug) =>
      dartwing.tenancy.create({ slug, type: 'company', owner: `${slug}@${slug}.test` }),
    ),
  );
  organizations = [world.a.organization, world.b.organization, ...more.map(({ after }) => after!.id)];
});

/** What may go wrong in a transaction, after it has read and before the next organization's. */
const mishaps: Record<string, (tx: Tx) => Promise<unknown>> = {
  nothing: async () => {},
  'the work throws': async () => {
    throw new Error('thrown by the work');
  },
  'the work throws while statements are under way': async (tx) => {
    for (let n = 0; n < 3; n++) tx.query('select * from org_member').catch(() => {});
    throw new Error('thrown by the work');
  },
  'a statement fails': (tx) => tx.query('select 1 / 0'),
  'a failing statement is swallowed': (tx) => tx.query('select 1 / 0').catch(() => {}),
  'the first of a pipeline fails': (tx) =>
    Promise.all([
      tx.query('select 1 / 0'),
      tx.query('select * from company'),
      tx.query('select * from org_member'),
    ]),
  'the middle of a pipeline fails': (tx) =>
    Promise.all([
      tx.query('select * from company'),
      tx.query('select 1 / 0'),
      tx.query('select * from org_member'),
    ]),
  'a pipeline nobody waits for': async (tx) => {
    for (let n = 0; n < 5; n++) tx.query('select * from company').catch(() => {});
  },
  'a statement that cannot be prepared': (tx) => tx.query('select * from nowhere', [], 'pool_test_nowhere'),
  'a write of another organization': (tx) =>
    tx.query("insert into family (organization, name) values ('ORG-2026-99999', 'x')"),
  'a duplicate': (tx) => tx.query('insert into company select * from company'),
  'the transaction is ended by hand': (tx) => tx.query('commit'),
  'the transaction is undone by hand': (tx) => tx.query('rollback'),
  'a savepoint that is undone': async (tx) => {
    await tx.query('savepoint here');
    await tx.query('select 1 / 0').catch(() => {});
    await tx.query('rollback to here');
  },
  'the organization is set for the session': (tx) =>
    tx.query("select set_config('dartwing.org', id, false) from organization"),
  'organizations and person are set for the session': (tx) =>
    tx.query(
      "select set_config('dartwing.orgs', id, false), set_config('dartwing.person', 'PERSON-2026-00001', false) from organization",
    ),
  'a note is set for the session': (tx) =>
    tx.query("select set_config('pool.note', id, false) from organization"),
  'settings are changed for the session': (tx) =>
    tx.query("select set_config('work_mem', '1MB', false), set_config('search_path', 'public', false)"),
  'a role is set for the session': (tx) => tx.query(`set role "${world.rolePrefix}_reader"`),
  'a temporary table': (tx) => tx.query('create temp table company as select * from company'),
  'a cursor that stays': (tx) => tx.query('declare stays cursor with hold for select * from company'),
  'a copy that waits for data': (tx) => tx.query('copy family from stdin'),
};

/** Mishaps that take time; one of them every hundred transactions. */
const slowMishaps: Record<string, (tx: Tx) => Promise<unknown>> = {
  'a statement passes its time limit': (tx) => tx.query('select pg_sleep(2)'),
  'a statement of a pipeline passes its time limit': (tx) =>
    Promise.all([tx.query('select pg_sleep(2)'), tx.query('select * from company')]),
  'the connection is ended': async (tx) => {
    const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
    await world.database.admin.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
    await setTimeout(20);
  },
};

interface Sight {
  organization: string;
  setting: string;
  others: string | null;
  settings: string;
}

/** What a transaction sees of the world and of its session before it has done anything. */
async function look(tx: Tx): Promise<Sight> {
  const [rows, session] = await Promise.all([
    tx.query<{ id: string }>(
      'select id from organization union all select organization from company union all select organization from org_member',
    ),
    tx.query<Omit<Sight, 'organization'>>(
      `select current_setting('dartwing.org', true) as setting,
        concat_ws('|', nullif(current_setting('dartwing.orgs', true), ''), nullif(current_setting('dartwing.person', true), ''),
          nullif(current_setting('pool.note', true), ''), (select string_agg(name, ',') from pg_cursors where name <> ''),
          nullif(current_user::text, session_user::text), (select string_agg(relname, ',') from pg_class where relpersistence = 't')) as others,
        (select md5(string_agg(name || '=' || setting, ',' order by name)) from pg_settings
          where name not in ('transaction_read_only', 'transaction_isolation', 'in_hot_standby')) as settings`,
      [],
      'pool_test_look',
    ),
  ]);
  return { organization: [...new Set(rows.rows.map(({ id }) => id))].join(), ...session.rows[0]! };
}

describe('one connection under a thousand transactions', () => {
  it('never shows a foreign row, a setting or a thing of the session to the next borrower', async () => {
    const kinds = Object.values(mishaps);
    const slow = Object.values(slowMishaps);
    const first = await dartwing.asOrg(organizations[0]!, look);
    let rejected = 0;
    for (let n = 0; n < transactions; n++) {
      const organization = organizations[n % organizations.length]!;
      const mishap =
        n % 100 === 50 ? slow[Math.floor(n / 100) % slow.length]! : kinds[(n * 7) % kinds.length]!;
      let sight: Sight | undefined;
      // Behind a verb of ours the next one cleans nothing up: the verb has to have done it.
      if (n % 3 === 0) await dartwing.equipment.list(organization);
      await dartwing
        .asOrg(organization, async (tx) => {
          sight = await look(tx);
          await mishap(tx);
        })
        .catch(() => {
          rejected++;
        });
      expect(sight, `transaction ${n}`).toEqual({
        organization,
        setting: organization,
        others: '',
        settings: first.settings,
      });
    }
    expect(rejected).toBeGreaterThan(transactions / 4);
  }, 120_000);

  it('keeps transactions of many organizations apart that ask for it at once', async () => {
    const kinds = Object.values(mishaps);
    const sights = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const organization = organizations[n % organizations.length]!;
        let sight: Sight | undefined;
        await dartwing
          .asOrg(organization, async (tx) => {
            sight = await look(tx);
            await kinds[n % kinds.length]!(tx);
          })
          .catch(() => {});
        return { organization, seen: sight?.organization };
      }),
    );
    for (const { organization, seen } of sights) expect(seen).toBe(organization);
  });

  it.each([...Object.keys(mishaps), ...Object.keys(slowMishaps)])(
    'serves the next organization after: %s',
    async (name) => {
      const mishap = { ...mishaps, ...slowMishaps }[name]!;
      await dartwing.asOrg(world.a.organization, mishap).catch(() => {});
      const { rows } = await dartwing.asOrg(world.b.organization, (tx) =>
        tx.query('select id from organization'),
      );
      expect(rows).toEqual([{ id: world.b.organization }]);
    },
  );
});
