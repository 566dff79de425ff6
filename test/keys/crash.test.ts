import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, it } from 'vitest';
import { testOptions } from '../support/database.js';
import { bundleChild } from '../support/killed.js';
import { type KeyWorld, openKeyWorld, putPin, readPin } from './world.js';

const values = 3;
let world: KeyWorld;
let bundle = '';

beforeAll(async () => {
  world = await openKeyWorld();
  const { file, remove } = await bundleChild(new URL('./rotation-child.ts', import.meta.url));
  bundle = file;
  return remove;
});

/** Runs the child; undefined when it was killed, else how many transactions it committed. */
async function rotateInChild(commit: number, when: 'before' | 'after'): Promise<number | undefined> {
  const child = spawn(process.execPath, [bundle], { stdio: ['pipe', 'pipe', 'inherit'] });
  const task = { options: testOptions(world.database), organization: world.acme, commit, when };
  child.stdin.end(JSON.stringify(task));
  const [said, [, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (signal === 'SIGKILL') return undefined;
  expect(said).not.toBe('');
  return Number(said);
}

it('is killed before and after each of its commits, loses no value and is finished by the next run', {
  timeout: 120_000,
}, async () => {
  const { acme, dartwing } = world;
  const pins = new Map<string, string>();
  for (let index = 0; index < values; index += 1)
    pins.set(await putPin(world, acme, `pin ${index}`), `pin ${index}`);
  const commits = (await rotateInChild(0, 'before'))!;
  // Look-up, switch, a page of each column, count and end: the test enumerates what there is.
  expect(commits).toBeGreaterThanOrEqual(5);
  for (let commit = 1; commit <= commits; commit += 1) {
    // Before the n-th and after the one before it the database is the same.
    const when = commit === commits || process.env.DARTWING_LONG !== undefined ? 'after' : 'before';
    const open = await world.database.admin.query("select from key_rotation where state = 'resealing'");
    expect(open.rowCount).toBe(0);
    expect(await rotateInChild(commit, when), `commit ${commit}`).toBeUndefined();
    for (const [id, pin] of pins) expect(await readPin(world, acme, id)).toBe(pin);
    const versions = (await dartwing.keys.list({ organization: acme })).items.length;
    const began =
      (await world.database.admin.query("select from key_rotation where state = 'resealing'")).rowCount === 1;
    const { done } = await dartwing.keys.rotate(
      { organization: acme, purpose: 'fax', reseal: true },
      { reason: 'after the crash' },
    );
    expect(done).toMatchObject([{ state: 'done', resumed: began }]);
    const { items } = await dartwing.keys.list({ organization: acme });
    expect(items).toHaveLength(versions + (began ? 0 : 1));
    expect(items.filter(({ sealed }) => sealed! > 0)).toMatchObject([{ state: 'active', sealed: values }]);
    for (const [id, pin] of pins) expect(await readPin(world, acme, id)).toBe(pin);
  }
  expect((await dartwing.audit.verify({ organizations: [acme] })).ok).toBe(true);
});
