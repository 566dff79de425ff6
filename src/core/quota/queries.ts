/** Statements of the quota room. */
import type { Tx } from '../db/index.js';
import type { Rates } from './rates.js';
import type { Counted } from './window.js';

/** One counter to which a call is put. */
export interface Demand {
  hash: Buffer;
  seconds: number;
  calls: number;
}

/**
 * Puts calls to every counter, all or none of them, in one order, so that two nodes never wait for each other in a circle.
 * The last statement of its transaction.
 */
export async function countCalls(tx: Tx, demands: readonly Demand[], calls: number): Promise<Counted[]> {
  const text = `
    with demand as (
      select * from unnest($1::bytea[], $2::integer[], $3::integer[]) as d (hash, seconds, allowed)
    )
    insert into rate_counter as c (subject_hash, window_seconds, started_at, calls, refused)
    select hash, seconds, now(), case when allowed >= $4::integer then $4::integer else 0 end, allowed < $4::integer
    from demand order by hash, seconds
    on conflict (subject_hash, window_seconds) do update
      set (started_at, calls, calls_before, refused) = (
        select started, used + case when fits then $4::integer else 0 end, before, not fits
        from (
          select started, used, before,
            before * (1 - least(1, greatest(0, extract(epoch from now() - started)::float8) / c.window_seconds))
              + used + $4::integer <= (select allowed from demand where hash = c.subject_hash and seconds = c.window_seconds)
              as fits
          from (
            select
              case when age < w then c.started_at when age < 2 * w then c.started_at + make_interval(secs => w)
                else now() end as started,
              case when age < w then c.calls else 0 end as used,
              case when age < w then c.calls_before when age < 2 * w then c.calls else 0 end as before
            from (
              select extract(epoch from now() - c.started_at)::float8 as age, c.window_seconds::float8 as w
            ) at
          ) moved
        ) judged
      )
    returning window_seconds as "windowSeconds",
      (select allowed from demand where hash = c.subject_hash and seconds = c.window_seconds) as limit,
      greatest(0, extract(epoch from now() - c.started_at)::float8) as elapsed,
      calls, calls_before as "callsBefore", refused`;
  const columns = [
    demands.map(({ hash }) => hash),
    demands.map(({ seconds }) => seconds),
    demands.map(({ calls: allowed }) => allowed),
    calls,
  ];
  // A crash of the server may take the last counts back: they are worth no waiting for the disk.
  tx.send('set local synchronous_commit = off', [], 'dartwing_rate_unawaited');
  return (await tx.finish<Counted & Record<string, unknown>>(text, columns, 'dartwing_rate_count')).rows;
}

/** Drops counters that say nothing any more. */
export async function forgetCounters(tx: Tx, count: number): Promise<void> {
  await tx.query(
    `delete from rate_counter where (subject_hash, window_seconds) in (
       select subject_hash, window_seconds from rate_counter
       where started_at < now() - make_interval(secs => 2 * window_seconds) limit $1)`,
    [count],
  );
}

export async function readTier(tx: Tx, organization: string): Promise<keyof Rates['tier'] | undefined> {
  const { rows } = await tx.query<{ tier: keyof Rates['tier'] }>(
    'select tier from organization where id = $1',
    [organization],
    'dartwing_rate_tier',
  );
  return rows[0]?.tier;
}
