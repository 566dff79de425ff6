/** Statements of schedules and their ticks. */
import type { Tx } from '../db/index.js';

export interface ScheduleRow {
  name: string;
  cron: string;
  time_zone: string;
  description: string;
  paused_at: Date | null;
  paused_by: string | null;
}

export interface TickRow {
  schedule: string;
  due_at: Date;
  started_at: Date;
  ended_at: Date | null;
  outcome: unknown;
  error: string | null;
}

/** Writes down what a process knows; whether it is paused stays. */
export async function upsertSchedules(
  tx: Tx,
  schedules: readonly { name: string; cron: string; timeZone: string; description: string }[],
): Promise<void> {
  const text = `insert into job_schedule (name, cron, time_zone, description, registered_at)
    select s.name, s.cron, s."timeZone", s.description, clock_timestamp()
    from jsonb_to_recordset($1::jsonb) as s (name text, cron text, "timeZone" text, description text) order by s.name
    on conflict (name) do update set cron = excluded.cron, time_zone = excluded.time_zone, description = excluded.description,
      registered_at = excluded.registered_at`;
  await tx.query(text, [JSON.stringify(schedules)]);
}

export async function listSchedules(tx: Tx): Promise<ScheduleRow[]> {
  const text =
    'select name, cron, time_zone, description, paused_at, paused_by from job_schedule order by name limit 1000';
  return (await tx.query<ScheduleRow>(text)).rows;
}

/** The last tick of each schedule. */
export async function lastTicks(tx: Tx): Promise<TickRow[]> {
  const text = `select t.schedule, t.due_at, t.started_at, t.ended_at, t.outcome, t.error from job_schedule s
    cross join lateral (select * from job_tick where schedule = s.name order by due_at desc limit 1) t`;
  return (await tx.query<TickRow>(text)).rows;
}

/** Takes a due time; false when another process has it, or the schedule is paused and it is not asked for by hand. */
export async function beginTick(tx: Tx, schedule: string, due: Date, byHand: boolean): Promise<boolean> {
  const text = `insert into job_tick (schedule, due_at)
    select $1, $2 where $3 or not exists (select from job_schedule where name = $1 and paused_at is not null)
    on conflict do nothing`;
  return (await tx.query(text, [schedule, due, byHand])).rowCount === 1;
}

export async function endTick(
  tx: Tx,
  schedule: string,
  due: Date,
  outcome: unknown,
  error: string | null,
): Promise<void> {
  const text = `update job_tick set ended_at = clock_timestamp(), outcome = $3, error = $4 where schedule = $1 and due_at = $2`;
  await tx.query(text, [schedule, due, outcome === null ? null : JSON.stringify(outcome), error]);
}

/** @param by null takes the pause back */
export async function setSchedulePaused(tx: Tx, name: string, by: string | null): Promise<void> {
  const text = `update job_schedule set paused_by = $2, paused_at = case when $2::text is not null then clock_timestamp() end
    where name = $1`;
  await tx.query(text, [name, by]);
}

export async function deleteTicks(tx: Tx, days: number): Promise<number> {
  const text = `delete from job_tick where due_at < clock_timestamp() - $1 * interval '1 day'`;
  return (await tx.query(text, [days])).rowCount;
}
