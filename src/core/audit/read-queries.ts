/** Statements that read the audit trail to prove and to continue it. Table names are resolved by the connection's search path. */
import { auditBounds } from './bounds.js';
import type { ClearColumns } from './columns.js';
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

/** An entry at its place, as the database gives it. */
export interface PlacedRow {
  organization: string;
  seq: string;
  instant: string;
  body: Buffer;
  leaf: Buffer;
  chain: Buffer;
}

type EventRow = PlacedRow & ClearColumns;

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
