import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { errorEvent, program, run } from '../support/cli.js';
import { createTestDatabase } from '../support/database.js';
import { masterKey } from '../support/server.js';

const database = await createTestDatabase();
const env = { DATABASE_URL: database.url, DARTWING_MASTER_KEY: masterKey };

test('serve answers, api asks it with the exit codes of refusals, and SIGTERM ends it', async () => {
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', '--json'], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, HOME: tmpdir(), ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  try {
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const { kind, url } = JSON.parse(line) as { kind: string; url: string };
    expect(kind).toBe('ServerReady');
    const api = (...words: string[]) => run(['api', ...words, '--url', url, '--json']);
    const found = await api('GET', '/openapi.json');
    expect([found.code, JSON.parse(found.stdout).openapi]).toEqual([0, '3.1.0']);
    const refused = await api('GET', '/v1/organizations');
    expect([refused.code, errorEvent(refused.stderr).code]).toEqual([4, 'UNAUTHENTICATED']);
    const missing = await api('GET', '/nothing');
    expect([missing.code, errorEvent(missing.stderr).code]).toEqual([3, 'ROUTE_NOT_FOUND']);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await ended).toEqual([143, null]);
});

test('api without a server, and with a wrong line, says what to do', async () => {
  const nowhere = await run(['api', 'GET', '/v1/roles', '--url', 'http://127.0.0.1:9', '--json']);
  expect([nowhere.code, errorEvent(nowhere.stderr).code]).toEqual([7, 'SERVER_UNREACHABLE']);
  const plain = await run(['api', 'GET', 'v1/roles', '--url', 'http://127.0.0.1:9', '--json']);
  expect([plain.code, errorEvent(plain.stderr).code]).toEqual([2, 'VALIDATION_ERROR']);
  const half = await run(['serve', '--tls-cert', 'cert.pem', '--json'], { env });
  expect([half.code, errorEvent(half.stderr).code]).toEqual([2, 'VALIDATION_ERROR']);
});
