import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDartwing, type Dartwing, type Rates, shippedRates } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase, testOptions } from '../support/database.js';

const rates: Rates = {
  ...shippedRates,
  address: [],
  person: { ...shippedRates.person, general: [{ seconds: 60, calls: 5 }] },
};

let database: TestDatabase;
let here: Dartwing;
let there: Dartwing;
let company: string;

beforeAll(async () => {
  const opened = await openTestDartwing({ rates });
  ({ database, dartwing: here } = opened);
  there = await createDartwing(testOptions(database, { rates, clock: opened.clock }));
  company = (await here.tenancy.create({ slug: 'acme', type: 'company' })).after!.id;
});
afterAll(() => there.close());

const person = (id: string) => ({ principal: { type: 'person', id } as const, address: undefined });
const general = (id: string) => ({ ...person(id), kind: 'general' as const });

/** Moves the counters of the test database into the past. */
const pass = (seconds: number) =>
  database.admin.query('update rate_counter set started_at = started_at - make_interval(secs => $1)', [
    seconds,
  ]);

describe('an allowance', () => {
  it('is counted over all nodes, however close together the calls come', async () => {
    const calls = Array.from({ length: 20 }, (_, n) =>
      (n % 2 ? here : there).quota.admit(general('PERSON-1')),
    );
    const admitted = (await Promise.all(calls)).filter((allowance) => allowance!.allowed);
    expect(admitted).toHaveLength(5);
    expect(admitted.map((allowance) => allowance!.remaining).sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it('tells a refused caller how long to wait, and keeps that word', async () => {
    for (let n = 0; n < 5; n++) await here.quota.admit(general('PERSON-2'));
    const refused = (await here.quota.admit(general('PERSON-2')))!;
    expect(refused).toMatchObject({ allowed: false, limit: 5, remaining: 0, windowSeconds: 60 });
    expect(refused.retryAfterMs).toBeGreaterThan(60_000);
    await pass(refused.retryAfterMs / 1000 - 2);
    expect((await here.quota.admit(general('PERSON-2')))!.allowed).toBe(false);
    await pass(3);
    expect((await here.quota.admit(general('PERSON-2')))!.allowed).toBe(true);
    expect((await here.quota.admit(general('PERSON-2')))!.allowed).toBe(false);
  });

  it('is whole again when nobody has called for two windows, and refused calls cost nothing', async () => {
    for (let n = 0; n < 9; n++) await here.quota.admit(general('PERSON-3'));
    await pass(121);
    expect(await here.quota.admit(general('PERSON-3'))).toMatchObject({ allowed: true, remaining: 4 });
  });

  it('of a key is that of its organization and follows its tier, for a minute and for a day', async () => {
    const key = (id: string) => ({
      principal: { type: 'service', id, key: { organization: company, permissions: ['*:*'] } } as const,
      address: undefined,
      kind: 'general' as const,
    });
    expect(await here.quota.admit(key('apikey:a'))).toMatchObject({ limit: 60, remaining: 59 });
    expect(await there.quota.admit(key('apikey:b'))).toMatchObject({ limit: 60, remaining: 58 });
    await here.tenancy.update('acme', { tier: 'enterprise' });
    // A process that has not met the organization yet; others follow within seconds.
    const fresh = await createDartwing(testOptions(database, { rates }));
    expect(await fresh.quota.admit(key('apikey:a'))).toMatchObject({ limit: 1_000, remaining: 997 });
    await fresh.close();
    const { rows } = await database.admin.query(
      'select window_seconds from rate_counter where window_seconds > 60',
    );
    expect(rows).toEqual([{ window_seconds: 86_400 }]);
  });

  it('that is large is counted ahead, and still nobody gets a call more', async () => {
    const large = { ...rates, person: { ...rates.person, general: [{ seconds: 60, calls: 2_000 }] } };
    const one = await createDartwing(testOptions(database, { rates: large }));
    const other = await createDartwing(testOptions(database, { rates: large }));
    const counted = async () => {
      const text = 'select max(calls)::int as calls from rate_counter where window_seconds = 60';
      return (await database.admin.query<{ calls: number }>(text)).rows[0]!.calls;
    };
    const remaining: number[] = [];
    for (let n = 0; n < 200; n++) {
      const allowance = (await one.quota.admit(general('PERSON-9')))!;
      expect(allowance.allowed).toBe(true);
      remaining.push(allowance.remaining);
    }
    // Each call has one less than the one before, however it was counted.
    expect(remaining).toEqual(Array.from({ length: 200 }, (_, n) => 1_999 - n));
    expect(await counted()).toBeGreaterThanOrEqual(200);
    expect(await counted()).toBeLessThanOrEqual(220);
    let admitted = 200;
    while (admitted < 3_000) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => (n % 2 ? one : other).quota.admit(general('PERSON-9'))),
      );
      const now = answers.filter((each) => each!.allowed).length;
      admitted += now;
      if (now === 0) break;
    }
    expect(admitted).toBeLessThanOrEqual(2_000);
    // What was taken ahead and not used is lost to the caller: one in a hundred, on each node.
    expect(admitted).toBeGreaterThan(1_960);
    await Promise.all([one.close(), other.close()]);
  });

  it('takes together what comes together, and one failure concerns those alone who waited for it', async () => {
    const calls = await Promise.all(Array.from({ length: 12 }, () => here.quota.admit(general('PERSON-8'))));
    expect(calls.map((each) => each!.allowed)).toEqual([
      ...Array.from({ length: 5 }, () => true),
      ...Array.from({ length: 7 }, () => false),
    ]);
    await database.admin.query('alter table rate_counter rename to rate_counter_gone');
    const failing = await Promise.allSettled([1, 2, 3].map(() => here.quota.admit(general('PERSON-7'))));
    await database.admin.query('alter table rate_counter_gone rename to rate_counter');
    expect(failing.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await here.quota.admit(general('PERSON-7'))).toMatchObject({ allowed: true, remaining: 4 });
  });

  it('of one person is not touched by another, and nobody is limited where nothing is known of them', async () => {
    for (let n = 0; n < 6; n++) await here.quota.admit(general('PERSON-4'));
    expect((await here.quota.admit(general('PERSON-5')))!.allowed).toBe(true);
    expect(
      await here.quota.admit({ principal: undefined, address: undefined, kind: 'general' }),
    ).toBeUndefined();
  });
});

describe('an idempotency key', () => {
  it('makes one piece of equipment of two calls, and is private to caller and organization', async () => {
    const call = { idempotencyKey: 'tablet-1' };
    const [one, two] = await Promise.all([
      here.equipment.create('acme', { equipment_name: 'Tablet' }, call),
      there.equipment.create('acme', { equipment_name: 'Tablet' }, call),
    ]);
    expect(two).toEqual(one);
    await expect(here.equipment.create('acme', { equipment_name: 'Other' }, call)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
    await here.tenancy.create({ slug: 'bolt', type: 'company' });
    const other = await here.equipment.create('bolt', { equipment_name: 'Tablet' }, call);
    expect(other.after!.id).not.toBe(one.after!.id);
    const rows: string[] = [];
    await here.export.organization('acme', ({ table }) => {
      rows.push(table);
    });
    expect(rows).toContain('equipment');
    expect(rows).not.toContain('org_idempotency');
  });
});
