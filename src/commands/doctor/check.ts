/** What a check is and how it is run. */
import { asDartwingError } from '../../core/errors.js';
import { createDartwing, type Dartwing } from '../../core/index.js';
import type { CommandContext } from '../context.js';
import { findTarget, type Target } from '../open.js';
import { type Read, readerOf } from '../readings.js';

export interface CheckResult {
  id: string;
  status: 'pass' | 'warn' | 'fail' | 'skip';
  /** What was measured, in numbers: it names no tenant and no person. */
  what: string;
  /** Commands that repair it; empty when nothing is wrong. */
  fix: readonly string[];
  found?: readonly string[];
  /** Of the error that ended the check. */
  code?: string;
  docs: string;
  ms: number;
}

/** Result of a check's own work; absent `status` means pass. */
export interface Outcome {
  status?: CheckResult['status'];
  what: string;
  fix?: readonly string[];
  found?: readonly string[];
  code?: string;
}

/** What checks look at: the same in one round, however many ask. */
export interface Patient {
  context: CommandContext;
  /** Fails when there is no database to find. */
  target: () => Promise<Target>;
  /** The core, opened without a look at isolation: a check of its own does that. */
  core: () => Promise<Dartwing>;
  /** What the database tells of the installation. */
  readings: () => Promise<Read>;
}

/** Something that is safe to do, and to do twice. */
export interface Repair {
  /** Undefined when there is nothing that this repair mends. */
  question(patient: Patient, result: CheckResult): Promise<string | undefined> | string | undefined;
  run(patient: Patient): Promise<unknown>;
}

export interface Check {
  id: string;
  /** Checks that must not have failed before; otherwise this one is skipped. */
  needs?: readonly string[];
  /** What it `found` names organizations or machines, so it is not for everybody. */
  isPrivate?: true;
  run(patient: Patient): Promise<Outcome> | Outcome;
  repair?: Repair;
}

/** Looks for one round, and lets everything go that was opened for it. */
export async function examine<T>(
  context: CommandContext,
  work: (patient: Patient) => Promise<T>,
): Promise<T> {
  let opened: Promise<Dartwing> | undefined;
  let read: Promise<Read> | undefined;
  const target = once(() => findTarget(context));
  const core = () => {
    opened ??= target().then(({ options }) =>
      createDartwing({ ...options, background: false, selfTest: 'version' }),
    );
    return opened;
  };
  const readings = () => {
    read ??= core().then(async ({ metrics }) => readerOf(await metrics.readings()));
    return read;
  };
  try {
    return await work({ context, target, core, readings });
  } finally {
    await opened?.then(
      (dartwing) => dartwing.close(),
      () => {},
    );
  }
}

/** Runs checks in order. A check that throws has failed with the words of its error. */
export async function runChecks(
  checks: readonly Check[],
  patient: Patient,
  onProgress: (done: number) => void = () => {},
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    onProgress(results.length);
    const started = performance.now();
    const broken = check.needs?.find((id) =>
      results.some((result) => result.id === id && result.status !== 'pass' && result.status !== 'warn'),
    );
    const outcome =
      broken === undefined
        ? await attempt(check, patient)
        : { status: 'skip' as const, what: `needs ${broken}` };
    results.push({
      id: check.id,
      status: outcome.status ?? 'pass',
      what: outcome.what,
      fix: outcome.fix ?? [],
      ...(outcome.found === undefined ? {} : { found: outcome.found }),
      ...(outcome.code === undefined ? {} : { code: outcome.code }),
      docs: `docs/doctor.md#${check.id}`,
      ms: Math.round(performance.now() - started),
    });
  }
  return results;
}

/** One outcome of several things that are wrong: the worst status, all words, each repair once. */
export function outcomeOf(good: string, troubles: readonly Trouble[]): Outcome {
  if (troubles.length === 0) return { what: good };
  return {
    status: troubles.some(({ status }) => status === 'fail') ? 'fail' : 'warn',
    what: [...new Set(troubles.map(({ what }) => what))].join('; '),
    found: troubles.flatMap(({ found }) => found ?? []),
    fix: [...new Set(troubles.flatMap(({ fix }) => fix))],
  };
}

export interface Trouble {
  status: 'warn' | 'fail';
  what: string;
  fix: readonly string[];
  found?: readonly string[];
}

async function attempt(check: Check, patient: Patient): Promise<Outcome> {
  try {
    return await check.run(patient);
  } catch (thrown) {
    const { code, message, why, fix: steps } = asDartwingError(thrown);
    // Whoever reads this has asked doctor.
    const fix = steps.filter((step) => step !== 'dartwing doctor');
    return { status: 'fail', what: `${code}: ${message}${why === undefined ? '' : `. ${why}`}`, fix, code };
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
