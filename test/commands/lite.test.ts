/** Lite mode from the command line: passwords, codes and tokens never stand on it. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type Dartwing, systemClock } from '../../src/core/index.js';
import { codeAt, codeOf } from '../lite/world.js';
import { temporaryFolder } from '../support/cli.js';
import { openTestDartwing } from '../support/database.js';
import { type Operator, operatorOf } from '../support/operator.js';

const password = 'Correct-horse-9';
let operator: Operator;
let dartwing: Dartwing;

beforeAll(async () => {
  const opened = await openTestDartwing({ clock: systemClock, lite: { enabled: true } });
  dartwing = opened.dartwing;
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  operator = operatorOf(opened.database);
});

function surroundings() {
  const home = temporaryFolder();
  return {
    cwd: home,
    env: { HOME: home, DARTWING_LITE_SIGN_IN: 'true' },
    file: join(home, '.local/state/dartwing/tokens/default.json'),
  };
}

const typed = (where: ReturnType<typeof surroundings>, ...lines: string[]) => ({
  ...where,
  input: `${lines.join('\n')}\n`,
});
const loginOf = (name: string) => `profile login --email ${name}@acme.test --password-file -`;

/** A person with a password, made in this process: starting a command takes longer. */
async function person(name: string): Promise<void> {
  await dartwing.people.person.create({
    primary_email: `${name}@acme.test`,
    first_name: name,
    last_name: 'Test',
    source: 'import',
  });
  await dartwing.people.member.add('acme', `${name}@acme.test`, 'Employee');
  await dartwing.lite.setPassword(`${name}@acme.test`, password);
}

test('a password is given, used, and the tokens of it renewed and given back', async () => {
  const where = surroundings();
  const line = 'person password ana@acme.test --password-file -';
  const set = await operator.ask(line, typed(where, password));
  expect(set.document).toMatchObject({ kind: 'Change', op: 'create', after: { password: { sealed: true } } });
  const signedIn = await operator.ask(loginOf('ana'), typed(where, password));
  expect(signedIn.document).toMatchObject({ person: 'ana@acme.test', issuer: 'urn:dartwing:lite' });
  expect(statSync(where.file).mode & 0o777).toBe(0o600);

  const stored = () => JSON.parse(readFileSync(where.file, 'utf8')) as Record<string, string>;
  const before = stored();
  writeFileSync(where.file, JSON.stringify({ ...before, expires_at: new Date().toISOString() }));
  const seen = await operator.run('profile whoami --verbose', where);
  expect(seen.stdout).toContain('ana@acme.test');
  expect(stored().refresh_token).not.toBe(before.refresh_token);
  const said = signedIn.stderr + JSON.stringify(signedIn.document) + seen.stdout + seen.stderr;
  for (const hidden of [password, before.access_token!, before.refresh_token!, stored().refresh_token!])
    expect(said).not.toContain(hidden);
  await operator.ask('profile logout', where);
  expect(await codeOf(dartwing.lite.refresh(before.refresh_token!))).toBe('REFRESH_TOKEN_INVALID');
});

test('a second factor is shown once, confirmed, and asked for', async () => {
  await person('bo');
  const where = surroundings();
  await operator.ask(loginOf('bo'), typed(where, password));
  const made = await operator.ask('profile totp', where);
  const { uri, recovery_codes: recovery } = made.document as unknown as {
    uri: string;
    recovery_codes: string[];
  };
  const code = codeAt(new URL(uri).searchParams.get('secret')!, new Date());
  await operator.ask('profile totp --code-file -', typed(where, code));
  expect((await operator.fail(loginOf('bo'), typed(where, password))).code).toBe('SECOND_FACTOR_REQUIRED');
  await operator.ask(loginOf('bo'), typed(where, password, recovery[0]!));
});

test('a password is changed by its owner, and the session of the former one is over', async () => {
  await person('cy');
  const where = surroundings();
  await operator.ask(loginOf('cy'), typed(where, password));
  const next = 'Another-stable-7';
  const changed = await operator.ask('profile password --password-file -', typed(where, password, next));
  expect(changed.document).toMatchObject({ op: 'update' });
  expect((await operator.fail('profile totp', where)).code).toBe('SESSION_ENDED');
  expect(await codeOf(dartwing.lite.signIn({ email: 'cy@acme.test', password: next }))).toBe('let in');
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
