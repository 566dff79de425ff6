/** Statements about samples. */
import type { Tx } from '../db/index.js';

export interface SampleRow {
  at: Date;
  instance: string;
  series: Record<string, number>;
}

/** A second sample of one instance at one time changes nothing. */
export async function insertSample(tx: Tx, { at, instance, series }: SampleRow): Promise<void> {
  const text = `insert into metric_sample (is_coarse, at, instance, series) values (false, $1, $2, $3)
    on conflict (is_coarse, at, instance) do nothing`;
  await tx.query(text, [at, instance, JSON.stringify(series)], 'dartwing_sample_insert');
}

/** Copies the first sample of each instance in each stretch of time that has none yet. */
export async function keepCoarse(tx: Tx, stretchMs: number, since: Date): Promise<void> {
  const text = `insert into metric_sample (is_coarse, at, instance, series)
    select distinct on (stretch, s.instance) true, s.at, s.instance, s.series
    from metric_sample s cross join lateral (select floor(extract(epoch from s.at) * 1000 / $1) as stretch) t
    where not s.is_coarse and s.at >= $2
      and not exists (select from metric_sample c where c.is_coarse and c.instance = s.instance and c.at >= $2
        and floor(extract(epoch from c.at) * 1000 / $1) = t.stretch)
    order by stretch, s.instance, s.at
    on conflict (is_coarse, at, instance) do nothing`;
  await tx.query(text, [stretchMs, since], 'dartwing_sample_coarse');
}

export async function deleteSamples(tx: Tx, fineBefore: Date, coarseBefore: Date): Promise<void> {
  const text = `delete from metric_sample where (not is_coarse and at < $1) or (is_coarse and at < $2)`;
  await tx.query(text, [fineBefore, coarseBefore], 'dartwing_sample_delete');
}

/** In the order of time, later than `since`. */
export async function selectSamples(tx: Tx, isCoarse: boolean, since: Date): Promise<SampleRow[]> {
  const text = `select at, instance, series from metric_sample where is_coarse = $1 and at > $2 order by at, instance`;
  type Row = SampleRow & Record<string, unknown>;
  return (await tx.query<Row>(text, [isCoarse, since], 'dartwing_samples')).rows;
}
