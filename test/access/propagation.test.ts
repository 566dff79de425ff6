import { beforeAll, describe, expect, it } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';
import { as, worldOf } from './world.js';

let dartwing: Dartwing;
let database: TestDatabase;

beforeAll(async () => {
  ({ dartwing, database } = await openTestDartwing());
});

async function grantsOf(organization: string, email: string): Promise<string[]> {
  const { rows } = await database.admin.query<{ allow: string }>(
    'select allow from permission_grant where organization = $1 and user_name = $2 order by allow',
    [organization, email],
  );
  return rows.map(({ allow }) => allow);
}

async function found(slug: string): Promise<string> {
  const { after } = await dartwing.tenancy.create({ slug, type: 'company', owner: `boss@${slug}.test` });
  return after!.id;
}

async function idOf(email: string): Promise<string> {
  const { rows } = await database.admin.query('select id from person where primary_email = $1', [email]);
  return rows[0].id;
}

const mayRead = async (organization: string, person: string) =>
  dartwing.tenancy.show(organization, as(person)).then(
    () => true,
    () => false,
  );

describe('grants follow memberships', () => {
  it('T-A1 gives a new active member two grants, and with them access', async () => {
    const acme = await found('one');
    await dartwing.people.member.add('one', 'new@one.test', 'Employee');
    expect(await grantsOf(acme, 'new@one.test')).toEqual(['Company', 'Organization']);
    expect(await mayRead(acme, await idOf('new@one.test'))).toBe(true);
  });

  it('T-A2 logs a skip for a person without account, and gives the grants when there is one', async () => {
    const acme = await found('two');
    const world = worldOf(database.admin);
    const person = await world.person('late', { account: false });
    await world.join(person, acme, 'Employee');
    expect(await grantsOf(acme, 'late@world.test')).toEqual([]);
    const skipped = await dartwing.permissions.log({ organization: 'two', event: 'skip', person });
    expect(skipped.items).toMatchObject([{ person, user: null, reason: 'the person has no account' }]);
    expect(await mayRead(acme, person)).toBe(false);

    await database.admin.query(`update person set user_sync_status = 'pending' where id = $1`, [person]);
    await dartwing.people.person.sync(person);
    expect(await grantsOf(acme, 'late@world.test')).toEqual(['Company', 'Organization']);
    expect(await mayRead(acme, person)).toBe(true);
  });

  it('T-A5 removes a member from one organization and leaves the other', async () => {
    const [left, kept] = [await found('left'), await found('kept')];
    for (const slug of ['left', 'kept']) await dartwing.people.member.add(slug, 'both@five.test', 'Employee');
    const person = await idOf('both@five.test');
    expect([await mayRead(left, person), await mayRead(kept, person)]).toEqual([true, true]);
    await dartwing.people.member.remove('left', 'both@five.test');
    expect([await mayRead(left, person), await mayRead(kept, person)]).toEqual([false, true]);
    expect(await grantsOf(kept, 'both@five.test')).toEqual(['Company', 'Organization']);
  });

  it('T-A6 takes access with inactivity and gives it back with the return', async () => {
    const acme = await found('six');
    await dartwing.people.member.add('six', 'back@six.test', 'Employee');
    const person = await idOf('back@six.test');
    expect(await mayRead(acme, person)).toBe(true);
    await dartwing.people.member.remove('six', 'back@six.test');
    expect(await grantsOf(acme, 'back@six.test')).toEqual([]);
    expect(await mayRead(acme, person)).toBe(false);
    await dartwing.people.member.add('six', 'back@six.test', 'Manager');
    expect(await grantsOf(acme, 'back@six.test')).toEqual(['Company', 'Organization']);
    expect(await mayRead(acme, person)).toBe(true);
  });

  it('T-A10 changes nothing when propagation runs again', async () => {
    const acme = await found('ten');
    const world = worldOf(database.admin);
    const ungranted = await world.person('ungranted');
    await world.join(ungranted, acme, 'Employee', { granted: false });
    const orphan = await world.person('orphan');
    await world.grant(orphan, acme, 'Organization', acme);
    expect(await dartwing.permissions.orphans('ten')).toMatchObject([
      { id: 'grant.without_member', user: 'orphan@world.test' },
      { id: 'member.without_grant', user: 'ungranted@world.test', allow: 'Organization' },
      { id: 'member.without_grant', user: 'ungranted@world.test', allow: 'Company' },
    ]);
    expect(await dartwing.permissions.rebuild('ten', { dryRun: true })).toMatchObject({
      created: 2,
      removed: 1,
    });
    expect(await dartwing.permissions.rebuild('ten')).toMatchObject({
      created: 2,
      removed: 1,
      dry_run: false,
    });
    expect(await dartwing.permissions.rebuild('ten')).toMatchObject({ created: 0, removed: 0 });
    expect(await dartwing.permissions.orphans()).toEqual([]);
    expect(await mayRead(acme, ungranted)).toBe(true);
  });

  it('T-A12 gives a pending member no access, and access with the acceptance', async () => {
    const acme = await found('twelve');
    await dartwing.people.member.add('twelve', 'maybe@twelve.test', 'Employee', { pending: true });
    const person = await idOf('maybe@twelve.test');
    expect(await grantsOf(acme, 'maybe@twelve.test')).toEqual([]);
    expect(await mayRead(acme, person)).toBe(false);
    await dartwing.people.member.activate('twelve', 'maybe@twelve.test');
    expect(await grantsOf(acme, 'maybe@twelve.test')).toEqual(['Company', 'Organization']);
    expect(await mayRead(acme, person)).toBe(true);
  });

  it('T-A13 logs create, remove and skip, for System Managers and operators only', async () => {
    await found('thirteen');
    await dartwing.people.member.add('thirteen', 'gone@thirteen.test', 'Employee');
    await dartwing.people.member.remove('thirteen', 'gone@thirteen.test');
    const { items } = await dartwing.permissions.log({
      organization: 'thirteen',
      person: 'gone@thirteen.test',
    });
    expect(
      items.filter(({ event }) => event !== 'skip').map(({ event, allow }) => `${event} ${allow}`),
    ).toEqual(['remove Company', 'remove Organization', 'create Company', 'create Organization']);
    expect(items[0]).toMatchObject({ reason: 'the membership is inactive', user: 'gone@thirteen.test' });
    const world = worldOf(database.admin);
    const manager = await world.person('manager', { roles: ['System Manager'] });
    expect((await dartwing.permissions.log({ limit: 1 }, as(manager))).items).toHaveLength(1);
    const owner = await idOf('boss@thirteen.test');
    await expect(dartwing.permissions.log({ organization: 'thirteen' }, as(owner))).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it('takes the access of a dissolved organization and of a disabled account', async () => {
    const acme = await found('ends');
    const person = await idOf('boss@ends.test');
    expect(await mayRead(acme, person)).toBe(true);
    await dartwing.tenancy.dissolve('ends', {}, { reason: 'test' });
    expect(await mayRead(acme, person)).toBe(false);
    await dartwing.tenancy.restore('ends', { reason: 'test' });
    expect(await mayRead(acme, person)).toBe(true);
    await database.admin.query('update user_account set enabled = false where person = $1', [person]);
    expect(await mayRead(acme, person)).toBe(false);
  });
});
