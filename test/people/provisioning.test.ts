import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { createDartwing, type DartwingOptions } from '../../src/core/index.js';
import { isPassing, retryDelayMs } from '../../src/core/people/provisioning-schedule.js';
import { openTestDartwing, testOptions } from '../support/database.js';
import { atEnd } from '../support/ending.js';

const { dartwing, database, clock } = await openTestDartwing({}, '2026-11-23T10:00:00.000Z');

type Provisioning = NonNullable<DartwingOptions['provisioning']>;

/** Another process on the same database, with its own way to make accounts. */
const openWith = async (provisioning: Provisioning) => {
  const opened = await createDartwing(testOptions(database, { clock, provisioning }));
  atEnd(() => opened.close());
  return opened;
};

let turn = 0;
const newcomer = (more: object = {}) => ({
  primary_email: `new-${++turn}@sync.test`,
  first_name: 'New',
  last_name: 'Comer',
  source: 'import' as const,
  keycloak_user_id: `kc-${turn}`,
  ...more,
});
const fault = (status: number) => Object.assign(new Error(`answer ${status}`), { status });

describe('making login accounts', () => {
  it('T-P5 gives who signs in by an identity provider an account with the role Dartwing User', async () => {
    const { after } = await dartwing.people.person.create(newcomer());
    expect(after).toMatchObject({
      frappe_user: after?.primary_email,
      user_sync_status: 'synced',
      sync_error_message: null,
      last_sync_at: '2026-11-23T10:00:00.000Z',
    });
    const { rows } = await database.admin.query(
      'select system_roles, enabled from user_account where name = $1',
      [after?.primary_email],
    );
    expect(rows).toEqual([{ system_roles: ['Dartwing User'], enabled: true }]);
  });

  it('T-P6 saves the person although the account fails, and succeeds at the third retry', async () => {
    let failures = 3;
    const asked: string[] = [];
    const other = await openWith({
      create: async ({ email }) => {
        asked.push(email);
        if (failures-- > 0) throw fault(503);
      },
    });
    const { after } = await other.people.person.create(newcomer());
    const state = () => other.people.person.show(after!.id);
    expect(await state()).toMatchObject({
      user_sync_status: 'pending',
      sync_error_message: 'answer 503',
      frappe_user: null,
      status: { next_sync_at: '2026-11-23T10:00:02.000Z' },
    });
    expect(await other.people.retryDue()).toMatchObject({ tried: 0 });
    for (const [seconds, round] of [
      [2, { tried: 1, pending: 1 }],
      [4, { tried: 1, pending: 1 }],
      [8, { tried: 1, synced: 1 }],
    ] as const) {
      clock.advance(seconds * 1_000);
      expect(await other.people.retryDue()).toMatchObject(round);
    }
    expect(await state()).toMatchObject({ user_sync_status: 'synced', sync_error_message: null });
    expect(asked).toHaveLength(4);
  });

  it('T-P6 gives up after five retries, with the message, and begins anew when asked to', async () => {
    let broken = true;
    const other = await openWith({
      create: () => (broken ? Promise.reject(fault(500)) : Promise.resolve()),
    });
    const { after } = await other.people.person.create(newcomer());
    for (const seconds of [2, 4, 8, 16, 32]) {
      clock.advance(seconds * 1_000);
      await other.people.retryDue();
    }
    expect(await other.people.person.show(after!.id)).toMatchObject({
      user_sync_status: 'failed',
      sync_error_message: 'answer 500',
    });
    clock.advance(3_600_000);
    expect(await other.people.retryDue()).toMatchObject({ tried: 0 });
    const { items } = await dartwing.audit.query({
      action: 'provision.failed',
      doctype: 'Person',
      name: after!.id,
    });
    expect(items).toHaveLength(1);
    broken = false;
    expect(await other.people.person.sync(after!.id)).toMatchObject({
      op: 'update',
      after: { user_sync_status: 'synced', frappe_user: after?.primary_email },
    });
    await expect(other.people.person.sync(after!.id)).rejects.toMatchObject({
      code: 'SYNC_NOT_NEEDED',
      kind: 'invalid',
    });
  });

  it('T-P7 makes none when that is switched off, and T-A2 gives the grants when there is one later', async () => {
    const other = await openWith({ autoCreate: false });
    const { after } = await other.people.person.create(newcomer());
    expect(after).toMatchObject({ frappe_user: null, user_sync_status: null });
    const { after: organization } = await other.tenancy.create({ slug: 'waits', type: 'company' });
    await other.people.member.add('waits', after!.id, 'Employee');
    const grants = async () =>
      (
        await database.admin.query('select allow from permission_grant where organization = $1', [
          organization?.id,
        ])
      ).rowCount;
    expect(await grants()).toBe(0);
    const skipped = await database.admin.query(
      `select event from permission_event where organization = $1 and person = $2`,
      [organization?.id, after?.id],
    );
    expect(skipped.rows).toEqual([{ event: 'skip' }]);
    expect((await other.people.person.organizations(after!.id)).items).toMatchObject([{ has_access: false }]);
    await other.people.person.sync(after!.id);
    expect(await grants()).toBe(2);
  });

  it('T-P8 does not try again what was refused', async () => {
    let calls = 0;
    const other = await openWith({
      create: () => {
        calls++;
        return Promise.reject(fault(409));
      },
    });
    const { after } = await other.people.person.create(newcomer());
    clock.advance(3_600_000);
    await other.people.retryDue();
    expect(calls).toBe(1);
    expect((await other.people.person.show(after!.id)).user_sync_status).toBe('failed');
  });

  it('T-P12 may note its own fields on the locked record of a minor', async () => {
    const other = await openWith({ create: () => Promise.reject(fault(503)) });
    const { after } = await other.people.person.create(newcomer({ is_minor: true }));
    expect((await other.people.person.show(after!.id)).user_sync_status).toBe('pending');
    clock.advance(2_000);
    expect(await dartwing.people.retryDue()).toMatchObject({ synced: 1 });
    expect(await dartwing.people.person.show(after!.id)).toMatchObject({
      frappe_user: after?.primary_email,
      version: 1,
    });
  });

  it('is done once when two processes look at the same time, and after one that died', async () => {
    let calls = 0;
    const other = await openWith({
      create: async () => {
        calls++;
        if (calls === 1) throw fault(503);
      },
    });
    await other.people.person.create(newcomer());
    clock.advance(2_000);
    const rounds = await Promise.all([
      other.people.retryDue(),
      other.people.retryDue(),
      dartwing.people.retryDue(),
    ]);
    expect(rounds.reduce((sum, round) => sum + round.tried, 0)).toBe(1);
    const { after } = await dartwing.people.person.create(newcomer({ keycloak_user_id: null }));
    await database.admin.query(
      `update person set user_sync_status = 'pending', next_sync_at = $2 where id = $1`,
      [after?.id, new Date(clock.now().getTime() + 120_000)],
    );
    expect(await dartwing.people.retryDue()).toMatchObject({ tried: 0 });
    clock.advance(120_000);
    expect(await dartwing.people.retryDue()).toMatchObject({ tried: 1, synced: 1 });
  });

  it('says so when another person has the account of that name', async () => {
    await dartwing.people.person.create(newcomer({ keycloak_user_id: null, frappe_user: 'taken@sync.test' }));
    const { after } = await dartwing.people.person.create(newcomer({ primary_email: 'taken@sync.test' }));
    expect(after).toMatchObject({
      user_sync_status: 'failed',
      sync_error_message: 'The login account taken@sync.test belongs to another person',
    });
  });
});

describe('signing up', () => {
  const signing = (sub: string, email: string, emailVerified = true) => ({
    sub,
    email,
    firstName: 'Sue',
    lastName: 'Ng',
    emailVerified,
  });

  it('makes person, account, Family, membership and grants, and nothing the second time', async () => {
    const first = await dartwing.people.person.signUp(signing('sub-1', 'sue@sign.test'));
    expect(first).toMatchObject({
      op: 'create',
      after: {
        source: 'signup',
        keycloak_user_id: 'sub-1',
        frappe_user: 'sue@sign.test',
        personal_org: expect.stringMatching(/^ORG-/),
      },
    });
    const home = first.after!.personal_org!;
    expect(await dartwing.tenancy.show(home)).toMatchObject({ type: 'family', name: 'Sue Ng' });
    expect(await dartwing.people.members(home)).toMatchObject([
      { email: 'sue@sign.test', role: 'Parent', is_supervisor: true, status: { state: 'active' } },
    ]);
    const again = await dartwing.people.person.signUp(signing('SUB-1', 'other@address.test'));
    expect(again).toMatchObject({
      op: 'none',
      audit: null,
      after: { id: first.after?.id, version: first.after?.version },
    });
  });

  it('T-P15 keeps the record of who was imported or invited before', async () => {
    const { after } = await dartwing.people.person.create(newcomer({ keycloak_user_id: null }));
    const signed = await dartwing.people.person.signUp(signing('sub-2', after!.primary_email.toUpperCase()));
    expect(signed).toMatchObject({
      op: 'update',
      after: { id: after?.id, source: 'import', keycloak_user_id: 'sub-2', first_name: 'New' },
    });
  });

  it('finds nobody by an address that is not verified, or that signs in under another id', async () => {
    const { after } = await dartwing.people.person.create(newcomer());
    const taken = { code: 'PERSON_EMAIL_TAKEN', kind: 'conflict' };
    const { signUp } = dartwing.people.person;
    await expect(signUp(signing('sub-3', after!.primary_email, false))).rejects.toMatchObject(taken);
    await expect(signUp(signing('sub-3', after!.primary_email))).rejects.toMatchObject(taken);
  });

  it('ends with one person and one Family when several are at it', async () => {
    for (let round = 0; round < 8; round += 1) {
      const email = `rush-${round}-${randomUUID()}@sign.test`;
      const made = await Promise.all(
        Array.from({ length: 6 }, () => dartwing.people.person.signUp(signing(`sub-${email}`, email))),
      );
      expect(new Set(made.map(({ after }) => after?.id)).size).toBe(1);
      expect(made.filter(({ op }) => op === 'create')).toHaveLength(1);
      const { rows } = await database.admin.query(
        'select count(*)::int from org_member where person_email = $1',
        [email],
      );
      expect(rows).toEqual([{ count: 1 }]);
    }
  });

  it('leads a merged person to the one they became', async () => {
    const { after: old } = await dartwing.people.person.signUp(signing('sub-5', 'old@sign.test'));
    const { after: kept } = await dartwing.people.person.create(newcomer());
    await dartwing.people.person.merge(kept!.id, old!.id);
    const { after } = await dartwing.people.person
      .signUp(signing('sub-6', 'old@sign.test'))
      .catch((error) => {
        expect(error).toMatchObject({ code: 'PERSON_EMAIL_TAKEN' });
        return { after: undefined };
      });
    expect(after).toBeUndefined();
    const { after: heir } = await dartwing.people.person.create(newcomer({ keycloak_user_id: null }));
    const { after: second } = await dartwing.people.person.signUp(signing('sub-7', 'second@sign.test'));
    await dartwing.people.person.merge(heir!.id, second!.id);
    expect((await dartwing.people.person.signUp(signing('sub-7', 'second@sign.test'))).after?.id).toBe(
      heir?.id,
    );
  });
});

describe('the schedule of retries', () => {
  test('is 2, 4, 8, 16 and 32 seconds, then nothing', () => {
    expect([1, 2, 3, 4, 5, 6].map(retryDelayMs)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, undefined]);
  });

  test('takes connection failures, time-outs and 500, 503, 504 for passing, and nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), (status) => {
        expect(isPassing(fault(status))).toBe([500, 503, 504].includes(status));
      }),
    );
    expect(isPassing(Object.assign(new Error(), { code: 'ECONNREFUSED' }))).toBe(true);
    expect(
      isPassing(new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ETIMEDOUT' }) })),
    ).toBe(true);
    expect(isPassing(new DOMException('late', 'TimeoutError'))).toBe(true);
    for (const error of [new Error('?'), 'text', undefined, Object.assign(new Error(), { code: 'EACCES' })])
      expect(isPassing(error)).toBe(false);
  });
});
