import { beforeAll, describe, expect, test } from 'vitest';
import { schemas } from '../../src/commands/schemas/index.js';
import { createDartwing } from '../../src/core/index.js';
import { errorEvent, run } from '../support/cli.js';
import { createTestDatabase, testOptions } from '../support/database.js';
import { masterKey } from '../support/server.js';

let env: Record<string, string>;

beforeAll(async () => {
  const database = await createTestDatabase();
  env = { DARTWING_URL: database.url, DARTWING_MASTER_KEY: masterKey, DARTWING_ORG: 'acme' };
  const dartwing = await createDartwing(testOptions(database));
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  await dartwing.tenancy.create({ slug: 'solo', type: 'company', owner: 'ana@acme.test' });
  await dartwing.people.member.add('acme', 'cy@acme.test', 'Employee');
  await dartwing.close();
});

const member = (...args: string[]) => run(['member', ...args], { env });

describe('member', () => {
  test('add, show and update print documents of their schemas', async () => {
    const added = await member('add', 'bo@acme.test', '--role', 'Employee', '--json');
    expect(added.code, added.stderr).toBe(0);
    const change = schemas.Change!.parse(JSON.parse(added.stdout)) as { after: unknown };
    expect(change).toMatchObject({ action: 'created', ref: 'member/acme/bo@acme.test' });
    expect(schemas.Member!.parse(change.after)).toMatchObject({ role: 'Employee' });
    const again = ['add', 'bo@acme.test', '--role', 'Employee'];
    expect((await member(...again)).code).toBe(5);
    expect(await member(...again, '--if-not-exists', '--field', 'op')).toMatchObject({
      code: 0,
      stdout: 'none\n',
    });
    expect((await member('update', 'bo@acme.test', '--role', 'Manager')).stdout).toContain('Manager of acme');
    expect((await member('show', 'bo@acme.test', '--field', 'role')).stdout).toBe('Manager\n');
  });

  test('remove wants a yes, activate takes it back, list shows both kinds', async () => {
    expect((await member('remove', 'cy@acme.test')).code).toBe(2);
    expect((await member('remove', 'cy@acme.test', '--yes')).stdout).toContain('is no member of acme');
    const listed = await member('list', '--include-inactive', '--json');
    expect(schemas.MemberList!.parse(JSON.parse(listed.stdout))).toMatchObject({ total_count: 3 });
    expect((await member('activate', 'cy@acme.test')).code).toBe(0);
    expect(errorEvent((await member('activate', 'bo@acme.test', '--json')).stderr).code).toBe(
      'INVALID_STATUS_TRANSITION',
    );
    expect((await member('list', '--all', '-o', 'ndjson')).stdout.trim().split('\n')).toHaveLength(3);
  });

  test('says what is wrong with its code and exit', async () => {
    const solo = { env: { ...env, DARTWING_ORG: 'solo' } };
    const last = await run(['member', 'remove', 'ana@acme.test', '--yes', '--json'], solo);
    expect([last.code, errorEvent(last.stderr).code]).toEqual([5, 'LAST_SUPERVISOR']);
    expect((await member('add', 'cy@acme.test')).code).toBe(2);
    expect((await member('add', 'cy@acme.test', '--role', 'Parent')).code).toBe(2);
    expect((await member('show', 'nobody@acme.test')).code).toBe(3);
    const nowhere = await run(['member', 'list', '--json'], { env: { ...env, DARTWING_ORG: '' } });
    expect(errorEvent(nowhere.stderr).code).toBe('ORGANIZATION_REQUIRED');
  });
});
