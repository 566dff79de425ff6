import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDartwing, type Dartwing } from '../../src/core/index.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { agreement, day } from './world.js';

let database: TestDatabase;
let one: Dartwing;
let two: Dartwing;
let acme: string;
const now = new Date();

beforeAll(async () => {
  database = await createTestDatabase();
  const options = testOptions(database, {});
  one = await createDartwing(options);
  two = await createDartwing(options);
  acme = (await one.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' })).after!.id;
  await one.tenancy.create({ slug: 'globex', type: 'company', owner: 'bo@globex.test' });
  await one.compliance.baa.add('globex', agreement(now));
});

afterAll(async () => {
  await Promise.all([one.close(), two.close()]);
});

const add = (days: number, counterparty = 'Cloud Ltd') =>
  one.compliance.baa.add('acme', { ...agreement(now), counterparty, expires_on: day(now, days) });
const lettersOf = async (id: string) =>
  (
    await database.admin.query('select recipient, template from outgoing_mail where about = $1', [
      `baa/${id}`,
    ])
  ).rows;
const eventsOf = async (id: string) =>
  (
    await database.admin.query(
      "select organization, event from realtime_outbox where event ->> 'event' = 'agreement_expiring' and event -> 'message' ->> 'agreement' = $1",
      [id],
    )
  ).rows;

test('administrators hear once of an agreement that ends within 60 days, also from two processes', async () => {
  const { id } = (await add(59)).after!;
  const later = (await add(61, 'Other Ltd')).after!;
  const rounds = await Promise.all([one, two, one, two].map((each) => each.compliance.baa.tellDue()));
  expect(rounds.reduce((sum, { told }) => sum + told, 0)).toBe(1);
  expect(rounds.flatMap(({ refused }) => refused)).toEqual([]);
  expect(await one.compliance.baa.tellDue()).toEqual({ told: 0, refused: [] });

  // Those of the other organization hear nothing.
  expect(await lettersOf(id)).toEqual([{ recipient: 'ana@acme.test', template: 'agreement-expiring' }]);
  const message = { organization: acme, agreement: id, counterparty: 'Cloud Ltd', expires_on: day(now, 59) };
  expect(await eventsOf(id)).toMatchObject([
    { organization: acme, event: { to: { user: 'ana@acme.test' }, message } },
  ]);
  expect(await lettersOf(later.id)).toEqual([]);
  const { rows } = await database.admin.query(
    "select organization from audit_stage where convert_from(body, 'UTF8') like '%compliance.baa.notice%'",
  );
  expect(rows).toEqual([{ organization: acme }]);
});

test('what is renewed is not told of, and nobody is told instead of an administrator who is missing', async () => {
  const { id } = (await add(10, 'Renewed Ltd')).after!;
  await add(300, 'Renewed Ltd');
  const alone = (await add(10, 'Late Ltd')).after!;
  await database.admin.query("update org_member set status = 'inactive' where organization = $1", [acme]);
  expect((await one.compliance.baa.tellDue()).told).toBe(0);
  await database.admin.query("update org_member set status = 'active' where organization = $1", [acme]);
  expect((await one.compliance.baa.tellDue()).told).toBe(1);
  expect(await lettersOf(id)).toEqual([]);
  expect(await lettersOf(alone.id)).toHaveLength(1);
});

test('a notice that cannot be written is not taken for told, and keeps no other back', async () => {
  const { id } = (await add(20, 'Crash Ltd')).after!;
  // The mail is the last thing that is written: all before it goes with it.
  await database.admin.query(
    "alter table outgoing_mail add constraint broken check (template <> 'agreement-expiring') not valid",
  );
  expect(await one.compliance.baa.tellDue()).toMatchObject({ told: 0, refused: [{ agreement: id }] });
  expect(await eventsOf(id)).toEqual([]);
  await database.admin.query('alter table outgoing_mail drop constraint broken');
  expect(await two.compliance.baa.tellDue()).toEqual({ told: 1, refused: [] });
  expect(await lettersOf(id)).toHaveLength(1);
});

test('members of an organization may not have it done', async () => {
  const principal = { type: 'person' as const, id: 'bo@globex.test' };
  await expect(one.compliance.baa.tellDue({ principal })).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  });
});

test('everything of item 64 is on the clock', async () => {
  const crons = new Map((await one.jobs.schedules.list()).map(({ name, cron }) => [name, cron]));
  const expected = {
    'jobs.due': '* * * * *',
    'jobs.children': '* * * * *',
    'jobs.depth': '* * * * *',
    'tokens.refresh': '*/5 * * * *',
    'invitations.reminders': '*/15 * * * *',
    'jobs.stuck': '*/15 * * * *',
    'jobs.dead_letter_cleanup': '0 3 * * *',
  };
  for (const [name, cron] of Object.entries(expected)) expect([name, crons.get(name)]).toEqual([name, cron]);
  for (const name of [
    'tenancy.reconciliation',
    'retention.run',
    'jobs.retention',
    'invitations.expiry',
    'invitations.guests',
    'compliance.agreements',
    'keys.rotation',
  ])
    expect(crons.get(name), name).toMatch(/^\d+ \d+ \* \* \*$/);
});
