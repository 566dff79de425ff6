/** Statements of the dead letters. */
import type { Tx } from '../db/index.js';
import type { JobWithProgress } from './document.js';
import { columnNames, columns, type JobKey, type JobRow, movedColumns } from './row.js';
import type { Transition } from './states.js';

/** Which dead letters. */
export interface DeadLetterFilter {
  organization?: string | undefined;
  type?: string | undefined;
  /** Code of the error. */
  error?: string | undefined;
  queue?: string | undefined;
  triage?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
}

/** Dead letters with something in common. */
export interface DeadLetterGroup {
  type: string | null;
  error: string | null;
  message: string | null;
  organization: string | null;
  org: string | null;
  count: number;
  oldest: Date;
  newest: Date;
  sample: string;
  sample_created_at: Date;
}

const groupColumns = {
  type: 'd.type',
  error: "d.error ->> 'code'",
  org: 'd.organization',
} as const;
export type GroupBy = keyof typeof groupColumns;

function conditionsOf(filter: DeadLetterFilter): { text: string; values: unknown[] } {
  const values: unknown[] = [filter.triage ?? 'pending'];
  const conditions = ['d.triage = $1'];
  const where = (condition: string, value: unknown) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition.replace('?', `$${values.length}`));
  };
  where('d.organization = ?', filter.organization);
  where('d.type = ?', filter.type);
  where("d.error ->> 'code' = ?", filter.error);
  where('d.queue = ?', filter.queue);
  where('d.ended_at >= ?', filter.since);
  where('d.ended_at < ?', filter.until);
  return { text: conditions.join(' and '), values };
}

/** Counts by what they have in common, most first. Operators look at classes, not at rows. */
export async function groupDeadLetters(
  tx: Tx,
  filter: DeadLetterFilter,
  by: readonly GroupBy[],
): Promise<DeadLetterGroup[]> {
  const { text, values } = conditionsOf(filter);
  const grouped = (name: GroupBy) => (by.includes(name) ? groupColumns[name] : 'null::text');
  const list = by.map((name) => groupColumns[name]).join(', ');
  const statement = `select ${grouped('type')} as type, ${grouped('error')} as error, ${grouped('org')} as organization,
      ${by.includes('error') ? "min(d.error ->> 'message')" : 'null'} as message, ${by.includes('org') ? 'min(o.slug)' : 'null'} as org,
      count(*)::int as count, min(d.ended_at) as oldest, max(d.ended_at) as newest,
      (array_agg(d.number order by d.ended_at desc))[1] as sample, (array_agg(d.created_at order by d.ended_at desc))[1] as sample_created_at
    from job_dead_letter d left join organization o on o.id = d.organization
    where ${text} group by ${list} order by count(*) desc, ${list} limit 500`;
  return (await tx.query<DeadLetterGroup>(statement, values)).rows;
}

/** Dead letters behind a place, oldest first. */
export async function pageDeadLetters(
  tx: Tx,
  filter: DeadLetterFilter,
  after: { at: Date; number: string } | undefined,
  limit: number,
): Promise<JobWithProgress[]> {
  const { text, values } = conditionsOf(filter);
  const names = columnNames.map((name) => `d.${name}`).join(', ');
  const behind =
    after === undefined ? '' : ` and (d.ended_at, d.number) > ($${values.length + 1}, $${values.length + 2})`;
  const statement = `select ${names}, o.slug, null::smallint as percent, null::text as message
    from job_dead_letter d left join organization o on o.id = d.organization
    where ${text}${behind} order by d.ended_at, d.number limit ${limit}`;
  const given = after === undefined ? values : [...values, after.at, after.number];
  return (await tx.query<JobWithProgress>(statement, given)).rows;
}

export async function countDeadLetters(tx: Tx, filter: DeadLetterFilter): Promise<number> {
  const { text, values } = conditionsOf(filter);
  const statement = `select count(*)::int as count from job_dead_letter d where ${text}`;
  return (await tx.query<{ count: number }>(statement, values)).rows[0]!.count;
}

export async function lockDeadLetter(tx: Tx, { organization, number }: JobKey): Promise<JobRow | undefined> {
  const text = `select ${columns} from job_dead_letter where organization = $1 and number = $2 for update`;
  return (await tx.query<JobRow>(text, [organization, number])).rows[0];
}

/** Moves a dead letter back into its line, with all its attempts before it. */
export async function revive(
  tx: Tx,
  { organization, number }: JobKey,
  change: { by: string; queue: string | null; input: unknown; log: readonly Transition[] },
): Promise<JobRow> {
  const text = `with gone as (
      delete from job_dead_letter where organization = $1 and number = $2 returning *
    )
    insert into job (${columns}) select ${movedColumns({
      state: "'queued'",
      queue: 'coalesce($4, gone.queue)',
      input: 'coalesce($5::jsonb, gone.input)',
      // Edited, it is no longer what was submitted.
      hash: 'case when $5::jsonb is null then gone.hash end',
      turn: "nextval('job_turn')",
      attempt: '0',
      losses: '0',
      worker: 'null',
      claim: 'null',
      parent: 'null',
      due_at: 'null',
      cancel_requested_at: 'null',
      queued_at: 'clock_timestamp()',
      started_at: 'null',
      ended_at: 'null',
      log: "coalesce(gone.log, '[]') || $6::jsonb",
      replays: 'gone.replays + 1',
      triage: "'replayed'",
      triage_note: 'null',
      triage_by: '$3',
      triage_at: 'clock_timestamp()',
    })} from gone returning ${columns}`;
  const input = change.input === undefined ? null : JSON.stringify(change.input);
  const values = [organization, number, change.by, change.queue, input, JSON.stringify(change.log)];
  return (await tx.query<JobRow>(text, values)).rows[0]!;
}

/** Decides what becomes of a dead letter. */
export async function setTriage(
  tx: Tx,
  { organization, number }: JobKey,
  triage: 'pending' | 'resolved' | 'ignored',
  note: string,
  by: string,
): Promise<void> {
  const text = `update job_dead_letter set triage = $3, triage_note = $4, triage_by = $5, triage_at = clock_timestamp()
    where organization = $1 and number = $2`;
  await tx.query(text, [organization, number, triage, note, by]);
}

/** The database's present time. */
export async function databaseNow(tx: Tx): Promise<Date> {
  return (await tx.query<{ now: Date }>('select clock_timestamp() as now')).rows[0]!.now;
}
