import type { Migration } from './index.js';

/**
 * What an organization's frameworks ask of dartwing. One row is in force for each organization; it is never changed,
 * only superseded by the next version. What the choke points need stands in columns of their own, worked out of the
 * same document, so that sign-in, sessions and keys read it in statements that they run anyway.
 */
export const compliance: Migration = {
  id: 23,
  name: 'compliance',
  breaking: false,
  sql: `
create table compliance_policy (
  organization text not null references organization (id),
  version integer not null check (version >= 1),
  frameworks text[] not null,
  settings jsonb not null check (jsonb_typeof(settings) = 'object'),
  exceptions jsonb not null check (jsonb_typeof(exceptions) = 'object'),
  hash text not null,
  reason text not null,
  created_at timestamptz not null,
  created_by text not null,
  superseded_at timestamptz,
  session_idle_minutes integer generated always as ((settings ->> 'session_idle_minutes')::integer) stored,
  session_minutes integer generated always as ((settings ->> 'session_minutes')::integer) stored,
  password_chars_min integer generated always as ((settings ->> 'password_chars_min')::integer) stored,
  sign_in_lock_minutes integer generated always as ((settings ->> 'sign_in_lock_minutes')::integer) stored,
  mfa_required boolean not null generated always as (coalesce((settings ->> 'mfa_required')::boolean, false)) stored,
  tls_required boolean not null generated always as (
    coalesce((settings ->> 'tls_required')::boolean, false) and not exceptions ? 'crypt.transit') stored,
  key_service_required boolean not null generated always as (
    coalesce((settings ->> 'key_service_required')::boolean, false) and not exceptions ? 'crypt.keys') stored,
  primary key (organization, version)
);
create unique index compliance_policy_current on compliance_policy (organization) where superseded_at is null;
comment on column compliance_policy.exceptions is 'Reason by control that somebody answers for otherwise';

create table business_associate_agreement (
  organization text not null references organization (id),
  id text not null,
  counterparty text not null check (counterparty = btrim(counterparty) and counterparty <> ''),
  signed_on date not null,
  expires_on date not null check (expires_on > signed_on),
  file_name text not null,
  file_sha256 text not null check (file_sha256 ~ '^[0-9a-f]{64}$'),
  file_bytes integer not null check (file_bytes > 0),
  created_at timestamptz not null,
  created_by text not null,
  primary key (organization, id)
);
create sequence business_associate_agreement_series;
grant usage on sequence business_associate_agreement_series to {{system}};

create table compliance_evidence (
  organization text not null references organization (id),
  id uuid not null,
  control text not null,
  checked_at timestamptz not null,
  result text not null check (result in ('pass', 'warn', 'fail')),
  evidence text not null,
  policy_version integer not null,
  primary key (organization, id)
);
create index compliance_evidence_latest on compliance_evidence (organization, control, checked_at desc);

-- A tenant reads what holds for it and changes nothing; evidence is only added to.
do $lock$
declare name text;
begin
  foreach name in array array['compliance_policy', 'business_associate_agreement', 'compliance_evidence'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy dartwing_custom_system on %I for all to {{system}} using (true) with check (true)', name);
    execute format('grant select, insert, delete on %I to {{system}}', name);
    execute format($policy$create policy dartwing_custom_tenant on %I for select to {{app}}
      using (organization = nullif(current_setting('dartwing.org', true), ''))$policy$, name);
    execute format('grant select on %I to {{app}}', name);
  end loop;
end
$lock$;
grant update (superseded_at) on compliance_policy to {{system}};
`,
};
