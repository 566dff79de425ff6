/** What a check is and how it is run. */
import { asDartwingError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
import type { Target } from '../open.js';

export interface CheckResult {
  id: string;
  status: 'pass' | 'warn' | 'fail' | 'skip';
  /** What was measured. */
  what: string;
  /** Commands that repair it; empty when nothing is wrong. */
  fix: readonly string[];
  found?: readonly string[];
  docs: string;
  ms: number;
}

/** Result of a check's own work; absent `status` means pass. */
export interface Outcome {
  status?: CheckResult['status'];
  what: string;
  fix?: readonly string[];
  found?: readonly string[];
}

/** What checks look at. `target` fails when there is no database to find. */
export interface Patient {
  context: CommandContext;
  target: () => Promise<Target>;
}

export interface Check {
  id: string;
  /** Checks that must not have failed before; otherwise this one is skipped. */
  needs?: readonly string[];
  run(patient: Patient): Promise<Outcome> | Outcome;
}

/** Runs checks in order. A check that throws has failed with the words of its error. */
export async function runChecks(checks: readonly Check[], patient: Patient): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
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
      docs: `docs/doctor.md#${check.id}`,
      ms: Math.round(performance.now() - started),
    });
  }
  return results;
}

async function attempt(check: Check, patient: Patient): Promise<Outcome> {
  try {
    return await check.run(patient);
  } catch (thrown) {
    const { code, message, why, fix } = asDartwingError(thrown);
    return { status: 'fail', what: `${code}: ${message}${why === undefined ? '' : `. ${why}`}`, fix };
  }
}
