/**
 * What borrowers leave on a connection: settings, role, open cursors and temporary tables of a session outlive a
 * transaction, and those of one organization must not reach the next.
 */
import type { PoolClient } from 'pg';
import { type NamedStatement, named } from './batch.js';

/** Connections whose last borrower ran statements of ours to the end, and nothing else: nothing of the kind is there. */
const clean = new WeakSet<PoolClient>();

/** Takes leftovers away. They ride in a request that is made anyway. */
const cleaning: readonly NamedStatement[] = ['reset all', 'reset role', 'close all', 'discard temp'].map(
  named,
);

/** What a borrower has to send first. From now on the connection counts as used. */
export function cleaningOf(client: PoolClient): readonly NamedStatement[] {
  return clean.delete(client) ? [] : cleaning;
}

export function isClean(client: PoolClient): boolean {
  return clean.has(client);
}

/** Says that statements of ours, and nothing else, have run to the end. */
export function leaveClean(client: PoolClient): void {
  clean.add(client);
}
