/** Statements of retention and of restrictions. */
import type { Tx } from '../db/index.js';

export interface RetentionRow {
  doctype: string;
  keep_days: number;
  basis: string;
  set_at: Date;
  set_by: string;
}

const columns = 'doctype, keep_days, basis, set_at, set_by';

export async function listRules(tx: Tx, organization: string): Promise<RetentionRow[]> {
  const text = `select ${columns} from retention_rule where organization = $1 order by doctype`;
  return (await tx.query<RetentionRow & Record<string, unknown>>(text, [organization])).rows;
}

export async function lockRule(
  tx: Tx,
  organization: string,
  doctype: string,
): Promise<RetentionRow | undefined> {
  const text = `select ${columns} from retention_rule where organization = $1 and doctype = $2 for update`;
  return (await tx.query<RetentionRow & Record<string, unknown>>(text, [organization, doctype])).rows[0];
}

export async function writeRule(tx: Tx, organization: string, row: RetentionRow): Promise<void> {
  const text = `insert into retention_rule (organization, ${columns}) values ($1, $2, $3, $4, $5, $6)
    on conflict (organization, doctype) do update set keep_days = excluded.keep_days, basis = excluded.basis,
      set_at = excluded.set_at, set_by = excluded.set_by`;
  await tx.query(text, [organization, row.doctype, row.keep_days, row.basis, row.set_at, row.set_by]);
}

export async function deleteRule(tx: Tx, organization: string, doctype: string): Promise<void> {
  await tx.query('delete from retention_rule where organization = $1 and doctype = $2', [
    organization,
    doctype,
  ]);
}

/** Organizations with rules, after one of them. */
export async function pageRuled(tx: Tx, after: string, limit: number): Promise<string[]> {
  const text = `select distinct r.organization from retention_rule r join organization o on o.id = r.organization
    where o.status <> 'dissolved' and r.organization > $1 order by 1 limit $2`;
  return (await tx.query<{ organization: string }>(text, [after, limit])).rows.map((row) => row.organization);
}

/** How long the frameworks in force want everything kept at least; 0 when they say nothing. */
export async function readShortest(tx: Tx, organization: string): Promise<number> {
  const text = `select coalesce((settings ->> 'retention_days')::integer, 0) as days from compliance_policy
    where organization = $1 and superseded_at is null`;
  return (await tx.query<{ days: number }>(text, [organization])).rows[0]?.days ?? 0;
}

export async function isHeld(tx: Tx, organization: string): Promise<boolean> {
  const text = 'select legal_hold as held from organization where id = $1';
  return (await tx.query<{ held: boolean }>(text, [organization])).rows[0]?.held ?? false;
}

/** Whose time is over: documents and tombstones with something in them, but for those about restricted persons. */
const due = `from document d where d.organization = $1 and d.doctype = $2 and d.modified_at < $3 and d.data <> '{}'`;
const aboutRestricted = `exists (select from processing_restriction r, unnest($4::text[]) as f (field)
  where r.organization = $1 and d.data ->> f.field = r.person)`;

export interface DueDocument {
  doctype: string;
  name: string;
  version: number;
  deleted: boolean;
}

export async function pageDue(
  tx: Tx,
  organization: string,
  doctype: string,
  before: Date,
  subject: readonly string[],
  limit: number,
): Promise<DueDocument[]> {
  const text = `select d.doctype, d.name, d.version, d.deleted ${due} and not ${aboutRestricted}
    order by d.name limit $5 for update of d`;
  const values = [organization, doctype, before, subject, limit];
  return (await tx.query<DueDocument & Record<string, unknown>>(text, values)).rows;
}

export async function countDue(
  tx: Tx,
  organization: string,
  doctype: string,
  before: Date,
  subject: readonly string[],
): Promise<{ due: number; restricted: number }> {
  const text = `select count(*) filter (where not ${aboutRestricted})::int as due,
    count(*) filter (where ${aboutRestricted})::int as restricted ${due}`;
  const { rows } = await tx.query<{ due: number; restricted: number }>(text, [
    organization,
    doctype,
    before,
    subject,
  ]);
  return rows[0]!;
}

export interface RestrictionRow {
  person: string;
  reason: string;
  since: Date;
  by: string;
}

export async function findRestriction(
  tx: Tx,
  organization: string,
  person: string,
): Promise<RestrictionRow | undefined> {
  const text = `select person, reason, since, by from processing_restriction
    where organization = $1 and person = $2 for update`;
  return (await tx.query<RestrictionRow & Record<string, unknown>>(text, [organization, person])).rows[0];
}

export async function insertRestriction(tx: Tx, organization: string, row: RestrictionRow): Promise<void> {
  const text = `insert into processing_restriction (organization, person, reason, since, by) values ($1, $2, $3, $4, $5)
    on conflict do nothing`;
  await tx.query(text, [organization, row.person, row.reason, row.since, row.by]);
}

export async function deleteRestriction(tx: Tx, organization: string, person: string): Promise<void> {
  await tx.query('delete from processing_restriction where organization = $1 and person = $2', [
    organization,
    person,
  ]);
}

/** Rules and restrictions go with their organization. */
export async function deleteProtection(tx: Tx, organization: string): Promise<void> {
  for (const table of ['retention_rule', 'processing_restriction'])
    await tx.query(`delete from ${table} where organization = $1`, [organization]);
}

/** Whether any organization has to keep what it has of a person as it is. */
export async function isRestrictedAnywhere(tx: Tx, person: string): Promise<boolean> {
  const text = 'select exists (select from processing_restriction where person = $1) as restricted';
  return (await tx.query<{ restricted: boolean }>(text, [person])).rows[0]!.restricted;
}
