/** Statements of a push besides the writing itself. */
import type { Tx } from '../db/index.js';

/** An operation that was answered before. */
export interface SeenRow {
  operation: string;
  request: string;
  /** Kept answer; null when the log tells it: it was applied as it was sent. */
  result: Record<string, unknown> | null;
  doctype: string | null;
  name: string | null;
  version: number | null;
  deleted: boolean | null;
}

/** Makes pushes of one device wait for each other: an operation that is sent twice at once is carried out once. */
export async function lockOrigin(tx: Tx, organization: string, origin: string): Promise<void> {
  await tx.query(
    "select pg_advisory_xact_lock(hashtextextended('dartwing push ' || $1 || ' ' || $2, 0))",
    [organization, origin],
    'dartwing_sync_origin',
  );
}

/** Each id is looked up by itself: as a join, the planner may read the whole log of an organization it has no statistics of. */
export async function findSeen(
  tx: Tx,
  organization: string,
  origin: string,
  operations: readonly string[],
): Promise<SeenRow[]> {
  const text = `
    select c.* from unnest($3::text[]) as asked (id) cross join lateral (
      select c.operation, c.request, null::jsonb as result, c.doctype, c.name, c.version, c.deleted from document_change c
      where c.organization = $1 and c.origin = $2 and c.operation = asked.id limit 1) c
    union all
    select s.* from unnest($3::text[]) as asked (id) cross join lateral (
      select s.operation, s.request, s.result, null::text, null::text, null::integer, null::boolean from sync_operation s
      where s.organization = $1 and s.origin = $2 and s.operation = asked.id limit 1) s`;
  return (
    await tx.query<SeenRow & Record<string, unknown>>(
      text,
      [organization, origin, operations],
      'dartwing_sync_seen',
    )
  ).rows;
}

/** Keeps answers for repetitions. */
export async function keepAnswers(
  tx: Tx,
  organization: string,
  origin: string,
  at: Date,
  answers: readonly { operation: string; request: string; result: object }[],
): Promise<void> {
  if (answers.length === 0) return;
  const text = `insert into sync_operation (organization, origin, operation, request, result, at)
    select $1, $2, a.operation, a.request, a.result, $3
    from jsonb_to_recordset($4::jsonb) as a (operation text, request text, result jsonb)`;
  await tx.query(text, [organization, origin, at, JSON.stringify(answers)], 'dartwing_sync_keep');
}

/** Lets documents follow the records that were written so far in this transaction. */
export async function followNow(tx: Tx): Promise<void> {
  await tx.query('set constraints document_follow immediate');
  await tx.query('set constraints document_follow deferred');
}

/** Writes down who made the newest versions of a document that follows a record. Returns the number of the last one. */
export async function signChange(
  tx: Tx,
  organization: string,
  ref: { doctype: string; name: string; from: number; version: number },
  by: { by: string; origin: string; operation: string | null; request: string },
): Promise<number> {
  const text = `update document_change set by = $6, origin = $7,
      operation = case when version = $5 then $8 end, request = case when version = $5 and $8::text is not null then $9 end
    where organization = $1 and doctype = $2 and name = $3 and version between $4 and $5 returning seq::float8 as seq`;
  const { doctype, name, from, version } = ref;
  const values = [organization, doctype, name, from, version, by.by, by.origin, by.operation, by.request];
  const { rows } = await tx.query<{ seq: number }>(text, values);
  return Math.max(...rows.map(({ seq }) => seq));
}

/** A conflict as it is filed. */
export interface ConflictEntry {
  id: string;
  doctype: string;
  name: string;
  op: string;
  strategy: string;
  rules: unknown;
  status: 'open' | 'auto';
  fields: readonly string[];
  decisions: unknown;
  base: unknown;
  base_version: number;
  server: unknown;
  server_version: number;
  client: unknown;
  operation: string | null;
  decision: 'server' | 'client' | 'both' | null;
  resolution: unknown;
}

export async function nextConflictNumbers(tx: Tx, count: number): Promise<string[]> {
  const text = `select nextval('sync_conflict_series')::text as number from generate_series(1, $1)`;
  return (await tx.query<{ number: string }>(text, [count], 'dartwing_sync_conflict_numbers')).rows.map(
    ({ number }) => number,
  );
}

export async function insertConflicts(
  tx: Tx,
  by: { organization: string; principal: string; device: string; at: Date; autoAt: Date },
  entries: readonly ConflictEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  const text = `insert into sync_conflict (organization, id, doctype, name, op, strategy, rules, status, fields, decisions, base,
      base_version, server, server_version, client, principal, device, operation, opened_at, auto_at, resolved_at, resolved_by,
      decision, resolution, resolved_version)
    select $1, c.id, c.doctype, c.name, c.op, c.strategy, c.rules, c.status, c.fields, c.decisions, c.base, c.base_version, c.server,
      c.server_version, c.client, $2, $3, c.operation, $4, $5, case when c.status = 'auto' then $4::timestamptz end,
      case when c.status = 'auto' then 'rules' end, c.decision, c.resolution, null
    from jsonb_to_recordset($6::jsonb) as c (id text, doctype text, name text, op text, strategy text, rules jsonb, status text,
      fields text[], decisions jsonb, base jsonb, base_version integer, server jsonb, server_version integer, client jsonb,
      operation text, decision text, resolution jsonb)`;
  const { organization, principal, device, at, autoAt } = by;
  await tx.query(
    text,
    [organization, principal, device, at, autoAt, JSON.stringify(entries)],
    'dartwing_sync_conflict_insert',
  );
}

/** Which of some documents have a conflict on file: `Doctype/name`. */
export async function findDisputed(
  tx: Tx,
  organization: string,
  refs: readonly { doctype: string; name: string }[],
): Promise<Set<string>> {
  if (refs.length === 0) return new Set();
  const text = `select distinct c.doctype, c.name from unnest($2::text[], $3::text[]) as wanted (t, n)
    join sync_conflict c on c.organization = $1 and c.doctype = wanted.t and c.name = wanted.n`;
  const values = [organization, refs.map(({ doctype }) => doctype), refs.map(({ name }) => name)];
  const { rows } = await tx.query<{ doctype: string; name: string }>(text, values, 'dartwing_sync_disputed');
  return new Set(rows.map(({ doctype, name }) => `${doctype}/${name}`));
}

/** Closes the open conflicts of documents whose decision a client sent. */
export async function closeConflicts(
  tx: Tx,
  organization: string,
  by: string,
  at: Date,
  closed: readonly { doctype: string; name: string; version: number; resolution: unknown }[],
): Promise<void> {
  if (closed.length === 0) return;
  const text = `update sync_conflict c set status = 'resolved', resolved_at = $3, resolved_by = $2, decision = 'value',
      resolution = r.resolution, resolved_version = r.version
    from jsonb_to_recordset($4::jsonb) as r (doctype text, name text, version integer, resolution jsonb)
    where c.organization = $1 and c.doctype = r.doctype and c.name = r.name and c.status = 'open'`;
  await tx.query(text, [organization, by, at, JSON.stringify(closed)], 'dartwing_sync_conflict_close');
}
