/** Statements of the ledger of erasures. */
import type { Tx } from '../db/index.js';

/** An erasure that the ledger does not have. */
export interface UnledgeredRow {
  person: string;
  person_created_at: Date;
  erased_at: Date;
  /** Where the person was a member. */
  organizations: string[];
}

/** Oldest first, behind a moment and a person. */
export async function listUnledgered(
  tx: Tx,
  after: { at: Date; person: string },
  limit: number,
): Promise<UnledgeredRow[]> {
  const text = `select e.person, e.person_created_at, e.erased_at,
      array(select distinct m.organization from org_member m where m.person = e.person order by 1) as organizations
    from erasure e where e.ledgered_at is null and e.person_created_at is not null and (e.erased_at, e.person) > ($1, $2)
    order by e.erased_at, e.person limit $3`;
  return (await tx.query<UnledgeredRow & Record<string, unknown>>(text, [after.at, after.person, limit]))
    .rows;
}

/** How many erasures before a moment the ledger does not have. */
export async function countUnledgered(tx: Tx, before: Date): Promise<number> {
  const text = 'select count(*)::integer as count from erasure where ledgered_at is null and erased_at < $1';
  return (await tx.query<{ count: number }>(text, [before])).rows[0]!.count;
}

export async function markLedgered(tx: Tx, person: string, at: Date): Promise<void> {
  await tx.query('update erasure set ledgered_at = $2 where person = $1', [person, at]);
}

/** The newest erasure that this database knows. */
export async function findNewestErasure(tx: Tx): Promise<Date | undefined> {
  const text = 'select max(erased_at) as newest from erasure';
  return (await tx.query<{ newest: Date | null }>(text)).rows[0]?.newest ?? undefined;
}

/** Who of some persons is here and not erased, with the moment when the person was made. */
export async function findUnerased(tx: Tx, persons: readonly string[]): Promise<Map<string, Date>> {
  const text = `select p.id, p.created_at from person p
    where p.id = any ($1::text[]) and not exists (select from erasure e where e.person = p.id)`;
  const { rows } = await tx.query<{ id: string; created_at: Date }>(text, [persons]);
  return new Map(rows.map((row) => [row.id, row.created_at]));
}
