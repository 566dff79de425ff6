/** Hosts of others with dartwing in them; the examples and the lines of the README are run as they stand. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import express from 'express';
import { afterAll, expect, it } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { createServer } from '../../src/server/index.js';
import { openWorld } from './world.js';

const world = openWorld();
const root = fileURLToPath(new URL('../..', import.meta.url));
const examples = readdirSync(join(root, 'examples')).filter((name) => name.startsWith('embed-'));
const folder = mkdtempSync(join(root, 'node_modules/.examples-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Host {
  url: string;
  stop(): Promise<unknown>;
}

/** An example as a program would load it; what it takes from dartwing comes from the sources. */
async function load(name: string): Promise<{ start(dartwing: Dartwing): Promise<Host> }> {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(root, 'examples', name, 'server.js')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    alias: {},
    plugins: [
      {
        name: 'sources',
        setup: (builder) => {
          builder.onResolve({ filter: /^dartwing\/server$/ }, () => ({
            path: join(root, 'src/server/index.ts'),
          }));
        },
      },
    ],
    logLevel: 'silent',
  });
  return import(outfile);
}

it('has an example for each host', () => {
  expect(examples).toEqual(['embed-express', 'embed-fastify', 'embed-hono', 'embed-node']);
});

it.each(examples)('%s serves beside its host, bodies included', async (name) => {
  const { start } = await load(name);
  const host = await start(world.dartwing);
  try {
    const at = (path: string, init: RequestInit = {}) =>
      fetch(`${host.url}${path}`, {
        ...init,
        headers: { authorization: world.ana.authorization, 'content-type': 'application/json' },
      });
    expect(await (await at('/')).text()).toBe('the host');
    expect((await at('/dartwing/health/ready')).status).toBe(200);
    const made = await at('/dartwing/v1/organizations/acme/equipment', {
      method: 'POST',
      body: JSON.stringify({ equipment_name: `Made in ${name}` }),
    });
    expect([made.status, ((await made.json()) as { data: object }).data]).toEqual([
      201,
      expect.objectContaining({ equipment_name: `Made in ${name}` }),
    ]);
    expect((await at('/dartwing/nothing')).status).toBe(404);
    expect(((await (await at('/dartwing/openapi.json')).json()) as { openapi: string }).openapi).toBe(
      '3.1.0',
    );
  } finally {
    await host.stop();
  }
});

it('is mounted by the three lines of the README', async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const lines = /```js\n(import \{ createServer \}[\s\S]*?)```/.exec(readme)![1]!.trim().split('\n');
  expect(lines).toHaveLength(3);
  const app = express();
  const body = lines.slice(1).join('\n');
  new Function('createServer', 'dartwing', 'app', body)(createServer, world.dartwing, app);
  const host = await new Promise<ReturnType<typeof app.listen>>((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server));
  });
  const { port } = host.address() as { port: number };
  expect((await fetch(`http://127.0.0.1:${port}/dartwing/health/live`)).status).toBe(200);
  await new Promise((resolve) => host.close(resolve));
});

it('lets running requests finish when it stops, and takes no more', async () => {
  const listening = await createServer(world.dartwing).listen({ port: 0 });
  const lock = await world.database.admin.query('begin; lock table role_template in access exclusive mode');
  expect(lock).toBeDefined();
  const running = fetch(`${listening.url}/v1/roles`, { headers: { authorization: world.ana.authorization } });
  await expect
    .poll(async () => {
      const { rows } = await world.database.admin.query('select from pg_locks where not granted');
      return rows.length;
    })
    .toBeGreaterThan(0);
  const closing = listening.close();
  await expect(fetch(`${listening.url}/health/live`)).rejects.toThrow();
  await world.database.admin.query('commit');
  expect((await running).status).toBe(200);
  await closing;
});

it('says what is wrong with a request that nobody can read', async () => {
  const listening = await createServer(world.dartwing).listen({ port: 0 });
  const say = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(listening.port, '127.0.0.1', () => socket.write(text));
      let heard = '';
      socket.setEncoding('utf8').on('data', (part: string) => {
        heard += part;
      });
      socket.once('close', () => resolve(heard)).once('error', reject);
    });
  const huge = await say(
    `GET /v1/roles HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${'a'.repeat(70_000)}\r\n\r\n`,
  );
  expect(huge).toMatch(/^HTTP\/1\.1 431 /);
  expect(JSON.parse(huge.split('\r\n\r\n')[1]!)).toMatchObject({
    error: { code: 'HEADERS_TOO_LARGE' },
    request_id: expect.stringMatching(/^req_/),
  });
  const odd = await say('HELLO\r\n\r\n');
  expect(odd).toMatch(/^HTTP\/1\.1 400 /);
  expect(odd).toContain('"REQUEST_MALFORMED"');
  expect((await fetch(`${listening.url}/health/live`)).status).toBe(200);
  await listening.close();
});

it('speaks TLS 1.3 and nothing older where it has a certificate', async () => {
  const place = mkdtempSync(join(tmpdir(), 'dartwing-tls-'));
  const [key, cert] = [join(place, 'key.pem'), join(place, 'cert.pem')];
  const words = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '1',
  ];
  execFileSync('openssl', [...words, '-subj', '/CN=localhost', '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  const tls = { cert: readFileSync(cert), key: readFileSync(key) };
  rmSync(place, { recursive: true });
  const listening = await createServer(world.dartwing).listen({ port: 0, tls });
  const ask = (maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
    new Promise<number | string>((resolve) => {
      const options = { ca: tls.cert, servername: 'localhost', maxVersion };
      request(`${listening.url}/health/live`, options, (response) => {
        response.resume().on('end', () => resolve(response.statusCode!));
      })
        .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
        .end();
    });
  expect(await ask('TLSv1.3')).toBe(200);
  expect(await ask('TLSv1.2')).toBe('EPROTO');
  await listening.close();
  await expect(
    createServer(world.dartwing).listen({ port: 0, tls: { cert: 'x', key: 'y' } }),
  ).rejects.toMatchObject({
    code: 'VALIDATION_ERROR',
  });
});

it('T-G1 answers 200 while its database does, and 503 when it does not', async () => {
  const fresh = createServer(world.dartwing);
  const ask = async (path: string) => (await fresh.fetch(new Request(`http://dartwing.test${path}`))).status;
  expect([await ask('/health/live'), await ask('/health/ready')]).toEqual([200, 200]);
  await world.database.admin.query('alter table organization disable row level security');
  const other = createServer(world.dartwing);
  const ready = await other.fetch(new Request('http://dartwing.test/health/ready'));
  await world.database.admin.query('alter table organization enable row level security');
  expect(ready.status).toBe(503);
  expect((await other.fetch(new Request('http://dartwing.test/health/live'))).status).toBe(200);
});

it('shows the reference from its own files, within a policy that allows no others', async () => {
  const page = await world.nobody.get('/reference');
  expect(page.status).toBe(200);
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
  expect(page.text).not.toMatch(/https?:\/\//);
  expect((await world.nobody.get('/reference/start.js')).text).toContain("url: 'openapi.json'");
});
