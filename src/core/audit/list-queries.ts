/** Statements that read the audit trail for whoever wants to see it. */
import type { AuditFilter } from './filter.js';
import { instantSql } from './instant.js';
import type { AuditTransaction, Queryable } from './ports.js';
import type { EventKey, PlacedRow } from './read-queries.js';
import type { StoredEvent } from './walk.js';

/** An event with what its document needs besides: the checksum before it, or the beginning of its trail. */
export interface ReadEvent extends Omit<StoredEvent, 'columns'> {
  readonly previous: Buffer | null;
  /** Of the first entry only. */
  readonly genesisAt: string | null;
}

/**
 * The members of a filter that were given as a condition on audit_event; their values are put behind those that are there.
 * `name` tells one form of the statement from the others.
 */
function conditionsOf(filter: AuditFilter, values: unknown[]): { conditions: string; name: string } {
  const { actor, action, doctype, name, isPhi, since, until, text } = filter;
  const isPrefix = action?.endsWith('*') ?? false;
  const forms: readonly [unknown, (value: string) => string][] = [
    [actor, (value) => `actor_id = ${value}`],
    [isPrefix ? undefined : action, (value) => `action = ${value}`],
    [
      isPrefix ? action!.slice(0, -1) : undefined,
      (value) => `left(action, length(${value})) = ${value}::text`,
    ],
    [doctype, (value) => `doctype = ${value}`],
    [name, (value) => `document_name = ${value}`],
    [isPhi, (value) => `is_phi = ${value}`],
    [since, (value) => `at >= ${value}`],
    [until, (value) => `at < ${value}`],
    // No index helps: it runs over what the others let through.
    [text, (value) => `position(lower(${value}::text) in lower(convert_from(body, 'UTF8'))) > 0`],
  ];
  const given = forms.filter(([value]) => value !== undefined);
  return {
    conditions: given.map(([value, form]) => `and ${form(`$${values.push(value)}`)}`).join(' '),
    name: forms.map(([value]) => (value === undefined ? '0' : '1')).join(''),
  };
}

/** Newest first, across all visible organizations or in one; each organization is one descent into an index. */
export async function selectNewestEvents(
  tx: Queryable,
  filter: AuditFilter,
  page: { before?: (EventKey & { organization: string }) | undefined; limit: number },
): Promise<ReadEvent[]> {
  const { organization } = filter;
  const { before, limit } = page;
  const values: unknown[] = [limit];
  if (organization !== undefined) values.push(organization);
  const owner = organization === undefined ? '' : 'where head.organization = $2';
  const { conditions, name } = conditionsOf(filter, values);
  let behind = '';
  if (before !== undefined) {
    const first = values.push(before.at, before.organization, before.seq) - 2;
    behind = `and at <= $${first} and (at, organization, seq) < ($${first}, $${first + 1}, $${first + 2}::bigint)`;
  }
  const { rows } = await tx.query<ReadRow>(
    `select ${readColumns}
     from audit_head head
     cross join lateral (
       select organization, seq, at, body, leaf, chain, previous from audit_event
       where organization = head.organization ${conditions} ${behind}
       order by at desc, seq desc limit $1
     ) event
     ${owner}
     order by event.at desc, event.organization desc, event.seq desc limit $1`,
    values,
    `dartwing_audit_newest_${name}${Number(organization !== undefined)}${Number(before !== undefined)}`,
  );
  return readEvents(tx, rows);
}

/** Oldest first in one organization, behind a time and a number. */
export async function selectEventsAfter(
  tx: Queryable,
  filter: AuditFilter & { organization: string },
  page: { after: EventKey; limit: number },
): Promise<ReadEvent[]> {
  const values: unknown[] = [filter.organization, page.after.at, page.after.seq, page.limit];
  const { conditions, name } = conditionsOf(filter, values);
  const { rows } = await tx.query<ReadRow>(
    `select ${readColumns}
     from audit_head head
     cross join lateral (
       select organization, seq, at, body, leaf, chain, previous from audit_event
       where organization = $1 ${conditions} and at > $2::timestamptz and seq > $3
       order by at, seq limit $4
     ) event
     where head.organization = $1
     order by event.at, event.seq`,
    values,
    `dartwing_audit_after_${name}`,
  );
  return readEvents(tx, rows);
}

const readColumns = `event.organization, event.seq, ${instantSql('event.at')} as instant, event.body, event.leaf,
  event.chain, event.previous, case event.seq when 1 then ${instantSql('head.genesis_at')} end as genesis_at`;

interface ReadRow extends PlacedRow, Record<string, unknown> {
  previous: Buffer | null;
  genesis_at: string | null;
}

/** Rows as they are read, with the checksums before those that were written when none was kept beside an entry. */
async function readEvents(tx: Queryable, rows: readonly ReadRow[]): Promise<ReadEvent[]> {
  const without = rows.filter(({ previous, seq }) => previous === null && seq !== '1');
  const found = without.length === 0 ? new Map<string, Buffer>() : await findPrevious(tx, without);
  return rows.map(({ organization, seq, instant, body, leaf, chain, previous, genesis_at }) => ({
    organization,
    seq: Number(seq),
    at: instant,
    body,
    leaf,
    chain,
    previous: previous ?? found.get(`${organization} ${seq}`) ?? null,
    genesisAt: genesis_at,
  }));
}

/** Checksums before some entries. Entries of one organization are in time order. */
async function findPrevious(tx: Queryable, rows: readonly ReadRow[]): Promise<Map<string, Buffer>> {
  const text = `select event.organization, event.seq, before.chain
    from unnest($1::text[], $2::bigint[], $3::timestamptz[]) as event (organization, seq, at)
    cross join lateral (
      select chain from audit_event
      where organization = event.organization and seq = event.seq - 1 and at < event.at
      order by at desc limit 1
    ) before`;
  const values = [
    rows.map(({ organization }) => organization),
    rows.map(({ seq }) => seq),
    rows.map(({ instant }) => instant),
  ];
  const found = await tx.query<Pick<ReadRow, 'organization' | 'seq' | 'chain'>>(
    text,
    values,
    'dartwing_audit_previous',
  );
  return new Map(found.rows.map(({ organization, seq, chain }) => [`${organization} ${seq}`, chain]));
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

/**
 * Whether an entry waits on the stage that a filter with these marks may let through. Needs the sequencer's role.
 * The last statement of its transaction.
 */
export async function awaitsEntries(
  tx: AuditTransaction,
  organization: string | undefined,
  marks: readonly Buffer[],
): Promise<boolean> {
  const ask: Queryable['query'] = tx.finish ?? tx.query;
  const values: unknown[] = [marks];
  let owner = '';
  // In a text of its own: a stage that was just emptied is still long for whoever does not go by its index.
  if (organization !== undefined) owner = `organization = $${values.push(organization)} and`;
  const { rows } = await ask<{ awaits: boolean }>(
    `select exists (
       select from audit_stage where ${owner}
         not exists (select from unnest($1::bytea[]) as mark where position(mark in body) = 0)
     ) as awaits`,
    values,
    `dartwing_audit_awaits_${values.length}`,
  );
  return rows[0]!.awaits;
}
