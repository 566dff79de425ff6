import { describe, expect, test } from 'vitest';
import { mapRoles } from '../../src/core/identity/index.js';
import { openWorld } from './world.js';

const world = openWorld({ createPersons: true });

const rolesOf = async (email: string) =>
  (
    await world.one<{ system_roles: string[] }>('select system_roles from user_account where name = $1', [
      email,
    ])
  )?.system_roles;

describe('who somebody is', () => {
  test('the verified address finds the person, and from then on the subject does', async () => {
    const { principal, account } = await world.enter({ sub: 'ana-1' });
    expect(principal.type).toBe('person');
    expect(account).toBe('ana@acme.test');
    const again = await world.enter({ sub: 'ana-1', email: 'elsewhere@acme.test', email_verified: false });
    expect(again.principal).toEqual(principal);
    expect(await world.one('select keycloak_user_id from person where id = $1', [principal.id])).toEqual({
      keycloak_user_id: 'ana-1',
    });
  });

  test('twenty first calls at once make one link', async () => {
    const claims = { sub: 'cy-1', sid: 'cy', email: 'cy@acme.test', given_name: 'Cy', family_name: 'Young' };
    const callers = await Promise.all(Array.from({ length: 20 }, () => world.enter(claims)));
    expect(new Set(callers.map(({ principal }) => principal.id)).size).toBe(1);
    expect(
      await world.one('select first_name, last_name from person where primary_email = $1', ['cy@acme.test']),
    ).toEqual({ first_name: 'Cy', last_name: 'Young' });
  });

  test('T-I8 an address that nobody verified finds nobody', async () => {
    expect(await world.refusal({ sub: 'evil', email: 'bo@bolt.test', email_verified: false })).toBe(
      'IDENTITY_UNKNOWN',
    );
    expect(await world.refusal({ sub: 'evil', email: undefined })).toBe('IDENTITY_UNKNOWN');
  });

  test('an address that was given to somebody else does not give away the person', async () => {
    expect(await world.refusal({ sub: 'ana-2' })).toBe('IDENTITY_CONFLICT');
  });

  test('inactive persons and disabled accounts stay out, and return when they are back', async () => {
    const { principal } = await world.enter({ sub: 'ana-1' });
    const { admin } = world.database;
    await admin.query("update person set status = 'inactive' where id = $1", [principal.id]);
    expect(await world.refusal({ sub: 'ana-1' })).toBe('SIGN_IN_REFUSED');
    await admin.query("update person set status = 'active' where id = $1", [principal.id]);
    await admin.query('update user_account set enabled = false where person = $1', [principal.id]);
    expect(await world.refusal({ sub: 'ana-1' })).toBe('SIGN_IN_REFUSED');
    await admin.query('update user_account set enabled = true where person = $1', [principal.id]);
    expect(await world.refusal({ sub: 'ana-1' })).toBe('let in');
  });

  test.each([undefined, '', 'Basic YTpi', 'Bearer', 'Bearer a b', 'token'])(
    'the header %j opens nothing',
    async (header) => {
      await expect(world.dartwing.identity.authenticate({ authorization: header })).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    },
  );
});

describe('roles from groups', () => {
  test('T-I4 come and go with the groups, and both are on record', async () => {
    const before = (await world.audited('account.roles')).length;
    await world.enter({ sub: 'ana-1', groups: ['/dartwing/admins', '/elsewhere'] });
    expect(await rolesOf('ana@acme.test')).toEqual(['System Manager']);
    await world.enter({ sub: 'ana-1', groups: ['/dartwing/users'] });
    expect(await rolesOf('ana@acme.test')).toEqual(['Dartwing User']);
    expect((await world.audited('account.roles')).length - before).toBe(2);
  });

  test('stay when the token does not tell', async () => {
    await world.enter({ sub: 'ana-1', groups: ['/dartwing/org-admins'] });
    await world.enter({ sub: 'ana-1', groups: undefined });
    expect(await rolesOf('ana@acme.test')).toEqual(['Organization Admin']);
    await world.enter({ sub: 'ana-1', groups: [] });
    expect(await rolesOf('ana@acme.test')).toEqual(['Dartwing User']);
  });

  test('T-I4 leave alone what was given by hand, and fall back where no group is mapped', () => {
    const map = { '/a': 'A', '/b': 'B' };
    expect(mapRoles(map, ['/a'], ['B', 'Auditor'])).toEqual({
      roles: ['A', 'Auditor'],
      added: ['A'],
      removed: ['B'],
      fellBack: false,
    });
    expect(mapRoles(map, ['/__proto__', 'constructor'], ['A'])).toMatchObject({
      roles: ['Dartwing User'],
      fellBack: true,
    });
  });
});
