/** Lite mode from the command line: passwords, codes and tokens never stand on it. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { codeAt } from '../lite/world.js';
import { temporaryFolder } from '../support/cli.js';
import { openTestDartwing } from '../support/database.js';
import { type Operator, operatorOf } from '../support/operator.js';

const password = 'Correct-horse-9';
let operator: Operator;

beforeAll(async () => {
  const { database, dartwing } = await openTestDartwing();
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  operator = operatorOf(database);
});

function surroundings() {
  const home = temporaryFolder();
  return {
    cwd: home,
    env: { HOME: home, DARTWING_LITE_SIGN_IN: 'true' },
    file: join(home, '.local/state/dartwing/tokens/default.json'),
  };
}

test('a password is given, used, renewed by itself, guarded by a code, changed, and signed out of', async () => {
  const where = surroundings();
  const typed = (...lines: string[]) => ({ ...where, input: `${lines.join('\n')}\n` });
  const set = await operator.ask('person password ana@acme.test --password-file -', typed(password));
  expect(set.document).toMatchObject({ kind: 'Change', op: 'create', after: { password: { sealed: true } } });

  const login = 'profile login --email ana@acme.test --password-file -';
  expect((await operator.fail(login, typed('Wrong-horse-99'))).code).toBe('SIGN_IN_FAILED');
  await operator.ask('person unlock ana@acme.test --reason test --yes', where);
  const signedIn = await operator.ask(login, typed(password));
  expect(signedIn.document).toMatchObject({ person: 'ana@acme.test', issuer: 'urn:dartwing:lite' });
  expect(statSync(where.file).mode & 0o777).toBe(0o600);

  const stored = () => JSON.parse(readFileSync(where.file, 'utf8')) as Record<string, string>;
  const before = stored();
  writeFileSync(where.file, JSON.stringify({ ...before, expires_at: new Date().toISOString() }));
  expect((await operator.run('profile whoami --field person', where)).stdout).toBe('ana@acme.test\n');
  expect(stored().refresh_token).not.toBe(before.refresh_token);

  const made = await operator.ask('profile totp', where);
  const { uri, recovery_codes: recovery } = made.document as unknown as {
    uri: string;
    recovery_codes: string[];
  };
  const secret = new URL(uri).searchParams.get('secret')!;
  const code = codeAt(secret, new Date());
  await operator.ask('profile totp --code-file -', typed(code));
  await operator.ask('profile logout', where);
  expect((await operator.fail('profile whoami', where)).code).toBe('UNAUTHENTICATED');
  expect((await operator.fail(login, typed(password))).code).toBe('SECOND_FACTOR_REQUIRED');
  await operator.ask(login, typed(password, recovery[0]!));

  const next = 'Another-stable-7';
  const changed = await operator.ask('profile password --password-file -', typed(password, next));
  expect(changed.document).toMatchObject({ op: 'update' });
  expect((await operator.fail('profile totp', where)).code).toBe('SESSION_ENDED');
  await operator.ask(login, typed(next, recovery[1]!));
  for (const { stdout, stderr } of [await operator.run('profile whoami --verbose', where)])
    for (const hidden of [password, next, stored().access_token!, stored().refresh_token!])
      expect(stdout + stderr).not.toContain(hidden);
});

test('a weak password, a used token, and a place that others can read are refused', async () => {
  const where = surroundings();
  const weak = await operator.fail('person password ana@acme.test --password-file -', {
    ...where,
    input: 'short\n',
  });
  expect(weak).toMatchObject({ code: 'PASSWORD_WEAK', exit: 2 });
  const open = join(where.cwd, 'password.txt');
  writeFileSync(open, `${password}\n`, { mode: 0o644 });
  expect((await operator.fail(`person password ana@acme.test --password-file ${open}`, where)).code).toBe(
    'CONFIG_PERMISSIONS',
  );
  const token = { ...where, input: `dwr_${'a'.repeat(43)}\n${password}\n` };
  expect((await operator.fail('profile password --token-file -', token)).code).toBe('RESET_TOKEN_INVALID');
  expect((await operator.fail(`profile login --email dwr_${'a'.repeat(43)}`, where)).code).toBe(
    'SECRET_ON_ARGV',
  );
  expect((await operator.fail('profile login --email ana@acme.test', where)).code).toBe('INPUT_REQUIRED');
});

test('without lite mode there are no passwords, and a login needs a provider', async () => {
  const where = { ...surroundings(), env: { HOME: temporaryFolder() } };
  const off = await operator.fail('person reset ana@acme.test', where);
  expect(off.code).toBe('LITE_MODE_OFF');
  expect((await operator.fail('profile login', where)).code).toBe('INPUT_REQUIRED');
  const on = await operator.ask('person reset ana@acme.test', surroundings());
  expect(on.document).toMatchObject({ op: 'none', after: { mail: 'no_transport' } });
});
