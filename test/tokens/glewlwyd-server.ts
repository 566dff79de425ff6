/**
 * Glewlwyd, an authorization server that shares no code with the one in authorization-server.ts: another language,
 * other answers and other errors. Debian has it as a package.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProviderInput } from '../../src/core/tokens/index.js';
import { installed } from '../support/cli.js';
import { atEnd } from '../support/ending.js';
import { freePort } from '../support/port.js';
import { callback, client } from './authorization-server.js';

const schema = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3';
const letters = 'letters';
/** As its package sets it up. */
const person = { username: 'admin', password: 'password' };

/** Whether this machine has all that it takes. */
export const hasGlewlwyd = installed('glewlwyd') && installed('sqlite3') && existsSync(schema);

export interface Glewlwyd {
  host: string;
  entry: ProviderInput;
  /** Somebody at a browser who has signed in and agreed: where the server sends them back to. */
  walk(authorizeUrl: string): Promise<URL>;
}

/** Refresh tokens work once, and a second use of one ends the grant. */
export async function openGlewlwyd(): Promise<Glewlwyd> {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-glewlwyd-'));
  const database = join(folder, 'glewlwyd.db');
  execFileSync('sqlite3', ['-cmd', `.read ${schema}`, database, '.quit'], { stdio: 'ignore' });
  const running = spawn('glewlwyd', ['-e'], { env: settings(port, host, database), stdio: 'ignore' });
  atEnd(async () => {
    const gone = once(running, 'exit');
    running.kill('SIGTERM');
    await gone;
    rmSync(folder, { recursive: true });
  });
  await untilItAnswers(`http://${host}/config`);
  let cookie = '';
  const ask = async (method: string, path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json', cookie };
    const answer = await fetch(`http://${host}/api${path}`, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const signedIn = await ask('POST', '/auth/', person);
  cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
  await ask('POST', '/mod/plugin/', pluginOf(host));
  await ask('POST', '/client/', clientDocument);
  // Not `openid`: there it asks for a nonce, which OpenID Connect leaves to the client in this flow.
  await ask('POST', '/scope/', { name: letters, display_name: letters, description: letters });
  const scope = ['g_admin', 'g_profile', letters];
  await ask('PUT', `/user/${person.username}`, { name: 'Ana', enabled: true, scope });
  await ask('PUT', `/auth/grant/${client.clientId}/`, { scope: letters });
  return {
    host,
    entry: entryOf(host),
    walk: async (authorizeUrl) => {
      // What its page adds when somebody has read it.
      const answer = await fetch(`${authorizeUrl}&g_continue`, { headers: { cookie }, redirect: 'manual' });
      const to = new URL(answer.headers.get('location') ?? '', authorizeUrl);
      if (!to.href.startsWith(callback)) throw new Error(`sent to ${to}: ${await answer.text()}`);
      return to;
    },
  };
}

const clientDocument = {
  client_id: client.clientId,
  name: 'Test Suite',
  enabled: true,
  confidential: true,
  client_secret: client.clientSecret,
  password: client.clientSecret,
  redirect_uri: [callback],
  authorization_type: ['code', 'refresh_token'],
  token_endpoint_auth_method: ['client_secret_basic'],
  scope: [],
  source: 'database',
};

function pluginOf(host: string) {
  const parameters = {
    iss: `http://${host}/api/oidc`,
    'jwt-type': 'sha',
    'jwt-key-size': '256',
    key: 'signs the tokens of this test only',
    'access-token-duration': 3_600,
    'refresh-token-duration': 86_400,
    'code-duration': 60,
    'refresh-token-rolling': true,
    'refresh-token-one-use': 'always',
    'allow-non-oidc': true,
    'auth-type-code-enabled': true,
    'auth-type-code-revoke-replayed': true,
    'auth-type-refresh-enabled': true,
    'pkce-allowed': true,
    'pkce-required': true,
    'pkce-method-plain-allowed': false,
    'introspection-revocation-allowed': true,
    'introspection-revocation-allow-target-client': true,
  };
  return { module: 'oidc', name: 'oidc', display_name: 'OpenID Connect', parameters };
}

function entryOf(host: string): ProviderInput {
  const at = `http://${host}/api/oidc`;
  return {
    title: 'Glewlwyd',
    category: 'automation',
    tier: 'free',
    auth: 'oauth2',
    authorize_url: `${at}/auth`,
    token_url: `${at}/token`,
    revoke_url: `${at}/revoke`,
    // It takes id and secret as they are, where RFC 6749 wants them encoded.
    token_auth: 'basic_raw',
    scopes: [letters],
    refresh: { rotates: 'always', single_use: true },
    health: { url: `${at}/userinfo` },
    hosts: [host],
    docs: 'https://babelouest.github.io/glewlwyd/',
  };
}

function settings(port: number, host: string, database: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    GLWD_BIND_ADDRESS: '127.0.0.1',
    GLWD_PORT: String(port),
    GLWD_EXTERNAL_URL: `http://${host}`,
    GLWD_LOGIN_URL: 'login.html',
    GLWD_API_PREFIX: 'api',
    GLWD_LOG_MODE: 'console',
    GLWD_LOG_LEVEL: 'ERROR',
    GLWD_COOKIE_SECURE: '0',
    GLWD_ADMIN_SESSION_AUTH: 'cookie',
    GLWD_PROFILE_SESSION_AUTH: 'cookie',
    GLWD_ADMIN_SCOPE: 'g_admin',
    GLWD_PROFILE_SCOPE: 'g_profile',
    GLWD_HASH_ALGORITHM: 'SHA512',
    GLWD_SESSION_KEY: 'session',
    GLWD_USER_MODULE_PATH: '/usr/lib/glewlwyd/user',
    GLWD_CLIENT_MODULE_PATH: '/usr/lib/glewlwyd/client',
    GLWD_AUTH_SCHEME_MODULE_PATH: '/usr/lib/glewlwyd/scheme',
    GLWD_PLUGIN_MODULE_PATH: '/usr/lib/glewlwyd/plugin',
    GLWD_DATABASE_TYPE: 'sqlite3',
    GLWD_DATABASE_SQLITE3_PATH: database,
  };
}

async function untilItAnswers(url: string): Promise<void> {
  for (let tries = 100; ; tries -= 1) {
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    if (tries === 0) throw new Error('glewlwyd does not answer');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
