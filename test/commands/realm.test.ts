import { expect, test } from 'vitest';
import { checkRealm, type Realm } from '../../src/commands/profile/realm-check.js';
import { schemas } from '../../src/commands/schemas/index.js';
import { run } from '../support/cli.js';

test('prints the realm for other addresses, which passes its own check; auth is another name of profile', async () => {
  const args = ['--name', 'clinic-prod', '--app', 'https://app.acme.test', '--api', 'https://api.acme.test/'];
  const printed = await run(['auth', 'realm', 'export', ...args]);
  const realm = JSON.parse(printed.stdout);
  expect(realm).toMatchObject({ realm: 'clinic-prod', displayName: 'clinic-prod' });
  expect(printed.stdout).not.toContain('dartwing.io/v1');
  expect(printed.stdout).toContain('https://api.acme.test/v1/auth/callback');
  const checked = await run(['profile', 'realm', 'verify', '-f', '-', '--json'], {
    input: `[${printed.stdout}]`,
  });
  expect(checked.code, checked.stderr).toBe(0);
  expect(schemas.Report!.parse(JSON.parse(checked.stdout))).toMatchObject({ ok: true, findings: [] });
  const loose = JSON.stringify({ ...realm, bruteForceProtected: false });
  const found = await run(['profile', 'realm', 'verify', '-f', '-'], { input: loose });
  expect([found.code, found.stdout]).toEqual([
    6,
    expect.stringContaining('bruteForceProtected is false, not true'),
  ]);
  for (const [bad, stdin] of [
    [['verify'], ''],
    [['verify', '-f', '-'], '{}'],
    [['verify', '-f', '-'], 'no json'],
    [['export', '--api', 'javascript:x'], ''],
    [['export', '--name', 'a/b'], ''],
    [['import'], ''],
  ] as const)
    expect([bad, (await run(['profile', 'realm', ...bad], { input: stdin })).code]).toEqual([bad, 2]);
});

test('finds what is looser and nothing in what is stricter', async () => {
  const shipped = JSON.parse((await run(['profile', 'realm', 'export'])).stdout) as Realm;
  const verdict = (changes: Realm) =>
    checkRealm({ ...structuredClone(shipped), ...changes }, shipped).findings.map(({ id }) => id);
  expect(verdict({ accessTokenLifespan: 60, failureFactor: 3, passwordPolicy: 'length(16)' })).toEqual([]);
  expect(verdict({ accessTokenLifespan: 3_600 })).toEqual(['realm.accessTokenLifespan']);
  expect(verdict({ passwordPolicy: 'length(8)' })).toEqual(['realm.passwordPolicy']);
  expect(verdict({ revokeRefreshToken: undefined })).toEqual(['realm.revokeRefreshToken']);
  expect(verdict({ clientScopes: [] })).toEqual(['scope.audience', 'scope.groups']);
  const [web] = shipped.clients!.filter(({ clientId }) => clientId === 'dartwing-web');
  expect(verdict({ clients: [{ ...web, directAccessGrantsEnabled: true, attributes: {} }] })).toEqual([
    'client.dartwing-web.directAccessGrantsEnabled',
    'client.dartwing-web.pkce',
    'client.dartwing-cli',
  ]);
});
