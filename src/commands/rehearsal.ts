/** `--dry-run --exit-code`: whether what was rehearsed would have changed something, for scripts that branch on it. */
import { DartwingError } from '../core/errors.js';
import type { ParsedLine } from './program.js';
import type { Document, VerbResult, VerbSpec } from './spec.js';

/** Kinds that count what they would do; of any other the change itself is the answer. */
const changes: Readonly<Record<string, (document: Document) => boolean>> = {
  Change: ({ op }) => op !== 'none',
  Bulk: ({ done }) => (done as readonly unknown[]).length > 0,
  Plan: ({ actions }) => (actions as readonly { op: string }[]).some(({ op }) => op !== 'none'),
  Report: ({ findings }) => (findings as readonly unknown[]).length > 0,
  MigrationRun: ({ applied, pending }) => (applied as readonly unknown[]).length > 0 || Number(pending) > 0,
  DoctorReport: ({ ok }) => ok === false,
  RoleSeed: ({ added }) => Number(added) > 0,
  GrantRebuild: ({ created, removed }) => Number(created) + Number(removed) > 0,
};

/**
 * Whether the exit code shall tell what would change. A verb with a flag of that name looks after it by itself.
 * @throws USAGE without --dry-run, because then the exit code says whether the change was made
 */
export function isRehearsal(verb: VerbSpec, { globals }: ParsedLine, command: string): boolean {
  if (globals.exitCode !== true || verb.flags?.some(({ name }) => name === 'exit-code')) return false;
  if (globals.dryRun === true) return true;
  throw new DartwingError('USAGE', { message: '--exit-code goes with --dry-run', command });
}

/** Whether the answer of a dry run tells of a change. */
export function wouldChange(result: VerbResult): boolean {
  if ('list' in result) return result.list.items.length > 0;
  if (!('document' in result)) return false;
  const { document } = result;
  return changes[document.kind]?.(document) ?? true;
}
