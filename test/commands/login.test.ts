/** Signing in at a real OpenID provider: security paper §10, item 47. */
import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { browse, openRealProvider, type RealProvider } from '../identity/real-provider.js';
import { errorEvent, program, run, temporaryFolder } from '../support/cli.js';
import { createTestDatabase } from '../support/database.js';
import { operatorOf } from '../support/operator.js';

let provider: RealProvider;

beforeAll(async () => {
  provider = await openRealProvider();
});

function surroundings() {
  const home = temporaryFolder();
  const env = { HOME: home, DARTWING_OIDC_ISSUER: provider.issuer };
  return { cwd: home, env, file: join(home, '.local/state/dartwing/tokens/default.json') };
}

/** Runs `profile login` and calls `visit` when it says where to go. */
async function login(
  { env, cwd }: { env: Record<string, string>; cwd: string },
  args: readonly string[],
  visit: (told: { url: string; code?: string }) => Promise<unknown>,
) {
  const child = spawn(process.execPath, [program, 'profile', 'login', '--json', ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  let [stdout, stderr] = ['', ''];
  let visited: Promise<unknown> | undefined;
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
    const told = /^\{"type":"sign_in".*\}$/m.exec(stderr)?.[0];
    if (told !== undefined) visited ??= visit(JSON.parse(told) as { url: string; code?: string });
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  await visited;
  return { stdout, stderr, code };
}

test('nobody is signed in: exit 4', async () => {
  const result = await run(['profile', 'whoami', '--json'], surroundings());
  expect(result.code).toBe(4);
  expect(errorEvent(result.stderr)).toMatchObject({
    code: 'UNAUTHENTICATED',
    fix: ['dartwing profile login'],
  });
});

test('T-I1 by a browser: code with PKCE; the tokens are private; others see who it is; out again', async () => {
  const where = surroundings();
  const signedIn = await login(where, [], async ({ url }) => {
    const asked = new URL(url).searchParams;
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect(asked.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    // Somebody else's answer is not taken for the one that is waited for.
    expect((await fetch(`${asked.get('redirect_uri')}?code=x&state=forged`)).status).toBe(400);
    await browse(url, 'ana');
  });
  expect(signedIn.code, signedIn.stderr).toBe(0);
  expect(JSON.parse(signedIn.stdout)).toMatchObject({
    kind: 'Identity',
    person: 'ana@acme.test',
    profile: 'default',
  });
  expect(statSync(where.file).mode & 0o777).toBe(0o600);
  const { access_token: token } = JSON.parse(readFileSync(where.file, 'utf8')) as { access_token: string };
  expect(signedIn.stdout + signedIn.stderr).not.toContain(token);

  expect((await run(['profile', 'whoami', '--field', 'person'], where)).stdout).toBe('ana@acme.test\n');
  const database = operatorOf(await createTestDatabase());
  const { document: own } = await database.ask('person create ana@acme.test --name "Ana Ng"');
  const mine = { ...where, env: { ...where.env, ...database.env } };
  expect((await run(['person', 'show', '@me', '--field', 'id'], mine)).stdout).toBe(
    `${(own.after as { id: string }).id}\n`,
  );
  expect((await run(['profile', 'logout', '--dry-run'], where)).code).toBe(0);
  const out = await run(['profile', 'logout', '--json'], where);
  expect(JSON.parse(out.stdout)).toMatchObject({ kind: 'Change', op: 'delete' });
  expect(out.stderr).toBe('');
  expect((await run(['profile', 'whoami'], where)).code).toBe(4);
  expect((await run(['person', 'show', '@me'], mine)).code).toBe(4);
});

test('four commands refresh at once: one asks the provider, all keep working', async () => {
  const where = surroundings();
  await login(where, [], ({ url }) => browse(url, 'bo'));
  const before = provider.tokenCalls();
  const end = { expires_at: new Date(Date.now() + 1000).toISOString() };
  const stored = JSON.parse(readFileSync(where.file, 'utf8')) as Record<string, unknown>;
  writeFileSync(where.file, JSON.stringify({ ...stored, ...end }));
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => run(['profile', 'whoami', '--field', 'person'], where)),
  );
  expect(answers.map(({ stdout }) => stdout)).toEqual(Array(4).fill('bo@acme.test\n'));
  expect(provider.tokenCalls() - before).toBe(1);
  expect((await run(['profile', 'whoami'], where)).code).toBe(0);
});

test('by a code on another machine', async () => {
  const where = surroundings();
  const signedIn = await login(where, ['--device'], async ({ url, code = '' }) => {
    const page = await browse(url, 'cy', { user_code: code });
    expect(page).toBeTruthy();
  });
  expect(signedIn.code, signedIn.stderr).toBe(0);
  expect(JSON.parse(signedIn.stdout)).toMatchObject({ person: 'cy@acme.test' });
});

test('a file that others can read is refused', async () => {
  const where = surroundings();
  await login(where, [], ({ url }) => browse(url, 'di'));
  chmodSync(where.file, 0o644);
  const result = await run(['profile', 'whoami', '--json'], where);
  expect(errorEvent(result.stderr).code).toBe('CONFIG_PERMISSIONS');
});

test('T-I7 out works also when the provider is away', async () => {
  const away = await openRealProvider();
  const where = surroundings();
  const env = { ...where.env, DARTWING_OIDC_ISSUER: away.issuer };
  await login({ ...where, env }, [], ({ url }) => browse(url, 'ed'));
  await away.close();
  const out = await run(['profile', 'logout', '--json'], { ...where, env });
  expect(out.code).toBe(0);
  expect(out.stderr).toContain('LOGOUT_INCOMPLETE');
  expect((await run(['profile', 'whoami'], { ...where, env })).code).toBe(4);
  const again = await run(['profile', 'login', '--json'], { ...where, env });
  expect(errorEvent(again.stderr).code).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
  expect(again.code).toBe(7);
});
