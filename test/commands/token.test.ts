import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { errorEvent, run, temporaryFolder } from '../support/cli.js';
import { openTestDartwing } from '../support/database.js';
import { masterKey } from '../support/server.js';
import { json, openQuirkyServer, type QuirkyServer, rotatingTokens } from '../tokens/quirky-server.js';

// Each runs the program several times.
const timeout = 120_000;
let quirky: QuirkyServer;
let env: Record<string, string>;

beforeAll(async () => {
  const { dartwing, database } = await openTestDartwing();
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  quirky = await openQuirkyServer();
  env = {
    DARTWING_URL: database.url,
    DARTWING_MASTER_KEY: masterKey,
    DARTWING_ORG: 'acme',
    DARTWING_TOKEN_CLIENTS: JSON.stringify({
      quirky: { client_id: 'dartwing', client_secret: 'marker-client' },
    }),
    DARTWING_TOKEN_PRIVATE_HOSTS: quirky.host,
  };
});

it('connects with a key from stdin, shows it without its value, and wipes it', { timeout }, async () => {
  const connected = await run(['token', 'connect', 'telnyx', '--token-stdin', '--json'], {
    env,
    input: 'marker-key\n',
  });
  expect(connected.code, connected.stderr).toBe(0);
  const listed = await run(['integration', 'list', '--field', 'provider'], { env });
  expect(listed.stdout).toBe('telnyx\n');
  const shown = await run(['token', 'show', 'telnyx', '--json'], { env });
  expect(JSON.parse(shown.stdout)).toMatchObject({ kind: 'Token', secret: { sealed: true } });
  const unsure = await run(['token', 'disconnect', 'telnyx', '--reason', 'test', '--json'], { env });
  expect(errorEvent(unsure.stderr).code).toBe('CONFIRMATION_REQUIRED');
  const revoked = await run(['token', 'revoke', 'telnyx', '--reason', 'test', '--yes', '--json'], { env });
  expect(revoked.code, revoked.stderr).toBe(0);
  expect(JSON.parse(revoked.stdout)).toMatchObject({
    kind: 'Bulk',
    done: [{ ref: 'telnyx', provider: 'not_supported', local: 'wiped' }],
  });
  for (const { stdout, stderr } of [connected, listed, shown, unsure, revoked])
    expect(stdout + stderr).not.toContain('marker');
});

it('connects by device at a provider of a module, renews, looks, and tells what failed', {
  timeout,
}, async () => {
  const cwd = temporaryFolder();
  const entry = quirky.entry({
    device_url: `http://${quirky.host}/device`,
    health: { url: `http://${quirky.host}/me` },
  });
  writeFileSync(
    join(cwd, 'crm.mjs'),
    `export default ({ tokens }) => tokens.define('quirky', ${JSON.stringify(entry)});`,
  );
  const options = { cwd, env: { ...env, DARTWING_MODULES: join(cwd, 'crm.mjs') } };
  const tokens = rotatingTokens();
  quirky.answer = (request, response) => {
    if (request.path === '/device')
      return json(response, 200, {
        device_code: 'marker-device',
        user_code: 'WXYZ',
        verification_uri: `http://${quirky.host}/activate`,
        expires_in: 60,
        interval: 1,
      });
    if (request.path === '/me') return json(response, 200, {});
    return tokens.answer(request, response);
  };
  const connected = await run(['token', 'connect', 'quirky', '--device', '--json'], options);
  expect(connected.code, connected.stderr).toBe(0);
  expect(connected.stderr).toContain('"code":"WXYZ"');
  const healthy = await run(['token', 'health', '--all', '--check', '--json'], options);
  expect([healthy.code, JSON.parse(healthy.stdout).ok]).toEqual([0, true]);
  const renewed = await run(['token', 'refresh', 'quirky', 'nothing', '--json'], options);
  expect(renewed.code).toBe(8);
  expect(JSON.parse(renewed.stdout)).toMatchObject({
    summary: { done: 1, failed: 1 },
    failed: [{ ref: 'nothing', error: { code: 'INTEGRATION_NOT_FOUND' } }],
  });
  const providers = await run(['token', 'providers', '--json'], options);
  expect(JSON.parse(providers.stdout).total_count).toBeGreaterThan(45);
  for (const { stdout, stderr } of [connected, healthy, renewed, providers])
    expect(stdout + stderr).not.toContain('marker');
});

it('says what is wrong', { timeout }, async () => {
  for (const [line, code] of [
    [['token', 'connect', 'gogle'], 'PROVIDER_NOT_FOUND'],
    [['token', 'connect', 'google'], 'PROVIDER_CLIENT_MISSING'],
    [['token', 'refresh'], 'INPUT_REQUIRED'],
  ] as const) {
    const { code: exit, stderr } = await run([...line, '--json'], { env });
    expect([line, errorEvent(stderr).code, exit === 0]).toEqual([line, code, false]);
  }
  const broken = await run(['token', 'list', '--json'], {
    env: { ...env, DARTWING_TOKEN_CLIENTS: 'marker{' },
  });
  expect(errorEvent(broken.stderr).code).toBe('CONFIG_INVALID');
  expect(broken.stderr).not.toContain('marker{');
});
