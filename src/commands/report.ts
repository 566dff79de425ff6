/** Answers of verbs that check something: a `Report`, and exit 6 when it found something bad. */
import { DartwingError } from '../core/errors.js';
import type { Finding, Report } from '../core/index.js';
import type { VerbResult } from './spec.js';

/**
 * What to check: the named organization, every one with --all, else the current one if there is one.
 * @throws USAGE when both a name and --all are given
 */
export function scopeOf(argument: unknown, all: boolean, current: string | undefined): string | undefined {
  if (argument !== undefined && all)
    throw new DartwingError('VALIDATION_ERROR', { message: 'give either an organization or --all' });
  if (all) return undefined;
  if (argument === '@current' && current === undefined) throw new DartwingError('ORGANIZATION_REQUIRED');
  return typeof argument === 'string' && argument !== '@current' ? argument : current;
}

/**
 * The answer that tells what was found, with what is well counted in `pass`. `alarming` says whether the exit code tells
 * of it.
 */
export function findingsAnswer(
  check: string,
  { findings, pass }: { findings: readonly Told[]; pass: number },
  alarming: boolean,
  allWell: string,
): VerbResult {
  const count = (severity: string) => findings.filter((finding) => finding.severity === severity).length;
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'Report',
      check,
      ok: count('fail') === 0,
      findings,
      summary: { pass, warn: count('warn'), fail: count('fail') },
    },
    findings: alarming,
    table: { columns: [], sentence: findings.length === 0 ? allWell : linesOf(findings) },
  };
}

type Told = Pick<Finding, 'severity' | 'what' | 'fix'>;

function linesOf(findings: readonly Told[]): string {
  return findings
    .map(({ severity, what, fix }) => `${severity.padEnd(4)}  ${what}\n      Fix   ${fix}`)
    .join('\n');
}

/** The answer that carries a report; `subject` begins the sentence when all is well. */
export function reportAnswer(report: Report, subject: string): VerbResult {
  const { findings, ok } = report;
  return {
    document: { ...report },
    findings: !ok,
    table: {
      columns: [],
      sentence: findings.length === 0 ? `${subject}: nothing is wrong` : linesOf(findings),
    },
  };
}
