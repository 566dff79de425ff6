/** Answers of verbs that check something: a `Report`, and exit 6 when it found something bad. */
import { DartwingError } from '../core/errors.js';
import type { Report } from '../core/index.js';
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

/** The answer that carries a report; `subject` begins the sentence when all is well. */
export function reportAnswer(report: Report, subject: string): VerbResult {
  const lines = report.findings.map(
    ({ severity, what, fix }) => `${severity.padEnd(4)}  ${what}\n      Fix   ${fix}`,
  );
  return {
    document: { ...report },
    findings: !report.ok,
    table: { columns: [], sentence: lines.length === 0 ? `${subject}: nothing is wrong` : lines.join('\n') },
  };
}
