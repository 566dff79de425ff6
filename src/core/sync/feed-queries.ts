/** Every statement of the feed. */
import type { Tx } from '../db/index.js';

/** Where the log of an organization stands, and whether it may be synchronized. */
export interface HeadRow {
  slug: string;
  status: string;
  suspended_at: Date | null;
  suspended_until: Date | null;
  seq: number;
  min_retained: number;
  generation: string;
}

/** Undefined when there is no such organization. */
export async function findHead(tx: Tx, organization: string): Promise<HeadRow | undefined> {
  const text = `select o.slug, o.status, o.suspended_at, o.suspended_until, coalesce(h.seq, 0)::float8 as seq,
      coalesce(h.min_retained, 0)::float8 as min_retained, coalesce(h.generation, '') as generation
    from organization o left join document_head h on h.organization = o.id where o.id = $1`;
  return (await tx.query<HeadRow & Record<string, unknown>>(text, [organization], 'dartwing_sync_head'))
    .rows[0];
}

/** A row of the feed with its data still as text. */
export interface ChangeText {
  seq: number;
  doctype: string;
  name: string;
  version: number;
  deleted: boolean;
  revoked: boolean;
  modified: Date;
  /** Whose it is. */
  owner: string | null;
  data: string | null;
}

/** A doctype of a page: from which number on, and what of it is seen. */
export interface WantedDoctype {
  name: string;
  floor: number;
  whole: boolean;
  names: readonly string[];
}

interface LivePage {
  organization: string;
  after: number;
  upTo: number;
  doctypes: readonly WantedDoctype[];
  /** Whose documents are one's own. */
  person: string | null;
  limit: number;
}

/** That a change is the newest of its document: of several, only that one is sent. */
const newest = `exists (select from document d where d.organization = c.organization and d.doctype = c.doctype
  and d.name = c.name and d.version = c.version)`;

/** Changes in the order of their numbers; of doctypes that are seen as a whole and were all sent from the same number on. */
const plainStatement = `select c.seq::float8 as seq, c.doctype, c.name, c.version, c.deleted, false as revoked, c.at as modified,
    c.owner, c.data::text as data
  from document_change c
  where c.organization = $1 and c.seq > $2 and c.seq <= $3 and c.doctype = any ($4) and ${newest}
  order by c.seq limit $5`;

/**
 * The same where rights differ between documents. A document that is one's own no longer is sent as revoked, if any
 * version of it was.
 */
const filteredStatement = `
with wanted as materialized (
  select * from jsonb_to_recordset($4::jsonb) as w (name text, floor bigint, whole boolean, names text[])
)
select seq::float8 as seq, doctype, name, version, deleted or not visible as deleted, not visible as revoked, at as modified,
  owner, case when visible then data::text end as data
from (
  select c.*, (w.whole or coalesce(c.owner = $5, false) or c.name = any (w.names)) as visible
  from document_change c join wanted w on w.name = c.doctype
  where c.organization = $1 and c.seq > $2 and c.seq <= $3 and c.seq > w.floor and ${newest}
) c
where visible or exists (select from document_change p where p.organization = c.organization and p.doctype = c.doctype
  and p.name = c.name and p.version < c.version and p.owner = $5)
order by c.seq limit $6`;

/** A page of changes after a number. */
export async function pageChanges(tx: Tx, page: LivePage): Promise<ChangeText[]> {
  const { organization, after, upTo, doctypes, person, limit } = page;
  if (doctypes.every(({ whole, floor }) => whole && floor <= after)) {
    const values = [organization, after, upTo, doctypes.map(({ name }) => name), limit];
    return (
      await tx.query<ChangeText & Record<string, unknown>>(plainStatement, values, 'dartwing_sync_changes')
    ).rows;
  }
  const values = [organization, after, upTo, JSON.stringify(doctypes), person, limit];
  return (
    await tx.query<ChangeText & Record<string, unknown>>(filteredStatement, values, 'dartwing_sync_filtered')
  ).rows;
}

const againStatement = `
with wanted as materialized (
  select * from jsonb_to_recordset($4::jsonb) as w (name text, floor bigint, whole boolean, names text[])
),
found as (
  select c.seq as place, c.doctype, c.name from document_change c join wanted w on w.name = c.doctype
  where c.organization = $1 and c.seq > $2 and c.seq <= $3
    and not exists (select from document_change l where l.organization = c.organization and l.doctype = c.doctype
      and l.name = c.name and l.version > c.version and l.seq <= $3)
  order by c.seq
)
select found.place::float8 as place, coalesce(n.seq, found.place)::float8 as seq, d.doctype, d.name, d.version, d.deleted,
  false as revoked, d.modified_at as modified, d.owner, case when not d.deleted then d.data::text end as data
from found join wanted w on w.name = found.doctype
  join document d on d.organization = $1 and d.doctype = found.doctype and d.name = found.name
  left join document_change n on n.organization = $1 and n.doctype = d.doctype and n.name = d.name and n.version = d.version
where w.whole or coalesce(d.owner = $5, false) or d.name = any (w.names)
order by found.place limit $6`;

/** Documents that changed between two numbers, once each and as they are now, in the order of their last change there. */
export async function pageAgain(tx: Tx, page: LivePage): Promise<(ChangeText & { place: number })[]> {
  const { organization, after, upTo, doctypes, person, limit } = page;
  if (doctypes.length === 0) return [];
  const values = [organization, after, upTo, JSON.stringify(doctypes), person, limit];
  type Row = ChangeText & { place: number } & Record<string, unknown>;
  return (await tx.query<Row>(againStatement, values, 'dartwing_sync_again')).rows;
}

/**
 * A page of documents from the beginning, as they were at a number of the log or before; those with newer changes
 * come with the changes.
 */
export async function pageDocuments(
  tx: Tx,
  page: {
    organization: string;
    upTo: number;
    after: readonly [doctype: string, name: string];
    doctypes: readonly WantedDoctype[];
    person: string | null;
    tombstones: boolean;
    limit: number;
  },
): Promise<ChangeText[]> {
  const { organization, upTo, after, doctypes, person, tombstones, limit } = page;
  // Each doctype is read along its key: over all of them at once the planner reads and sorts the whole organization.
  const text = `
    select found.* from jsonb_to_recordset($5::jsonb) as w (name text, floor bigint, whole boolean, names text[])
    cross join lateral (
      select coalesce(c.seq, 0)::float8 as seq, d.doctype, d.name, d.version, d.deleted, false as revoked, d.modified_at as modified,
        d.owner, case when not d.deleted then d.data::text end as data
      from document d left join lateral (
        select c.seq from document_change c where c.organization = d.organization and c.doctype = d.doctype
          and c.name = d.name and c.version = d.version limit 1
      ) c on true
      where d.organization = $1 and d.doctype = w.name and d.name > case when w.name = $3 then $4 else '' end
        and (not d.deleted or $6) and coalesce(c.seq, 0) <= $2
        and (w.whole or coalesce(d.owner = $7, false) or d.name = any (w.names))
      order by d.name limit $8
    ) found
    where w.name >= $3
    order by found.doctype, found.name limit $8`;
  const values = [organization, upTo, ...after, JSON.stringify(doctypes), tombstones, person, limit];
  return (await tx.query<ChangeText & Record<string, unknown>>(text, values, 'dartwing_sync_documents')).rows;
}

/** The number of the newest change before a time. */
export async function findSeqBefore(tx: Tx, organization: string, at: Date): Promise<number> {
  const text = `select seq::float8 as seq from document_change where organization = $1 and at < $2 order by seq desc limit 1`;
  return (await tx.query<{ seq: number }>(text, [organization, at])).rows[0]?.seq ?? 0;
}
