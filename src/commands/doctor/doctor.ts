import { arch, platform, release, totalmem } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { DartwingError, nearest } from '../../core/errors.js';
import { migrateInstallation } from '../../core/index.js';
import { packageVersion } from '../../core/package-root.js';
import type { CommandContext } from '../context.js';
import { durationFlag, textFlag } from '../flag-values.js';
import { findTarget, type Target } from '../open.js';
import type { Document, Parsed, VerbResult, VerbRun } from '../spec.js';
import type { Io } from '../ui/io.js';
import { type Check, type CheckResult, type Patient, runChecks } from './check.js';
import { checks } from './checks.js';

export const run: VerbRun = async (context, { flags }) => {
  const chosen = choose(textFlag(flags, 'only'));
  let found: Promise<Target> | undefined;
  const target = () => {
    found ??= findTarget(context);
    return found;
  };
  const patient: Patient = { context, target };
  const everyMs = durationFlag(flags, 'watch');
  if (everyMs !== undefined) return watch(patient, chosen, flags, everyMs);
  let results = await runChecks(chosen, patient);
  if (flags.fix === true && (await repair(context, results, target)))
    results = await runChecks(chosen, patient);

  const report = reportOf(results, flags.strict === true);
  return {
    document: { ...report, ...(flags.report === true ? { machine: machine() } : {}) },
    findings: !report.ok,
    table: { columns: [], sentence: text(context.io, results) },
  };
};

function reportOf(results: readonly CheckResult[], isStrict: boolean) {
  const count = (status: CheckResult['status']) =>
    results.filter((result) => result.status === status).length;
  const summary = { pass: count('pass'), warn: count('warn'), fail: count('fail'), skip: count('skip') };
  const ok = summary.fail === 0 && (!isStrict || summary.warn === 0);
  return { api_version: 'dartwing/v1' as const, kind: 'DoctorReport', ok, checks: results, summary };
}

/** Shortest pause between two rounds: each of them works. */
const watchMsMin = 1_000;

/** Report after report for a program; for a person every check at first, then those that say something else. */
function watch(
  patient: Patient,
  chosen: readonly Check[],
  flags: Parsed['flags'],
  everyMs: number,
): VerbResult {
  for (const other of ['fix', 'report'])
    if (flags[other] === true)
      throw new DartwingError('VALIDATION_ERROR', { message: `give either --watch or --${other}` });
  if (everyMs < watchMsMin)
    throw new DartwingError('VALIDATION_ERROR', { message: '--watch is at least 1s' });
  const { io, signal } = patient.context;
  async function* rounds(): AsyncGenerator<Document> {
    let known = new Map<string, string>();
    while (!signal.aborted) {
      const results = await runChecks(chosen, patient);
      const at = new Date().toISOString();
      if (io.machine) yield { ...reportOf(results, flags.strict === true), at };
      else
        for (const { id, status, what } of results)
          if (known.get(id) !== status)
            yield { api_version: 'dartwing/v1', kind: 'DoctorCheck', at, id, status, what };
      known = new Map(results.map(({ id, status }) => [id, status]));
      await setTimeout(everyMs, undefined, { signal }).catch(() => {});
    }
  }
  const columns = ['at', 'id', 'status', 'what'].map((path) => ({ header: path, path }));
  return { stream: rounds(), table: { columns } };
}

function choose(only: string | undefined): readonly Check[] {
  if (only === undefined) return checks;
  const ids = only.split(',').map((id) => id.trim());
  const known = checks.map((check) => check.id);
  for (const id of ids) {
    if (known.includes(id)) continue;
    const near = nearest(id, known);
    throw new DartwingError('VALIDATION_ERROR', {
      message: `--only ${id} is not a check${near ? `, did you mean ${near}?` : ''} (${known.join(', ')})`,
    });
  }
  const wanted = new Set(ids);
  // What a check needs is run too, or it could not be judged.
  for (const check of [...checks].reverse())
    if (wanted.has(check.id)) for (const need of check.needs ?? []) wanted.add(need);
  return checks.filter((check) => wanted.has(check.id));
}

/** The safe repairs, after a question. Returns whether something was done. */
async function repair(
  context: CommandContext,
  results: readonly CheckResult[],
  target: () => Promise<Target>,
): Promise<boolean> {
  const failed = (id: string) => results.some((result) => result.id === id && result.status === 'fail');
  if (context.global.dryRun || !(failed('migrations') || failed('isolation'))) return false;
  const { options, data } = await target();
  const migrate = failed('migrations') && data !== undefined;
  if (!migrate && !failed('isolation')) return false;
  const question = migrate
    ? 'Migrate the embedded database?'
    : 'Stamp row-level security on every tenant table again?';
  await context.approve({ danger: 'moderate', question, name: 'fix' });
  await migrateInstallation(options, { repairPolicies: !migrate });
  return true;
}

function text(io: Io, results: readonly CheckResult[]): string {
  const { green, yellow, red, dim, signs } = io.out.palette;
  const mark = { pass: green(signs.ok), warn: yellow(signs.warn), fail: red(signs.fail), skip: dim('-') };
  const lines = results.flatMap(({ id, status, what, found = [], fix }) => [
    `${mark[status]} ${id.padEnd(11)} ${what}`,
    ...found.map((object) => `                ${object}`),
    ...fix.map((line, index) => `              ${index === 0 ? 'Fix' : '   '} ${line}`),
  ]);
  return lines.join('\n');
}

/** Facts of this machine; nothing that names a person or opens a door. */
function machine() {
  return {
    dartwing: packageVersion(),
    node: process.versions.node,
    platform: `${platform()}-${arch()}`,
    release: release(),
    memory_bytes: totalmem(),
  };
}
