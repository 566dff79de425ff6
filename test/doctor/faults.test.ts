/** Faults are made to happen: an alert fires, doctor says what is wrong, and what is said to repair it does. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { readLine } from '../../src/commands/line.js';
import { parseVerb } from '../../src/commands/program.js';
import { readRules } from '../../src/core/alerts/rules.js';
import { createDartwing, type Dartwing, systemClock } from '../../src/core/index.js';
import { packageRoot } from '../../src/core/package-root.js';
import { letPass } from '../alerts/world.js';
import { ahead } from '../support/ahead.js';
import { exampleWords, installed } from '../support/cli.js';
import { createTestDatabase, testOptions } from '../support/database.js';
import { atEnd } from '../support/ending.js';
import { operatorOf } from '../support/operator.js';
import { type Fault, type FaultWorld, faults, type Injected } from './faults.js';
import { askDoctor } from './world.js';

const rules = readRules();
let world: FaultWorld;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-faults-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const database = await createTestDatabase();
  const archive = join(folder, 'archive');
  const open: FaultWorld['open'] = async (more) => {
    const options = testOptions(database, {
      clock: ahead(systemClock),
      audit: { archive: { place: archive } },
      ...more,
    });
    const opened = await createDartwing(options);
    atEnd(() => opened.close());
    return opened;
  };
  const dartwing = await open({});
  for (const [type, queue] of [
    ['note.write', 'default'],
    ['note.urgent', 'critical'],
  ] as const)
    dartwing.jobs.define(type, { queue, description: type, handler: () => ({}) });
  dartwing.jobs.define('note.refused', {
    description: 'a job that nobody takes',
    deduplicationMs: 0,
    handler: () => {
      throw Object.assign(new Error('refused'), { permanent: true });
    },
  });
  const { after } = await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  const operator = operatorOf(database);
  const env = { DARTWING_AUDIT_ARCHIVE: archive };
  world = {
    database,
    dartwing,
    folder,
    acme: after!.id,
    open,
    operator: {
      ...operator,
      ask: (line, options) => operator.ask(line, { ...options, env: { ...env, ...options?.env } }),
    },
    sql: async (text, values) => (await database.admin.query(text, values)).rows,
    work: async () => {
      const worker = dartwing.jobs.work();
      await worker.ready;
      await worker.empty();
      await worker.stop();
    },
  };
  await world.work();
  await database.admin.query('delete from job_worker');
});

/**
 * Lets time pass and evaluates the rules, as a process that has just begun: one that runs remembers samples by their time,
 * and does not know that it is said to be later. Somebody else may just have evaluated.
 */
async function round({ alerts }: Dartwing, seconds: number): Promise<void> {
  const watch = alerts.watch({ everyMs: 3_600_000 });
  try {
    do await letPass(world.database, seconds);
    while (!(await watch.round()));
  } finally {
    await watch.stop();
  }
}

async function isFiring(rule: string): Promise<boolean> {
  const { items } = await world.dartwing.alerts.list();
  return items.some((alert) => alert.rule === rule && alert.state === 'firing');
}

for (const fault of faults)
  test.skipIf(!isPossible(fault))(fault.title, async () => {
    const rule = rules.find(({ id }) => id === fault.alert)!;
    const span = Math.min(...rule.levels.map(({ forSeconds }) => forSeconds));
    // What the test before left is too old to be looked at.
    await letPass(world.database, 1_000);
    const injected = await fault.inject(world);
    const process = () => injected.process ?? world.dartwing;
    const isAlone = fault.alert === 'nothing_runs';
    const look = async (seconds: number) => {
      await injected.between?.();
      if (injected.look !== undefined) {
        await injected.look(seconds);
        return;
      }
      if (isAlone) return letPass(world.database, 600);
      await round(process(), seconds);
    };
    const firing = async () =>
      injected.fires !== undefined
        ? injected.fires()
        : isAlone
          ? (await world.dartwing.alerts.check(fault.alert)).length > 0
          : isFiring(fault.alert);
    for (const seconds of fault.rounds ?? (injected.between ? [16, 30] : [16])) await look(seconds);
    await look(span + 1);
    expect(await firing(), 'fires').toBe(true);

    const before = await doctor(fault.doctor, injected);
    expect(before, before.what).toMatchObject({ status: fault.says });
    expect(before.fix.length).toBeGreaterThan(0);

    const ended = (await injected.mend()) as { end?: () => Promise<unknown> } | undefined;
    delete injected.between;
    if (injected.look === undefined) await round(process(), 16);
    if (!isAlone) await look((fault.lingers ?? 301) + rule.keepSeconds);
    expect(await firing(), 'is over').toBe(false);
    const after = await doctor(fault.doctor, injected);
    expect(after, JSON.stringify(after)).toMatchObject({ status: 'pass' });
    await ended?.end?.();
  });

function isPossible({ needs, isPossible: isHere = () => true }: Fault): boolean {
  return (needs === undefined || installed(needs)) && isHere();
}

async function doctor(id: string, { env, skewMs = 0 }: Injected) {
  const now = Date.now;
  const spy = vi.spyOn(Date, 'now').mockImplementation(() => now() + skewMs);
  try {
    return await askDoctor(world.database, id, { env });
  } finally {
    spy.mockRestore();
  }
}

const told = { real: 'in earnest', time: 'in earnest, hours are moved', rows: 'by the rows that it leaves' };

test('the table tells of exactly these, and its commands are ones', () => {
  const page = readFileSync(join(packageRoot(), 'docs/faults.md'), 'utf8');
  const rows = page.match(/^\| (?!fault|---).*$/gm) ?? [];
  const wanted = faults.map(
    ({ title, alert, doctor: check, says, repair, how }) =>
      `| ${title} | [${alert}](runbooks/${alert}.md) | [${check}](doctor.md#${check}): ${says} | \`${repair}\` | ${told[how]} |`,
  );
  expect(rows).toEqual(wanted);
  for (const { repair } of faults.filter((fault) => fault.repair.startsWith('dartwing '))) {
    const { noun, verb, rest } = readLine(exampleWords(repair));
    expect(() => parseVerb(noun!, verb!, rest, {}), repair).not.toThrow();
  }
});
