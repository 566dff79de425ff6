/**
 * Failed sign-ins, kept in the database so that all processes count together. Who tried is kept as a hash: the table
 * names nobody.
 */
import { createHash } from 'node:crypto';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { afterFailure, type FailureKind, type Failures } from './failure-schedule.js';

/** Somebody who may fail: an account, a key or a network address. */
export interface Suspect {
  kind: FailureKind;
  hash: Buffer;
  /** Shortest wait after too many failures, where a policy asks for one. */
  lockMs?: number | undefined;
}

export function suspect(kind: FailureKind, name: string, lockMs?: number): Suspect {
  return {
    kind,
    lockMs,
    hash: createHash('sha256')
      .update(JSON.stringify([kind, name]))
      .digest(),
  };
}

/** Refuses while one of them waits. @throws SIGN_IN_LIMITED */
export async function requireNoWait(tx: Tx, suspects: readonly Suspect[]): Promise<void> {
  const text = `select ceil(extract(epoch from max(wait_until) - now()))::float8 as seconds
    from sign_in_failure where subject_hash = any ($1) and wait_until > now()`;
  const { rows } = await tx.query<{ seconds: number | null }>(
    text,
    [hashes(suspects)],
    'dartwing_failures_wait',
  );
  refuseWaiting(rows[0]?.seconds ?? null);
}

/** @throws SIGN_IN_LIMITED where there are seconds to wait */
export function refuseWaiting(seconds: number | null): void {
  if (seconds === null) return;
  throw new DartwingError('SIGN_IN_LIMITED', { seconds }, { retryAfterMs: seconds * 1000 });
}

/** Counts one failure of each, in one order, so that two processes never wait for each other in a circle. */
export async function countFailure(tx: Tx, suspects: readonly Suspect[]): Promise<void> {
  for (const { kind, hash } of suspects.toSorted((a, b) => a.hash.compare(b.hash))) {
    const { before, now } = await lockFailures(tx, hash);
    const after = afterFailure(kind, before, now);
    await writeFailures(tx, hash, after);
  }
  await tx.query(
    `delete from sign_in_failure where subject_hash in (
       select subject_hash from sign_in_failure where last_failure_at < now() - make_interval(secs => $1) limit 100)`,
    [limits.signInMemoryMs / 1000],
    'dartwing_failures_forget',
  );
}

/** What a charge changed, to take it back. */
export interface Charge {
  hash: Buffer;
  before: Failures | undefined;
  after: Failures;
}

/**
 * Counts an attempt of each as failed before it is looked at: of many guesses at once, the counted ones make the rest
 * wait, however slow the look is. A success is cleared afterwards. While somebody waits, nothing is counted.
 * @throws SIGN_IN_LIMITED
 */
export async function chargeAttempt(tx: Tx, suspects: readonly Suspect[]): Promise<Charge[]> {
  const charges: Charge[] = [];
  for (const { kind, hash, lockMs } of suspects.toSorted((a, b) => a.hash.compare(b.hash))) {
    const { before, now } = await lockFailures(tx, hash);
    await requireNoWait(tx, [{ kind, hash }]);
    const after = afterFailure(kind, before, now, lockMs);
    await writeFailures(tx, hash, after);
    charges.push({ hash, before, after });
  }
  return charges;
}

/** Takes charges back: the attempts were no failures. A wait that others have caused meanwhile stays. */
export async function refundAttempt(tx: Tx, charges: readonly Charge[]): Promise<void> {
  const text = `update sign_in_failure set failures = greatest(failures - 1, 0),
      wait_until = case when last_failure_at <> $2 then wait_until end,
      last_failure_at = case when last_failure_at = $2 then $3 else last_failure_at end
    where subject_hash = $1`;
  for (const { hash, before, after } of charges)
    await tx.query(
      text,
      [hash, after.lastFailureAt, (before ?? after).lastFailureAt],
      'dartwing_failure_refund',
    );
}

async function writeFailures(tx: Tx, hash: Buffer, after: Failures): Promise<void> {
  await tx.query(
    'update sign_in_failure set failures = $2, last_failure_at = $3, wait_until = $4 where subject_hash = $1',
    [hash, after.failures, after.lastFailureAt, after.waitUntil],
    'dartwing_failure_count',
  );
}

/** A success forgets the failures of an account or key; an address has to prove itself for longer. */
export async function clearFailures(tx: Tx, suspects: readonly Suspect[]): Promise<void> {
  const proven = suspects.filter(({ kind }) => kind !== 'address');
  await tx.query(
    'delete from sign_in_failure where subject_hash = any ($1)',
    [hashes(proven)],
    'dartwing_failures_clear',
  );
}

async function lockFailures(tx: Tx, hash: Buffer) {
  const text = `insert into sign_in_failure (subject_hash, failures, last_failure_at) values ($1, 0, now())
    on conflict (subject_hash) do update set failures = sign_in_failure.failures
    returning failures, last_failure_at, clock_timestamp() as now`;
  const { rows } = await tx.query<{ failures: number; last_failure_at: Date; now: Date }>(
    text,
    [hash],
    'dartwing_failure_lock',
  );
  const { failures, last_failure_at: lastFailureAt, now } = rows[0]!;
  return { before: failures === 0 ? undefined : { failures, lastFailureAt, waitUntil: null }, now };
}

export function hashes(suspects: readonly Suspect[]): Buffer[] {
  return suspects.map(({ hash }) => hash);
}
