/**
 * Epochs: when an older copy of the database is put back, entries that were signed are gone for good. An operator says
 * so once; from then on trails continue under a new epoch, and what was lost stays on record. Rows of epochs carry a
 * MAC, so that somebody with the database alone cannot declare as lost what they deleted.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { lengthPrefixed } from '../chain.js';
import type { AuditKey } from '../ports.js';
import type { StoredEpoch } from './queries.js';

/** Epochs of all organizations, whose MAC is right. */
export type Epochs = readonly Omit<StoredEpoch, 'mac'>[];

const domain = Buffer.from('dartwing-audit-epoch-v1\u0000');

/** HMAC-SHA256(secret, domain || LP(organization) || u64(epoch) || u64(kept) || u64(lost)). */
export function epochMac(
  { secret }: AuditKey,
  { organization, epoch, kept, lost }: Omit<StoredEpoch, 'mac'>,
): Buffer {
  const numbers = Buffer.alloc(24);
  for (const [index, number] of [epoch, kept, lost].entries())
    numbers.writeBigUInt64BE(BigInt(number), index * 8);
  return createHmac('sha256', secret)
    .update(domain)
    .update(lengthPrefixed(organization))
    .update(numbers)
    .digest();
}

/** The epochs that we wrote. */
export function believedEpochs(stored: readonly StoredEpoch[], keys: readonly AuditKey[]): Epochs {
  return stored.filter(({ mac, ...epoch }) =>
    keys.some((key) => mac.length === 32 && timingSafeEqual(mac, epochMac(key, epoch))),
  );
}

/** Size up to which what was signed in an epoch still has to be there. */
export function keptOf(epochs: Epochs, organization: string, epoch: number): number {
  const later = epochs.filter((one) => one.organization === organization && one.epoch > epoch);
  return later.reduce((kept, one) => Math.min(kept, one.kept), Number.POSITIVE_INFINITY);
}
