import { beforeAll, expect, test } from 'vitest';
import { createDartwing } from '../../src/core/index.js';
import { errorEvent, run } from '../support/cli.js';
import { createTestDatabase, testOptions } from '../support/database.js';
import { masterKey } from '../support/server.js';

let env: Record<string, string>;
let authenticate: (authorization: string) => Promise<unknown>;

beforeAll(async () => {
  const database = await createTestDatabase();
  env = { DARTWING_URL: database.url, DARTWING_MASTER_KEY: masterKey, DARTWING_ORG: 'acme' };
  const dartwing = await createDartwing(testOptions(database));
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  authenticate = (authorization) => dartwing.identity.authenticate({ authorization });
  return () => dartwing.close();
});

const apikey = (args: readonly string[], more: object = {}) => run(['apikey', ...args], { env, ...more });
const creation = ['create', '--name', 'Till', '--env', 'production', '--permission', 'Equipment:read'];

test('a key goes into a pipe, opens, is listed without its secret, rotated and revoked', async () => {
  const { stdout, stderr, code } = await apikey(creation);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^dw_production_[a-z2-7]{16}\.[\w-]{43}\n$/);
  const [id, secret] = stdout.trim().split('.') as [string, string];
  expect(stderr).not.toContain(secret);
  await expect(authenticate(`Bearer ${id}.${secret}`)).resolves.toMatchObject({ environment: 'production' });

  const list = await apikey(['list', '--json']);
  expect(JSON.parse(list.stdout)).toMatchObject({
    kind: 'ApiKeyList',
    total_count: 1,
    items: [{ id, name: 'Till' }],
  });
  expect((await apikey(['show', id, '--json'])).stdout).not.toContain(secret);
  expect((await apikey(['usage', id, '--field', 'id'])).stdout).toBe(`${id}\n`);

  const rotated = await apikey(['rotate', id, '--grace', '0s', '--yes', '--json']);
  const change = JSON.parse(rotated.stdout) as { credential: string };
  expect(change.credential).toMatch(new RegExp(`^${id}\\.`));
  await expect(authenticate(`Bearer ${change.credential}`)).resolves.toBeDefined();
  await expect(authenticate(`Bearer ${id}.${secret}`)).rejects.toMatchObject({ code: 'API_KEY_INVALID' });

  expect((await apikey(['revoke', id, '--yes'])).code).toBe(2);
  expect((await apikey(['revoke', id, '--reason', 'lost'])).code).toBe(2);
  expect((await apikey(['revoke', id, '--reason', 'lost', '--yes'])).code).toBe(0);
  expect((await apikey(['show', id, '--field', 'status.state'])).stdout).toBe('revoked\n');
});

test('on a terminal the secret is shown only when that is asked for', async () => {
  const refused = await apikey(creation, { tty: true });
  expect(refused.stdout).toContain('--show-once');
  expect(refused.stdout).not.toMatch(/dw_production_/);
  expect((await apikey([...creation, '--show-once'], { tty: true })).stdout).toMatch(
    /dw_production_[a-z2-7]{16}\.[\w-]{43}/,
  );
});

test('a dry run makes no key and prints no secret', async () => {
  const { stdout, code } = await apikey([...creation, '--dry-run', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ dry_run: true });
  expect(stdout).not.toContain('credential');
});

test('wrong words and unknown keys have their exit codes', async () => {
  expect((await apikey(['create', '--env', 'production'])).code).toBe(2);
  expect((await apikey([...creation, '--permission', 'all'])).code).toBe(2);
  const unknown = await apikey(['show', 'dw_production_aaaaaaaaaaaaaaaa', '--json']);
  expect(unknown.code).toBe(3);
  expect(errorEvent(unknown.stderr).code).toBe('API_KEY_NOT_FOUND');
  const onLine = await apikey(['show', `dw_production_aaaaaaaaaaaaaaaa.${'A'.repeat(43)}`, '--json']);
  expect(errorEvent(onLine.stderr).code).toBe('SECRET_ON_ARGV');
});
