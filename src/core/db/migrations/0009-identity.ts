import type { Migration } from './index.js';

/**
 * Who signs in: identities at providers, sessions, API keys and waits after failures. What could be used to sign in is
 * kept as a hash. Identities and sessions belong to persons, who belong to no organization.
 */
export const identity: Migration = {
  id: 9,
  name: 'identity',
  breaking: false,
  sql: `
create table identity_link (
  issuer text not null,
  subject text not null,
  person text not null references person (id),
  linked_at timestamptz not null,
  -- Tokens issued until then are worth nothing: the provider has ended all sessions of the subject.
  signed_out_at timestamptz,
  primary key (issuer, subject),
  constraint identity_link_person unique (person, issuer)
);
comment on table identity_link is 'global: who a subject of an issuer is here';

create table identity_session (
  id_hash bytea primary key,
  issuer text not null,
  subject text,
  person text references person (id),
  acr text,
  amr text[] not null default '{}',
  auth_time timestamptz,
  started_at timestamptz not null,
  last_seen_at timestamptz not null,
  revoked_at timestamptz,
  revoke_reason text,
  check ((revoked_at is null) = (revoke_reason is null))
);
create index identity_session_subject on identity_session (issuer, subject);
create index identity_session_person on identity_session (person);
create index identity_session_seen on identity_session (last_seen_at);
comment on table identity_session is 'global: sessions of persons';

create table logout_token (
  id_hash bytea primary key,
  seen_at timestamptz not null
);
create index logout_token_seen on logout_token (seen_at);
comment on table logout_token is 'global: logout tokens that were carried out';

create table sign_in_failure (
  subject_hash bytea primary key,
  failures integer not null check (failures >= 0),
  last_failure_at timestamptz not null,
  wait_until timestamptz
);
create index sign_in_failure_age on sign_in_failure (last_failure_at);
comment on table sign_in_failure is 'global: failures by account, key and address';

do $lock$
declare name text;
begin
  foreach name in array array['identity_link', 'identity_session', 'logout_token', 'sign_in_failure'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy dartwing_custom_system on %I for all to {{system}} using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on %I to {{system}}', name);
  end loop;
end
$lock$;

create table api_key (
  organization text not null references organization (id),
  id text not null,
  name text not null check (name = btrim(name) and char_length(name) between 1 and 140),
  environment text not null check (environment in ('production', 'sandbox')),
  permissions text[] not null check (cardinality(permissions) between 1 and 50),
  secret_hash bytea not null check (octet_length(secret_hash) = 32),
  former_hash bytea check (octet_length(former_hash) = 32),
  former_until timestamptz,
  created_at timestamptz not null,
  created_by text not null,
  rotated_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  last_used_at timestamptz,
  primary key (organization, id),
  check ((former_hash is null) = (former_until is null))
);
-- A key is looked up before anybody knows its organization.
create index api_key_id on api_key (id);

create table api_key_use (
  organization text not null,
  id text not null,
  day date not null,
  uses bigint not null check (uses > 0),
  primary key (organization, id, day),
  foreign key (organization, id) references api_key (organization, id) on delete cascade
);

-- A tenant sees its keys without their hashes; only the system role checks or changes them.
do $tenant$
declare name text;
begin
  foreach name in array array['api_key', 'api_key_use'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format($policy$create policy dartwing_custom_tenant on %I for select to {{app}}
      using (organization = nullif(current_setting('dartwing.org', true), ''))$policy$, name);
    execute format('create policy dartwing_custom_system on %I for all to {{system}} using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on %I to {{system}}', name);
  end loop;
end
$tenant$;
grant select (organization, id, name, environment, permissions, created_at, created_by, rotated_at, expires_at,
  revoked_at, revoked_by, last_used_at) on api_key to {{app}};
grant select on api_key_use to {{app}};
`,
};
