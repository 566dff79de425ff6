/** Every statement of the realtime room. */
import type { Tx } from '../db/index.js';
import type { Envelope } from './envelope.js';

/** An event that waits for its relay. */
export interface WaitingEvent {
  organization: string;
  event: Pick<Envelope, 'event' | 'to' | 'message'> & { id?: string | undefined };
}

export async function insertEvents(tx: Tx, events: readonly WaitingEvent[]): Promise<void> {
  if (events.length === 0) return;
  const text = `insert into realtime_outbox (organization, event)
    select e.organization, e.event from jsonb_to_recordset($1::jsonb) as e (organization text, event jsonb)`;
  await tx.query(text, [JSON.stringify(events)], 'dartwing_realtime_insert');
}

/** Whether any server lives that could send an event. */
export async function isAnybodyThere(tx: Tx): Promise<boolean> {
  const text =
    "select exists (select from realtime_node where seen_at > now() - interval '2 minutes') as there";
  return (await tx.finish<{ there: boolean }>(text, [], 'dartwing_realtime_there')).rows[0]!.there;
}

/** The same for events that are worth nothing unless somebody hears them now. */
export async function insertHeard(tx: Tx, events: readonly WaitingEvent[]): Promise<void> {
  const text = `insert into realtime_outbox (organization, event)
    select e.organization, e.event from jsonb_to_recordset($1::jsonb) as e (organization text, event jsonb)
    where exists (select from realtime_node where seen_at > now() - interval '2 minutes')
      and (e.organization = 'SYSTEM' or exists (select from organization o where o.id = e.organization))`;
  await tx.query(text, [JSON.stringify(events)], 'dartwing_realtime_insert_heard');
}

/** Whether anything waits for a relay. */
export async function findWaiting(tx: Tx): Promise<boolean> {
  const text =
    'select exists (select from realtime_outbox) or exists (select from realtime_revocation) as waiting';
  return (await tx.query<{ waiting: boolean }>(text, [], 'dartwing_realtime_waiting')).rows[0]!.waiting;
}

/** The next number; from here to the end of the transaction no other relay works. */
export async function takeNumber(tx: Tx): Promise<number> {
  const text = 'update realtime_batch set number = number + 1 returning number::float8 as number';
  return (await tx.query<{ number: number }>(text, [], 'dartwing_realtime_number')).rows[0]!.number;
}

/** The number of the latest batch. */
export async function findNumber(tx: Tx): Promise<number> {
  const text = 'select number::float8 as number from realtime_batch';
  return (await tx.query<{ number: number }>(text)).rows[0]!.number;
}

/** A row of the outbox. */
export interface OutboxRow {
  organization: string;
  id: string;
  after_seq: string | null;
  up_to_seq: string | null;
  event: WaitingEvent['event'] | null;
}

/** Takes what waits, as of one moment: whatever happened after a change of rights is not taken without it. */
export async function takeWaiting(tx: Tx, count: number): Promise<{ rows: OutboxRow[]; holders: string[] }> {
  const text = `with taken as (
      delete from realtime_outbox o using (select organization, id from realtime_outbox order by id limit $1) next
      where o.organization = next.organization and o.id = next.id returning o.*
    ), moved as (delete from realtime_revocation returning holder)
    select (select coalesce(jsonb_agg(to_jsonb(t) || jsonb_build_object('id', t.id::text,
        'after_seq', t.after_seq::text, 'up_to_seq', t.up_to_seq::text) order by t.id), '[]') from taken t) as rows,
      (select coalesce(jsonb_agg(distinct m.holder), '[]') from moved m) as holders`;
  const { rows } = await tx.query<{ rows: OutboxRow[]; holders: string[] }>(
    text,
    [count],
    'dartwing_realtime_take',
  );
  return rows[0]!;
}

/** A change of the log. */
export interface LoggedChange {
  organization: string;
  seq: number;
  doctype: string;
  name: string;
  version: number;
  op: string;
  deleted: boolean;
  owner: string | null;
  modified: string;
}

/** Changes of ranges of logs, in the order of each log. */
export async function listChanges(
  tx: Tx,
  ranges: readonly { organization: string; after: string; upTo: string }[],
): Promise<LoggedChange[]> {
  if (ranges.length === 0) return [];
  const text = `select c.organization, c.seq::float8 as seq, c.doctype, c.name, c.version, c.op, c.deleted, c.owner,
      to_char(c.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as modified
    from unnest($1::text[], $2::bigint[], $3::bigint[]) as wanted (organization, after_seq, up_to_seq)
    join document_change c on c.organization = wanted.organization and c.seq > wanted.after_seq and c.seq <= wanted.up_to_seq
    order by c.organization, c.seq`;
  const values = [
    ranges.map(({ organization }) => organization),
    ranges.map(({ after }) => after),
    ranges.map(({ upTo }) => upTo),
  ];
  return (await tx.query<LoggedChange & Record<string, unknown>>(text, values, 'dartwing_realtime_changes'))
    .rows;
}

/** Sends payloads to every node that listens, when the transaction commits. */
export async function notifyNodes(tx: Tx, channel: string, payloads: readonly string[]): Promise<void> {
  const text = 'select pg_notify($1, payload) from unnest($2::text[]) with ordinality as p (payload, place)';
  await tx.query(text, [channel, payloads], 'dartwing_realtime_notify');
}

/** An organization that may be heard of: neither dissolved nor suspended. */
export interface OpenOrganization {
  id: string;
  slug: string;
  needs_strong_sign_in: boolean;
}

export async function listOpenOrganizations(tx: Tx, refs: readonly string[]): Promise<OpenOrganization[]> {
  if (refs.length === 0) return [];
  const text = `select id, slug, mfa_required as needs_strong_sign_in from organization
    where (id = any ($1) or slug = any ($1)) and status <> 'dissolved'
      and (suspended_at is null or suspended_until <= now())`;
  return (
    await tx.query<OpenOrganization & Record<string, unknown>>(
      text,
      [refs],
      'dartwing_realtime_organizations',
    )
  ).rows;
}

/** Documents that are there, with their owners, in some organizations. */
export async function findDocuments(
  tx: Tx,
  wanted: readonly { organization: string; doctype: string; name: string }[],
): Promise<{ organization: string; doctype: string; name: string; owner: string | null }[]> {
  if (wanted.length === 0) return [];
  const text = `select d.organization, d.doctype, d.name, d.owner
    from unnest($1::text[], $2::text[], $3::text[]) as w (organization, doctype, name)
    join document d on d.organization = w.organization and d.doctype = w.doctype and d.name = w.name and not d.deleted`;
  const values = [
    wanted.map(({ organization }) => organization),
    wanted.map(({ doctype }) => doctype),
    wanted.map(({ name }) => name),
  ];
  return (
    await tx.query<{ organization: string; doctype: string; name: string; owner: string | null }>(
      text,
      values,
    )
  ).rows;
}

/** Jobs by organization and number, with their owners. */
export async function findJobs(
  tx: Tx,
  wanted: readonly { organization: string; number: string }[],
): Promise<{ organization: string; number: string; owner: string }[]> {
  if (wanted.length === 0) return [];
  const text = `select j.organization, j.number::text as number, j.owner
    from unnest($1::text[], $2::bigint[]) as w (organization, number)
    join job j on j.organization = w.organization and j.number = w.number`;
  const values = [wanted.map(({ organization }) => organization), wanted.map(({ number }) => number)];
  return (await tx.query<{ organization: string; number: string; owner: string }>(text, values)).rows;
}

/** Says that a node lives; tells whether the others knew. */
export async function touchNode(tx: Tx, node: string): Promise<boolean> {
  const text = `insert into realtime_node (node, seen_at) values ($1, clock_timestamp())
    on conflict (node) do update set seen_at = excluded.seen_at returning xmax <> 0 as known`;
  return (await tx.query<{ known: boolean }>(text, [node], 'dartwing_realtime_touch')).rows[0]!.known;
}

/** Somebody who was present through one socket. */
export interface Left {
  organization: string;
  channel: string;
  account: string;
  /** Whether another socket of the account is still there. */
  stays: boolean;
}

/** Forgets nodes that were silent, this one if it is named, and who was present through them. */
export async function dropNodes(tx: Tx, silentMs: number, node: string | null): Promise<Left[]> {
  await tx.query(
    `delete from realtime_node where node = $2 or seen_at < clock_timestamp() - $1 * interval '1 millisecond'`,
    [silentMs, node],
  );
  return leave(tx, 'not exists (select from realtime_node n where n.node = p.node)', []);
}

/** Ends the presence of a socket, in one channel or in all. */
export function dropPresence(tx: Tx, socket: string, channels: readonly string[] | null): Promise<Left[]> {
  return leave(tx, 'p.socket = $1 and ($2::text[] is null or p.channel = any ($2))', [socket, channels]);
}

async function leave(tx: Tx, condition: string, values: readonly unknown[]): Promise<Left[]> {
  const text = `with gone as (delete from realtime_presence p where ${condition} returning p.*)
    select distinct g.organization, g.channel, g.account, exists (
      select from realtime_presence p where p.organization = g.organization and p.channel = g.channel
        and p.account = g.account and not exists (select from gone x where x.organization = p.organization
          and x.channel = p.channel and x.account = p.account and x.socket = p.socket)) as stays
    from gone g`;
  return (await tx.query<Left & Record<string, unknown>>(text, values)).rows;
}

/** Adds a socket to those present; tells whether its account was not there before, and who is there now. */
export async function insertPresence(
  tx: Tx,
  entry: { organization: string; channel: string; account: string; socket: string; node: string },
  count: number,
): Promise<{ isNew: boolean; accounts: string[] }> {
  const { organization, channel, account, socket, node } = entry;
  const text = `with mine as (
      insert into realtime_presence (organization, channel, account, socket, node, since)
      values ($1, $2, $3, $4, $5, clock_timestamp()) on conflict do nothing returning 1
    ), there as (select distinct account from realtime_presence where organization = $1 and channel = $2)
    select exists (select from mine) and not exists (select from there where account = $3) as is_new,
      (select coalesce(jsonb_agg(a.account order by a.account), '[]') from (
        select account from there union select $3 order by 1 limit $6) a) as accounts`;
  const { rows } = await tx.query<{ is_new: boolean; accounts: string[] }>(text, [
    organization,
    channel,
    account,
    socket,
    node,
    count,
  ]);
  return { isNew: rows[0]!.is_new, accounts: rows[0]!.accounts };
}

/** Deletes what nobody relayed; returns how much. */
export async function deleteStale(tx: Tx): Promise<number> {
  const text = `with a as (delete from realtime_outbox where not exists (select from realtime_node where seen_at > now() - interval '2 minutes') returning 1),
    b as (delete from realtime_revocation where not exists (select from realtime_node where seen_at > now() - interval '2 minutes') returning 1)
    select ((select count(*) from a) + (select count(*) from b))::integer as count`;
  return (await tx.query<{ count: number }>(text)).rows[0]!.count;
}

/** Deletes everything of an organization. */
export async function deleteOf(tx: Tx, organization: string): Promise<void> {
  await tx.query('delete from realtime_presence where organization = $1', [organization]);
  await tx.query('delete from realtime_outbox where organization = $1', [organization]);
}
