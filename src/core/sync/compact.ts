/**
 * Forgetting what is older than the log is kept: changes, answers, tombstones. A client that has not been heard for
 * that long begins again.
 */
import { authorize, recordAct, type Scope } from '../access/index.js';
import { type Registry, shredForgotten } from '../documents/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import {
  deleteChanges,
  deleteOperations,
  deleteTombstones,
  findExpired,
  raiseRetained,
} from './compact-queries.js';

/** The document `SyncCompaction`. */
export interface SyncCompaction {
  api_version: 'dartwing/v1';
  kind: 'SyncCompaction';
  changes: number;
  tombstones: number;
  operations: number;
  /** Changes up to this number are gone. */
  min_retained: number;
}

/**
 * Compacts step by step. In a transaction for each step no writer waits for longer than a batch takes; what was killed
 * in between goes on with the next compaction.
 */
export async function compactInSteps(step: () => Promise<CompactionStep>): Promise<SyncCompaction> {
  const total = { changes: 0, tombstones: 0, operations: 0 };
  for (;;) {
    const { isDone, min_retained, ...counts } = await step();
    for (const name of ['changes', 'tombstones', 'operations'] as const) total[name] += counts[name];
    if (isDone) return { api_version: 'dartwing/v1', kind: 'SyncCompaction', ...total, min_retained };
  }
}

/** What a step has forgotten, and whether there is nothing left. */
export type CompactionStep = Omit<SyncCompaction, 'api_version' | 'kind'> & { isDone: boolean };

/** @throws PERMISSION_DENIED (operators only), VALIDATION_ERROR */
export async function compactStep(
  scope: Scope,
  registry: Registry,
  keepDays: number = limits.changeDaysDefault,
): Promise<CompactionStep> {
  const { tx } = scope;
  const organization = tx.organization!;
  authorize(scope, 'compact', { doctype: 'Sync Client', name: '*', organization });
  if (!Number.isInteger(keepDays) || keepDays < limits.changeDaysDefault)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `keep is a whole number of days from ${limits.changeDaysDefault}: cursors may be as old as that`,
    });
  const now = scope.clock.now();
  const before = (days: number) => new Date(now.getTime() - days * 86_400_000);
  const upTo = await findExpired(tx, organization, before(keepDays));
  const { retained, wasRaised } = await raiseRetained(tx, organization, upTo);
  const step = { changes: 0, tombstones: 0, operations: 0, min_retained: retained, isDone: false };
  // Before anything goes: whoever reads the log afterwards with an older cursor has to be told. Every write of the
  // organization waits for this row, so nothing else is done while it is held.
  if (wasRaised) return step;

  const isFull = (count: number) => count === limits.compactBatchMax;
  step.changes = await deleteChanges(tx, organization, retained);
  if (!isFull(step.changes)) step.operations = await deleteOperations(tx, organization, before(keepDays));
  let isMore = isFull(step.changes) || isFull(step.operations);
  for (const { name, definition } of isMore ? [] : registry.all()) {
    const days = Math.max(keepDays, definition.retention.tombstone_days);
    const tombstones = await deleteTombstones(tx, organization, name, before(days));
    step.tombstones += tombstones;
    isMore ||= isFull(tombstones);
  }
  if (!isMore) await shredForgotten(tx, organization);
  const { changes, tombstones, operations } = step;
  if (changes + tombstones + operations > 0) {
    const ref = { doctype: 'Sync Client', name: '*', organization };
    await recordAct(scope, organization, 'sync.compact', ref, { new: { changes, tombstones, operations } });
  }
  return { ...step, isDone: !isMore };
}
