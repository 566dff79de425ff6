import type { Migration } from './index.js';

/**
 * The tables of the audit trail. Privileges enforce (nobody may change an event, not even the sequencer), the
 * triggers are a second fence against the owner's slips, and the chain detects what passes both.
 */
export const auditTrail: Migration = {
  id: 2,
  name: 'audit_trail',
  breaking: false,
  sql: `
create table audit_stage (
  id bigint generated always as identity,
  organization text not null,
  body bytea not null,
  mac bytea not null,
  key_id integer not null,
  at timestamptz not null default clock_timestamp(),
  primary key (organization, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create table audit_event (
  organization text not null,
  seq bigint not null,
  at timestamptz not null,
  action text not null,
  actor_type text not null,
  actor_id text not null,
  via text not null,
  doctype text not null,
  document_name text not null,
  is_phi boolean not null,
  request_id text,
  body bytea not null,
  leaf bytea not null,
  chain bytea not null,
  primary key (organization, at, seq)
) partition by range (at);
create index audit_event_seq on audit_event (organization, seq, at);
create index audit_event_ref on audit_event (organization, doctype, document_name, at);
create index audit_event_actor on audit_event (organization, actor_id, at);
create index audit_event_action on audit_event (organization, action, at);
create index audit_event_phi on audit_event (organization, at) where is_phi;

create table audit_head (
  organization text primary key,
  seq bigint not null check (seq > 0),
  chain bytea not null,
  frontier bytea[] not null,
  genesis_at timestamptz not null,
  last_at timestamptz not null
);

create function refuse_audit_change() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'audit events are immutable: % refused', lower(tg_op) using errcode = 'insufficient_privilege';
end
$$;
revoke all on function refuse_audit_change() from public;

create trigger audit_event_immutable before update or delete on audit_event
  for each row execute function refuse_audit_change();
create trigger audit_event_untruncatable before truncate on audit_event
  for each statement execute function refuse_audit_change();
alter table audit_event enable always trigger audit_event_immutable;
alter table audit_event enable always trigger audit_event_untruncatable;

create function ensure_audit_partition(at timestamptz) returns void
  language plpgsql
  security definer
  set search_path = {{schema}}, pg_temp
  set timezone = 'UTC'
as $$
declare
  first_day timestamptz := date_trunc('month', at);
  partition text := 'audit_event_' || to_char(first_day, 'YYYY_MM');
begin
  if to_regclass(partition) is not null then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(current_schema() || '.audit_event', 0));
  -- Read from the table itself: after the wait, to_regclass may still answer from this session's cache.
  if exists (select from pg_class where relname = partition and relnamespace = current_schema()::regnamespace) then
    return;
  end if;
  -- Attaching locks out neither readers nor writers of the other months; "partition of" would.
  execute format('create table %I (like audit_event including defaults including constraints including indexes)', partition);
  execute format('alter table %I enable row level security', partition);
  execute format('alter table %I force row level security', partition);
  execute format('create policy dartwing_custom_closed on %I using (false) with check (false)', partition);
  execute format('alter table audit_event attach partition %I for values from (%L) to (%L)',
    partition, first_day, first_day + interval '1 month');
  execute format('alter table %I enable always trigger audit_event_immutable', partition);
  execute format('create trigger audit_event_untruncatable before truncate on %I
    for each statement execute function refuse_audit_change()', partition);
  execute format('alter table %I enable always trigger audit_event_untruncatable', partition);
end
$$;
revoke all on function ensure_audit_partition(timestamptz) from public;
grant execute on function ensure_audit_partition(timestamptz) to {{sequencer}};

alter table audit_stage enable row level security;
alter table audit_stage force row level security;
create policy dartwing_custom_write on audit_stage for insert to {{app}}
  with check (organization = nullif(current_setting('dartwing.org', true), ''));
create policy dartwing_custom_write_any on audit_stage for insert to {{system}} with check (true);
create policy dartwing_custom_take on audit_stage for select to {{sequencer}} using (true);
create policy dartwing_custom_clear on audit_stage for delete to {{sequencer}} using (true);
grant insert (organization, body, mac, key_id) on audit_stage to {{app}}, {{system}};
grant select, delete on audit_stage to {{sequencer}};

alter table audit_event enable row level security;
alter table audit_event force row level security;
create policy dartwing_custom_read on audit_event for select to {{app}}
  using (organization = nullif(current_setting('dartwing.org', true), ''));
create policy dartwing_custom_read_any on audit_event for select to {{system}}, {{sequencer}} using (true);
create policy dartwing_custom_append on audit_event for insert to {{sequencer}} with check (true);
grant select on audit_event to {{app}}, {{system}}, {{sequencer}};
grant insert on audit_event to {{sequencer}};

alter table audit_head enable row level security;
alter table audit_head force row level security;
create policy dartwing_custom_read on audit_head for select to {{app}}
  using (organization = nullif(current_setting('dartwing.org', true), ''));
create policy dartwing_custom_read_any on audit_head for select to {{system}} using (true);
create policy dartwing_custom_advance on audit_head for all to {{sequencer}} using (true) with check (true);
grant select on audit_head to {{app}}, {{system}};
grant select, insert, update on audit_head to {{sequencer}};
grant usage on schema {{schema}} to {{sequencer}};
`,
};
