import { beforeAll, describe, expect, it } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { openTestDartwing } from '../support/database.js';

let dartwing: Dartwing;

beforeAll(async () => {
  ({ dartwing } = await openTestDartwing());
});

describe('role templates', () => {
  it('T-R1 are fourteen after the installation, with supervisors as listed, and stay so when seeded again', async () => {
    const { items, total_count } = await dartwing.people.role.list();
    expect(total_count).toBe(14);
    expect(items.filter((role) => role.is_supervisor).map((role) => role.name)).toEqual([
      'Guardian',
      'Parent',
      'Manager',
      'Owner',
      'Board Member',
      'President',
    ]);
    expect(await dartwing.people.role.seed()).toEqual({ added: 0, total: 14 });
  });

  it('T-R3 are four, four, three and three by type', async () => {
    const counts = await Promise.all(
      ['family', 'company', 'nonprofit', 'association', 'club'].map(
        async (type) => (await dartwing.people.role.list(type)).total_count,
      ),
    );
    expect(counts).toEqual([4, 4, 3, 3, 3]);
    await expect(dartwing.people.role.list('school')).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  it('T-R2 are unique and have a type', async () => {
    const { create } = dartwing.people.role;
    await expect(create({ name: 'Owner', applies_to_org_type: 'company' })).rejects.toMatchObject({
      code: 'ROLE_EXISTS',
      kind: 'conflict',
    });
    await expect(create({ name: 'Helper' } as never)).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      fields: [{ path: 'applies_to_org_type' }],
    });
    await expect(
      create({ name: 'Owner', applies_to_org_type: 'family', ifNotExists: true }),
    ).rejects.toMatchObject({ code: 'ROLE_DIFFERS' });
    expect(
      await create({ name: 'Owner', applies_to_org_type: 'company', is_supervisor: true, ifNotExists: true }),
    ).toMatchObject({ op: 'none' });
  });

  it('T-R4 are written by operators and read by everybody', async () => {
    await dartwing.tenancy.create({ slug: 'readers', type: 'company', owner: 'boss@roles.test' });
    const { id } = await dartwing.people.person.show('boss@roles.test');
    const as = { principal: { type: 'person' as const, id } };
    const { role } = dartwing.people;
    expect((await role.list('company', as)).total_count).toBe(4);
    expect((await role.show('Owner', as)).is_supervisor).toBe(true);
    const denied = { code: 'PERMISSION_DENIED', kind: 'forbidden' };
    await expect(role.create({ name: 'Mine', applies_to_org_type: 'company' }, as)).rejects.toMatchObject(
      denied,
    );
    await expect(role.update('Owner', { is_supervisor: false }, as)).rejects.toMatchObject(denied);
    await expect(role.delete('Contractor', as)).rejects.toMatchObject(denied);
    await expect(role.seed(as)).rejects.toMatchObject(denied);
  });

  it('T-R5 T-M11 that members have cannot be deleted or given another meaning', async () => {
    const { role, member } = dartwing.people;
    await dartwing.tenancy.create({ slug: 'users', type: 'company', owner: 'boss@users.test' });
    await role.create({ name: 'Driver', applies_to_org_type: 'company' });
    for (const name of ['one', 'two']) await member.add('users', `${name}@users.test`, 'Driver');
    const used = { code: 'ROLE_IN_USE', kind: 'conflict', message: expect.stringContaining('2 members') };
    await expect(role.delete('Driver')).rejects.toMatchObject(used);
    await expect(role.update('Driver', { applies_to_org_type: 'family' })).rejects.toMatchObject(used);
    expect((await role.update('Driver', { default_hourly_rate_cents: 2_050 })).after).toMatchObject({
      default_hourly_rate_cents: 2_050,
    });
    await role.create({ name: 'Unused', applies_to_org_type: 'company' });
    expect(await role.delete('Unused')).toMatchObject({ op: 'delete', after: null });
    await expect(role.show('Unused')).rejects.toMatchObject({ code: 'ROLE_NOT_FOUND', kind: 'not_found' });
  });

  it('T-R6 of families have no rate', async () => {
    const { role } = dartwing.people;
    const input = { name: 'Nanny', applies_to_org_type: 'family' as const, default_hourly_rate_cents: 3_000 };
    expect((await role.create(input)).after).toMatchObject({ default_hourly_rate_cents: 0 });
    await role.create({ ...input, name: 'Carer', applies_to_org_type: 'company' });
    expect((await role.update('Carer', { applies_to_org_type: 'family' })).after).toMatchObject({
      default_hourly_rate_cents: 0,
    });
  });

  it('do not change under somebody who is being given one', async () => {
    const { role, member } = dartwing.people;
    await dartwing.tenancy.create({ slug: 'races', type: 'company', owner: 'boss@races.test' });
    for (let round = 0; round < 5; round++) {
      const name = `Racer ${round}`;
      await role.create({ name, applies_to_org_type: 'company' });
      const [given, gone] = await Promise.allSettled([
        member.add('races', `r${round}@races.test`, name),
        role.delete(name),
      ]);
      expect([given.status, gone.status].sort()).toEqual(['fulfilled', 'rejected']);
    }
  });

  it('leave an audit entry for each change', async () => {
    const { items } = await dartwing.audit.query({ doctype: 'Role Template', name: 'Unused' });
    expect(items.map((item) => item.action).sort()).toEqual(['create', 'delete']);
  });
});
