import type { Migration } from './index.js';

/** Number series and the fingerprint of the master key. */
export const ground: Migration = {
  id: 1,
  name: 'ground',
  breaking: false,
  sql: `
create sequence organization_series;
create sequence person_series;
create sequence family_series;
create sequence company_series;
create sequence association_series;
create sequence nonprofit_series;
grant usage on all sequences in schema {{schema}} to {{system}};
grant usage on sequence person_series to {{app}};

create table installation (
  one boolean primary key default true check (one),
  master_key_fingerprint text not null,
  created_at timestamptz not null default now()
);
comment on table installation is 'global: facts of this installation, a single row';
grant select on installation to {{app}}, {{system}};

create table idempotency (
  key text primary key check (char_length(key) between 1 and 200),
  request bytea not null,
  answer jsonb not null,
  at timestamptz not null
);
create index idempotency_at on idempotency (at);
comment on table idempotency is 'global: answers of calls that carried an idempotency key, kept for a day';
grant select, insert, delete on idempotency to {{system}};
`,
};
