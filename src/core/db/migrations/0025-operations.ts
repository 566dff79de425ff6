import type { Migration } from './index.js';

/**
 * Samples of metrics, and what became of alerts. None of it belongs to an organization, and no tenant's role may see
 * it. Samples are unlogged: after a crash of the server a history of minutes begins anew, which costs less than writing
 * every sample twice.
 */
export const operations: Migration = {
  id: 25,
  name: 'operations',
  breaking: false,
  sql: `
create unlogged table metric_sample (
  -- Every fifth minute is kept for days, the rest for hours.
  is_coarse boolean not null,
  at timestamptz not null,
  -- A process, or the installation as its leader read it.
  instance text not null check (char_length(instance) between 1 and 200),
  series jsonb not null,
  primary key (is_coarse, at, instance)
);
comment on table metric_sample is 'global: samples of metrics, by process';

create table alert_rule (
  rule text not null,
  severity text not null check (severity in ('critical', 'warning', 'info')),
  threshold double precision,
  for_seconds integer check (for_seconds >= 0),
  is_enabled boolean,
  modified_at timestamptz not null,
  modified_by text not null,
  primary key (rule, severity)
);
comment on table alert_rule is 'global: what the installation changed of alert rules';

create table alert_instance (
  rule text not null,
  severity text not null,
  labels_text text not null,
  labels jsonb not null,
  state text not null check (state in ('pending', 'firing', 'resolved')),
  value double precision not null,
  active_at timestamptz not null,
  fired_at timestamptz,
  kept_since timestamptz,
  resolved_at timestamptz,
  primary key (rule, severity, labels_text)
);
create index alert_instance_resolved on alert_instance (resolved_at) where state = 'resolved';
comment on table alert_instance is 'global: alerts that hold, fire or did';

create table alert_group (
  rule text not null,
  severity text not null,
  opened_at timestamptz not null,
  notified_at timestamptz,
  -- The instances that were told of last.
  told jsonb not null default '[]',
  primary key (rule, severity)
);
comment on table alert_group is 'global: what was told of alerts, by rule';

create table alert_notification (
  id uuid primary key,
  channel text not null check (channel in ('pagerduty', 'slack', 'webhook', 'mail')),
  rule text not null,
  severity text not null,
  status text not null check (status in ('firing', 'resolved')),
  body jsonb not null,
  created_at timestamptz not null,
  due_at timestamptz not null,
  attempts integer not null default 0,
  error text,
  sent_at timestamptz,
  given_up_at timestamptz
);
create index alert_notification_due on alert_notification (due_at) where sent_at is null and given_up_at is null;
comment on table alert_notification is 'global: messages about alerts, until they are sent';

create table alert_silence (
  id uuid primary key,
  matchers jsonb not null,
  reason text not null,
  created_by text not null,
  created_at timestamptz not null,
  until timestamptz not null,
  ended_at timestamptz,
  ended_by text
);
comment on table alert_silence is 'global: alerts that nobody is told of for a while';

create table alert_watch (
  is_only boolean primary key default true check (is_only),
  evaluated_at timestamptz
);
insert into alert_watch (evaluated_at) values (null);
comment on table alert_watch is 'global: when the rules were evaluated; its row lets one process do it at a time';

do $lock$
declare name text;
begin
  foreach name in array array['metric_sample', 'alert_rule', 'alert_instance', 'alert_group', 'alert_notification',
    'alert_silence', 'alert_watch'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy dartwing_custom_system on %I for all to {{system}} using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on %I to {{system}}', name);
  end loop;
end
$lock$;
`,
};
