/** The realm that docs/keycloak.md describes has the figures of the requirements (§7.3). */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { limits } from '../../src/core/limits.js';

const file = new URL('../../templates/keycloak/realm-dartwing-dev.json', import.meta.url);
const realm = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown> & {
  clients: { clientId: string; publicClient: boolean; directAccessGrantsEnabled: boolean; secret?: string }[];
};

test('lives, waits and passwords', () => {
  expect(realm).toMatchObject({
    accessTokenLifespan: 300,
    accessCodeLifespan: 60,
    ssoSessionIdleTimeout: limits.sessionIdleMs / 1000,
    ssoSessionMaxLifespan: limits.sessionMs / 1000,
    offlineSessionIdleTimeout: 2_592_000,
    revokeRefreshToken: true,
    refreshTokenMaxReuse: 0,
    bruteForceProtected: true,
    permanentLockout: false,
    failureFactor: limits.signInFailuresMax,
    waitIncrementSeconds: limits.signInWaitMs / 1000,
    maxFailureWaitSeconds: limits.signInWaitMsMax / 1000,
    quickLoginCheckMilliSeconds: limits.signInQuickMs,
    minimumQuickLoginWaitSeconds: 60,
    maxDeltaTimeSeconds: limits.signInMemoryMs / 1000,
    registrationEmailAsUsername: true,
    verifyEmail: true,
    duplicateEmailsAllowed: false,
    sslRequired: 'external',
  });
  expect(realm.passwordPolicy).toContain('length(12)');
});

test('T-I1 clients without password grant, all with PKCE and S256, and no secret in the file', () => {
  expect(realm.clients.map(({ clientId }) => clientId)).toEqual([
    'dartwing-mobile',
    'dartwing-web',
    'dartwing-cli',
    'frappe-backend',
  ]);
  for (const client of realm.clients) {
    expect(client).toMatchObject({
      directAccessGrantsEnabled: false,
      attributes: { 'pkce.code.challenge.method': 'S256' },
    });
    expect(client.secret).toBeUndefined();
  }
});
