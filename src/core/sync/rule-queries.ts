/** Statements about conflict rules that organizations changed. */
import type { Tx } from '../db/index.js';

export interface RuleRow {
  doctype: string;
  rules: Record<string, unknown>;
  set_at: Date;
  set_by: string;
  reason: string | null;
}

const columns = 'doctype, rules, set_at, set_by, reason';

export async function findRules(tx: Tx, organization: string): Promise<RuleRow[]> {
  const text = `select ${columns} from sync_rule where organization = $1 order by doctype`;
  return (await tx.query<RuleRow & Record<string, unknown>>(text, [organization], 'dartwing_sync_rules'))
    .rows;
}

export async function keepRule(
  tx: Tx,
  organization: string,
  row: Omit<RuleRow, 'reason'> & { reason: string | undefined },
): Promise<void> {
  const text = `insert into sync_rule (organization, doctype, rules, set_at, set_by, reason) values ($1, $2, $3, $4, $5, $6)
    on conflict (organization, doctype) do update set rules = excluded.rules, set_at = excluded.set_at, set_by = excluded.set_by,
      reason = excluded.reason`;
  const { doctype, rules, set_at: at, set_by: by, reason } = row;
  await tx.query(text, [organization, doctype, JSON.stringify(rules), at, by, reason ?? null]);
}

export async function dropRule(tx: Tx, organization: string, doctype: string): Promise<void> {
  await tx.query('delete from sync_rule where organization = $1 and doctype = $2', [organization, doctype]);
}
