import { beforeAll, describe, expect, test } from 'vitest';
import { schemas } from '../../src/commands/schemas/index.js';
import { run } from '../support/cli.js';
import { createTestDatabase } from '../support/database.js';
import { masterKey } from '../support/server.js';

let env: Record<string, string>;

beforeAll(async () => {
  const database = await createTestDatabase();
  env = { DARTWING_URL: database.url, DARTWING_MASTER_KEY: masterKey };
});

const role = (...args: string[]) => run(['role', ...args], { env });

describe('role', () => {
  test('lists the templates of a type', async () => {
    const listed = await role('list', '--type', 'company', '--json');
    expect(listed.code, listed.stderr).toBe(0);
    expect(schemas.RoleList!.parse(JSON.parse(listed.stdout))).toMatchObject({ total_count: 4 });
    expect((await role('show', 'Board Member', '--field', 'is_supervisor')).stdout).toBe('true\n');
    expect((await role('show', 'Bord Member')).stderr).toContain('Did you mean Board Member?');
  });

  test('creates, changes and deletes one, and seeds what is missing', async () => {
    const create = ['create', 'Driver', '--type', 'company', '--hourly-rate-cents', '2050'];
    const created = await role(...create, '--json');
    expect(schemas.Change!.parse(JSON.parse(created.stdout))).toMatchObject({
      op: 'create',
      ref: 'role/Driver',
    });
    expect((await role(...create)).code).toBe(5);
    expect((await role(...create, '--if-not-exists')).code).toBe(0);
    expect((await role('update', 'Driver', '--supervisor', 'yes')).code).toBe(0);
    expect((await role('delete', 'Driver')).code).toBe(2);
    expect((await role('delete', 'Driver', '--yes')).code).toBe(0);
    await role('delete', 'Honorary', '--yes');
    const seeded = await role('seed', '--json');
    expect(schemas.RoleSeed!.parse(JSON.parse(seeded.stdout))).toMatchObject({ added: 1, total_count: 14 });
  });

  test('--dry-run --exit-code says by 6 that something would change, and changes nothing', async () => {
    const rehearse = ['--dry-run', '--exit-code'];
    expect((await role('create', 'Pilot', '--type', 'company', ...rehearse)).code).toBe(6);
    expect((await role('show', 'Pilot')).code).toBe(3);
    expect((await role('seed', ...rehearse)).code).toBe(0);
    expect((await role('update', 'Manager', '--supervisor', 'yes', ...rehearse)).code).toBe(0);
    expect((await role('delete', 'Nobody', ...rehearse)).code).toBe(3);
    const alone = await role('seed', '--exit-code');
    expect(alone).toMatchObject({ stdout: '', code: 2 });
    expect(alone.stderr).toContain('--exit-code goes with --dry-run');
  });

  test('takes a template from a file, in the shape that it shows', async () => {
    const file = { env, input: 'name: Pilot\napplies_to_org_type: company\nis_supervisor: true\n' };
    const created = await run(['role', 'create', '-f', '-', '--json'], file);
    expect(created.code, created.stderr).toBe(0);
    const shown = (await role('show', 'Pilot', '-o', 'yaml')).stdout;
    expect((await run(['role', 'create', '-f', '-', '--if-not-exists'], { env, input: shown })).code).toBe(0);
    const dearer = shown.replace(/default_hourly_rate_cents: 0/, 'default_hourly_rate_cents: 2050');
    expect((await run(['role', 'update', '-f', '-'], { env, input: dearer })).stdout).toContain('is changed');
    expect((await run(['role', 'update', 'Pilot', '-f', '-'], { env, input: dearer })).stdout).toContain(
      'so already',
    );
    for (const [args, stdin] of [
      [['role', 'update', 'Driver', '-f', '-'], dearer],
      [['role', 'create', 'Other', '--supervisor', '-f', '-'], 'applies_to_org_type: company'],
      [['role', 'create', '-f', '-'], '- 1'],
      [['role', 'create', '-f', '-'], 'kind: Org\nname: x'],
      [['role', 'create', '-f', '-'], 'name: Odd\napplies_to_org_type: company\nodd: 1'],
      [['role', 'create', '-f', '-'], 'applies_to_org_type: company'],
      [['role', 'create', '-f', 'missing.yaml'], ''],
    ] as const)
      expect([args, (await run([...args], { env, input: stdin })).code]).toEqual([args, 2]);
  });
});
