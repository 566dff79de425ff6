/** Statements on the keys of subjects. */
import type { Queryable } from './ports.js';

export interface SubjectKeyRow {
  organization: string;
  subject: string;
  wrapped: Buffer;
}

export async function findSubjectKeys(
  tx: Queryable,
  wanted: readonly { organization: string; subject: string }[],
): Promise<SubjectKeyRow[]> {
  const text = `select k.organization, k.subject, k.wrapped from unnest($1::text[], $2::text[]) as w (o, s)
    join audit_subject_key k on k.organization = w.o and k.subject = w.s`;
  const values = [wanted.map(({ organization }) => organization), wanted.map(({ subject }) => subject)];
  return (
    await tx.query<SubjectKeyRow & Record<string, unknown>>(text, values, 'dartwing_audit_subject_find')
  ).rows;
}

/** The key that is kept: the one that was there, this one, or that of another transaction, for which it waited. */
export async function keepSubjectKey(tx: Queryable, row: SubjectKeyRow): Promise<Buffer> {
  const text = `with made as (
      insert into audit_subject_key (organization, subject, wrapped) values ($1, $2, $3)
      on conflict do nothing returning wrapped
    )
    select wrapped from made
    union all select wrapped from audit_subject_key where organization = $1 and subject = $2`;
  const values = [row.organization, row.subject, row.wrapped];
  const { rows } = await tx.query<{ wrapped: Buffer }>(text, values, 'dartwing_audit_subject_keep');
  // What it waited for was committed after the statement began, so only the next one sees it.
  return (rows[0] ?? (await findSubjectKeys(tx, [row]))[0]!).wrapped;
}

export async function deleteSubjectKeys(tx: Queryable, subjects: readonly string[]): Promise<number> {
  return (await tx.query('delete from audit_subject_key where subject = any ($1)', [subjects])).rowCount;
}
