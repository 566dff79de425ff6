import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { program } from '../support/cli.js';
import { masterKey } from '../support/server.js';
import { openKeyWorld, putPin, putPins, readPin } from './world.js';

const long = process.env.DARTWING_LONG !== undefined;
const count = long ? 100_000 : 1_500;
const readsPerSecond = 50;
const writesPerSecond = 20;

interface Progress {
  type: string;
  done: number;
  total: number;
  per_second: number | null;
  eta_ms: number | null;
}

it('a rotation at a desk is killed under load and goes on; no read fails, and a proof stands at the end', {
  timeout: 900_000,
}, async () => {
  const world = await openKeyWorld();
  const { acme, dartwing, database } = world;
  const ids = await putPins(world, acme, count);
  const line = ['key', 'rotate', '--org', 'acme', '--purpose', 'fax', '--reseal', '--rate'];
  line.push(long ? '20000/s' : '3000/s', '--reason', 'load', '--yes', '--json');
  const env = {
    PATH: process.env.PATH ?? '',
    DARTWING_URL: database.url,
    DARTWING_MASTER_KEY: masterKey,
  };
  /** Runs the line, until it ends or something has been said that is enough. */
  const rotate = async (isEnough: (progress: Progress) => boolean) => {
    const running = spawn(process.execPath, [program, ...line], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(running, 'close');
    const said: Progress[] = [];
    let stdout = '';
    running.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    for await (const event of createInterface({ input: running.stderr })) {
      const progress = JSON.parse(event) as Progress;
      if (progress.type !== 'progress') continue;
      said.push(progress);
      if (isEnough(progress)) running.kill('SIGKILL');
    }
    const [code, signal] = (await ended) as [number | null, string | null];
    return { code, signal, said, stdout };
  };

  const failures: unknown[] = [];
  const written = new Map<string, string>();
  const busy = new Set<Promise<unknown>>();
  let reads = 0;
  let writes = 0;
  const every = (perSecond: number, work: () => Promise<void>) =>
    setInterval(() => {
      const running = work()
        .catch((error: unknown) => failures.push(error))
        .finally(() => busy.delete(running));
      busy.add(running);
    }, 1_000 / perSecond);
  const timers = [
    every(readsPerSecond, async () => {
      reads += 1;
      const id = ids[(reads * 7_919) % count]!;
      const pin = await readPin(world, acme, id);
      if (pin !== `pin of ${id}` && !pin.startsWith('new ')) failures.push([id, pin]);
    }),
    every(writesPerSecond, async () => {
      writes += 1;
      const text = `new ${writes}`;
      // Each row once, so that it is clear which text is the last.
      const id = ids[writes]!;
      await putPin(world, acme, text, id);
      written.set(id, text);
    }),
  ];
  const killed = await rotate(({ done }) => done >= count / 4);
  const resumed = await rotate(() => false);
  for (const timer of timers) clearInterval(timer);
  await Promise.all(busy);

  expect(failures).toEqual([]);
  expect(reads).toBeGreaterThan(10);
  expect(killed).toMatchObject({ code: null, signal: 'SIGKILL', stdout: '' });
  expect(resumed.code).toBe(0);
  const doneBefore = killed.said.at(-1)!.done;
  expect(resumed.said[0]!.done).toBeGreaterThanOrEqual(doneBefore);
  const { result } = JSON.parse(resumed.stdout);
  const [rotation] = result.rotations;
  expect(rotation).toMatchObject({ state: 'done', resumed: true });
  expect(rotation.proof.map((line_: { count: number }) => line_.count)).toEqual(
    Array(rotation.proof.length).fill(0),
  );
  const { rows } = await database.admin.query(
    'select sealed_key(pin) as key, count(*)::int as count from fax_line where organization = $1 group by 1',
    [acme],
  );
  expect(rows).toEqual([{ key: result.new_key, count }]);
  for (const [id, text] of written) expect(await readPin(world, acme, id)).toBe(text);
  expect(await dartwing.keys.verify({ organization: acme, samples: 2_000 })).toMatchObject({ findings: [] });
  if (!long) return;
  const shown = resumed.said.filter(({ eta_ms: eta }) => eta !== null);
  expect(shown.length).toBeGreaterThan(2);
  const speeds = shown.map(({ per_second: speed, eta_ms: eta }) => `${speed}/s (ETA ${eta} ms)`);
  process.stdout.write(`${reads} reads, ${writes} writes, killed at ${doneBefore}; ${speeds.join(', ')}\n`);
});
