/**
 * The statement that writes documents: rows, head and log in one go, for one document as for five hundred.
 *
 * Each document is compared with the version its writer saw; one that moved on is left alone and is missing from the
 * answer. The head row is taken last, so its lock lasts for the commit only, and numbers follow the order of commits.
 *
 * The full join is an inner one in what it gives: the planner, which takes the parameter for a handful of rows, would
 * compare each written row with each other one, and a full join it can only do by hashing or merging.
 */
import type { Tx } from '../db/index.js';

/** One new version of a document. */
export interface ChangeRow {
  doctype: string;
  name: string;
  /** Version that has to be there now, 0 for none; of several versions of one document the same for all. */
  base: number;
  version: number;
  op: 'insert' | 'update' | 'delete' | 'undelete';
  /** Whether a tombstone has to be there now. */
  wasDeleted: boolean;
  deleted: boolean;
  /** The last of this document's versions; the others stand in the log only. */
  final: boolean;
  /** JSON of the fields to set; of versions that are not final, of all fields. */
  data: string;
  /** Whose it is from now on; undefined leaves it as it is. */
  owner: string | null | undefined;
  operation?: string | undefined;
  request?: string | undefined;
  writtenAt?: Date | undefined;
}

/** What was written. */
export interface Written {
  seq: number;
  doctype: string;
  name: string;
  version: number;
  /** All fields as JSON; null after a deletion. */
  data: string | null;
  owner: string | null;
}

export interface Writer {
  organization: string;
  at: Date;
  /** Id of the principal. */
  by: string;
  /** Principal and device. */
  origin?: string | undefined;
}

const writeStatement = `
with src as materialized (
  select * from jsonb_to_recordset($2::jsonb) as s (i integer, t text, n text, b integer, v integer, o text, y boolean,
    x boolean, f boolean, g boolean, p text, q text, r text, w timestamptz, d jsonb)
),
made as (
  insert into document (organization, doctype, name, version, deleted, owner, data, created_at, created_by, modified_at, modified_by)
  select $1, t, n, v, x, p, d, $3, $4, $3, $4 from src where b = 0 and f order by t, n
  on conflict do nothing
  returning doctype, name, owner, data
),
changed as (
  update document as doc set version = s.v, deleted = s.x, data = doc.data || s.d,
    owner = case when s.g then coalesce(s.p, doc.created_by) else doc.owner end, modified_at = $3, modified_by = $4
  from (select * from src where b > 0 and f order by t, n) s
  where doc.organization = $1 and doc.doctype = s.t and doc.name = s.n and doc.version = s.b and doc.deleted = s.y
    and (s.o <> 'update' or s.v > s.b + 1 or doc.data || s.d <> doc.data
      or (s.g and coalesce(s.p, doc.created_by) is distinct from doc.owner))
  returning doc.doctype, doc.name, doc.owner, doc.data
),
written as (select * from made union all select * from changed),
entry as (
  select src.*, written.owner, written.data as stored
  from written full join src on src.t = written.doctype and src.n = written.name
  where coalesce(written.name, '') <> '' and coalesce(src.n, '') <> ''
),
counted as (select count(*) as n from entry),
head as (
  insert into document_head as h (organization, seq) select $1, n from counted where n > 0
  on conflict (organization) do update set seq = h.seq + excluded.seq returning h.seq
)
insert into document_change (organization, seq, doctype, name, version, op, deleted, owner, data, at, by, origin, operation, request, written_at)
select $1, head.seq - counted.n + row_number() over (order by e.i), e.t, e.n, e.v, e.o, e.x, e.owner,
  case when e.x then null when e.f then e.stored else e.d end, $3, $4, $5, e.q, e.r, e.w
from entry e cross join head cross join counted
returning seq::float8 as seq, doctype, name, version, data::text as data, owner`;

/** Writes versions; documents that are not as their writer saw them are left out, with all of their versions. */
export async function writeChanges(tx: Tx, writer: Writer, rows: readonly ChangeRow[]): Promise<Written[]> {
  if (rows.length === 0) return [];
  const { organization, at, by, origin } = writer;
  const values = [organization, `[${rows.map(encode).join(',')}]`, at, by, origin ?? null];
  return (
    await tx.query<Written & Record<string, unknown>>(writeStatement, values, 'dartwing_document_write')
  ).rows;
}

function encode(row: ChangeRow, index: number): string {
  const { doctype: t, name: n, base: b, version: v, op: o, wasDeleted: y, deleted: x, final: f } = row;
  const { owner, operation: q, request: r, writtenAt: w } = row;
  const head = { i: index, t, n, b, v, o, y, x, f, g: owner !== undefined, p: owner ?? null, q, r, w };
  return `${JSON.stringify(head).slice(0, -1)},"d":${row.data}}`;
}

/** A document as it is now. */
export interface DocumentRow {
  doctype: string;
  name: string;
  version: number;
  deleted: boolean;
  owner: string | null;
  data: Record<string, unknown>;
  created_at: Date;
  created_by: string;
  modified_at: Date;
  modified_by: string;
}

const columns =
  'd.doctype, d.name, d.version, d.deleted, d.owner, d.data, d.created_at, d.created_by, d.modified_at, d.modified_by';

/** Documents by doctype and name, tombstones included, held until the end of the transaction in one order for all. */
export async function lockDocuments(
  tx: Tx,
  organization: string,
  refs: readonly { doctype: string; name: string }[],
): Promise<DocumentRow[]> {
  if (refs.length === 0) return [];
  const text = `select ${columns} from (
      select distinct t, n from unnest($2::text[], $3::text[]) as wanted (t, n) order by 1, 2
    ) wanted join document d on d.organization = $1 and d.doctype = wanted.t and d.name = wanted.n for update of d`;
  const values = [organization, refs.map(({ doctype }) => doctype), refs.map(({ name }) => name)];
  return (await tx.query<DocumentRow & Record<string, unknown>>(text, values, 'dartwing_document_lock')).rows;
}

/** Which of some documents are there: `Doctype/name`. */
export async function findExisting(
  tx: Tx,
  organization: string,
  refs: readonly { doctype: string; name: string }[],
): Promise<Set<string>> {
  if (refs.length === 0) return new Set();
  const text = `select d.doctype, d.name from unnest($2::text[], $3::text[]) as wanted (t, n)
    join document d on d.organization = $1 and d.doctype = wanted.t and d.name = wanted.n and not d.deleted`;
  const values = [organization, refs.map(({ doctype }) => doctype), refs.map(({ name }) => name)];
  const { rows } = await tx.query<{ doctype: string; name: string }>(
    text,
    values,
    'dartwing_document_exists',
  );
  return new Set(rows.map(({ doctype, name }) => `${doctype}/${name}`));
}

/** A version in the log. */
export interface VersionRow {
  doctype: string;
  name: string;
  version: number;
  op: 'insert' | 'update' | 'delete' | 'undelete';
  deleted: boolean;
  data: Record<string, unknown> | null;
  at: Date;
  by: string;
  origin: string | null;
  operation: string | null;
  written_at: Date | null;
}

const versionColumns =
  'c.doctype, c.name, c.version, c.op, c.deleted, c.data, c.at, c.by, c.origin, c.operation, c.written_at';

/** Versions of some documents from a version of each on, oldest first, at most `each` of every document. */
export async function findVersionsSince(
  tx: Tx,
  organization: string,
  refs: readonly { doctype: string; name: string; from: number }[],
  each: number,
): Promise<VersionRow[]> {
  if (refs.length === 0) return [];
  const text = `select found.* from unnest($2::text[], $3::text[], $4::integer[]) as wanted (t, n, v)
    cross join lateral (
      select ${versionColumns} from document_change c
      where c.organization = $1 and c.doctype = wanted.t and c.name = wanted.n and c.version >= wanted.v
      order by c.version limit $5
    ) found order by found.doctype, found.name, found.version`;
  const values = [
    organization,
    refs.map(({ doctype }) => doctype),
    refs.map(({ name }) => name),
    refs.map(({ from }) => from),
    each,
  ];
  return (await tx.query<VersionRow & Record<string, unknown>>(text, values, 'dartwing_document_since')).rows;
}

/** Versions of one document, newest first. */
export async function pageVersions(
  tx: Tx,
  organization: string,
  ref: { doctype: string; name: string },
  limit: number,
  offset: number,
): Promise<VersionRow[]> {
  const text = `select ${versionColumns} from document_change c
    where c.organization = $1 and c.doctype = $2 and c.name = $3 order by c.version desc limit $4 offset $5`;
  const values = [organization, ref.doctype, ref.name, limit, offset];
  return (await tx.query<VersionRow & Record<string, unknown>>(text, values, 'dartwing_document_versions'))
    .rows;
}

export async function findDocument(
  tx: Tx,
  organization: string,
  { doctype, name }: { doctype: string; name: string },
): Promise<DocumentRow | undefined> {
  const text = `select ${columns} from document d where d.organization = $1 and d.doctype = $2 and d.name = $3`;
  return (
    await tx.query<DocumentRow & Record<string, unknown>>(
      text,
      [organization, doctype, name],
      'dartwing_document_find',
    )
  ).rows[0];
}

/** Numbers for names that the server makes. */
export async function nextNumbers(tx: Tx, count: number): Promise<string[]> {
  const text = `select nextval('document_series')::text as number from generate_series(1, $1)`;
  const { rows } = await tx.query<{ number: string }>(text, [count], 'dartwing_document_numbers');
  return rows.map(({ number }) => number);
}

/** Organizations in which some persons are or were members, in the order of their ids. */
export async function findOrganizationsOf(tx: Tx, persons: readonly string[]): Promise<string[]> {
  const text = 'select distinct organization from org_member where person = any ($1) order by 1';
  return (await tx.query<{ organization: string }>(text, [persons])).rows.map((row) => row.organization);
}

/** Documents of a person, and those that may name one somewhere; tombstones included. */
export async function lockDocumentsNaming(
  tx: Tx,
  page: {
    organization: string;
    doctypes: readonly string[];
    person: string;
    after: readonly [doctype: string, name: string];
    limit: number;
  },
): Promise<DocumentRow[]> {
  const text = `select ${columns} from document d
    where d.organization = $1 and d.doctype = any ($2) and (d.doctype, d.name) > ($4, $5)
      and (d.owner = $3 or strpos(d.data::text, to_json($3::text)::text) > 0)
    order by d.doctype, d.name limit $6 for update`;
  const values = [page.organization, page.doctypes, page.person, ...page.after, page.limit];
  return (await tx.query<DocumentRow & Record<string, unknown>>(text, values)).rows;
}

/** Whoever made a document owns it again when nobody else does. */
export async function renameCreator(tx: Tx, organization: string, from: string, to: string): Promise<void> {
  const text = 'update document set created_by = $3 where organization = $1 and created_by = $2';
  await tx.query(text, [organization, from, to]);
}

/** Changes what undelete would bring back; clients have nothing of it. */
export async function rewriteTombstones(
  tx: Tx,
  organization: string,
  rows: readonly Pick<DocumentRow, 'doctype' | 'name' | 'owner' | 'data'>[],
): Promise<void> {
  if (rows.length === 0) return;
  const text = `update document d set owner = s.owner, data = s.data
    from jsonb_to_recordset($2::jsonb) as s (doctype text, name text, owner text, data jsonb)
    where d.organization = $1 and d.doctype = s.doctype and d.name = s.name and d.deleted`;
  const list = rows.map(({ doctype, name, owner, data }) => ({ doctype, name, owner, data }));
  await tx.query(text, [organization, JSON.stringify(list)]);
}

/** Deletes everything of an organization. */
export async function deleteAll(tx: Tx, organization: string): Promise<void> {
  for (const table of ['document_change', 'document', 'document_head'])
    await tx.query(`delete from ${table} where organization = $1`, [organization]);
}
