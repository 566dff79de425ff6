/** A merge is whole or has not happened, wherever its process dies. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase, testOptions } from '../support/database.js';
import { bundleChild, killAt, type Place } from '../support/killed.js';
import { rowsHash } from '../support/operator.js';

let dartwing: Dartwing;
let database: TestDatabase;
let child: Awaited<ReturnType<typeof bundleChild>>;
const pair = { winner: 'max@merge.test', loser: 'maximilian@merge.test' };

beforeAll(async () => {
  ({ dartwing, database } = await openTestDartwing({
    lite: { enabled: true, hashing: { ln: 14, r: 8, p: 1 } },
  }));
  for (const email of Object.values(pair))
    await dartwing.people.person.create({
      primary_email: email,
      first_name: 'Max',
      last_name: 'M',
      source: 'import',
    });
  for (const [slug, members] of [
    ['acme', [pair.loser]],
    ['bolt', [pair.winner, pair.loser]],
  ] as const) {
    await dartwing.tenancy.create({ slug, type: 'company', owner: `boss@${slug}.test` });
    for (const email of members) await dartwing.people.member.add(slug, email, 'Employee');
  }
  const { id } = await dartwing.people.person.show(pair.loser);
  await dartwing.equipment.create('acme', { equipment_name: 'Van', assigned_to: id });
  await dartwing.lite.setPassword(pair.loser, 'Correct-horse-9');
  child = await bundleChild(new URL('./merge-child.ts', import.meta.url));
});

afterAll(() => child.remove());

const places: readonly Place[] = [
  { table: 'org_member', event: 'update' },
  { table: 'lite_password', event: 'update' },
  { table: 'person', event: 'update', atCommit: true },
];
const morePlaces: readonly Place[] = [
  { table: 'permission_grant', event: 'delete' },
  { table: 'person_merge_log', event: 'insert' },
  { table: 'user_account', event: 'update' },
  { table: 'equipment', event: 'update' },
  { table: 'identity_link', event: 'update' },
];

test.each(process.env.DARTWING_LONG ? [...places, ...morePlaces] : places)(
  'killed at $event on $table: nothing has happened',
  async (place) => {
    const before = await rowsHash(database);
    await killAt(database, child.file, { options: testOptions(database), ...pair }, place);
    expect(await rowsHash(database)).toBe(before);
    const { rows } = await database.admin.query(
      "select from audit_stage where convert_from(body, 'UTF8')::jsonb ->> 'action' in ('merge', 'merged', 'member.merge')",
    );
    expect(rows).toEqual([]);
  },
);

test('tried again it is whole: memberships, grants, equipment, sign-in and the trace', async () => {
  const change = await dartwing.people.person.merge(pair.winner, pair.loser);
  expect(change.moved).toMatchObject({ memberships: 2, passwords: 1 });
  const [winner, loser] = [
    await dartwing.people.person.show(pair.winner),
    await dartwing.people.person.show(pair.loser),
  ];
  expect(loser.status).toMatchObject({ state: 'merged', merged_into: winner.id });
  const { rows } = await database.admin.query(
    `select (select count(*)::int from org_member where person = $1 and status = 'active') as memberships,
       (select count(*)::int from permission_grant where user_name = $2) as grants,
       (select count(*)::int from permission_grant where user_name = $3) as left_over,
       (select count(*)::int from equipment where assigned_to = $1) as equipment,
       (select count(*)::int from lite_password where person = $1) as passwords`,
    [winner.id, pair.winner, pair.loser],
  );
  expect(rows).toEqual([{ memberships: 2, grants: 4, left_over: 0, equipment: 1, passwords: 1 }]);
});
