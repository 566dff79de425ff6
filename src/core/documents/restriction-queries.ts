/** Statements on restrictions of processing, as the writing of documents asks for them. */
import type { Tx } from '../db/index.js';

/** Persons whose data an organization may only keep. */
export async function listRestricted(tx: Tx, organization: string): Promise<Set<string>> {
  const text = 'select person from processing_restriction where organization = $1';
  const { rows } = await tx.query<{ person: string }>(text, [organization], 'dartwing_restricted');
  return new Set(rows.map(({ person }) => person));
}

/** Data of some documents, tombstones included, by `Doctype/name`. */
export async function findData(
  tx: Tx,
  organization: string,
  refs: readonly { doctype: string; name: string }[],
): Promise<Map<string, Record<string, unknown>>> {
  const text = `select d.doctype, d.name, d.data from unnest($2::text[], $3::text[]) as wanted (t, n)
    join document d on d.organization = $1 and d.doctype = wanted.t and d.name = wanted.n`;
  const values = [organization, refs.map(({ doctype }) => doctype), refs.map(({ name }) => name)];
  const { rows } = await tx.query<{ doctype: string; name: string; data: Record<string, unknown> }>(
    text,
    values,
  );
  return new Map(rows.map(({ doctype, name, data }) => [`${doctype}/${name}`, data]));
}
