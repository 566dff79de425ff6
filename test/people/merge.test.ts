import fc from 'fast-check';
import { beforeAll, describe, expect, it, test } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { unitedTerms } from '../../src/core/people/merge-rules.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;

beforeAll(async () => {
  ({ dartwing, database } = await openTestDartwing({}, '2026-11-23T10:00:00.000Z'));
});

let turn = 0;
const create = async (more: object = {}) => {
  const input = { first_name: 'Max', last_name: `M ${++turn}`, source: 'import' as const };
  const { after } = await dartwing.people.person.create({
    ...input,
    primary_email: `max-${turn}@merge.test`,
    ...more,
  });
  return after!;
};
const company = async () => {
  const slug = `merged-${++turn}`;
  const { after } = await dartwing.tenancy.create({ slug, type: 'company', owner: `boss@${slug}.test` });
  return { slug, id: after!.id };
};
const roleOf = async (slug: string, person: string) => {
  const members = await dartwing.people.members(slug);
  const found = members.find((member) => member.person === person);
  return found && [found.role, found.status.state];
};
const grants = async (user: string | null) =>
  (await database.admin.query('select 1 from permission_grant where user_name = $1', [user])).rowCount;

describe('merging two persons', () => {
  it('T-P14 moves everything to the winner, writes the log and leaves the loser as a trace', async () => {
    const [keep, drop] = [await create(), await create({ keycloak_user_id: 'kc-drop' })];
    const [one, two] = [await company(), await company()];
    await dartwing.people.member.add(one.slug, drop.id, 'Manager');
    await dartwing.people.member.add(two.slug, drop.id, 'Employee', { pending: true });
    await dartwing.tenancy.update(two.slug, {
      concrete: {
        registered_agent: drop.id,
        officers: [{ person: drop.id, title: 'CFO' }],
        members_partners: [{ person: drop.id, ownership_percent: 10 }],
      },
    });
    const call = { reason: 'same human' };
    const change = await dartwing.people.person.merge(keep.id, drop.primary_email, 'by phone', call);
    expect(change).toMatchObject({
      op: 'update',
      ref: `person/${keep.id}`,
      source: drop.id,
      target: keep.id,
      moved: { memberships: 2, officers: 1, partners: 1, registered_agents: 1 },
      after: {
        keycloak_user_id: 'kc-drop',
        frappe_user: keep.primary_email,
        merge_logs: [{ source_person: drop.id, merged_at: '2026-11-23T10:00:00.000Z', notes: 'by phone' }],
      },
    });
    expect(await roleOf(one.slug, keep.id)).toEqual(['Manager', 'active']);
    expect(await roleOf(two.slug, keep.id)).toEqual(['Employee', 'pending']);
    expect(await roleOf(one.slug, drop.id)).toBeUndefined();
    expect(await dartwing.tenancy.show(two.slug)).toMatchObject({
      company: {
        registered_agent: keep.id,
        officers: [{ person: keep.id }],
        members_partners: [{ person: keep.id }],
      },
    });
    expect([await grants(drop.primary_email), await grants(keep.primary_email)]).toEqual([0, 2]);
    expect(await dartwing.people.person.show(drop.id)).toMatchObject({
      keycloak_user_id: null,
      status: { state: 'merged', merged_into: keep.id },
    });
    const { list } = dartwing.people.person;
    expect((await list({ email: drop.primary_email })).total_count).toBe(0);
    expect((await list({ email: drop.primary_email, state: 'merged' })).total_count).toBe(1);
  });

  it('T-P14 T-P17 never changes a merged person again', async () => {
    const [keep, drop, other] = [await create(), await create(), await create()];
    const { person, member } = dartwing.people;
    await person.merge(keep.id, drop.id);
    const { slug } = await company();
    const merged = { code: 'PERSON_MERGED', kind: 'conflict' };
    for (const attempt of [
      () => person.merge(keep.id, drop.id),
      () => person.merge(drop.id, other.id),
      () => person.update(drop.id, { status: 'active' }),
      () => person.delete(drop.id),
      () => person.consent(drop.id, keep.id),
      () => person.sync(drop.id),
      () => member.add(slug, drop.primary_email, 'Employee'),
      () => member.add(slug, drop.id, 'Employee'),
    ])
      await expect(attempt()).rejects.toMatchObject(merged);
    await expect(person.merge(keep.id, keep.primary_email)).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    await expect(person.merge(keep.id, 'nobody@merge.test')).rejects.toMatchObject({
      code: 'PERSON_NOT_FOUND',
    });
  });

  it('keeps the better of two memberships in the row of the winner and ends the other', async () => {
    const [keep, drop] = [await create(), await create()];
    const [both, former] = [await company(), await company()];
    const { member } = dartwing.people;
    const mine = await member.add(both.slug, keep.id, 'Employee');
    await member.add(both.slug, drop.id, 'Manager', { start_date: '2025-01-01' });
    await member.add(former.slug, keep.id, 'Manager');
    await member.remove(former.slug, keep.id);
    await member.add(former.slug, drop.id, 'Contractor');
    await dartwing.people.person.merge(keep.id, drop.id);
    expect(await member.show(both.slug, keep.id)).toMatchObject({
      id: mine.after?.id,
      role: 'Manager',
      start_date: '2025-01-01',
      status: { state: 'active' },
    });
    expect(await roleOf(both.slug, drop.id)).toEqual(['Manager', 'inactive']);
    expect(await roleOf(former.slug, keep.id)).toEqual(['Contractor', 'active']);
    await expect(member.activate(both.slug, drop.id)).rejects.toMatchObject({ code: 'PERSON_MERGED' });
  });

  it('leaves its entry in the trail of the installation and of each organization', async () => {
    const [keep, drop] = [await create(), await create()];
    const { slug, id } = await company();
    await dartwing.people.member.add(slug, drop.id, 'Employee');
    const { audit } = await dartwing.people.person.merge(keep.id, drop.id, undefined, { reason: 'twice' });
    const system = await dartwing.audit.query({
      organization: 'SYSTEM',
      action: 'merge',
      doctype: 'Person',
      name: keep.id,
    });
    expect(system.items).toMatchObject([{ id: audit, reason: 'twice' }]);
    const own = await dartwing.audit.query({ organization: id, action: 'member.merge' });
    expect(own.items).toMatchObject([{ old: [{ person: drop.id }], new: { person: keep.id } }]);
  });

  it('changes nothing when any part of it fails, and nothing in a dry run', async () => {
    const [keep, drop] = [await create(), await create()];
    const { slug, id } = await company();
    await dartwing.people.member.add(slug, drop.id, 'Employee');
    const state = async () => [
      await dartwing.people.person.show(keep.id),
      await dartwing.people.person.show(drop.id),
      await dartwing.people.members(slug),
      await grants(drop.primary_email),
    ];
    const before = await state();
    await dartwing.people.person.merge(keep.id, drop.id, undefined, { dryRun: true });
    expect(await state()).toEqual(before);
    await database.admin.query(
      `alter table person_merge_log add constraint sabotage check (source_person <> '${drop.id}')`,
    );
    await expect(dartwing.people.person.merge(keep.id, drop.id)).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    await database.admin.query('alter table person_merge_log drop constraint sabotage');
    expect(await state()).toEqual(before);
    expect((await dartwing.audit.query({ organization: id, action: 'member.merge' })).items).toEqual([]);
  });

  it('is done once when two processes merge the same loser at the same time', async () => {
    const [one, two, drop] = [await create(), await create(), await create()];
    const { slug } = await company();
    await dartwing.people.member.add(slug, drop.id, 'Employee');
    const outcomes = await Promise.allSettled([
      dartwing.people.person.merge(one.id, drop.id),
      dartwing.people.person.merge(two.id, drop.id),
      dartwing.people.person.merge(one.id, drop.id),
    ]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'PERSON_MERGED' });
    const { merged_into } = (await dartwing.people.person.show(drop.id)).status;
    expect(await roleOf(slug, merged_into!)).toEqual(['Employee', 'active']);
  });

  it('ends in one direction when two persons are merged into each other', async () => {
    const [one, two] = [await create(), await create()];
    const outcomes = await Promise.allSettled([
      dartwing.people.person.merge(one.id, two.id),
      dartwing.people.person.merge(two.id, one.id),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('loses no membership that is added at the same time', async () => {
    for (let round = 0; round < 5; round++) {
      const [keep, drop] = [await create(), await create()];
      const { slug } = await company();
      const [added] = await Promise.allSettled([
        dartwing.people.member.add(slug, drop.id, 'Employee'),
        dartwing.people.person.merge(keep.id, drop.id),
      ]);
      expect(await roleOf(slug, drop.id)).toBeUndefined();
      if (added.status === 'fulfilled') expect(await roleOf(slug, keep.id)).toEqual(['Employee', 'active']);
      else expect(added.reason).toMatchObject({ code: 'PERSON_MERGED' });
    }
  });

  it('keeps an organization supervised while its two supervisors become one and one of them leaves', async () => {
    for (let round = 0; round < 5; round++) {
      const { slug, id } = await company();
      const boss = await dartwing.people.person.show(`boss@${slug}.test`);
      const twin = await create();
      await dartwing.people.member.add(slug, twin.id, 'Owner');
      await Promise.allSettled([
        dartwing.people.person.merge(boss.id, twin.id),
        dartwing.people.member.remove(slug, round % 2 === 0 ? boss.id : twin.id),
      ]);
      expect((await dartwing.tenancy.verify(id)).findings).toEqual([]);
    }
  });

  it('is refused to whoever has no right to', async () => {
    const [keep, drop] = [await create(), await create()];
    const as = { principal: { type: 'person' as const, id: keep.id } };
    await expect(dartwing.people.person.merge(keep.id, drop.id, undefined, as)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });
});

test('two memberships become the better one', () => {
  const day = fc.integer({ min: 1, max: 28 }).map((n) => `2026-01-${String(n).padStart(2, '0')}`);
  const terms = fc.record({
    role: fc.constantFrom('Owner', 'Employee'),
    status: fc.constantFrom('active' as const, 'pending' as const, 'inactive' as const),
    start_date: day,
    end_date: fc.constant(null),
    is_supervisor: fc.boolean(),
  });
  fc.assert(
    fc.property(terms, terms, (winner, loser) => {
      const kept = unitedTerms(winner, loser);
      const states = [winner.status, loser.status];
      expect(kept.status).toBe(
        ['active', 'pending', 'inactive'].find((state) => states.includes(state as never)),
      );
      const supervised = [winner, loser].some((one) => one.status === 'active' && one.is_supervisor);
      const role = [winner, loser].find((one) => one.role === kept.role && one.status === kept.status);
      expect(role).toBeDefined();
      if (supervised && winner.role !== loser.role)
        expect([winner, loser].some((one) => one.is_supervisor && one.role === kept.role)).toBe(true);
    }),
  );
});
