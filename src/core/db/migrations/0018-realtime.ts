import type { Migration } from './index.js';

/**
 * What sockets are told: events that wait for their relay, whose rights moved, which nodes listen, who is present.
 * The log of documents and the stamps of rights feed it by triggers, so no path to either can forget it.
 */
export const realtime: Migration = {
  id: 18,
  name: 'realtime',
  breaking: false,
  sql: `
-- Unlogged: a node writes its row again with its next sign of life, and a crash of the server ends every socket's news.
create unlogged table realtime_node (
  node uuid primary key,
  seen_at timestamptz not null
);
comment on table realtime_node is 'global: processes that serve sockets';

create table realtime_batch (
  is_only boolean primary key default true check (is_only),
  number bigint not null
);
comment on table realtime_batch is 'global: number of the latest batch of events; its row lets one relay work at a time';
insert into realtime_batch (number) values (0);

create table realtime_revocation (
  id bigint generated always as identity primary key,
  holder text not null
);
comment on table realtime_revocation is 'global: persons, API keys and organizations whose rights moved; * stands for all';

create table realtime_outbox (
  organization text not null,
  id bigint generated always as identity,
  -- Changes of the log after one number and up to another, or an event of its own.
  after_seq bigint,
  up_to_seq bigint,
  event jsonb,
  primary key (organization, id),
  check ((event is null) = (after_seq is not null) and (after_seq is null) = (up_to_seq is null))
);
create index realtime_outbox_order on realtime_outbox (id);
comment on column realtime_outbox.organization is 'SYSTEM for what belongs to none';

create unlogged table realtime_presence (
  organization text not null,
  channel text not null,
  account text not null,
  socket text not null,
  node uuid not null,
  since timestamptz not null,
  primary key (organization, channel, account, socket)
);
create index realtime_presence_node on realtime_presence (node);

do $lock$
declare name text;
begin
  foreach name in array array['realtime_node', 'realtime_batch', 'realtime_revocation'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy dartwing_custom_system on %I for all to {{system}} using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on %I to {{system}}', name);
  end loop;
end
$lock$;

-- The functions below run as the owner, whom row security binds too.
create policy dartwing_realtime on realtime_node for select to {{owner}} using (true);
create policy dartwing_realtime on realtime_revocation for insert to {{owner}} with check (true);
create policy dartwing_realtime on realtime_outbox for insert to {{owner}} with check (true);

create function realtime_log_grown() returns trigger
  language plpgsql security definer set search_path = {{schema}}, pg_temp
as $$
declare before bigint := case when tg_op = 'UPDATE' then old.seq else 0 end;
begin
  -- Without a node nobody hears of it, and the log has it anyway.
  if new.seq > before and exists (select from realtime_node where seen_at > now() - interval '2 minutes') then
    insert into realtime_outbox (organization, after_seq, up_to_seq) values (new.organization, before, new.seq);
  end if;
  return null;
end
$$;
revoke all on function realtime_log_grown() from public;
create trigger realtime_log_grown after insert or update of seq on document_head
  for each row execute function realtime_log_grown();

create function realtime_rights_moved() returns trigger
  language plpgsql security definer set search_path = {{schema}}, pg_temp
as $$
declare
  -- As JSON, because the tables have different columns.
  row_now jsonb := to_jsonb(case when tg_op = 'DELETE' then old else new end);
  moved text := case tg_table_name
    when 'access_version' then row_now ->> 'holder'
    when 'api_key' then 'apikey:' || (row_now ->> 'id')
    else row_now ->> 'person'
  end;
begin
  if moved is not null then insert into realtime_revocation (holder) values (moved); end if;
  return null;
end
$$;
revoke all on function realtime_rights_moved() from public;
-- Who heard of it, and who may hear of it again.
create function realtime_organization_moved() returns trigger
  language plpgsql security definer set search_path = {{schema}}, pg_temp
as $$
begin
  insert into realtime_revocation (holder)
    select new.id union all select person from org_member where organization = new.id and status = 'active';
  return null;
end
$$;
revoke all on function realtime_organization_moved() from public;
create trigger realtime_rights_moved after insert or update on access_version
  for each row execute function realtime_rights_moved();
create trigger realtime_rights_moved after update of revoked_at on identity_session for each row
  when (old.revoked_at is distinct from new.revoked_at) execute function realtime_rights_moved();
create trigger realtime_rights_moved after update of signed_out_at on identity_link for each row
  when (old.signed_out_at is distinct from new.signed_out_at) execute function realtime_rights_moved();
create trigger realtime_rights_moved after update of secret_hash, former_until, permissions, expires_at, revoked_at on api_key
  for each row execute function realtime_rights_moved();
create trigger realtime_rights_gone after delete on api_key for each row execute function realtime_rights_moved();
create trigger realtime_rights_moved after update of suspended_at, suspended_until, mfa_required, status on organization
  for each row when ((old.suspended_at, old.suspended_until, old.mfa_required, old.status)
    is distinct from (new.suspended_at, new.suspended_until, new.mfa_required, new.status))
  execute function realtime_organization_moved();
`,
};
