/** Statements about filed conflicts. */
import type { Tx } from '../db/index.js';

export interface ConflictRow {
  organization: string;
  id: string;
  doctype: string;
  name: string;
  op: 'insert' | 'update' | 'delete' | 'undelete';
  strategy: string;
  status: 'open' | 'auto' | 'resolved';
  fields: string[];
  decisions: { field: string; [key: string]: unknown }[];
  base: Record<string, unknown> | null;
  base_version: number;
  server: Record<string, unknown> | null;
  server_version: number;
  client: Record<string, unknown> | null;
  principal: string;
  device: string | null;
  opened_at: Date;
  auto_at: Date | null;
  resolved_at: Date | null;
  resolved_by: string | null;
  decision: string | null;
  resolution: Record<string, unknown> | null;
  resolved_version: number | null;
  reason: string | null;
  proposal: Record<string, unknown> | null;
}

const columns = `organization, id, doctype, name, op, strategy, status, fields, decisions, base, base_version, server, server_version,
  client, principal, device, opened_at, auto_at, resolved_at, resolved_by, decision, resolution, resolved_version, reason, proposal`;

export async function findConflict(
  tx: Tx,
  organization: string,
  id: string,
  lock = false,
): Promise<ConflictRow | undefined> {
  const text = `select ${columns} from sync_conflict where organization = $1 and id = $2${lock ? ' for update' : ''}`;
  return (await tx.query<ConflictRow & Record<string, unknown>>(text, [organization, id])).rows[0];
}

/** Keeps what somebody would take; a later proposal stands in the place of an earlier one. */
export async function keepProposal(
  tx: Tx,
  row: Pick<ConflictRow, 'organization' | 'id'>,
  proposal: object,
): Promise<void> {
  const text = 'update sync_conflict set proposal = $3 where organization = $1 and id = $2';
  await tx.query(text, [row.organization, row.id, JSON.stringify(proposal)]);
}

export interface ConflictFilter {
  organization: string;
  states: readonly string[];
  doctypes: readonly string[];
  before: Date | null;
  limit: number;
  offset: number;
}

export async function pageConflicts(
  tx: Tx,
  filter: ConflictFilter,
): Promise<{ rows: ConflictRow[]; total: number }> {
  const where = `organization = $1 and status = any ($2) and doctype = any ($3) and ($4::timestamptz is null or opened_at < $4)`;
  const values = [filter.organization, filter.states, filter.doctypes, filter.before];
  const [rows, total] = await Promise.all([
    tx.query<ConflictRow & Record<string, unknown>>(
      `select ${columns} from sync_conflict where ${where} order by opened_at desc, id desc limit $5 offset $6`,
      [...values, filter.limit, filter.offset],
      'dartwing_sync_conflict_page',
    ),
    tx.query<{ total: number }>(
      `select count(*)::int as total from sync_conflict where ${where}`,
      values,
      'dartwing_sync_conflict_count',
    ),
  ]);
  return { rows: rows.rows, total: total.rows[0]!.total };
}

export async function closeConflict(
  tx: Tx,
  row: Pick<ConflictRow, 'organization' | 'id'>,
  end: {
    at: Date;
    by: string;
    decision: string;
    resolution: unknown;
    version: number | null;
    reason: string | undefined;
  },
): Promise<ConflictRow> {
  const text = `update sync_conflict set status = 'resolved', resolved_at = $3, resolved_by = $4, decision = $5, resolution = $6,
      resolved_version = $7, reason = $8
    where organization = $1 and id = $2 returning ${columns}`;
  const { at, by, decision, resolution, version, reason } = end;
  const values = [
    row.organization,
    row.id,
    at,
    by,
    decision,
    JSON.stringify(resolution),
    version,
    reason ?? null,
  ];
  return (await tx.query<ConflictRow & Record<string, unknown>>(text, values)).rows[0]!;
}

/** Conflicts whose time is over stay with the server: marks some of them, of any organization the transaction sees. */
export async function closeDue(
  tx: Tx,
  at: Date,
  limit: number,
): Promise<{ organization: string; id: string; doctype: string; name: string }[]> {
  const text = `update sync_conflict c set status = 'auto', resolved_at = $1, resolved_by = 'time', decision = 'server',
      resolution = server, resolved_version = server_version
    from (select organization, id from sync_conflict where status = 'open' and auto_at <= $1
      order by auto_at limit $2 for update skip locked) due
    where c.organization = due.organization and c.id = due.id
    returning c.organization, c.id, c.doctype, c.name`;
  return (
    await tx.query<{ organization: string; id: string; doctype: string; name: string }>(text, [at, limit])
  ).rows;
}
