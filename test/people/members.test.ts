import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ApplyResult, Dartwing } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;
let clock: Awaited<ReturnType<typeof openTestDartwing>>['clock'];

beforeAll(async () => {
  ({ dartwing, database, clock } = await openTestDartwing({}, '2026-11-23T10:00:00.000Z'));
});

type Members = readonly (readonly [email: string, role: string])[];

let made = 0;
let slug: string;
let id: string;

beforeEach(async () => {
  slug = `crew-${++made}`;
  id = (await dartwing.tenancy.create({ slug, type: 'company', owner: 'ana@crew.test' })).after!.id;
});

/** Applies a list of members; with prune, nobody else stays. */
async function become(members: Members, prune = false, type = 'company'): Promise<ApplyResult> {
  const text = JSON.stringify({
    api_version: 'dartwing/v1',
    kind: 'Org',
    slug,
    type,
    members: members.map(([email, role]) => ({ email, role })),
  });
  return dartwing.apply.execute(await dartwing.apply.plan([{ name: 'org.json', text }], { prune }), {
    reason: 'roster',
    principal: { type: 'operator', id: 'root' },
  });
}

const rows = async (sql: string, ...values: unknown[]) =>
  (await database.admin.query<Record<string, unknown>>(sql, values)).rows;
const grants = () =>
  rows('select user_name, allow, for_value from permission_grant where organization = $1 order by 1, 2', id);
const roster = async () =>
  (await dartwing.people.members(slug)).map(({ email, role, status }) => [email, role, status.state]);

describe('joining', () => {
  it('T-M1 T-A1 makes an active member of today with the grants of the organization and of its record', async () => {
    const { done } = await become([['bo@crew.test', 'Employee']]);
    expect(done[0]!.changes).toMatchObject([
      {
        op: 'create',
        ref: `member/${slug}/bo@crew.test`,
        before: null,
        after: { role: 'Employee', start_date: '2026-11-23', end_date: null, status: { state: 'active' } },
      },
    ]);
    const { status } = await dartwing.tenancy.show(slug);
    const both = (user_name: string) => [
      { user_name, allow: 'Company', for_value: status.linked_name },
      { user_name, allow: 'Organization', for_value: id },
    ];
    expect(await grants()).toEqual([...both('ana@crew.test'), ...both('bo@crew.test')]);
    expect(status.members).toBe(2);
  });

  it('leaves an entry in the trail of the organization, and for a new person in that of the installation', async () => {
    const { done } = await become([[`new-${made}@crew.test`, 'Employee']]);
    const { items } = await dartwing.audit.query({ organization: id, action: 'member.create' });
    expect(items[0]).toMatchObject({
      id: done[0]!.changes[0]!.audit,
      actor: 'root',
      reason: 'roster',
      old: null,
      new: { email: `new-${made}@crew.test`, role: 'Employee' },
    });
    const [person] = await rows('select id from person where primary_email = $1', `new-${made}@crew.test`);
    const persons = await dartwing.audit.query({
      organization: 'SYSTEM',
      action: 'create',
      doctype: 'Person',
    });
    expect(persons.items.map(({ ref }) => ref)).toContain(`Person/${person!.id as string}`);
  });

  it('T-P15 keeps one person in many organizations, with a role in each (T-M8)', async () => {
    const first = slug;
    await become([['many@crew.test', 'Employee']]);
    slug = `crew-${++made}`;
    await dartwing.tenancy.create({ slug, type: 'association' });
    await become([['MANY@crew.test', 'President']], false, 'association');
    const [one] = (await dartwing.people.members(first)).filter(({ email }) => email === 'many@crew.test');
    expect(await dartwing.people.members(slug)).toMatchObject([{ person: one!.person, role: 'President' }]);
    expect(one).toMatchObject({ role: 'Employee' });
  });

  it('T-A2 gives no grants to a person without an account, and verify has nothing to complain of', async () => {
    await become([['late@crew.test', 'Employee']]);
    await database.admin.query('delete from permission_grant where organization = $1 and user_name = $2', [
      id,
      'late@crew.test',
    ]);
    await database.admin.query("update person set frappe_user = null where primary_email = 'late@crew.test'");
    expect((await dartwing.tenancy.verify(slug)).findings).toEqual([]);
    await database.admin.query(
      "update person set frappe_user = primary_email where primary_email = 'late@crew.test'",
    );
    expect(await dartwing.tenancy.repair(slug)).toMatchObject({ findings: [] });
    expect(await grants()).toHaveLength(4);
  });

  it('T-A10 makes no second grant for whoever has it', async () => {
    await become([['bo@crew.test', 'Employee']]);
    await become([['bo@crew.test', 'Contractor']]);
    await dartwing.tenancy.repair(slug);
    expect(await grants()).toHaveLength(4);
  });

  it('refuses a person who was merged into another', async () => {
    await become([['old@crew.test', 'Employee']]);
    await become([['ana@crew.test', 'Owner']], true);
    await database.admin.query("update person set status = 'merged' where primary_email = 'old@crew.test'");
    await expect(become([['old@crew.test', 'Employee']])).rejects.toMatchObject({ code: 'PERSON_MERGED' });
    expect(await grants()).toHaveLength(2);
    await database.admin.query("update person set status = 'active' where primary_email = 'old@crew.test'");
  });
});

describe('leaving and coming back', () => {
  it('T-M4 T-A6 keeps the row with its end, takes the grants, and no others', async () => {
    await become([['bo@crew.test', 'Employee']]);
    const elsewhere = slug;
    slug = `crew-${++made}`;
    const other = (await dartwing.tenancy.create({ slug, type: 'company', owner: 'ana@crew.test' })).after!
      .id;
    await become([['bo@crew.test', 'Manager']]);
    slug = elsewhere;
    clock.advance(86_400_000);
    const { done } = await become([['ana@crew.test', 'Owner']], true);
    expect(done[0]!.changes).toMatchObject([
      {
        op: 'delete',
        before: { status: { state: 'active' }, end_date: null },
        after: { status: { state: 'inactive' }, end_date: clock.now().toISOString().slice(0, 10) },
      },
    ]);
    expect(await roster()).toEqual([
      ['ana@crew.test', 'Owner', 'active'],
      ['bo@crew.test', 'Employee', 'inactive'],
    ]);
    expect((await grants()).map(({ user_name }) => user_name)).toEqual(['ana@crew.test', 'ana@crew.test']);
    // T-A5
    expect(
      await rows(
        'select from permission_grant where organization = $1 and user_name = $2',
        other,
        'bo@crew.test',
      ),
    ).toHaveLength(2);
  });

  it('T-M3 returns to the same row with cleared end and new start', async () => {
    await become([['bo@crew.test', 'Employee']]);
    const [, bo] = await dartwing.people.members(slug);
    await become([['ana@crew.test', 'Owner']], true);
    clock.advance(3 * 86_400_000);
    const { done } = await become([['bo@crew.test', 'Manager']]);
    expect(done[0]!.changes).toMatchObject([
      {
        op: 'create',
        before: { role: 'Employee', status: { state: 'inactive' } },
        after: {
          id: bo!.id,
          role: 'Manager',
          start_date: clock.now().toISOString().slice(0, 10),
          end_date: null,
          status: { state: 'active' },
        },
      },
    ]);
    expect(await grants()).toHaveLength(4);
    const { items } = await dartwing.audit.query({ organization: id, action: 'member.*' });
    expect(items.map(({ action }) => action)).toEqual([
      'member.reactivate',
      'member.remove',
      'member.create',
      'member.create',
    ]);
  });

  it('T-M12 takes members and grants along when the organization is purged', async () => {
    await become([['bo@crew.test', 'Employee']]);
    await dartwing.tenancy.dissolve(slug, {}, { reason: 'r' });
    await dartwing.tenancy.purge(slug, { reason: 'r' });
    expect(await rows('select from org_member where organization = $1', id)).toEqual([]);
    expect(await grants()).toEqual([]);
  });
});

describe('roles', () => {
  it('T-M2 refuses a role of another type and names those of this one', async () => {
    await expect(become([['bo@crew.test', 'Parent']])).rejects.toMatchObject({
      code: 'APPLY_INVALID',
      fields: [
        {
          path: 'members[0].role',
          message:
            'Role "Parent" is not for a company. Roles of a company: Manager, Owner, Contractor, Employee',
        },
      ],
    });
    expect(await roster()).toEqual([['ana@crew.test', 'Owner', 'active']]);
  });

  it('refuses a role that there is not and suggests one', async () => {
    await expect(become([['bo@crew.test', 'Emploee']])).rejects.toMatchObject({
      code: 'APPLY_INVALID',
      fields: [{ message: expect.stringMatching(/^No role "Emploee"\. Did you mean Employee\?/) }],
    });
  });

  it('changes a role with an entry that has both', async () => {
    await become([['bo@crew.test', 'Employee']]);
    const { done } = await become([['bo@crew.test', 'Manager']]);
    expect(done[0]!.changes).toMatchObject([
      {
        op: 'update',
        before: { role: 'Employee', is_supervisor: false },
        after: { role: 'Manager', is_supervisor: true },
      },
    ]);
    const { items } = await dartwing.audit.query({ organization: id, action: 'member.update' });
    expect(items).toMatchObject([{ old: { role: 'Employee' }, new: { role: 'Manager' } }]);
  });
});

describe('the last supervisor', () => {
  it('T-M5 can neither be removed nor be given a lesser role', async () => {
    await expect(become([['ana@crew.test', 'Employee']])).rejects.toMatchObject({ code: 'LAST_SUPERVISOR' });
    await expect(become([['bo@crew.test', 'Employee']], true)).rejects.toMatchObject({
      code: 'LAST_SUPERVISOR',
    });
    await expect(become([], true)).rejects.toMatchObject({ code: 'LAST_SUPERVISOR' });
    expect(await roster()).toEqual([['ana@crew.test', 'Owner', 'active']]);
    expect(await grants()).toHaveLength(2);
  });

  it('T-M5 may go when there is another', async () => {
    await become([['bo@crew.test', 'Manager']]);
    await become([['bo@crew.test', 'Manager']], true);
    expect(await roster()).toEqual([
      ['ana@crew.test', 'Owner', 'inactive'],
      ['bo@crew.test', 'Manager', 'active'],
    ]);
  });

  it.each<[string, Members, boolean]>([
    [
      'may exchange roles in one document',
      [
        ['ana@crew.test', 'Employee'],
        ['bo@crew.test', 'Owner'],
      ],
      false,
    ],
    [
      'may be followed by somebody who was nobody yet',
      [
        ['ana@crew.test', 'Contractor'],
        ['cy@crew.test', 'Owner'],
        ['bo@crew.test', 'Employee'],
      ],
      false,
    ],
    ['may be followed by a member and leave', [['bo@crew.test', 'Owner']], true],
    ['may be followed by somebody new and leave', [['cy@crew.test', 'Owner']], true],
  ])('%s', async (_, members, prune) => {
    await become([['bo@crew.test', 'Employee']]);
    expect((await become(members, prune)).failed).toEqual([]);
    const active = (await roster()).filter(([, , state]) => state === 'active');
    expect(new Map(active.map(([email, role]) => [email, role]))).toEqual(new Map(members));
    expect((await dartwing.tenancy.verify(slug)).findings).toEqual([]);
  });

  it('stays one when two leave at once', async () => {
    await become([['bo@crew.test', 'Owner']]);
    const plans = ['ana@crew.test', 'bo@crew.test'].map((email) => become([[email, 'Employee']]));
    const outcomes = await Promise.allSettled(plans);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
    const supervisors = (await dartwing.people.members(slug)).filter((member) => member.is_supervisor);
    expect(supervisors).toHaveLength(1);
  });
});

describe('addresses', () => {
  it.each([
    ['  Bo@Crew.TEST ', 'bo@crew.test'],
    ["o'brien+tag@crew.test", "o'brien+tag@crew.test"],
    ['a/b@crew.test', 'a/b@crew.test'],
    ['{x}|~@sub.crew.test', '{x}|~@sub.crew.test'],
  ])('%j is kept as %j, once', async (given, kept) => {
    for (let turn = 0; turn < 2; turn++) await become([[given, 'Employee']]);
    expect((await roster()).map(([email]) => email).sort()).toEqual(['ana@crew.test', kept].sort());
    await become([['ana@crew.test', 'Owner']], true);
    expect((await roster()).filter(([, , state]) => state === 'active')).toHaveLength(1);
  });

  it.each([
    '',
    'ana',
    'ana@',
    '@crew.test',
    'ana@localhost',
    'ana@@crew.test',
    'ana@crew..test',
    'ana @crew.test',
    'ana@-crew.test',
    'änä@crew.test',
    `${'a'.repeat(250)}@crew.test`,
    'ana@crew.test\0',
    "ana@crew.test'; drop table person --",
  ])('%j is none', async (email) => {
    await expect(become([[email, 'Employee']])).rejects.toMatchObject({
      code: 'APPLY_INVALID',
      fields: [{ path: 'members[0].email' }],
    });
  });

  it('may not be listed twice in whatever case', async () => {
    await expect(
      become([
        ['bo@crew.test', 'Employee'],
        ['BO@crew.test ', 'Manager'],
      ]),
    ).rejects.toMatchObject({
      code: 'APPLY_INVALID',
      fields: [{ path: 'members[1].email', message: '"bo@crew.test" is listed twice' }],
    });
  });
});

describe('role templates', () => {
  const expected = {
    association: ['Honorary', 'Member', 'President*'],
    company: ['Contractor', 'Employee', 'Manager*', 'Owner*'],
    family: ['Child', 'Extended Family', 'Guardian*', 'Parent*'],
    nonprofit: ['Board Member*', 'Staff', 'Volunteer'],
  };
  const seeded = async () => {
    const found = await rows('select * from role_template order by role_name');
    return Object.fromEntries(
      Object.keys(expected).map((type) => [
        type,
        found
          .filter((role) => role.applies_to_org_type === type)
          .map((role) => `${role.role_name as string}${role.is_supervisor ? '*' : ''}`),
      ]),
    );
  };

  it('T-R1 T-R3 are 14, of which each type has its own and its supervisors', async () => {
    expect(await seeded()).toEqual(expected);
  });

  it('T-R1 are not seeded twice, and a change of theirs is kept', async () => {
    const { migrateInstallation } = await import('../../src/core/index.js');
    const { testOptions } = await import('../support/database.js');
    await database.admin.query(
      "update role_template set default_hourly_rate_cents = 100 where role_name = 'Staff'",
    );
    const run = await migrateInstallation(testOptions(database));
    expect(run.applied).toEqual([]);
    expect(await seeded()).toEqual(expected);
    expect(
      await rows(
        "select default_hourly_rate_cents::int as rate from role_template where role_name = 'Staff'",
      ),
    ).toEqual([{ rate: 100 }]);
  });

  it('T-R4 cannot be written by the role of tenants', async () => {
    await expect(
      dartwing.asOrg(slug, (tx) => tx.query('update role_template set is_supervisor = true')),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});

describe('owners', () => {
  it.each([
    ['family', 'Parent'],
    ['company', 'Owner'],
    ['nonprofit', 'Board Member'],
    ['association', 'President'],
  ])('of a %s are its %s, with grants', async (type, role) => {
    slug = `crew-${++made}`;
    id = (await dartwing.tenancy.create({ slug, type, owner: 'o@crew.test' })).after!.id;
    expect(await roster()).toEqual([['o@crew.test', role, 'active']]);
    expect(await grants()).toHaveLength(2);
  });

  it('may have another supervising role', async () => {
    slug = `crew-${++made}`;
    await dartwing.tenancy.create({ slug, type: 'family', owner: 'o@crew.test', ownerRole: 'Guardian' });
    expect(await roster()).toEqual([['o@crew.test', 'Guardian', 'active']]);
  });
});
