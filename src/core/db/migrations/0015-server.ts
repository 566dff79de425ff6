import type { Migration } from './index.js';

/**
 * What the HTTP server needs: counters of calls that hold over all nodes, answers of calls with an idempotency key
 * that are bound to an organization, and the sessions of browsers.
 */
export const server: Migration = {
  id: 15,
  name: 'server',
  breaking: false,
  sql: `
-- Unlogged: after a crash everybody begins with a fresh allowance, which costs less than a log of every call.
create unlogged table rate_counter (
  subject_hash bytea not null check (octet_length(subject_hash) = 32),
  window_seconds integer not null check (window_seconds between 1 and 86400),
  started_at timestamptz not null,
  calls integer not null check (calls >= 0),
  calls_before integer not null default 0 check (calls_before >= 0),
  -- Whether the latest call was refused.
  refused boolean not null,
  primary key (subject_hash, window_seconds)
);
create index rate_counter_age on rate_counter (started_at);
comment on table rate_counter is 'global: calls by caller, organization and address';

create table web_session (
  id_hash bytea primary key check (octet_length(id_hash) = 32),
  person text not null references person (id),
  -- The tokens of the provider, sealed: whoever reads the table can use none of them.
  sealed bytea not null,
  created_at timestamptz not null,
  refreshed_at timestamptz not null,
  expires_at timestamptz not null
);
create index web_session_person on web_session (person);
create index web_session_end on web_session (expires_at);
comment on table web_session is 'global: browsers of signed-in persons';

do $lock$
declare name text;
begin
  foreach name in array array['rate_counter', 'web_session'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy dartwing_custom_system on %I for all to {{system}} using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on %I to {{system}}', name);
  end loop;
end
$lock$;

create table org_idempotency (
  organization text not null references organization (id) on delete cascade,
  key text not null check (char_length(key) between 1 and 200),
  request bytea not null,
  answer jsonb not null,
  at timestamptz not null,
  primary key (organization, key)
);
create index org_idempotency_at on org_idempotency (organization, at);
`,
};
