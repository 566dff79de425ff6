/** Every SQL statement that reads the audit trail. Table names are resolved by the connection's search path. */
import { auditBounds } from './bounds.js';
import type { ClearColumns } from './columns.js';
import type { AuditFilter } from './filter.js';
import type { ChainHead } from './head.js';
import { instantSql } from './instant.js';
import type { EventPage } from './page.js';
import type { Queryable } from './ports.js';
import type { StoredEvent } from './walk.js';

/** The head of a trail, undefined before its first entry, and the server's clock as an instant text. */
export async function readHead(
  tx: Queryable,
  organization: string,
): Promise<{ head: ChainHead | undefined; now: string }> {
  const { rows } = await tx.query<{
    now: string;
    seq: string | null;
    chain: Buffer;
    frontier: Buffer[];
    genesis_at: string;
    last_at: string;
  }>(
    `select ${instantSql('clock_timestamp()')} as now, head.seq, head.chain, head.frontier,
       ${instantSql('head.genesis_at')} as genesis_at, ${instantSql('head.last_at')} as last_at
     from (values ($1)) as wanted (organization)
     left join audit_head head on head.organization = wanted.organization`,
    [organization],
    'dartwing_audit_head',
  );
  const { now, seq, chain, frontier, genesis_at, last_at } = rows[0]!;
  if (seq === null) return { head: undefined, now };
  return {
    head: { organization, seq: Number(seq), chain, frontier, genesisAt: genesis_at, lastAt: last_at },
    now,
  };
}

/** Where a page of events ended. */
export interface EventKey {
  readonly seq: number;
  readonly at: string;
}

interface EventRow extends ClearColumns {
  organization: string;
  seq: string;
  instant: string;
  body: Buffer;
  leaf: Buffer;
  chain: Buffer;
}

const eventColumns = `organization, seq, ${instantSql('at')} as instant, body, leaf, chain,
  action, actor_type, actor_id, via, doctype, document_name, is_phi, request_id`;

function storedEvent({ organization, seq, instant, body, leaf, chain, ...columns }: EventRow): StoredEvent {
  return { organization, seq: Number(seq), at: instant, body, leaf, chain, columns };
}

/** One page of a trail in the order of its numbers, up to the head; equal numbers by time. */
export async function readEventsInOrder(
  tx: Queryable,
  { organization, seq }: ChainHead,
  after?: EventKey,
): Promise<StoredEvent[]> {
  const { rows } = await tx.query<EventRow & Record<string, unknown>>(
    `select ${eventColumns} from audit_event
     where organization = $1 and seq <= $2 and (seq, at) > ($3, $4::timestamptz)
     order by seq, at limit $5`,
    [
      organization,
      seq,
      after?.seq ?? Number.MIN_SAFE_INTEGER,
      after?.at ?? '-infinity',
      auditBounds.pageEntries,
    ],
    'dartwing_audit_verify',
  );
  return rows.map(storedEvent);
}

/** Whether an entry of the last second before the head tells that the clock was put back. */
export async function hasToldOfClock(tx: Queryable, { organization, lastAt }: ChainHead): Promise<boolean> {
  const text = `select 1 from audit_event
    where organization = $1 and action = 'clock.skew' and at > $2::timestamptz - interval '1 second' limit 1`;
  return (await tx.query(text, [organization, lastAt])).rows.length > 0;
}

/** Texts of the entries of a page with the separator between them. `expression` is code, never input. */
const joined = (expression: string) => `string_agg(${expression}, chr(31))`;

/**
 * The same page in a few long values instead of a row for each entry, undefined when there is none. It fails where a body
 * is no text.
 */
export async function readEventPage(
  tx: Queryable,
  { organization, seq }: ChainHead,
  after?: EventKey,
): Promise<EventPage | undefined> {
  const { rows } = await tx.query<EventPage & Record<string, unknown>>(
    `select count(*)::integer as entries,
       string_agg(int8send(seq), '') as seqs, string_agg(timestamptz_send(at), '') as times,
       string_agg(leaf, '') as leaves, string_agg(chain, '') as chains,
       ${joined("convert_from(body, 'UTF8')")} as bodies,
       ${['action', 'actor_type', 'actor_id', 'via', 'doctype', 'document_name'].map((name) => `${joined(name)} as ${name}`).join(', ')},
       string_agg(case when is_phi then 't' else 'f' end, '') as is_phi,
       ${joined("coalesce('.' || request_id, '')")} as request_id
     from (
       select * from audit_event
       where organization = $1 and seq <= $2 and (seq, at) > ($3, $4::timestamptz)
       order by seq, at limit $5
     ) event`,
    [
      organization,
      seq,
      after?.seq ?? Number.MIN_SAFE_INTEGER,
      after?.at ?? '-infinity',
      auditBounds.pageEntries,
    ],
    'dartwing_audit_verify_page',
  );
  return rows[0]!.entries === 0 ? undefined : rows[0];
}

/** One entry of a trail by its number. */
export async function readEvent(
  tx: Queryable,
  organization: string,
  seq: number,
): Promise<StoredEvent | undefined> {
  const { rows } = await tx.query<EventRow & Record<string, unknown>>(
    `select ${eventColumns} from audit_event where organization = $1 and seq = $2 order by at limit 1`,
    [organization, seq],
  );
  return rows.map(storedEvent)[0];
}

/** The first event behind the head, or of a trail without a head. Head and events are of one snapshot. */
export async function firstEventBeyondHead(
  tx: Queryable,
  organization: string,
): Promise<StoredEvent | undefined> {
  const { rows } = await tx.query<EventRow & Record<string, unknown>>(
    `select ${eventColumns} from audit_event
     where organization = $1
       and seq > coalesce((select seq from audit_head head where head.organization = $1), -9223372036854775808)
     order by seq, at limit 1`,
    [organization],
    'dartwing_audit_beyond',
  );
  return rows.map(storedEvent)[0];
}

/** An event with what its document needs besides: the checksum before it, or the beginning of its trail. */
export interface ReadEvent {
  readonly organization: string;
  readonly seq: number;
  readonly at: string;
  readonly body: Buffer;
  readonly chain: Buffer;
  readonly previous: Buffer | null;
  readonly genesisAt: string;
}

/** Filters of $1 to $9 on audit_event; a null parameter filters nothing and is folded away by the planner. */
const filtered = `
  ($2::text is null or actor_id = $2)
  and ($3::text is null or action = $3)
  and ($4::text is null or left(action, length($4)) = $4)
  and ($5::text is null or doctype = $5)
  and ($6::text is null or document_name = $6)
  and ($7::boolean is null or is_phi = $7)
  and ($8::timestamptz is null or at >= $8)
  and ($9::timestamptz is null or at < $9)`;

/** Free text in the bodies. No index helps: it runs over what the filters let through. */
const holdsText = (parameter: string) =>
  `(${parameter}::text is null or position(lower(${parameter}) in lower(convert_from(body, 'UTF8'))) > 0)`;

function filterValues(filter: AuditFilter): unknown[] {
  const { organization, actor, action, doctype, name, isPhi, since, until } = filter;
  const prefix = action?.endsWith('*') ? action.slice(0, -1) : undefined;
  const exact = prefix === undefined ? action : undefined;
  return [organization, actor, exact, prefix, doctype, name, isPhi, since, until].map(
    (value) => value ?? null,
  );
}

/** Newest first, across all visible organizations or in one; each organization is one descent into an index. */
export async function selectNewestEvents(
  tx: Queryable,
  filter: AuditFilter,
  page: { before?: (EventKey & { organization: string }) | undefined; limit: number },
): Promise<ReadEvent[]> {
  const { rows } = await tx.query<ReadRow>(
    `select ${readColumns}
     from audit_head head
     cross join lateral (
       select organization, seq, at, body, chain from audit_event
       where organization = head.organization and ${filtered}
         and ($10::timestamptz is null or (at, organization, seq) < ($10, $11, $12::bigint))
         and ${holdsText('$14')}
       order by at desc, seq desc limit $13
     ) event
     where $1::text is null or head.organization = $1
     order by event.at desc, event.organization desc, event.seq desc limit $13`,
    [
      ...filterValues(filter),
      page.before?.at ?? null,
      page.before?.organization ?? '',
      page.before?.seq ?? 0,
      page.limit,
      filter.text ?? null,
    ],
  );
  return rows.map(foundEvent);
}

/** Oldest first in one organization, behind a time and a number. */
export async function selectEventsAfter(
  tx: Queryable,
  filter: AuditFilter & { organization: string },
  page: { after: EventKey; limit: number },
): Promise<ReadEvent[]> {
  const { rows } = await tx.query<ReadRow>(
    `select ${readColumns}
     from audit_head head
     cross join lateral (
       select organization, seq, at, body, chain from audit_event
       where organization = $1 and ${filtered} and at > $10::timestamptz and seq > $11
         and ${holdsText('$13')}
       order by at, seq limit $12
     ) event
     where head.organization = $1
     order by event.at, event.seq`,
    [...filterValues(filter), page.after.at, page.after.seq, page.limit, filter.text ?? null],
  );
  return rows.map(foundEvent);
}

// Entries of one organization are in time order, so the one before is the newest with its number that is older.
const readColumns = `event.organization, event.seq, ${instantSql('event.at')} as instant, event.body, event.chain,
  ${instantSql('head.genesis_at')} as genesis_at,
  (select before.chain from audit_event before
   where before.organization = event.organization and before.seq = event.seq - 1 and before.at < event.at
   order by before.at desc limit 1) as previous`;

interface ReadRow extends Record<string, unknown> {
  organization: string;
  seq: string;
  instant: string;
  body: Buffer;
  chain: Buffer;
  previous: Buffer | null;
  genesis_at: string;
}

function foundEvent({ organization, seq, instant, body, chain, previous, genesis_at }: ReadRow): ReadEvent {
  return { organization, seq: Number(seq), at: instant, body, chain, previous, genesisAt: genesis_at };
}

/** Time of the newest entry of every visible trail, or of one. */
export async function listLastTimes(
  tx: Queryable,
  organization: string | undefined,
): Promise<{ organization: string; lastAt: string }[]> {
  const { rows } = await tx.query<{ organization: string; last_at: string }>(
    `select organization, ${instantSql('last_at')} as last_at from audit_head
     where $1::text is null or organization = $1 order by organization`,
    [organization ?? null],
  );
  return rows.map((row) => ({ organization: row.organization, lastAt: row.last_at }));
}

/** Organizations with a head or with events, and those that exist: their creation was entered. */
export async function listTrails(tx: Queryable): Promise<string[]> {
  const { rows } = await tx.query<{ organization: string }>(
    `with recursive trail (organization) as (
       (select organization from audit_event order by organization limit 1)
       union all
       select (select next.organization from audit_event next
               where next.organization > trail.organization order by next.organization limit 1)
       from trail where trail.organization is not null
     )
     select organization from trail where organization is not null
     union select organization from audit_head
     union select id from organization
     order by organization`,
    [],
    'dartwing_audit_trails',
  );
  return rows.map((row) => row.organization);
}

/** Whether an organization exists. */
export async function organizationExists(tx: Queryable, organization: string): Promise<boolean> {
  const { rows } = await tx.query('select 1 from organization where id = $1', [organization]);
  return rows.length > 0;
}

/** Whether an organization has staged entries. Needs the sequencer's role. */
export async function hasStagedEntries(tx: Queryable, organization: string): Promise<boolean> {
  const { rows } = await tx.query('select 1 from audit_stage where organization = $1 limit 1', [
    organization,
  ]);
  return rows.length > 0;
}

/** Staged entries that wait longer than `ageMs`, by organization. Needs the sequencer's role. */
export async function listBacklogs(
  tx: Queryable,
  ageMs: number,
): Promise<{ organization: string; entries: number; oldest: string }[]> {
  const { rows } = await tx.query<{ organization: string; entries: number; oldest: string }>(
    `select organization, count(*)::integer as entries, ${instantSql('min(at)')} as oldest
     from audit_stage where at < clock_timestamp() - $1 * interval '1 millisecond'
     group by organization order by organization`,
    [ageMs],
    'dartwing_audit_backlogs',
  );
  return rows;
}
