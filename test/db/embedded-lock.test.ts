import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { withLock } from '../../src/core/db/embedded/lock.js';
import { birthOf } from '../../src/core/db/embedded/processes.js';
import { newFolder, useStage } from './embedded-stage.js';

useStage();

it('lets one in at a time, and everybody in the end', async () => {
  const lock = join(newFolder(), 'lock');
  let inside = 0;
  let most = 0;
  const turns = Array.from({ length: 20 }, () =>
    withLock(lock, async () => {
      most = Math.max(most, ++inside);
      await setTimeout(2);
      inside--;
      return 'done';
    }),
  );
  expect(await Promise.all(turns)).toEqual(Array(20).fill({ result: 'done' }));
  expect(most).toBe(1);
  expect(readdirSync(lock)).toEqual([]);
});

it('lets go when the act fails', async () => {
  const lock = join(newFolder(), 'lock');
  await expect(withLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withLock(lock, async () => 1)).toEqual({ result: 1 });
});

it('passes over claims of the dead, of reused pids and of nobody', async () => {
  const lock = join(newFolder(), 'lock');
  mkdirSync(lock);
  for (const stale of ['4194303.17.aa', `${process.pid}.17.bb`, 'nonsense'])
    writeFileSync(join(lock, stale), '');
  const turns = await Promise.all([withLock(lock, async () => 1), withLock(lock, async () => 2)]);
  expect(turns).toEqual([{ result: 1 }, { result: 2 }]);
  expect(readdirSync(lock)).toEqual([]);
});

it('gives up after its limit and names the process in its way', async () => {
  const lock = join(newFolder(), 'lock');
  mkdirSync(lock);
  writeFileSync(join(lock, `${process.ppid}.${birthOf(process.ppid)}.cc`), '');
  expect(await withLock(lock, async () => 1, 100)).toEqual({ holder: process.ppid });
});
