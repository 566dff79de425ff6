/** Reading the trail is itself an act that the trail tells of. */
import { type AuditActor, type AuditVia, systemOrganization } from './entry.js';
import type { AuditFilter } from './filter.js';
import type { AuditTransaction } from './ports.js';
import { stageAudit } from './staging.js';

/** Who reads, through which door and why. */
export interface AuditReader {
  readonly actor: AuditActor;
  readonly via: AuditVia;
  readonly reason?: string | undefined;
  readonly requestId?: string | undefined;
}

/**
 * Stages the entry `audit.read` with the filter, in the trail that is read: the organization of the filter or of
 * the transaction, else the deployment's. Errors as `stageAudit`.
 */
export async function recordReading(
  tx: AuditTransaction,
  reader: AuditReader,
  filter: AuditFilter,
  /** What was read besides, as of a proof. */
  more: Readonly<Record<string, unknown>> = {},
  action: 'audit.read' | 'audit.export' = 'audit.read',
): Promise<void> {
  const organization = filter.organization ?? tx.organization ?? systemOrganization;
  await stageAudit(tx, {
    ...reader,
    organization,
    action,
    ref: { doctype: 'Audit Trail', name: filter.organization ?? tx.organization ?? '*' },
    new: { filter: filterWords(filter), ...more },
  });
}

function filterWords(filter: AuditFilter): Record<string, unknown> {
  const words = Object.entries(filter).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    words.map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
  );
}
