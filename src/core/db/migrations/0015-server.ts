import type { Migration } from './index.js';

/**
 * What the HTTP server needs: counters of calls that hold over all nodes, and answers of calls with an idempotency key
 * that are bound to an organization.
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

alter table rate_counter enable row level security;
alter table rate_counter force row level security;
create policy dartwing_custom_system on rate_counter for all to {{system}} using (true) with check (true);
grant select, insert, update, delete on rate_counter to {{system}};

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
