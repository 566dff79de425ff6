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

/** @throws PERMISSION_DENIED (operators only), VALIDATION_ERROR */
export async function compact(
  scope: Scope,
  registry: Registry,
  keepDays: number = limits.changeDaysDefault,
): Promise<SyncCompaction> {
  const organization = scope.tx.organization!;
  authorize(scope, 'compact', { doctype: 'Sync Client', name: '*', organization });
  if (!Number.isInteger(keepDays) || keepDays < limits.changeDaysDefault)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `keep is a whole number of days from ${limits.changeDaysDefault}: cursors may be as old as that`,
    });
  const now = scope.clock.now();
  const before = (days: number) => new Date(now.getTime() - days * 86_400_000);
  // Before anything goes: whoever reads the log afterwards with an older cursor has to be told.
  const upTo = await findExpired(scope.tx, organization, before(keepDays));
  const retained = await raiseRetained(scope.tx, organization, upTo);
  const done: SyncCompaction = {
    api_version: 'dartwing/v1',
    kind: 'SyncCompaction',
    changes: await deleteChanges(scope.tx, organization, upTo),
    tombstones: 0,
    operations: await deleteOperations(scope.tx, organization, before(keepDays)),
    min_retained: retained,
  };
  for (const { name, definition } of registry.all()) {
    const days = Math.max(keepDays, definition.retention.tombstone_days);
    done.tombstones += await deleteTombstones(scope.tx, organization, name, before(days));
  }
  await shredForgotten(scope.tx, organization);
  if (done.changes + done.tombstones + done.operations > 0) {
    const { changes, tombstones, operations } = done;
    const ref = { doctype: 'Sync Client', name: '*', organization };
    await recordAct(scope, organization, 'sync.compact', ref, { new: { changes, tombstones, operations } });
  }
  return done;
}
