import { beforeAll, describe, expect, test } from 'vitest';
import { schemas } from '../../src/commands/schemas/index.js';
import { createDartwing, type Dartwing } from '../../src/core/index.js';
import { errorEvent, run } from '../support/cli.js';
import { createTestDatabase, testOptions } from '../support/database.js';
import { masterKey } from '../support/server.js';

let env: Record<string, string>;
let dartwing: Dartwing;

beforeAll(async () => {
  const database = await createTestDatabase();
  env = { DARTWING_URL: database.url, DARTWING_MASTER_KEY: masterKey };
  dartwing = await createDartwing(testOptions(database));
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  return () => dartwing.close();
});

const person = (...args: string[]) => run(['person', ...args], { env });

describe('person', () => {
  test('create, show, update and list print documents of their schemas', async () => {
    const created = await person(
      'create',
      'bo@acme.test',
      '--name',
      'Bo Li',
      '--mobile',
      '415 555 2671',
      '--json',
    );
    expect(created.code, created.stderr).toBe(0);
    const change = schemas.Change!.parse(JSON.parse(created.stdout)) as { after: unknown };
    expect(schemas.Person!.parse(change.after)).toMatchObject({ last_name: 'Li', mobile_no: '+14155552671' });
    const again = await person(
      'create',
      'bo@acme.test',
      '--name',
      'Bo Li',
      '--if-not-exists',
      '--field',
      'op',
    );
    expect(again).toMatchObject({ code: 0, stdout: 'none\n' });
    const taken = await person('create', 'BO@acme.test', '--name', 'Bo Other', '--json');
    expect(taken).toMatchObject({ code: 5, stdout: '' });
    expect(errorEvent(taken.stderr).code).toBe('PERSON_EMAIL_TAKEN');
    const updated = await person('update', 'bo@acme.test', '--state', 'inactive');
    expect(updated.stdout).toContain('bo@acme.test is inactive and at version 2');
    const shown = await person('show', 'ana@acme.test', '--with', 'organizations', '--json');
    expect(schemas.Person!.parse(JSON.parse(shown.stdout))).toMatchObject({
      organizations: [{ slug: 'acme', role: 'Owner', has_access: true }],
    });
    const listed = await person('list', '--state', 'inactive', '--json');
    expect(schemas.PersonList!.parse(JSON.parse(listed.stdout))).toMatchObject({ total_count: 1 });
    expect((await person('show', 'nobody@acme.test')).code).toBe(3);
    expect((await person('duplicates', '--json')).code).toBe(0);
  });

  test('merge wants a reason and a yes, and does nothing in a dry run', async () => {
    await person('create', 'keep@acme.test', '--name', 'Kay Ep');
    await dartwing.people.member.add('acme', 'drop@acme.test', 'Employee');
    const line = ['merge', 'keep@acme.test', 'drop@acme.test', '--json'];
    expect(errorEvent((await person(...line, '--yes')).stderr).code).toBe('REASON_REQUIRED');
    const silent = await person(...line, '--reason', 'same');
    expect([silent.code, errorEvent(silent.stderr).code]).toEqual([2, 'CONFIRMATION_REQUIRED']);
    const dry = await person(...line, '--reason', 'same', '--dry-run');
    expect(JSON.parse(dry.stdout)).toMatchObject({ dry_run: true, moved: { memberships: 1 } });
    const done = await person(...line, '--reason', 'same', '--yes');
    expect(schemas.Change!.parse(JSON.parse(done.stdout))).toMatchObject({
      dry_run: false,
      moved: { memberships: 1 },
    });
    expect((await person(...line, '--reason', 'same', '--yes')).code).toBe(5);
  });

  test('consent unlocks a minor, delete is refused while somebody belongs somewhere, sync when nothing is to do', async () => {
    await person('create', 'kim@acme.test', '--name', 'Kim Ro', '--minor');
    expect((await person('update', 'kim@acme.test', '--first-name', 'K')).code).toBe(4);
    const consent = await person('consent', 'kim@acme.test', '--guardian', 'ana@acme.test');
    expect(consent.stdout).toContain('Consent for kim@acme.test is captured');
    expect((await person('update', 'kim@acme.test', '--first-name', 'K')).code).toBe(0);
    expect((await person('delete', 'ana@acme.test', '--yes')).code).toBe(5);
    expect((await person('delete', 'kim@acme.test', '--yes')).code).toBe(0);
    expect((await person('sync', 'ana@acme.test')).code).toBe(2);
  });
});
