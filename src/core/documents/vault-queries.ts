/** Statements on the keys of documents and on lookups. */
import type { Tx } from '../db/index.js';

export interface DocumentRef {
  doctype: string;
  name: string;
}

export interface DocumentKeyRow extends DocumentRef {
  secret: Buffer;
}

/** Keys of some documents, sealed. */
export async function findDocumentKeys(
  tx: Tx,
  organization: string,
  refs: readonly DocumentRef[],
): Promise<DocumentKeyRow[]> {
  if (refs.length === 0) return [];
  const text = `select k.doctype, k.name, k.secret::bytea as secret
    from (select distinct t, n from unnest($2::text[], $3::text[]) as w (t, n)) wanted
    join document_key k on k.organization = $1 and k.doctype = wanted.t and k.name = wanted.n`;
  const values = [organization, refs.map(({ doctype }) => doctype), refs.map(({ name }) => name)];
  return (await tx.query<DocumentKeyRow & Record<string, unknown>>(text, values, 'dartwing_document_keys'))
    .rows;
}

/** Keeps keys of documents that have none; of two that make one at once, the first keeps it. */
export async function insertDocumentKeys(
  tx: Tx,
  organization: string,
  rows: readonly DocumentKeyRow[],
): Promise<void> {
  const text = `insert into document_key (organization, doctype, name, secret)
    select $1, k.t, k.n, k.s from unnest($2::text[], $3::text[], $4::bytea[]) as k (t, n, s) order by k.t, k.n
    on conflict do nothing`;
  const values = [
    organization,
    rows.map(({ doctype }) => doctype),
    rows.map(({ name }) => name),
    rows.map(({ secret }) => secret),
  ];
  await tx.query(text, values, 'dartwing_document_key_insert');
}

/** The key by which values of a field are found, sealed. */
export async function findLookupKey(
  tx: Tx,
  organization: string,
  doctype: string,
  field: string,
): Promise<Buffer | undefined> {
  const text = `select secret::bytea as secret from document_lookup_key
    where organization = $1 and doctype = $2 and field = $3`;
  const { rows } = await tx.query<{ secret: Buffer }>(
    text,
    [organization, doctype, field],
    'dartwing_document_lookup_key',
  );
  return rows[0]?.secret;
}

export async function insertLookupKey(
  tx: Tx,
  organization: string,
  doctype: string,
  field: string,
  secret: Buffer,
): Promise<void> {
  const text = `insert into document_lookup_key (organization, doctype, field, secret) values ($1, $2, $3, $4)
    on conflict do nothing`;
  await tx.query(text, [organization, doctype, field, secret]);
}

/** A value that a document is found by from now on; null for none. */
export interface LookupRow extends DocumentRef {
  field: string;
  digest: Buffer | null;
}

export async function writeLookups(tx: Tx, organization: string, rows: readonly LookupRow[]): Promise<void> {
  const none = rows.filter(({ digest }) => digest === null);
  const some = rows.filter(({ digest }) => digest !== null);
  const columns = (list: readonly LookupRow[]) => [
    organization,
    list.map(({ doctype }) => doctype),
    list.map(({ field }) => field),
    list.map(({ name }) => name),
  ];
  if (none.length > 0) {
    const text = `delete from document_lookup l using unnest($2::text[], $3::text[], $4::text[]) as v (t, f, n)
      where l.organization = $1 and l.doctype = v.t and l.field = v.f and l.name = v.n`;
    await tx.query(text, columns(none), 'dartwing_document_lookup_delete');
  }
  if (some.length > 0) {
    const text = `insert into document_lookup (organization, doctype, field, name, digest)
      select $1, v.t, v.f, v.n, v.d from unnest($2::text[], $3::text[], $4::text[], $5::bytea[]) as v (t, f, n, d)
      order by v.t, v.f, v.n
      on conflict (organization, doctype, field, name) do update set digest = excluded.digest`;
    await tx.query(
      text,
      [...columns(some), some.map(({ digest }) => digest)],
      'dartwing_document_lookup_write',
    );
  }
}

/** Deletes the keys of documents: what was sealed with them opens nowhere any more. */
export async function shredDocuments(
  tx: Tx,
  organization: string,
  refs: readonly DocumentRef[],
): Promise<void> {
  if (refs.length === 0) return;
  const values = [organization, refs.map(({ doctype }) => doctype), refs.map(({ name }) => name)];
  for (const table of ['document_lookup', 'document_key'])
    await tx.query(
      `delete from ${table} k using unnest($2::text[], $3::text[]) as w (t, n)
       where k.organization = $1 and k.doctype = w.t and k.name = w.n`,
      values,
    );
}

/** Deletes the keys of documents of which nothing is left, neither row nor version nor conflict. */
export async function shredForgotten(tx: Tx, organization: string): Promise<number> {
  const left = ['document', 'document_change', 'sync_conflict'].map(
    (table) => `not exists (select from ${table} d
      where d.organization = k.organization and d.doctype = k.doctype and d.name = k.name)`,
  );
  await tx.query(`delete from document_lookup k where k.organization = $1 and ${left[0]}`, [organization]);
  const text = `delete from document_key k where k.organization = $1 and ${left.join(' and ')}`;
  return (await tx.query(text, [organization])).rowCount;
}

/** A row whose fields are not all sealed. */
export interface PlainRow extends DocumentRef {
  version: number;
  data: Record<string, unknown>;
}

/** That a field holds something that is not sealed; of a table, that a cell does. */
const isPlain = `exists (select from unnest($3::text[], $4::text[]) as f (field, col)
  where case when f.col is null
    then jsonb_typeof(d.data -> f.field) <> 'null' and not coalesce(d.data -> f.field ? '$sealed', false)
    else jsonb_typeof(d.data -> f.field) = 'array' and exists (select from jsonb_array_elements(d.data -> f.field) as r (cell)
      where jsonb_typeof(r.cell -> f.col) <> 'null' and not coalesce(r.cell -> f.col ? '$sealed', false)) end)`;

function fieldsOf(paths: readonly (readonly [string, string?])[]) {
  return [paths.map(([field]) => field), paths.map(([, column]) => column ?? null)];
}

/** Rows of `document` or of its log in which a field of a doctype stands unsealed, some of them. */
export async function pagePlain(
  tx: Tx,
  table: 'document' | 'document_change',
  organization: string,
  doctype: string,
  paths: readonly (readonly [string, string?])[],
  limit: number,
): Promise<PlainRow[]> {
  const text = `select d.doctype, d.name, d.version, d.data from ${table} d
    where d.organization = $1 and d.doctype = $2 and d.data is not null and ${isPlain}
    order by d.name, d.version limit $5 for update`;
  const values = [organization, doctype, ...fieldsOf(paths), limit];
  return (await tx.query<PlainRow & Record<string, unknown>>(text, values)).rows;
}

/** How many there are, up to a number. */
export async function countPlain(
  tx: Tx,
  table: 'document' | 'document_change',
  organization: string,
  doctype: string,
  paths: readonly (readonly [string, string?])[],
  max: number,
): Promise<number> {
  const text = `select count(*)::int as count from (select from ${table} d
    where d.organization = $1 and d.doctype = $2 and d.data is not null and ${isPlain} limit $5) found`;
  const values = [organization, doctype, ...fieldsOf(paths), max];
  return (await tx.query<{ count: number }>(text, values)).rows[0]!.count;
}

/** Puts sealed data in the place of the same data. */
export async function replaceData(
  tx: Tx,
  table: 'document' | 'document_change',
  organization: string,
  rows: readonly PlainRow[],
): Promise<void> {
  const text = `update ${table} d set data = s.data
    from jsonb_to_recordset($2::jsonb) as s (doctype text, name text, version integer, data jsonb)
    where d.organization = $1 and d.doctype = s.doctype and d.name = s.name and d.version = s.version`;
  await tx.query(text, [organization, JSON.stringify(rows)]);
}

/** Deletes everything of an organization. */
export async function deleteVault(tx: Tx, organization: string): Promise<void> {
  for (const table of ['document_lookup', 'document_lookup_key', 'document_key'])
    await tx.query(`delete from ${table} where organization = $1`, [organization]);
}
