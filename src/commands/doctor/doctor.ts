import { setTimeout } from 'node:timers/promises';
import { DartwingError, nearest } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
import { durationFlag, textFlag } from '../flag-values.js';
import type { Document, Parsed, VerbResult, VerbRun } from '../spec.js';
import type { Io } from '../ui/io.js';
import { whileShown } from '../ui/progress.js';
import { bundleOf, forEverybody } from './bundle.js';
import { type Check, type CheckResult, examine, runChecks } from './check.js';
import { checks } from './checks.js';

export const run: VerbRun = async (context, { flags }) => {
  const chosen = choose(textFlag(flags, 'only'));
  const everyMs = durationFlag(flags, 'watch');
  if (everyMs !== undefined) return watch(context, chosen, flags, everyMs);
  const look = () =>
    whileShown(
      context,
      'Checking',
      (progress) => examine(context, (patient) => runChecks(chosen, patient, progress.update)),
      chosen.length,
    );
  let results = await look();
  let repairs: RepairDocument[] | undefined;
  if (flags.fix === true) {
    repairs = await repair(context, chosen, results);
    if (repairs.some(({ done }) => done)) results = await look();
  }
  const report = reportOf(results, flags.strict === true);
  const document = {
    ...report,
    ...(repairs === undefined ? {} : { repairs }),
    ...(flags.report === true
      ? { checks: results.map(forEverybody), ...(await bundleOf(context, results)) }
      : {}),
  };
  const outcome = {
    findings: !report.ok,
    isUnavailable: results.some(({ code }) => code === 'DATABASE_UNREACHABLE'),
  };
  const { io, global } = context;
  // A report goes into a file: there it is a document, whatever form a person would be shown.
  if (flags.report === true && !io.machine && !io.out.isTTY && global.field === undefined)
    return { text: `${JSON.stringify(document, null, 2)}\n`, raw: true, ...outcome };
  if (flags.report === true && !io.machine) io.note('For an issue: dartwing doctor --report > report.json');
  return { document, ...outcome, table: { columns: [], sentence: text(io, results, repairs) } };
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
  context: CommandContext,
  chosen: readonly Check[],
  flags: Parsed['flags'],
  everyMs: number,
): VerbResult {
  for (const other of ['fix', 'report'])
    if (flags[other] === true)
      throw new DartwingError('VALIDATION_ERROR', { message: `give either --watch or --${other}` });
  if (everyMs < watchMsMin)
    throw new DartwingError('VALIDATION_ERROR', { message: '--watch is at least 1s' });
  const { io, signal } = context;
  async function* rounds(): AsyncGenerator<Document> {
    let known = new Map<string, string>();
    while (!signal.aborted) {
      const results = await examine(context, (patient) => runChecks(chosen, patient));
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

interface RepairDocument {
  id: string;
  question: string;
  done: boolean;
}

/** The safe repairs, each after a question of its own; with --dry-run only the questions. */
async function repair(
  context: CommandContext,
  chosen: readonly Check[],
  results: readonly CheckResult[],
): Promise<RepairDocument[]> {
  const repairs: RepairDocument[] = [];
  for (const check of chosen) {
    const result = results.find(({ id }) => id === check.id);
    if (check.repair === undefined || result === undefined) continue;
    if (result.status !== 'warn' && result.status !== 'fail') continue;
    const { question: ask, run: mend } = check.repair;
    await examine(context, async (patient) => {
      const question = await ask(patient, result);
      if (question === undefined) return;
      const entry = { id: check.id, question, done: false };
      repairs.push(entry);
      if (context.global.dryRun) return;
      await context.approve({ danger: 'moderate', question, name: 'fix' });
      await mend(patient);
      entry.done = true;
    });
  }
  return repairs;
}

function text(
  io: Io,
  results: readonly CheckResult[],
  repairs: readonly RepairDocument[] | undefined,
): string {
  const { green, yellow, red, dim, signs } = io.out.palette;
  const mark = { pass: green(signs.ok), warn: yellow(signs.warn), fail: red(signs.fail), skip: dim('-') };
  const lines = results.flatMap(({ id, status, what, found = [], fix }) => [
    `${mark[status]} ${id.padEnd(12)} ${what}`,
    ...found.map((object) => `                ${object}`),
    ...fix.map((line, index) => `              ${index === 0 ? 'Fix' : '   '} ${line}`),
  ]);
  const mended = (repairs ?? []).map(
    ({ id, question, done }) =>
      `${done ? green(signs.ok) : dim('-')} fix ${id}: ${question}${done ? '' : ' (not done)'}`,
  );
  return [...lines, ...mended].join('\n');
}
