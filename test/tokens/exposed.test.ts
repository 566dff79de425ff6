/** What somebody finds who looks at a process from outside: its arguments, its report, what it says, and what is left of it. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { testOptions } from '../support/database.js';
import { bundleChild } from '../support/killed.js';
import { openTokenWorld } from './world.js';

it('T-K11 leaves none of 100 markers in ps, in a report of the process or in what it says', {
  timeout: 60_000,
}, async () => {
  const world = await openTokenWorld({});
  const child = await bundleChild(new URL('./exposed-child.ts', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-exposed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [report, heap] = [join(folder, 'report.json'), join(folder, 'heap.heapsnapshot')];
  const secrets = Array.from({ length: 100 }, (_, index) => `exposed-marker-${index}-${'x'.repeat(20)}`);
  const running = spawn(process.execPath, ['--expose-gc', child.file], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [running.stdout, running.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const ended = once(running, 'exit');
  const lines = createInterface({ input: running.stdout });
  running.stdin.write(`${JSON.stringify({ options: testOptions(world.database), secrets, report, heap })}\n`);
  expect(await once(lines, 'line')).toEqual(['used']);
  const seen = execFileSync('ps', ['axeww'], { encoding: 'utf8', maxBuffer: 64_000_000 });
  running.stdin.end('on\n');
  expect(await ended).toEqual([0, null]);
  child.remove();
  expect(seen).toContain(child.file);
  expect(seen).not.toContain('exposed-marker');
  expect(readFileSync(report, 'utf8')).not.toContain('exposed-marker');
  expect(said).toContain('needs a user name');
  expect(said).not.toContain('exposed-marker');
  // A process that uses a token has it in memory; one that closed has let go of all.
  const left = readFileSync(heap, 'utf8');
  expect(left.length).toBeGreaterThan(1_000_000);
  const found = secrets.filter((secret) => left.includes(secret));
  expect(found).toEqual([]);
});

/** A core dump is a file of the folder that a process ran in; elsewhere it goes to a program of the system. */
const isFile = () => {
  try {
    return /^core(\.%p)?$/.test(readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim());
  } catch {
    return false;
  }
};

it.skipIf(!isFile()).each([
  ['the memory of a process as it is, so this test can fail', false],
  ['nothing of one that withholds its memory', true],
])('T-K11 a core dump holds %s', { timeout: 60_000 }, async (_what, withheld) => {
  const world = await openTokenWorld({});
  const child = await bundleChild(new URL('./exposed-child.ts', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-core-'));
  onTestFinished(() => {
    child.remove();
    rmSync(folder, { recursive: true });
  });
  const secrets = Array.from({ length: 100 }, (_, index) => `dumped-marker-${index}-${'x'.repeat(20)}`);
  const command = 'ulimit -c unlimited && exec "$0" "$1"';
  const running = spawn('/bin/sh', ['-c', command, process.execPath, child.file], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(running, 'exit');
  const options = testOptions(world.database);
  running.stdin.write(`${JSON.stringify({ options, secrets, report: '', heap: '', withheld })}\n`);
  expect(await once(createInterface({ input: running.stdout }), 'line')).toEqual(['used']);
  running.kill('SIGABRT');
  expect(await ended).toEqual([null, 'SIGABRT']);
  const [name] = readdirSync(folder).filter((file) => file.startsWith('core'));
  const dump = readFileSync(join(folder, name!));
  expect(dump.length).toBeGreaterThan(10_000);
  const found = secrets.filter((secret) => dump.includes(secret));
  expect(found).toHaveLength(withheld ? 0 : secrets.length);
});
