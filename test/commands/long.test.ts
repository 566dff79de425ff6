/** Long work shows that it lives, wherever its signs are read, and may be handed over (the contract's §9). */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { visibleNouns, visibleVerbs } from '../../src/commands/help/index.js';
import { commandPath } from '../../src/commands/line.js';
import { allNouns } from '../../src/commands/specs.js';
import type { Io } from '../../src/commands/ui/io.js';
import { startProgress } from '../../src/commands/ui/progress.js';
import { packageRoot } from '../../src/core/package-root.js';
import { type CommandWorld, openCommandWorld } from './job-world.js';

/** They stay, or wait for somebody, and what they write all the while is their sign of life. */
const staying = [
  'up',
  'serve',
  'worker',
  'top',
  'queue top',
  'audit tail',
  'sync feed',
  'profile login',
  'token connect',
  'init',
];

const signs = /\b(startProgress|whileShown|actOnEach)\(/;

/** Texts of a file and of what it imports beside it or above it in the folder of commands. */
function textsOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file) || file.includes('/ui/')) return [];
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const imported = [...text.matchAll(/(?:from|import\() ?'(\.[^']+)\.js'/g)].map(([, path]) =>
    join(dirname(file), `${path}.ts`),
  );
  const commands = join(packageRoot(), 'src/commands');
  return [
    text,
    ...imported.filter((path) => path.startsWith(commands)).flatMap((path) => textsOf(path, seen)),
  ];
}

test('every long verb shows signs of life', () => {
  const silent: string[] = [];
  let count = 0;
  for (const noun of visibleNouns(allNouns()))
    for (const verb of visibleVerbs(noun)) {
      const path = commandPath(noun, verb);
      if (!verb.long || staying.includes(path)) continue;
      count += 1;
      const [, file = verb.load.toString()] = /import\w*\(["'`](.+?)\.[jt]s/.exec(verb.load.toString()) ?? [];
      const folder = file.startsWith('/') ? packageRoot() : join(packageRoot(), 'src/commands', noun.name);
      if (!textsOf(join(folder, `${file}.ts`)).some((text) => signs.test(text))) silent.push(path);
    }
  expect(silent).toEqual([]);
  expect(count).toBeGreaterThan(25);
});

/** A terminal, a pipe or a program that reads stderr; time goes by two seconds with each look at it. */
function reader(kind: 'terminal' | 'pipe' | 'program') {
  const said: string[] = [];
  const plain = (text: string) => text;
  const palette = { red: plain, yellow: plain, green: plain, dim: plain, bold: plain };
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 1_000));
  onTestFinished(() => clock.mockRestore());
  const io = {
    settings: { quiet: false },
    machine: kind === 'program',
    err: { isTTY: kind === 'terminal', palette: { ...palette, signs: { ok: '✓' } } },
    say: (text: string) => void said.push(text),
    note: (text: string) => void said.push(text),
    event: (event: object) => void said.push(JSON.stringify(event)),
  } as unknown as Io;
  return { io, said };
}

function work(io: Io): void {
  const progress = startProgress(io, { title: 'Re-sealing', total: 1_000, op: 'key.rotate' });
  for (let done = 100; done <= 600; done += 100) progress.update(done);
  progress.end('600 values are sealed');
}

test('a terminal shows a bar at once, and at the end what is true', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const { io, said } = reader('terminal');
  const progress = startProgress(io, { title: 'Re-sealing', total: 1_000 });
  expect(said).toEqual([expect.stringContaining('Re-sealing  ░░░░░░░░░░░░░░░░░░░░  0/1,000')]);
  for (let done = 100; done <= 600; done += 100) progress.update(done);
  vi.advanceTimersByTime(100);
  expect(said.at(-1)).toContain('Re-sealing  ████████████░░░░░░░░  600/1,000  100/s  ETA 4s');
  progress.end('600 values are sealed');
  expect(said.at(-1)).toContain('✓ 600 values are sealed\n');
});

test('a pipe gets a line at the beginning, at each tenth, and at the end', () => {
  const { io, said } = reader('pipe');
  work(io);
  expect(said[0]).toBe('Re-sealing: 0 of 1,000');
  expect(said).toHaveLength(8);
  expect(said[6]).toMatch(/^Re-sealing: 600 of 1,000, \d+\/s, ETA \d+s$/);
  expect(said[7]).toBe('600 values are sealed');
});

test('a program gets events', () => {
  const { io, said } = reader('program');
  work(io);
  const events = said.map((line) => JSON.parse(line) as object);
  const event = { type: 'progress', op: 'key.rotate', total: 1_000 };
  expect(events[0]).toEqual({ ...event, done: 0, per_second: null, eta_ms: null });
  expect(events.at(-1)).toMatchObject({ ...event, done: 600, per_second: expect.any(Number) });
});

let world: CommandWorld;
beforeAll(async () => {
  world = await openCommandWorld();
});

test('what is handed over is done by a worker, and watched like any job', async () => {
  const { operator, dartwing, work: run } = world;
  const [verify, rebuild] = await Promise.all([
    operator.ask('audit verify --org acme --detach --reason night'),
    operator.ask('permission rebuild --org acme --detach --yes'),
  ]);
  expect(verify.document).toMatchObject({ kind: 'Operation', verb: 'audit.verify', state: 'running' });
  expect(verify.document.resume).toBe(`dartwing job watch ${verify.document.id}`);
  expect(rebuild.document).toMatchObject({ kind: 'Operation', verb: 'permission.rebuild' });
  await run();
  const watched = await operator.ask(`job watch ${verify.document.id}`);
  expect(watched).toMatchObject({ code: 0, document: { state: 'completed', output: { ok: true } } });
  expect(watched.stderr).toContain('"type":"progress"');
  const { state, output } = await dartwing.jobs.show(String(rebuild.document.id));
  expect({ state, output }).toMatchObject({ state: 'completed', output: { kind: 'GrantRebuild' } });
  expect(await operator.fail('key rotate --org acme --detach --reason test --yes')).toMatchObject({
    code: 'VALIDATION_ERROR',
    exit: 2,
  });
});
