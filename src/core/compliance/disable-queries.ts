/** Statements on frameworks that are to go out of force. */
import type { Tx } from '../db/index.js';

export interface DisablingRow {
  organization: string;
  framework: string;
  reason: string;
  asked_at: Date;
  asked_by: string;
  due_at: Date;
  approved_at: Date | null;
  approved_by: string | null;
}

const columns = 'organization, framework, reason, asked_at, asked_by, due_at, approved_at, approved_by';

/** Held until the end of the transaction. */
export async function lockDisabling(
  tx: Tx,
  organization: string,
  framework: string,
): Promise<DisablingRow | undefined> {
  const text = `select ${columns} from compliance_disabling where organization = $1 and framework = $2 for update`;
  return (await tx.query<DisablingRow & Record<string, unknown>>(text, [organization, framework])).rows[0];
}

export async function listDisablings(tx: Tx, organization: string): Promise<DisablingRow[]> {
  const text = `select ${columns} from compliance_disabling where organization = $1 order by framework`;
  return (await tx.query<DisablingRow & Record<string, unknown>>(text, [organization])).rows;
}

export async function insertDisabling(tx: Tx, row: DisablingRow): Promise<void> {
  await tx.query(
    `insert into compliance_disabling (${columns}) values ($1, $2, $3, $4, $5, $6, null, null)`,
    [row.organization, row.framework, row.reason, row.asked_at, row.asked_by, row.due_at],
  );
}

export async function approveDisabling(tx: Tx, row: DisablingRow): Promise<void> {
  await tx.query(
    'update compliance_disabling set approved_at = $3, approved_by = $4 where organization = $1 and framework = $2',
    [row.organization, row.framework, row.approved_at, row.approved_by],
  );
}

export async function deleteDisabling(tx: Tx, organization: string, framework: string): Promise<void> {
  await tx.query('delete from compliance_disabling where organization = $1 and framework = $2', [
    organization,
    framework,
  ]);
}

/** Approved ones whose time has come, oldest first. */
export async function listDueDisablings(
  tx: Tx,
  now: Date,
  limit: number,
): Promise<{ organization: string; framework: string }[]> {
  const text = `select d.organization, d.framework from compliance_disabling d
    join organization o on o.id = d.organization and o.status <> 'dissolved'
    where d.approved_at is not null and d.due_at <= $1 order by d.due_at, d.organization limit $2`;
  return (await tx.query<{ organization: string; framework: string }>(text, [now, limit])).rows;
}
