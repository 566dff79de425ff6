/** What one organization's transaction leaves on a connection, and what the next one on it gets of that. */
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { sequencedChannel, stagedChannel } from '../../src/core/audit/channels.js';
import { createDartwing, type Dartwing, type Tx } from '../../src/core/index.js';
import { leakIn } from './trial.js';
import { createWorld, type World } from './world.js';

let world: World;
/** Everything runs on its single connection. */
let dartwing: Dartwing;

beforeAll(async () => {
  world = await createWorld({ poolConnectionsMax: 1 });
  dartwing = world.dartwing;
});

/** Sends statements one by one and returns all rows. */
function sending(statements: readonly string[]): (tx: Tx) => Promise<Record<string, unknown>[]> {
  return async (tx) => {
    const rows: Record<string, unknown>[] = [];
    for (const text of statements) rows.push(...(await tx.query(text)).rows);
    return rows;
  };
}

async function pidOf(organization: string): Promise<number> {
  const { rows } = await dartwing.asOrg(organization, (tx) =>
    tx.query<{ pid: number }>('select pg_backend_pid() as pid'),
  );
  return rows[0]!.pid;
}

describe('what A leaves on a connection', () => {
  it.each([
    ['a prepared statement', ['prepare legacy_1 as select * from company'], ['execute legacy_1']],
    [
      'a prepared statement that has run',
      ['prepare legacy_2 as select * from company', 'execute legacy_2', 'execute legacy_2'],
      ['execute legacy_2'],
    ],
    [
      'a cursor with hold',
      ['declare legacy_3 cursor with hold for select * from company'],
      ['fetch all from legacy_3'],
    ],
    [
      'a cursor with hold that was moved',
      ['declare legacy_4 scroll cursor with hold for select * from org_member', 'fetch 1 from legacy_4'],
      ['fetch absolute 1 from legacy_4'],
    ],
    [
      'a temporary table',
      ['create temp table legacy_5 as select * from company'],
      ['select * from legacy_5'],
    ],
    [
      'a temporary table, by its full name',
      ['create temp table legacy_6 as select * from company'],
      ['select * from pg_temp.legacy_6'],
    ],
    [
      'a temporary view',
      ['create temp view legacy_7 as select * from company'],
      ['select * from pg_temp.legacy_7'],
    ],
    [
      'a temporary definer function',
      [
        'create function pg_temp.legacy_8 () returns setof company language sql security definer as $$ select * from dartwing.company $$',
        'select * from pg_temp.legacy_8()',
      ],
      ['select * from pg_temp.legacy_8()'],
    ],
    [
      'a setting of the session',
      [`select set_config('attack.note', legal_name, false) from company`],
      ["select current_setting('attack.note', true) as note"],
    ],
    [
      'its organization as a setting of the session',
      ["select set_config('dartwing.org', id, false) from organization"],
      ['select * from company'],
    ],
    [
      'its organizations as a setting of the session',
      ["select set_config('dartwing.orgs', id, false) from organization"],
      ["select set_config('role', '{reader}', true)", 'select * from company'],
    ],
  ])('gives nothing of A to B: %s', async (_name, left, taken) => {
    const named = (text: string) => text.replaceAll('{reader}', `${world.rolePrefix}_reader`);
    const before = await pidOf(world.a.organization);
    await dartwing.asOrg(world.a.organization, sending(left.map(named)));
    const got = await dartwing
      .asOrg(world.b.organization, sending(taken.map(named)))
      .catch((error: unknown) => error);
    expect(leakIn(got, taken.join(), world)).toBeUndefined();
    expect(await pidOf(world.b.organization), 'the same connection').toBe(before);
  });

  it('does not show its bound values to B who lists activity meanwhile', async () => {
    const two = await createDartwing({ ...world.options, poolConnectionsMax: 2 });
    const rows = await two.asOrg(world.a.organization, async (tx) => {
      await tx.query('select $1::text', [`${world.a.slug} secret`]);
      return two.asOrg(
        world.b.organization,
        sending(["select * from pg_stat_activity where query like 'select $1%'"]),
      );
    });
    await two.close();
    expect(rows).toHaveLength(1);
    expect(leakIn(rows, '', world)).toBeUndefined();
  });

  it('does not come with the notifications that its changes send', async () => {
    const heard: unknown[] = [];
    world.nobody.on('notification', (notification) => heard.push(notification));
    for (const channel of [stagedChannel, sequencedChannel]) await world.nobody.query(`listen ${channel}`);
    await dartwing.tenancy.update(world.a.slug, { tier: 'free' }, { reason: `${world.a.slug} again` });
    await dartwing.audit.sequence();
    await expect.poll(() => heard.length, { timeout: 5_000 }).toBeGreaterThan(0);
    expect(leakIn(heard, '', world)).toBeUndefined();
    await world.nobody.query('unlisten *');
  });
});

describe('what B leaves on a connection', () => {
  const truth = async () => {
    const { admin } = world.database;
    const { rows } = await admin.query('select * from org_member where organization = $1', [
      world.a.organization,
    ]);
    return rows;
  };

  it.each([
    [
      'a temporary table with the name of ours',
      [
        'create temp table org_member (organization text, person text, member_name text)',
        "insert into pg_temp.org_member values ('x', 'x', 'forged')",
      ],
    ],
    [
      'a temporary view with the name of ours',
      ["create temp view org_member as select 'forged' as member_name"],
    ],
    [
      'another search path',
      ['create temp table org_member (member_name text)', 'set search_path = pg_temp, dartwing'],
    ],
    ['a search path without our schema', ["select set_config('search_path', 'pg_catalog', false)"]],
    ['another role', ['set role "{reader}"']],
    [
      'another role and organizations for it',
      ["select set_config('dartwing.orgs', id, false) from organization", 'set role "{reader}"'],
    ],
    ['another organization', ["select set_config('dartwing.org', id, false) from organization"]],
    ['row security off', ['set row_security = off']],
    ['read only as the default', ['set default_transaction_read_only = on']],
    ['a short statement timeout', ["set statement_timeout = '1ms'"]],
    [
      'another form of dates',
      ["set datestyle = 'German, DMY'", "set timezone = 'Asia/Tokyo'", "set intervalstyle = 'iso_8601'"],
    ],
    ['another form of bytes', ["set bytea_output = 'escape'", 'set extra_float_digits = 0']],
    [
      'every setting at once',
      [
        "select set_config(name, reset_val, false) from pg_settings where name in ('work_mem', 'enable_indexscan')",
        'set enable_indexscan = off',
      ],
    ],
  ])('does not reach A: %s', async (_name, left) => {
    const expected = await truth();
    await dartwing.asOrg(
      world.b.organization,
      sending(left.map((text) => text.replaceAll('{reader}', `${world.rolePrefix}_reader`))),
    );
    const { rows } = await dartwing.asOrg(world.a.organization, (tx) => tx.query('select * from org_member'));
    const plain = (row: Record<string, unknown>) => ({ ...row, start_date: undefined });
    expect(rows.map(plain)).toEqual(expected.map(plain));
    expect(rows[0]).toMatchObject({ start_date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) });
    await dartwing.asOrg(world.a.organization, (tx) =>
      tx.query('update org_member set role = role where organization = $1', [world.a.organization]),
    );
  });

  it('is mended when it threw away our named statements', async () => {
    await dartwing.asOrg(world.b.organization, (tx) => tx.query('deallocate all'));
    const { rows } = await dartwing.asOrg(world.a.organization, (tx) =>
      tx.query('select id from organization'),
    );
    expect(rows).toEqual([{ id: world.a.organization }]);
  });
});

describe('a transaction handed on after its end', () => {
  it('refuses statements instead of running them in the transaction of another organization', async () => {
    let kept: Tx | undefined;
    await dartwing.asOrg(world.a.organization, async (tx) => {
      kept = tx;
    });
    await dartwing.asOrg(world.b.organization, async (tx) => {
      await expect(kept!.query('select * from organization')).rejects.toMatchObject({ code: 'INTERNAL' });
      expect((await tx.query('select id from organization')).rows).toEqual([{ id: world.b.organization }]);
    });
  });

  it('refuses them as well after a failure', async () => {
    let kept: Tx | undefined;
    const failing = dartwing.asOrg(world.a.organization, async (tx) => {
      kept = tx;
      throw new Error('thrown by the work');
    });
    await expect(failing).rejects.toThrow('thrown by the work');
    await setTimeout(1);
    await expect(kept!.query('select 1')).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
