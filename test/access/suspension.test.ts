import { describe, expect, it } from 'vitest';
import { authorize, filterFor, isAuthorized } from '../../src/core/access/index.js';
import { build } from '../../src/core/index.js';
import { openTestDartwing } from '../support/database.js';
import { as, openTestSession, worldOf } from './world.js';

describe('a suspended organization', async () => {
  const { dartwing, database, clock } = await openTestDartwing();
  const world = worldOf(database.admin);
  const { session } = openTestSession(database, clock);
  const [shut, open] = [await world.organization('shut'), await world.organization('open')];
  const [boss, mo, stranger] = [
    await world.person('boss'),
    await world.person('mo'),
    await world.person('stranger'),
  ];
  for (const organization of [shut, open]) {
    await world.join(boss, organization, 'Owner');
    await world.join(mo, organization, 'Manager');
  }
  const { documents, equipment, people, permissions, tenancy } = dartwing;
  const closed = { code: 'ORGANIZATION_STATE', message: expect.stringContaining('suspended') };
  const task = { data: { title: 'Sweep' } };
  const seen = (person: string) =>
    dartwing.asPerson(person, async (tx) => {
      const { rows } = await tx.query<{ id: string }>('select organization as id from org_member');
      return [...new Set(rows.map(({ id }) => id))].sort();
    });
  const across = (person: string) =>
    session.run('test', as(person), async (scope) => {
      const rows = await scope.tx.run(
        build
          .selectFrom('org_member')
          .select('organization')
          .where(filterFor(scope, 'read', 'Org Member')),
      );
      return [...new Set(rows.map(({ organization }) => organization))].sort();
    });
  const within = (via: 'library' | 'job') =>
    session.runIn(shut, { ...as(mo), via }, async (scope) =>
      isAuthorized(scope, 'create', { doctype: 'Equipment', name: '*', organization: shut, owner: mo }),
    );

  it('is open to its members before', async () => {
    await documents.create('shut', 'Task', task, as(mo));
    expect(await across(mo)).toEqual([shut, open].sort());
    expect(await seen(mo)).toEqual([shut, open].sort());
    expect(await within('library')).toBe(true);
  });

  it('is closed to all of them, whatever they ask, and says why; the others of theirs stay open', async () => {
    await tenancy.suspend('shut', {}, { reason: 'unpaid' });
    for (const person of [boss, mo]) {
      await expect(documents.create('shut', 'Task', task, as(person))).rejects.toMatchObject(closed);
      await expect(documents.list('shut', 'Task', {}, as(person))).rejects.toMatchObject(closed);
      await expect(equipment.create('shut', { equipment_name: 'Crane' }, as(person))).rejects.toMatchObject(
        closed,
      );
      await expect(equipment.list('shut', {}, as(person))).rejects.toMatchObject(closed);
      await expect(people.member.list('shut', {}, as(person))).rejects.toMatchObject(closed);
      await expect(tenancy.show('shut', as(person))).rejects.toMatchObject(closed);
      expect(await across(person)).toEqual([open]);
      expect(await seen(person)).toEqual([open]);
      expect((await tenancy.list({}, as(person))).items.map(({ slug }) => slug)).toEqual(['open']);
      await documents.create('open', 'Task', task, as(person));
    }
    const decision = await permissions.explain({ person: mo, action: 'write', ref: `Organization/${shut}` });
    expect(decision.allowed).toBe(false);
    expect(decision.layers).toContainEqual({
      layer: 'org_grant',
      result: 'deny',
      why: `${shut} is suspended`,
    });
  });

  it('tells nobody else', async () => {
    await expect(tenancy.show('shut', as(stranger))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect((await documents.list('shut', 'Task', {}, as(stranger))).items).toEqual([]);
  });

  it('lets a job that runs come to its end, and operators in', async () => {
    expect(await within('library')).toBe(false);
    expect(await within('job')).toBe(true);
    expect((await tenancy.show('shut')).status.state).toBe('suspended');
  });

  it('is open again at once when it is restored, and by itself when the time is over', async () => {
    await tenancy.restore('shut', { reason: 'paid' });
    await documents.create('shut', 'Task', task, as(mo));
    expect(await seen(mo)).toEqual([shut, open].sort());
    await tenancy.suspend('shut', { until: new Date(clock.now().getTime() + 3_600_000) }, { reason: 'late' });
    await expect(documents.create('shut', 'Task', task, as(mo))).rejects.toMatchObject(closed);
    clock.advance(3_600_001);
    await documents.create('shut', 'Task', task, as(mo));
    expect(await across(mo)).toEqual([shut, open].sort());
    expect(await seen(mo)).toEqual([shut, open].sort());
  });

  it('refuses inside the transaction that is refused, not only at the door', async () => {
    await tenancy.suspend('shut', {}, { reason: 'unpaid' });
    await expect(
      session.runIn(shut, as(mo), async (scope) =>
        authorize(scope, 'read', { doctype: 'Equipment', name: '*' }),
      ),
    ).rejects.toMatchObject(closed);
  });
});
