/** Statements about declared indexes. */
import type { Tx } from '../db/index.js';

/** In which key of its documents a field stands. */
export interface IndexRow {
  field: string;
  slot: number;
  /** Also in documents that are older than the index. */
  ready: boolean;
}

/** Gives fields their keys, as long as there are any; returns those that have one. */
export async function declareIndexes(
  tx: Tx,
  doctype: string,
  fields: readonly string[],
): Promise<IndexRow[]> {
  const text = 'select field, slot, ready from document_index_declare($1, $2)';
  return (await tx.query<IndexRow & Record<string, unknown>>(text, [doctype, fields])).rows;
}

export async function findIndexes(tx: Tx, doctype: string): Promise<IndexRow[]> {
  const text = 'select field, slot, ready from document_index where doctype = $1';
  return (await tx.query<IndexRow & Record<string, unknown>>(text, [doctype], 'dartwing_document_indexes'))
    .rows;
}

/** Every field that is ready: `Doctype.field`. */
export async function findReady(tx: Tx): Promise<Set<string>> {
  const text = "select doctype || '.' || field as name from document_index where ready";
  return new Set((await tx.query<{ name: string }>(text)).rows.map(({ name }) => name));
}

export async function markReady(tx: Tx, doctype: string, fields: readonly string[]): Promise<void> {
  const text = 'update document_index set ready = true where doctype = $1 and field = any ($2)';
  await tx.query(text, [doctype, fields]);
}

/** Organizations after an id, for going through all of them. */
export async function pageOrganizations(tx: Tx, after: string, limit: number): Promise<string[]> {
  const text = 'select organization from document_head where organization > $1 order by 1 limit $2';
  return (await tx.query<{ organization: string }>(text, [after, limit])).rows.map((row) => row.organization);
}

/**
 * Lets the trigger fill the keys of documents after a name; returns the last name that was looked at, undefined at the
 * end. Who writes one of them meanwhile fills it as well.
 */
export async function fillKeys(
  tx: Tx,
  place: { organization: string; doctype: string; after: string },
  limit: number,
): Promise<string | undefined> {
  const text = `with page as materialized (
      select name from document where organization = $1 and doctype = $2 and name > $3 order by name limit $4
    ), filled as (
      update document d set data = d.data from page
      where d.organization = $1 and d.doctype = $2 and d.name = page.name and not d.deleted
    )
    select max(name) as last from page having count(*) = $4`;
  const values = [place.organization, place.doctype, place.after, limit];
  return (await tx.query<{ last: string }>(text, values)).rows[0]?.last;
}
