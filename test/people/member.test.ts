import { beforeAll, describe, expect, it } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;

beforeAll(async () => {
  ({ dartwing, database } = await openTestDartwing({}, '2026-11-23T10:00:00.000Z'));
});

let turn = 0;
/** A company of its own for each test, with its owner. */
const company = async () => {
  const slug = `firm-${++turn}`;
  const { after } = await dartwing.tenancy.create({ slug, type: 'company', owner: `boss@${slug}.test` });
  return { slug, id: after!.id, boss: `boss@${slug}.test` };
};
const grantsOf = async (organization: string) =>
  (
    await database.admin.query(
      'select user_name, allow from permission_grant where organization = $1 order by user_name, allow',
      [organization],
    )
  ).rows as { user_name: string; allow: string }[];

describe('becoming a member', () => {
  it('T-M1 is active from today, with both grants', async () => {
    const { slug, id } = await company();
    const change = await dartwing.people.member.add(slug, 'Bo@Acme.test', 'Employee');
    expect(change).toMatchObject({
      kind: 'Change',
      op: 'create',
      action: 'created',
      ref: `member/${slug}/bo@acme.test`,
      after: {
        kind: 'Member',
        organization: id,
        email: 'bo@acme.test',
        role: 'Employee',
        is_supervisor: false,
        start_date: '2026-11-23',
        end_date: null,
        status: { state: 'active' },
      },
    });
    expect((await grantsOf(id)).filter((grant) => grant.user_name === 'bo@acme.test')).toHaveLength(2);
  });

  it('T-M2 takes a role of the type of the organization only', async () => {
    const { slug } = await company();
    const { add } = dartwing.people.member;
    await expect(add(slug, 'bo@acme.test', 'Parent')).rejects.toMatchObject({
      code: 'INVALID_ROLE_FOR_ORG_TYPE',
      kind: 'invalid',
      fix: [expect.stringContaining('Owner, Contractor, Employee'.split(',')[0]!)],
    });
    await expect(add(slug, 'bo@acme.test', 'Employe')).rejects.toMatchObject({
      code: 'ROLE_NOT_FOUND',
      why: 'Did you mean Employee?',
    });
    await expect(add('nowhere', 'bo@acme.test', 'Employee')).rejects.toMatchObject({
      code: 'ORGANIZATION_NOT_FOUND',
    });
    await expect(add(slug, 'PERSON-2026-99999', 'Employee')).rejects.toMatchObject({
      code: 'PERSON_NOT_FOUND',
    });
  });

  it('T-M3 refuses who is active and brings back who left, in the same row', async () => {
    const { slug } = await company();
    const { member } = dartwing.people;
    const { after: first } = await member.add(slug, 'bo@acme.test', 'Employee');
    await expect(member.add(slug, 'bo@acme.test', 'Manager')).rejects.toMatchObject({
      code: 'DUPLICATE_MEMBERSHIP',
      kind: 'conflict',
    });
    await member.remove(slug, 'bo@acme.test');
    const back = await member.add(slug, 'bo@acme.test', 'Contractor');
    expect(back).toMatchObject({
      op: 'update',
      action: 'reactivated',
      previous_status: 'inactive',
      after: { id: first?.id, role: 'Contractor', end_date: null, status: { state: 'active' } },
    });
  });

  it('accepts who is a member in the same role, when asked to', async () => {
    const { slug } = await company();
    const { member } = dartwing.people;
    await member.add(slug, 'bo@acme.test', 'Employee');
    const again = { ifNotExists: true };
    expect(await member.add(slug, 'bo@acme.test', 'Employee', again)).toMatchObject({
      op: 'none',
      audit: null,
    });
    await expect(member.add(slug, 'bo@acme.test', 'Manager', again)).rejects.toMatchObject({
      code: 'DUPLICATE_MEMBERSHIP',
    });
  });

  it('T-M7 refuses an end before the start', async () => {
    const { slug } = await company();
    const { member } = dartwing.people;
    const days = { start_date: '2026-12-01', end_date: '2026-11-30' };
    const wrong = { code: 'VALIDATION_ERROR', fields: [{ path: 'end_date' }] };
    await expect(member.add(slug, 'bo@acme.test', 'Employee', days)).rejects.toMatchObject(wrong);
    await member.add(slug, 'bo@acme.test', 'Employee', { start_date: '2026-12-01' });
    await expect(member.update(slug, 'bo@acme.test', { end_date: '2026-11-30' })).rejects.toMatchObject(
      wrong,
    );
    await expect(member.update(slug, 'bo@acme.test', { end_date: 'soon' })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    expect((await member.remove(slug, 'bo@acme.test')).after).toMatchObject({ end_date: '2026-12-01' });
  });

  it('T-M8 may be in two organizations in different roles', async () => {
    const [one, two] = [await company(), await company()];
    await dartwing.people.member.add(one.slug, 'both@acme.test', 'Employee');
    await dartwing.people.member.add(two.slug, 'both@acme.test', 'Manager');
    const { items } = await dartwing.people.person.organizations('both@acme.test');
    expect(items.map(({ slug, role }) => [slug, role])).toEqual([
      [one.slug, 'Employee'],
      [two.slug, 'Manager'],
    ]);
  });

  it('T-M9 makes one row from 20 parallel calls', async () => {
    const { slug, id } = await company();
    const calls = Array.from({ length: 20 }, () =>
      dartwing.people.member.add(slug, 'rush@acme.test', 'Employee').then(
        () => 'added',
        (error: { code: string }) => error.code,
      ),
    );
    const answers = await Promise.all(calls);
    expect(answers.filter((answer) => answer === 'added')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'DUPLICATE_MEMBERSHIP')).toHaveLength(19);
    const { rows } = await database.admin.query(
      `select count(*)::int as rows, (select count(*)::int from person where primary_email = 'rush@acme.test') as persons
       from org_member where organization = $1 and person_email = 'rush@acme.test'`,
      [id],
    );
    expect(rows).toEqual([{ rows: 1, persons: 1 }]);
  });

  it('does not let anybody into a dissolved organization', async () => {
    const { slug } = await company();
    await dartwing.tenancy.dissolve(slug, {}, { reason: 'over' });
    await expect(dartwing.people.member.add(slug, 'bo@acme.test', 'Employee')).rejects.toMatchObject({
      code: 'ORGANIZATION_STATE',
    });
  });
});

describe('the life of a membership', () => {
  it('T-M4 ends with a day and keeps its row; T-A6 the grants go and come back', async () => {
    const { slug, id } = await company();
    const { member } = dartwing.people;
    const { after } = await member.add(slug, 'bo@acme.test', 'Employee');
    expect(await member.remove(slug, after!.id)).toMatchObject({
      op: 'delete',
      after: { id: after?.id, end_date: '2026-11-23', status: { state: 'inactive' } },
    });
    const mine = async () =>
      (await grantsOf(id)).filter((grant) => grant.user_name === 'bo@acme.test').length;
    expect(await mine()).toBe(0);
    await member.activate(slug, 'bo@acme.test');
    expect(await mine()).toBe(2);
  });

  it('T-A12 waits as pending without any grant and gets them when it becomes active', async () => {
    const { slug, id } = await company();
    const { member } = dartwing.people;
    const added = await member.add(slug, 'bo@acme.test', 'Employee', { pending: true });
    expect(added.after?.status.state).toBe('pending');
    expect((await grantsOf(id)).some((grant) => grant.user_name === 'bo@acme.test')).toBe(false);
    await expect(member.add(slug, 'bo@acme.test', 'Employee', { pending: true })).rejects.toMatchObject({
      code: 'DUPLICATE_MEMBERSHIP',
    });
    expect((await member.activate(slug, 'bo@acme.test')).after?.status.state).toBe('active');
    expect((await grantsOf(id)).filter((grant) => grant.user_name === 'bo@acme.test')).toHaveLength(2);
  });

  it('T-M6 goes no way that the state machine does not know', async () => {
    const { slug } = await company();
    const { member } = dartwing.people;
    await member.add(slug, 'bo@acme.test', 'Employee');
    const refused = { code: 'INVALID_STATUS_TRANSITION', kind: 'conflict' };
    await expect(member.activate(slug, 'bo@acme.test')).rejects.toMatchObject(refused);
    await member.remove(slug, 'bo@acme.test');
    await expect(member.update(slug, 'bo@acme.test', { status: 'pending' })).rejects.toMatchObject(refused);
    await expect(member.add(slug, 'bo@acme.test', 'Employee', { pending: true })).rejects.toMatchObject(
      refused,
    );
    await expect(member.remove(slug, 'bo@acme.test')).rejects.toMatchObject(refused);
  });

  it('T-M11 changes the role within the type', async () => {
    const { slug } = await company();
    const { member } = dartwing.people;
    await member.add(slug, 'bo@acme.test', 'Employee');
    expect((await member.update(slug, 'bo@acme.test', { role: 'Manager' })).after).toMatchObject({
      role: 'Manager',
      is_supervisor: true,
    });
    expect(await member.update(slug, 'bo@acme.test', { role: 'Manager' })).toMatchObject({ op: 'none' });
    await expect(member.update(slug, 'bo@acme.test', { role: 'Child' })).rejects.toMatchObject({
      code: 'INVALID_ROLE_FOR_ORG_TYPE',
    });
    await expect(member.update(slug, 'nobody@acme.test', { role: 'Manager' })).rejects.toMatchObject({
      code: 'MEMBER_NOT_FOUND',
      kind: 'not_found',
    });
  });

  it('T-M10 is kept by a room above before any grant is gone', async () => {
    const { slug, id } = await company();
    await dartwing.people.member.add(slug, 'bo@acme.test', 'Employee');
    const { rows } = await database.admin.query(
      `insert into equipment (organization, id, equipment_name, assigned_to, created_at, created_by, modified_at, modified_by)
       select $1, 'EQ-90001', 'Van', person, now(), 'test', now(), 'test' from org_member
       where organization = $1 and person_email = 'bo@acme.test' returning id`,
      [id],
    );
    expect(rows).toHaveLength(1);
    const before = await grantsOf(id);
    await expect(dartwing.people.member.remove(slug, 'bo@acme.test')).rejects.toMatchObject({
      kind: 'conflict',
    });
    expect(await grantsOf(id)).toEqual(before);
    await database.admin.query(`update equipment set assigned_to = null where id = 'EQ-90001'`);
    await dartwing.people.member.remove(slug, 'bo@acme.test');
  });

  it('T-M12 ends with the organization', async () => {
    const { slug, id } = await company();
    await dartwing.people.member.add(slug, 'bo@acme.test', 'Employee');
    await dartwing.tenancy.dissolve(slug, {}, { reason: 'over' });
    await dartwing.tenancy.purge(slug, { reason: 'over' });
    const { rows } = await database.admin.query('select id from org_member where organization = $1', [id]);
    expect([rows, await grantsOf(id)]).toEqual([[], []]);
  });

  it('leaves an audit entry for each change, with the members as they were and are', async () => {
    const { slug, id } = await company();
    const { member } = dartwing.people;
    await member.add(slug, 'bo@acme.test', 'Employee');
    await member.update(slug, 'bo@acme.test', { role: 'Manager' });
    await member.remove(slug, 'bo@acme.test', {}, { reason: 'left' });
    await member.activate(slug, 'bo@acme.test');
    await member.delete(slug, 'bo@acme.test');
    const { items } = await dartwing.audit.query({ organization: id });
    const actions = items.map((item) => item.action).filter((action) => action.startsWith('member.'));
    expect(actions.sort()).toEqual([
      'member.activate',
      'member.create',
      'member.create',
      'member.delete',
      'member.remove',
      'member.update',
    ]);
    expect(items.find((item) => item.action === 'member.remove')).toMatchObject({
      reason: 'left',
      old: { status: { state: 'active' } },
      new: { status: { state: 'inactive' } },
    });
  });
});

describe('the last supervisor', () => {
  const last = { code: 'LAST_SUPERVISOR', kind: 'conflict' };

  it('T-M5 cannot leave, be deleted or step down; with a second one they can', async () => {
    const { slug, boss } = await company();
    const { member } = dartwing.people;
    await expect(member.remove(slug, boss)).rejects.toMatchObject(last);
    await expect(member.delete(slug, boss)).rejects.toMatchObject(last);
    await expect(member.update(slug, boss, { role: 'Employee' })).rejects.toMatchObject(last);
    expect(await member.update(slug, boss, { role: 'Manager' })).toMatchObject({ op: 'update' });
    await member.add(slug, 'second@acme.test', 'Owner');
    expect(await member.remove(slug, boss)).toMatchObject({ op: 'delete' });
    await expect(member.update(slug, 'second@acme.test', { role: 'Employee' })).rejects.toMatchObject(last);
  });

  it('stays, whatever happens at the same time', async () => {
    const { slug, id, boss } = await company();
    const { member } = dartwing.people;
    for (let round = 0; round < 5; round++) {
      await member.add(slug, 'rival@acme.test', 'Owner');
      const attempts = await Promise.allSettled([
        member.remove(slug, boss),
        member.update(slug, 'rival@acme.test', { role: 'Employee' }),
        member.remove(slug, 'rival@acme.test'),
      ]);
      expect(attempts.some(({ status }) => status === 'rejected')).toBe(true);
      const { rows } = await database.admin.query(
        `select count(*)::int from org_member m join role_template r on r.role_name = m.role
         where m.organization = $1 and m.status = 'active' and r.is_supervisor`,
        [id],
      );
      expect(rows[0].count).toBeGreaterThan(0);
      await member.add(slug, boss, 'Owner').catch(() => {});
      await member.remove(slug, 'rival@acme.test').catch(() => {});
    }
  });
});

describe('listing members', () => {
  it('T-H5 pages with the total of all, and moves a limit to what is allowed', async () => {
    const { slug, id, boss } = await company();
    await database.admin.query(
      `with people as (
         insert into person (id, primary_email, first_name, last_name, source, created_at, created_by, modified_at, modified_by)
         select 'PERSON-2027-' || n, 'crowd' || n || '@acme.test', 'C', n::text, 'import', now(), 't', now(), 't'
         from generate_series(10001, 10099) n returning id, primary_email)
       insert into org_member (organization, id, person, role, start_date, member_name, person_email, organization_name,
         organization_type, created_at, modified_at)
       select $1, 'M-' || id, id, 'Employee', '2026-01-01', 'C', primary_email, 'x', 'company', now(), now() from people`,
      [id],
    );
    const { list } = dartwing.people.member;
    const page = await list(slug);
    expect(page).toMatchObject({ kind: 'MemberList', total_count: 100, limit: 20, offset: 0 });
    expect(page.items).toHaveLength(20);
    expect(page.items[0]).toMatchObject({ email: boss, start_date: '2026-11-23' });
    expect((await list(slug, { limit: 0 })).items).toHaveLength(1);
    expect((await list(slug, { limit: 9999 })).items).toHaveLength(100);
    expect(await list(slug, { limit: Number('text') })).toMatchObject({ limit: 20 });
    expect(await list(slug, { offset: 5000 })).toMatchObject({ total_count: 100, items: [] });
    const ids = new Set<string>();
    for (let offset = 0; offset < 100; offset += 25)
      for (const { id: member } of (await list(slug, { limit: 25, offset })).items) ids.add(member);
    expect(ids.size).toBe(100);
  });

  it('T-H6 filters by state, hides former members unless asked, and refuses an unknown state', async () => {
    const { slug } = await company();
    const { member } = dartwing.people;
    await member.add(slug, 'gone@acme.test', 'Employee');
    await member.remove(slug, 'gone@acme.test');
    await member.add(slug, 'soon@acme.test', 'Employee', { pending: true });
    expect((await member.list(slug)).total_count).toBe(2);
    expect((await member.list(slug, { includeInactive: true })).total_count).toBe(3);
    expect((await member.list(slug, { state: 'inactive' })).items).toMatchObject([
      { email: 'gone@acme.test' },
    ]);
    await expect(member.list(slug, { state: 'lost' })).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('T-H7 shows addresses to supervisors of that organization only', async () => {
    const { slug, boss } = await company();
    const other = await company();
    await dartwing.people.member.add(slug, 'bo@acme.test', 'Employee');
    const as = async (email: string) => ({
      principal: { type: 'person' as const, id: (await dartwing.people.person.show(email)).id },
    });
    const seen = async (email: string) =>
      (await dartwing.people.member.list(slug, {}, await as(email))).items.map((item) => item.email);
    expect((await seen(boss)).sort()).toEqual(['bo@acme.test', boss].sort());
    expect(await seen('bo@acme.test')).toEqual([undefined, undefined]);
    await expect(dartwing.people.member.list(slug, {}, await as(other.boss))).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it('T-H3 T-H4 answers 401 to nobody, 400 to nothing, 404 to an unknown organization', async () => {
    const { slug } = await company();
    const nobody = { principal: { type: 'person' as const, id: '' } };
    const { list } = dartwing.people.member;
    await expect(list(slug, {}, nobody)).rejects.toMatchObject({ kind: 'unauthenticated' });
    await expect(list('')).rejects.toMatchObject({ kind: 'invalid' });
    await expect(list('ORG-2026-99999')).rejects.toMatchObject({ kind: 'not_found' });
  });

  it.each(['UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'])(
    'T-H8 has ISO dates and times, the same ones in %s',
    async (zone) => {
      const { slug, boss } = await company();
      const { member, person } = dartwing.people;
      await member.add(slug, 'dated@acme.test', 'Employee', { start_date: '2026-02-28' });
      const { TZ } = process.env;
      process.env.TZ = zone;
      try {
        const dates: string[] = [];
        const collect = (value: unknown, name = ''): void => {
          if (value !== null && typeof value === 'object')
            for (const [key, inner] of Object.entries(value)) collect(inner, key);
          else if (/(_date|_at|^at)$/.test(name) && value !== null) dates.push(`${name} ${value}`);
        };
        collect(await member.remove(slug, 'dated@acme.test', { end_date: '2026-03-01' }));
        collect(await member.list(slug, { includeInactive: true }));
        collect(await person.organizations(boss));
        collect(await person.show(boss));
        collect(await dartwing.permissions.log({ organization: slug }));
        expect(dates.length).toBeGreaterThan(8);
        expect(dates).toContain('start_date 2026-02-28');
        expect(dates).toContain('end_date 2026-03-01');
        expect(dates).toContain('start_date 2026-11-23');
        for (const date of dates)
          expect(date).toMatch(/_date \d{4}-\d\d-\d\d$|at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      } finally {
        if (TZ === undefined) delete process.env.TZ;
        else process.env.TZ = TZ;
      }
    },
  );

  it('shows one member by id, person and address, and nobody of another organization', async () => {
    const [one, two] = [await company(), await company()];
    const { member } = dartwing.people;
    const { after } = await member.add(one.slug, 'bo@acme.test', 'Employee');
    for (const ref of [after!.id, after!.person, 'BO@acme.test'])
      expect(await member.show(one.slug, ref)).toMatchObject({ id: after?.id, email: 'bo@acme.test' });
    for (const ref of [after!.id, after!.person, 'bo@acme.test'])
      await expect(member.show(two.slug, ref)).rejects.toMatchObject({ code: 'MEMBER_NOT_FOUND' });
    await expect(member.remove(two.slug, after!.id)).rejects.toMatchObject({ code: 'MEMBER_NOT_FOUND' });
  });
});

describe('the organizations of a person', () => {
  it('T-H1 are three with three memberships, one of them inactive, with the access each gives', async () => {
    const [one, two, three] = [await company(), await company(), await company()];
    const { member } = dartwing.people;
    for (const { slug } of [one, two, three]) await member.add(slug, 'trio@acme.test', 'Employee');
    await member.remove(two.slug, 'trio@acme.test');
    const { items, total_count } = await dartwing.people.person.organizations('trio@acme.test');
    expect(total_count).toBe(3);
    expect(items).toMatchObject([
      { slug: one.slug, membership_status: 'active', has_access: true, start_date: '2026-11-23' },
      { slug: three.slug, membership_status: 'active', has_access: true, linked_doctype: 'Company' },
      { slug: two.slug, membership_status: 'inactive', has_access: false, role: 'Employee' },
    ]);
    expect((await dartwing.people.person.organizations('trio@acme.test', 'inactive')).total_count).toBe(1);
  });

  it('T-H2 are none for whoever belongs nowhere', async () => {
    await dartwing.people.person.create({
      primary_email: 'lone@acme.test',
      first_name: 'L',
      last_name: 'One',
      source: 'import',
    });
    expect(await dartwing.people.person.organizations('lone@acme.test')).toMatchObject({
      items: [],
      total_count: 0,
    });
  });

  it('are hidden from a member of another organization, in the tables too', async () => {
    const [one, two] = [await company(), await company()];
    const rows = await dartwing.asOrg(two.slug, async (tx) => {
      const { rows: found } = await tx.query('select * from org_member where organization = $1', [one.id]);
      return found;
    });
    expect(rows).toEqual([]);
  });
});
