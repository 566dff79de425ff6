/** Statements of compaction; each forgets at most `limits.compactBatchMax`. */
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';

/** The number of the last change before a time, as numbers and times go together; 0 when there is none. */
export async function findExpired(tx: Tx, organization: string, before: Date): Promise<number> {
  const text = `select coalesce((select c.seq - 1 from document_change c where c.organization = $1 and c.at >= $2 order by c.seq limit 1),
    (select h.seq from document_head h where h.organization = $1), 0)::float8 as seq`;
  return (await tx.query<{ seq: number }>(text, [organization, before])).rows[0]!.seq;
}

/** Up to which change the log is gone from now on, and whether that is new. */
export async function raiseRetained(
  tx: Tx,
  organization: string,
  upTo: number,
): Promise<{ retained: number; wasRaised: boolean }> {
  const raise = `update document_head set min_retained = $2 where organization = $1 and min_retained < $2
    returning min_retained::float8 as retained`;
  const raised = (await tx.query<{ retained: number }>(raise, [organization, upTo])).rows[0];
  if (raised !== undefined) return { ...raised, wasRaised: true };
  const text = 'select min_retained::float8 as retained from document_head where organization = $1';
  const { rows } = await tx.query<{ retained: number }>(text, [organization]);
  return { retained: rows[0]?.retained ?? 0, wasRaised: false };
}

export function deleteChanges(tx: Tx, organization: string, upTo: number): Promise<number> {
  const text = `delete from document_change where organization = $1 and seq in (
    select seq from document_change where organization = $1 and seq <= $2 order by seq limit ${limits.compactBatchMax})`;
  return oneBatch(tx, text, [organization, upTo]);
}

export function deleteOperations(tx: Tx, organization: string, before: Date): Promise<number> {
  const text = `delete from sync_operation where (organization, origin, operation) in (
    select organization, origin, operation from sync_operation where organization = $1 and at < $2 limit ${limits.compactBatchMax})`;
  return oneBatch(tx, text, [organization, before]);
}

export function deleteTombstones(
  tx: Tx,
  organization: string,
  doctype: string,
  before: Date,
): Promise<number> {
  const text = `delete from document where organization = $1 and doctype = $2 and name in (
    select name from document where organization = $1 and doctype = $2 and deleted and modified_at < $3 limit ${limits.compactBatchMax})`;
  return oneBatch(tx, text, [organization, doctype, before]);
}

async function oneBatch(tx: Tx, text: string, values: readonly unknown[]): Promise<number> {
  return (await tx.query(text, values)).rowCount;
}
