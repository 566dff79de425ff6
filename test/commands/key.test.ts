import { statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type KeyWorld, openKeyWorld, putPin, readPin } from '../keys/world.js';
import { errorEvent, run, temporaryFolder } from '../support/cli.js';
import { masterKey } from '../support/server.js';

let world: KeyWorld;
let env: Record<string, string>;

beforeAll(async () => {
  world = await openKeyWorld();
  env = { DARTWING_URL: world.database.url, DARTWING_MASTER_KEY: masterKey };
});

it('makes a master key that only its owner reads, and never overwrites one', async () => {
  const cwd = temporaryFolder();
  const line = ['key', 'generate', '--out-file', 'master.key', '--json'];
  expect((await run(line, { cwd })).code).toBe(0);
  expect(statSync(join(cwd, 'master.key')).mode & 0o777).toBe(0o600);
  const again = await run(line, { cwd });
  expect(again.code).toBe(2);
  expect(errorEvent(again.stderr).code).toBe('BAD_FILE');
});

it('rotates, reseals and proves, verifies, and erases only when the name is typed', async () => {
  const { acme } = world;
  const id = await putPin(world, acme, '4711');
  const rotated = await run(
    ['key', 'rotate', '--org', 'acme', '--reseal', '--reason', 'test', '--yes', '--json'],
    { env },
  );
  expect(rotated.code, rotated.stderr).toBe(0);
  const { state, result } = JSON.parse(rotated.stdout);
  expect(state).toBe('completed');
  expect(result).toMatchObject({ resealed: 1, rotations: [{ state: 'done', organization: acme }] });
  expect(await readPin(world, acme, id)).toBe('4711');
  const verified = await run(['keys', 'verify', '--all', '--json'], { env });
  expect(verified.code).toBe(0);
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, findings: [], summary: { pass: 1 } });
  const erase = ['key', 'destroy', '--org', 'acme', '--erase', '--reason', 'test', '--json'];
  const unsure = await run([...erase, '--yes'], { env });
  expect(errorEvent(unsure.stderr).code).toBe('CONFIRMATION_REQUIRED');
  const erased = await run([...erase, '--confirm', 'acme'], { env });
  expect(JSON.parse(erased.stdout)).toMatchObject({ kind: 'Bulk', summary: { done: 2, failed: 0 } });
});
