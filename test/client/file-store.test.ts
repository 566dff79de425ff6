import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { fileStore } from '../../src/client/file-store.js';
import type { StoreChange } from '../../src/client/index.js';
import { open } from './scripted.js';

function file(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-client-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'store.log');
}

const records = async (path: string) => {
  const store = await fileStore(path);
  const all = [...(await store.load())];
  await store.close();
  return Object.fromEntries(all);
};

test('whatever byte a crash cut the file at, whole batches are there and half ones are not', async () => {
  const path = file();
  const store = await fileStore(path);
  const ends = [0];
  for (let batch = 1; batch <= 4; batch++) {
    await store.commit([
      ['a', batch],
      [`b${batch}`, 'ü'.repeat(batch)],
    ]);
    ends.push(readFileSync(path).length);
  }
  await store.close();
  const whole = readFileSync(path);
  for (let length = 0; length <= whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    const batches = ends.filter((end) => end <= length).length - 1;
    const kept = await records(path);
    expect(kept.a).toBe(batches === 0 ? undefined : batches);
    expect(Object.keys(kept)).toHaveLength(batches === 0 ? 0 : batches + 1);
  }
});

test('damage in the middle is refused, not skipped', async () => {
  const path = file();
  const store = await fileStore(path);
  for (let batch = 0; batch < 3; batch++) await store.commit([['a', batch]]);
  await store.close();
  const bytes = readFileSync(path);
  bytes[15] = bytes[15]! ^ 1;
  writeFileSync(path, bytes);
  await expect(fileStore(path)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
});

test('what follows a torn line is written over it', async () => {
  const path = file();
  const store = await fileStore(path);
  await store.commit([['a', 1]]);
  await store.close();
  appendFileSync(path, '0000 torn');
  const again = await fileStore(path);
  await again.commit([['b', 2]]);
  await again.close();
  expect(await records(path)).toEqual({ a: 1, b: 2 });
});

test('one process at a time; the lock of a dead one does not hold', async () => {
  const path = file();
  const store = await fileStore(path);
  await expect(fileStore(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  await store.close();
  writeFileSync(`${path}.lock`, '999999999');
  const after = await fileStore(path);
  await after.close();
  writeFileSync(`${path}.lock`, String(process.ppid));
  await expect(fileStore(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
});

test('holds what a map holds, through rewriting and reopening', async () => {
  const change = fc.tuple(
    fc.constantFrom('a', 'b', 'c'),
    fc.option(fc.string({ maxLength: 5 }), { nil: undefined }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 6 }), async (batches) => {
      const path = join(mkdtempSync(join(tmpdir(), 'dartwing-client-')), 'store.log');
      const expected = new Map<string, unknown>();
      let store = await fileStore(path);
      for (const batch of batches) {
        await store.commit(batch as StoreChange[]);
        for (const [key, value] of batch)
          value === undefined ? expected.delete(key) : expected.set(key, value);
        if (batch.length === 2) {
          await store.close();
          store = await fileStore(path);
        }
      }
      await store.close();
      expect(await records(path)).toEqual(Object.fromEntries(expected));
      rmSync(join(path, '..'), { recursive: true });
    }),
    { numRuns: 20 },
  );
});

test('the log is written anew when it has grown, and erasing leaves nothing to read', async () => {
  const path = file();
  const store = await fileStore(path);
  const text = 'secret '.repeat(40_000);
  for (let time = 0; time < 6; time++) await store.commit([['a', `${time} ${text}`]]);
  expect(readFileSync(path).length).toBeLessThan(4 * text.length);
  await store.erase();
  expect(readFileSync(path, 'utf8')).not.toContain('secret');
  await store.close();
  expect(await records(path)).toEqual({});
});

test('edits of a client are there after a restart, in their order', async () => {
  const path = file();
  const first = await open({ store: await fileStore(path) });
  const name = await first.client.insert('Note', { title: 'a' });
  await first.client.update('Note', name, { title: 'b' });
  await first.client.close();
  truncateSync(path, readFileSync(path).length);
  const second = await open({ store: await fileStore(path), first: false });
  expect(second.client.get('Note', name)).toMatchObject({ data: { title: 'b' } });
  expect(second.client.queue().map(({ op }) => op)).toEqual(['insert', 'update']);
  await second.client.close();
});
