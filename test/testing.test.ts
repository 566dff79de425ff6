import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDartwing, type TestDartwing } from '../src/core/testing.js';

let test: TestDartwing;

beforeAll(async () => {
  test = await openTestDartwing();
});
afterAll(() => test.close());

it('gives an embedding program a migrated installation with a clock it can move', async () => {
  const { dartwing, clock } = test;
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  const until = new Date(clock.now().getTime() + 60_000);
  await dartwing.tenancy.suspend('acme', { until }, { reason: 'trial' });
  expect((await dartwing.tenancy.show('acme')).status.state).toBe('suspended');
  clock.advance(60_001);
  expect((await dartwing.tenancy.show('acme')).status.state).toBe('active');
});

it('binds a transaction to one organization', async () => {
  const { dartwing } = test;
  await dartwing.tenancy.create({ slug: 'other', type: 'company', owner: 'bo@other.test' });
  const names = await dartwing.asOrg(
    'acme',
    async (tx) => (await tx.query<{ person_email: string }>('select person_email from org_member')).rows,
  );
  expect(names).toEqual([{ person_email: 'ana@acme.test' }]);
});

it('closes once, however often and by whomever it is asked', async () => {
  const { dartwing } = test;
  await Promise.all([dartwing.close(), dartwing.close()]);
  await dartwing.close();
  await expect(dartwing.tenancy.show('acme')).rejects.toThrow();
});
