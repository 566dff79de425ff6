/** The answer of verbs that change something: a document `Change`, and a sentence for a person. */
import type { Change } from '../core/index.js';
import type { VerbResult } from './spec.js';

export interface ChangeAnswer {
  op: 'create' | 'update' | 'delete' | 'none';
  /** `org/acme` */
  ref: string;
  before: unknown;
  after: unknown;
  dryRun: boolean;
  /** What is true afterwards: `Organization acme is suspended`. */
  sentence: string;
  /** Id of the audit entry, where one was left. */
  audit?: string | null;
  warnings?: readonly string[] | undefined;
  /** Command that takes it back. */
  undo?: string | undefined;
  next?: readonly string[];
}

/** Makes the answer; under --dry-run it says that nothing was written. */
export function change({
  op,
  ref,
  before,
  after,
  dryRun,
  sentence,
  audit,
  warnings,
  undo,
  next,
}: ChangeAnswer): VerbResult {
  const qualifier = op === 'none' ? ' (no change)' : dryRun ? ' (dry run: nothing was written)' : '';
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'Change',
      op,
      ref,
      before,
      after,
      ...(audit === undefined ? {} : { audit }),
      dry_run: dryRun,
      ...(warnings === undefined ? {} : { warnings }),
      ...(undo === undefined ? {} : { undo }),
    },
    table: { columns: [], sentence: sentence + qualifier },
    ...(next === undefined ? {} : { next }),
  };
}

/** The answer of a verb whose core has changed something. `next` is left out where nothing was written. */
export function changed(done: Change<object>, sentence: string, next: readonly string[] = []): VerbResult {
  return change({
    op: done.op,
    ref: done.ref,
    before: done.before,
    after: done.after,
    dryRun: done.dry_run,
    audit: done.audit,
    warnings: done.warnings,
    undo: done.undo,
    sentence,
    next: done.op === 'none' || done.dry_run ? [] : next,
  });
}
