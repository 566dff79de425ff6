/**
 * What the trail says about a staged entry whose MAC is wrong. Its bytes may be forged, so they are not chained
 * as if they were the writer's; and they are not dropped either: the entry `audit.tamper` stands in their place
 * and holds their hash and what they claimed to be.
 */
import { createHash } from 'node:crypto';
import { uuidv7 } from '../ids.js';
import { auditBounds } from './bounds.js';
import { type AuditBody, composeBody } from './entry.js';
import type { ChainHead } from './head.js';
import type { TakenEntry } from './write-queries.js';

/** The body that is chained instead of a staged entry with a wrong MAC. `at` is when that was found. */
export function tamperBody(taken: TakenEntry, at: Date): Buffer {
  return composeBody(
    {
      action: 'audit.tamper',
      actor: { type: 'system', id: 'sequencer' },
      via: 'system',
      ref: { doctype: 'Audit Stage', name: String(taken.id) },
      reason: 'The staged entry was changed after it was written: its MAC does not fit its bytes',
      new: {
        sha256: createHash('sha256').update(taken.body).digest('hex'),
        bytes: taken.body.length,
        mac: taken.mac.toString('hex'),
        key_id: taken.keyId,
        staged_at: taken.stagedAt,
        claimed: claims(taken.body),
      },
    },
    taken.organization,
    uuidv7(at),
    at,
  );
}

/** The body of the entry that tells that the server's clock was put back. */
export function skewBody(
  { organization, lastAt }: Pick<ChainHead, 'organization' | 'lastAt'>,
  now: string,
): Buffer {
  const at = new Date(now);
  return composeBody(
    {
      action: 'clock.skew',
      actor: { type: 'system', id: 'sequencer' },
      via: 'system',
      ref: { doctype: 'Audit Trail', name: organization },
      reason: 'The clock of the database server stands before the last entry',
      new: { clock: now, last_entry_at: lastAt },
    },
    organization,
    uuidv7(at),
    at,
  );
}

// Names only: values of a forged entry have no place in a trail that cannot be cleaned.
function claims(bytes: Buffer): unknown {
  try {
    const body = JSON.parse(bytes.toString()) as Partial<AuditBody> | null;
    return {
      id: short(body?.id),
      action: short(body?.action),
      actor: short(body?.actor?.id),
      doctype: short(body?.ref?.doctype),
      name: short(body?.ref?.name),
    };
  } catch {
    return null;
  }
}

// Cutting or forging may leave half a surrogate pair, which canonical JSON refuses.
function short(text: unknown): string | null {
  if (typeof text !== 'string') return null;
  return text.slice(0, auditBounds.clearTextCharsMax).replace(/\p{Surrogate}/gu, '\ufffd');
}
