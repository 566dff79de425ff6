/** Rates by GCRA: one time per organization and name, the theoretical arrival of the next. */
import type { Tx } from '../db/index.js';

/**
 * Takes `count` places of a rate, if they are free now.
 * @param intervalMs of one place
 * @param burst how many may come at once
 * @returns undefined when taken, else how long to wait
 */
export async function takeRate(
  tx: Tx,
  rate: { organization: string; name: string; count: number; intervalMs: number; burst: number },
): Promise<number | undefined> {
  const { organization, name, count, intervalMs, burst } = rate;
  await tx.query(
    `insert into job_rate (organization, name, arrival) values ($1, $2, clock_timestamp()) on conflict do nothing`,
    [organization, name],
    'dartwing_job_rate',
  );
  const text = `update job_rate set arrival = greatest(arrival, clock_timestamp()) + $3 * interval '1 millisecond'
    where organization = $1 and name = $2
      and greatest(arrival, clock_timestamp()) + $3 * interval '1 millisecond' <= clock_timestamp() + $4 * interval '1 millisecond'`;
  const taken = await tx.query(
    text,
    [organization, name, count * intervalMs, burst * intervalMs + 1],
    'dartwing_job_rate_take',
  );
  if (taken.rowCount === 1) return undefined;
  const { rows } = await tx.query<{ wait: number }>(
    `select ceil(extract(epoch from arrival - clock_timestamp()) * 1000)::float8 as wait from job_rate
     where organization = $1 and name = $2`,
    [organization, name],
  );
  return Math.max(1, (rows[0]?.wait ?? 0) + (count - burst) * intervalMs);
}
