import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Dartwing, systemClock } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase, testOptions } from '../support/database.js';
import { bundleChild, killAt } from '../support/killed.js';

let dartwing: Dartwing;
let database: TestDatabase;
let child: Awaited<ReturnType<typeof bundleChild>>;

beforeAll(async () => {
  ({ dartwing, database } = await openTestDartwing({ clock: systemClock }));
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  child = await bundleChild(new URL('./accept-child.ts', import.meta.url));
});

afterAll(() => child.remove());

it('leaves nothing half done when it is killed between acceptance and commit, and works afterwards', async () => {
  const { invitation, link } = await dartwing.invitations.create('acme', {
    email: 'bo@acme.test',
    role: 'Employee',
  });
  const input = { options: testOptions(database), token: link };
  await killAt(database, child.file, input, { table: 'invitation', event: 'update', atCommit: true });
  expect((await dartwing.invitations.show('acme', invitation.id)).status.state).toBe('pending');
  const members = `select status, (select count(*)::int from permission_grant where user_name = 'bo@acme.test') as grants
    from org_member where person_email = 'bo@acme.test'`;
  expect((await database.admin.query(members)).rows).toEqual([{ status: 'pending', grants: 0 }]);
  await dartwing.invitations.accept({ token: link! });
  expect((await database.admin.query(members)).rows).toEqual([{ status: 'active', grants: 2 }]);
});
