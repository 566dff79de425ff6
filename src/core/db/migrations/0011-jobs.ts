import type { Migration } from './index.js';

/**
 * Background jobs. `job` holds what waits or runs and nothing else; what has ended moves to `job_history`, by day, and
 * what needs a decision to `job_dead_letter`, with the same columns. The organization of the hot table has no foreign
 * key: one look-up per row, and a lock that all producers of an organization would share.
 */
export const jobs: Migration = {
  id: 11,
  name: 'jobs',
  breaking: false,
  sql: `
create sequence job_series;
create sequence job_turn;
create sequence job_claim;
grant usage on sequence job_series, job_turn to {{app}};
grant usage on sequence job_series, job_turn, job_claim to {{system}};

create table job (
  organization text collate "C" not null,
  number bigint not null default nextval('job_series'),
  queue text collate "C" not null,
  type text not null check (char_length(type) between 1 and 140),
  state text not null,
  -- 0 critical, 1 high, 2 normal, 3 low
  priority smallint not null check (priority between 0 and 3),
  -- Place in the line of its organization; another one each time it joins the line.
  turn bigint,
  attempt integer not null default 0,
  attempts_max integer not null check (attempts_max between 1 and 100),
  losses smallint not null default 0,
  worker uuid,
  -- Only of organizations with a limit on running jobs.
  claim bigint,
  due_at timestamptz,
  timeout_ms integer not null check (timeout_ms > 0),
  principal jsonb not null,
  owner text not null,
  input jsonb not null,
  hash bytea,
  parent bigint,
  has_children boolean not null default false,
  cancel_requested_at timestamptz,
  canceled_by text,
  created_at timestamptz not null default clock_timestamp(),
  queued_at timestamptz,
  started_at timestamptz,
  ended_at timestamptz,
  output jsonb,
  error jsonb,
  -- Transitions that the other columns no longer tell.
  log jsonb,
  replays integer not null default 0,
  triage text,
  triage_note text,
  triage_by text,
  triage_at timestamptz,
  request_id text,
  primary key (organization, number)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

create table job_dead_letter (like job);
alter table job_dead_letter add primary key (organization, number);
create index job_dead_letter_triage on job_dead_letter (triage, triage_at);

create table job_history (like job) partition by range (ended_at);
alter table job_history add primary key (organization, number, ended_at);
create index job_history_number on job_history using brin (number);
create table job_history_default partition of job_history default;

alter table job add constraint job_hot check (state in ('pending', 'queued', 'running', 'failed', 'timed_out'));
alter table job_dead_letter add constraint job_dead check (state = 'dead_letter' and triage in ('pending', 'resolved', 'ignored'));

create index job_ready on job (queue, organization, priority, turn) where state = 'queued';
create index job_waiting on job (queue, organization) where state in ('pending', 'failed', 'timed_out');
create index job_due on job (due_at) where state in ('pending', 'failed', 'timed_out') and due_at is not null;
create index job_limited on job (queue, organization, claim) where state = 'running' and claim is not null;
create index job_hash on job (organization, hash) where hash is not null;
create index job_children on job (organization, parent) where parent is not null;

-- Days are made ahead and dropped whole. A day that is missing costs nothing but the way of its rows: they lie in the
-- default partition.
create function ensure_job_history(first date, days integer) returns void
  language plpgsql security definer set search_path = {{schema}}, pg_temp set timezone = 'UTC'
as $$
declare
  day date;
  partition text;
begin
  perform pg_advisory_xact_lock(hashtextextended('dartwing job history', 0));
  for day in select (first + n)::date from generate_series(0, least(days, 62) - 1) n loop
    partition := 'job_history_' || to_char(day, 'YYYYMMDD');
    continue when to_regclass(format('%I.%I', current_schema(), partition)) is not null;
    continue when exists (select from job_history_default where ended_at >= day and ended_at < day + 1);
    execute format('create table %I (like job_history including defaults including constraints)', partition);
    execute format('alter table %I enable row level security', partition);
    execute format('alter table %I force row level security', partition);
    execute format('create policy dartwing_custom_closed on %I using (false) with check (false)', partition);
    execute format('alter table job_history attach partition %I for values from (%L) to (%L)', partition, day, day + 1);
  end loop;
end
$$;
revoke all on function ensure_job_history(date, integer) from public;
grant execute on function ensure_job_history(date, integer) to {{system}};

create function drop_job_history(before date) returns integer
  language plpgsql security definer set search_path = {{schema}}, pg_temp set timezone = 'UTC'
  set lock_timeout = '2s'
as $$
declare
  partition text;
  dropped integer := 0;
begin
  for partition in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'job_history'::regclass and c.relname ~ '^job_history_[0-9]{8}$'
      and to_date(right(c.relname, 8), 'YYYYMMDD') < before
    order by 1 limit 400
  loop
    execute format('drop table %I', partition);
    dropped := dropped + 1;
  end loop;
  return dropped;
end
$$;
revoke all on function drop_job_history(date) from public;
grant execute on function drop_job_history(date) to {{system}};

-- Progress of running jobs: worth nothing after a crash, and no reason to touch the hot row.
create unlogged table job_progress (
  organization text not null,
  number bigint not null,
  percent smallint not null check (percent between 0 and 100),
  message text,
  at timestamptz not null,
  primary key (organization, number)
);

create table job_key (
  organization text not null,
  key text not null check (char_length(key) between 1 and 200),
  number bigint,
  request bytea not null,
  at timestamptz not null,
  primary key (organization, key)
);
create index job_key_at on job_key (at);

create table job_limit (
  organization text not null references organization (id),
  queue text not null,
  running_max integer check (running_max >= 1),
  queued_max integer check (queued_max >= 1),
  per_minute integer check (per_minute >= 1),
  weight double precision check (weight > 0),
  modified_at timestamptz not null,
  modified_by text not null,
  primary key (organization, queue)
);

create table job_rate (
  organization text not null,
  name text not null,
  -- Theoretical arrival time of the next one (GCRA).
  arrival timestamptz not null,
  primary key (organization, name)
);

create table job_queue (
  name text primary key,
  concurrency integer not null check (concurrency between 1 and 1000),
  timeout_ms integer not null check (timeout_ms > 0),
  queued_max integer check (queued_max >= 1),
  per_minute integer check (per_minute >= 1),
  delays_ms bigint[] not null,
  paused_at timestamptz,
  paused_until timestamptz,
  paused_reason text,
  paused_by text
);
comment on table job_queue is 'global: queue classes';
insert into job_queue (name, concurrency, timeout_ms, queued_max, per_minute, delays_ms) values
  ('critical', 4, 60000, null, null, '{10000,30000,60000}'),
  ('default', 8, 300000, 500, null, '{60000,300000,900000}'),
  ('bulk', 2, 600000, 100, 50, '{300000,900000}');
grant select on job_queue to {{app}};
grant select, insert, update, delete on job_queue to {{system}};

create table job_type (
  name text primary key,
  queue text not null,
  definition jsonb not null,
  is_enabled boolean not null default true,
  registered_at timestamptz not null
);
comment on table job_type is 'global: job types as the last worker registered them';
grant select on job_type to {{app}};
grant select, insert, update, delete on job_type to {{system}};

create table job_worker (
  id uuid primary key,
  name text not null,
  host text not null,
  pid integer not null,
  slots jsonb not null,
  started_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  stats jsonb not null default '{}',
  draining boolean not null default false
);
comment on table job_worker is 'global: processes that run jobs, with their heartbeat';
grant select, insert, update, delete on job_worker to {{system}};
`,
};
