/**
 * Staging: the entry is written in the transaction of the change it tells of, so there is no change without its
 * entry and no entry without its change. A row carries the exact bytes that will be chained and a MAC, so that
 * an edit between COMMIT and sequencing is noticed.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { DartwingError } from '../errors.js';
import { uuidv7 } from '../ids.js';
import { lengthPrefixed } from './chain.js';
import { type AuditEntry, composeBody } from './entry.js';
import { type SubjectKeys, sealPersonal } from './personal.js';
import type { AuditKey, AuditTransaction } from './ports.js';
import { insertStagedEntries, insertStagedEntry, type StagedEntry } from './write-queries.js';

const macDomain = Buffer.from('dartwing-audit-stage-v1\u0000');

/**
 * Stages one entry in the caller's transaction and returns its id. One statement; if it fails, so must the
 * caller's transaction.
 * @throws ORGANIZATION_REQUIRED when neither the entry nor the transaction names one; VALIDATION_ERROR when the
 * entry is too large; PERMISSION_DENIED when it is for another organization than the transaction's.
 */
export async function stageAudit(tx: AuditTransaction, entry: AuditEntry): Promise<string> {
  const { id, staged } = await prepare(tx, entry, new Map());
  await insertStagedEntry(tx, staged);
  ringAfterCommit(tx);
  return id;
}

/** Stages several entries with one statement, in their order, and returns their ids. Errors as `stageAudit`. */
export async function stageAuditMany(
  tx: AuditTransaction,
  entries: readonly AuditEntry[],
): Promise<string[]> {
  if (entries.length === 0) return [];
  const prepared: Awaited<ReturnType<typeof prepare>>[] = [];
  const keys: SubjectKeys = new Map();
  for (const entry of entries) prepared.push(await prepare(tx, entry, keys));
  await insertStagedEntries(
    tx,
    prepared.map(({ staged }) => staged),
  );
  ringAfterCommit(tx);
  return prepared.map(({ id }) => id);
}

/** MAC of a staged entry: HMAC-SHA256(secret, "dartwing-audit-stage-v1" || 0x00 || LP(organization) || body). */
function stagingMac(key: AuditKey, organization: string, body: Buffer): Buffer {
  return createHmac('sha256', key.secret)
    .update(macDomain)
    .update(lengthPrefixed(organization))
    .update(body)
    .digest();
}

/** Whether a staged entry is what its writer staged. */
export function isAuthentic(key: AuditKey, { organization, body, mac }: StagedEntry): boolean {
  const expected = stagingMac(key, organization, body);
  return mac.length === expected.length && timingSafeEqual(mac, expected);
}

async function prepare(
  tx: AuditTransaction,
  entry: AuditEntry,
  keys: SubjectKeys,
): Promise<{ id: string; staged: StagedEntry }> {
  const organization = entry.organization ?? tx.organization;
  if (organization === undefined || organization === '') throw new DartwingError('ORGANIZATION_REQUIRED');
  const at = tx.clock.now();
  const id = uuidv7(at);
  const body = composeBody(await sealPersonal(tx, entry, organization, keys), organization, id, at);
  return {
    id,
    staged: { organization, body, mac: stagingMac(tx.auditKey, organization, body), keyId: tx.auditKey.id },
  };
}

function ringAfterCommit(tx: AuditTransaction): void {
  if (tx.ringAudit !== undefined) tx.afterCommit(tx.ringAudit);
}
