import type { Migration } from './index.js';

/** Cron schedules and their ticks: the primary key of a tick is what lets one process run it. */
export const jobSchedules: Migration = {
  id: 12,
  name: 'job schedules',
  breaking: false,
  sql: `
create table job_schedule (
  name text primary key,
  cron text not null,
  time_zone text not null,
  description text not null,
  paused_at timestamptz,
  paused_by text,
  registered_at timestamptz not null
);
comment on table job_schedule is 'global: cron schedules as the last process registered them';
grant select, insert, update, delete on job_schedule to {{system}};

create table job_tick (
  schedule text not null,
  due_at timestamptz not null,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  outcome jsonb,
  error text,
  primary key (schedule, due_at)
);
comment on table job_tick is 'global: each due time of a schedule, once';
grant select, insert, update, delete on job_tick to {{system}};
`,
};
