import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { precedes } from '../../src/commands/meta/registry.js';
import { schemas } from '../../src/commands/schemas/index.js';
import { packageVersion } from '../../src/core/package-root.js';
import { errorEvent, run } from '../support/cli.js';

/** A registry that gives one answer; what it was asked for. */
async function registry(
  status: number,
  body: string,
): Promise<{ env: Record<string, string>; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  return { env: { npm_config_registry: `http://127.0.0.1:${port}/npm` }, asked };
}

test.each([
  ['999.0.0', true],
  [packageVersion(), false],
  ['0.0.1', false],
])('version --check asks the registry of npm: %s there is newer: %s', async (version, outdated) => {
  const { env, asked } = await registry(200, JSON.stringify({ name: 'dartwing', version }));
  const { stdout, stderr, code } = await run(['version', '--check', '--json'], { env });
  expect({ code, stderr, asked }).toEqual({ code: 0, stderr: '', asked: ['/npm/dartwing/latest'] });
  const document: unknown = JSON.parse(stdout);
  expect(schemas.Version?.safeParse(document).error).toBeUndefined();
  expect(document).toMatchObject({ cli: packageVersion(), latest: version, outdated });
});

test('a person is told how to get the newer one', async () => {
  const { env } = await registry(200, JSON.stringify({ version: '999.0.0' }));
  const { stdout, stderr, code } = await run(['version', '--check'], { env });
  expect({ stdout, code }).toMatchObject({ stdout: expect.stringContaining('999.0.0 is there'), code: 0 });
  expect(stderr).toContain('npm install dartwing@999.0.0');
});

test('without --check nobody is asked', async () => {
  const { env, asked } = await registry(200, '{}');
  expect((await run(['version'], { env })).code).toBe(0);
  expect(asked).toEqual([]);
});

test.each([
  [404, '{}', 'no package of this name'],
  [500, '', 'answered 500'],
  [200, 'no json', 'names no version'],
  [200, '{"version":"1.0.0; rm -rf"}', 'names no version'],
  [200, ' '.repeat(2_000_000), 'longer than'],
])('an answer that is of no use (%i) is an error and no document', async (status, body, message) => {
  const { env } = await registry(status, body);
  const { stdout, stderr, code } = await run(['version', '--check', '--json'], { env });
  expect({ stdout, code }).toEqual({ stdout: '', code: 7 });
  expect(errorEvent(stderr)).toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  expect(errorEvent(stderr).message).toContain(message);
});

test.each([
  ['http://127.0.0.1:9/', 'REGISTRY_UNAVAILABLE', 7],
  ['ftp://registry.test/', 'CONFIG_INVALID', 2],
  ['http://ana:secret@registry.test/', 'CONFIG_INVALID', 2],
])('a registry at %s is an error with its fix', async (address, expected, exit) => {
  const { stdout, stderr, code } = await run(['version', '--check', '--json'], {
    env: { npm_config_registry: address },
  });
  expect({ stdout, code }).toEqual({ stdout: '', code: exit });
  expect(errorEvent(stderr).code).toBe(expected);
  expect(stderr).not.toContain('secret');
});

describe('versions', () => {
  test.each([
    ['0.1.0', '0.2.0', true],
    ['0.10.0', '0.9.9', false],
    ['1.0.0-rc.2', '1.0.0', true],
    ['1.0.0', '1.0.0-rc.2', false],
    ['1.0.0-rc.2', '1.0.0-rc.10', true],
    ['1.0.0+a', '1.0.0+b', false],
  ])('%s precedes %s: %s', (one, two, expected) => expect(precedes(one, two)).toBe(expected));
});
