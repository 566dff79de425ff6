/**
 * Idempotency keys: a call that carries one is carried out once. Its answer is kept in the same transaction as its
 * effect, so a second call, also at the same time in another process, gets the first one's answer.
 */
import { createHash } from 'node:crypto';
import { DartwingError } from '../errors.js';
import { canonicalJson } from '../json.js';
import { limits } from '../limits.js';
import type { Scope } from './scope.js';

const keyCharsMax = 200;

/** What was asked, to tell one use of a key from another. Verbs that only read have no request. */
export interface Asked {
  purpose: string;
  request: unknown;
  by?: string;
}

/**
 * Runs `work`, or returns the answer kept for the key.
 * @throws IDEMPOTENCY_MISMATCH, VALIDATION_ERROR (key too long)
 */
export async function answerOnce<T>(scope: Scope, asked: Asked, work: () => Promise<T>): Promise<T> {
  const { idempotencyKey: key, tx } = scope;
  if (key === undefined || asked.request === undefined) return work();
  if (key === '' || key.length > keyCharsMax) {
    throw new DartwingError('VALIDATION_ERROR', {
      message: `An idempotency key has 1 to ${keyCharsMax} characters`,
    });
  }
  // As JSON says it: members that are undefined are none, and a Date is its text.
  const plain: unknown = JSON.parse(JSON.stringify(asked));
  const fingerprint = createHash('sha256').update(canonicalJson(plain)).digest();
  // A second caller waits here until the first has committed or rolled back.
  await tx.query("select pg_advisory_xact_lock(hashtextextended('dartwing idempotency ' || $1, 0))", [key]);
  const now = scope.clock.now();
  const { rows } = await tx.query<{ request: Buffer; answer: T }>(
    'select request, answer from idempotency where key = $1 and at > $2',
    [key, new Date(now.getTime() - limits.idempotencyMs)],
  );
  const [kept] = rows;
  if (kept) {
    if (!kept.request.equals(fingerprint)) throw new DartwingError('IDEMPOTENCY_MISMATCH', { key });
    return kept.answer;
  }
  const answer = await work();
  await tx.query(
    'delete from idempotency where key = $1 or key in (select key from idempotency where at <= $2 limit 100)',
    [key, new Date(now.getTime() - limits.idempotencyMs)],
  );
  await tx.query('insert into idempotency (key, request, answer, at) values ($1, $2, $3, $4)', [
    key,
    fingerprint,
    JSON.stringify(answer),
    now,
  ]);
  return answer;
}

/** The key of one part of a call that takes several transactions, each of which is carried out once. */
export function keyOfPart(key: string | undefined, part: string): string | undefined {
  if (key === undefined || key === '' || key.length > keyCharsMax) return key;
  return createHash('sha256').update(`${key}\n${part}`).digest('hex');
}
