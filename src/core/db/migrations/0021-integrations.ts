import type { Migration } from './index.js';

/**
 * Connections of organizations to other services. Every credential is an envelope (0017). Times by which tokens and
 * leases are judged are the database's, so clocks of machines do not matter.
 */
export const integrations: Migration = {
  id: 21,
  name: 'integrations',
  breaking: false,
  sql: `
create table organization_integration (
  organization text not null references organization (id),
  id uuid not null,
  provider text not null check (provider ~ '^[a-z][a-z0-9_]{0,39}$'),
  account text not null check (account ~ '^[a-z0-9][a-z0-9._-]{0,79}$'),
  external_account text,
  auth text not null check (auth in ('oauth2', 'api_key', 'basic')),
  status text not null check (status in ('connected', 'expired', 'error', 'disconnected')),
  health text not null default 'unknown' check (health in ('unknown', 'healthy', 'degraded')),
  health_failures integer not null default 0,
  scopes text[] not null default '{}',
  settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
  credentials sealed,
  token_version bigint not null default 0,
  refreshable boolean not null default false,
  expires_at timestamptz,
  stale_at timestamptz,
  lease uuid,
  lease_until timestamptz,
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  error_code text,
  error_message text check (length(error_message) <= 500),
  connected_by text not null,
  connected_at timestamptz not null,
  last_refreshed_at timestamptz,
  last_health_at timestamptz,
  modified_at timestamptz not null,
  primary key (organization, id),
  check ((status = 'disconnected') = (credentials is null))
);
create unique index organization_integration_account on organization_integration (organization, provider, account);
create index organization_integration_sealed
  on organization_integration (organization, sealed_key(credentials), id) where credentials is not null;
create index organization_integration_due
  on organization_integration (expires_at) where refreshable and status in ('connected', 'error');
comment on column organization_integration.token_version is 'fences: whoever refreshed an older one writes nothing';

-- Somebody was sent to a provider and is awaited back. The state itself is in the address only; here lies its hash.
create table connect_attempt (
  organization text not null references organization (id),
  id uuid not null,
  flow text not null check (flow in ('code', 'device')),
  state_hash bytea not null check (octet_length(state_hash) = 32),
  binding_hash bytea not null check (octet_length(binding_hash) = 32),
  provider text not null,
  account text not null,
  principal_type text not null,
  principal_id text not null,
  redirect_uri text,
  scopes text[] not null,
  settings jsonb not null,
  may_change_account boolean not null default false,
  secret sealed,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  consumed_at timestamptz,
  primary key (organization, id),
  check ((consumed_at is null) = (secret is not null))
);
create unique index connect_attempt_state on connect_attempt (organization, state_hash);
create index connect_attempt_sealed on connect_attempt (organization, sealed_key(secret), id) where secret is not null;
create index connect_attempt_old on connect_attempt (expires_at);

-- The intent is here before a provider is asked, the outcome after; between them it is unknown.
create table refresh_attempt (
  organization text not null,
  id uuid not null,
  integration uuid not null,
  from_version bigint not null,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  outcome text check (outcome in ('ok', 'reauthorize', 'transient', 'unclear', 'refused', 'unknown', 'fenced', 'adopted')),
  http_status integer,
  error_code text,
  orphan sealed,
  primary key (organization, id),
  foreign key (organization, integration) references organization_integration (organization, id) on delete cascade
);
create index refresh_attempt_of on refresh_attempt (organization, integration, started_at);
create index refresh_attempt_sealed on refresh_attempt (organization, sealed_key(orphan), id) where orphan is not null;
create index refresh_attempt_old on refresh_attempt (started_at);
`,
};
