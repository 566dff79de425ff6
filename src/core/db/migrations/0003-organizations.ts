import type { Migration } from './index.js';

/** Organizations, their concrete records and the rows that belong to these. */
export const organizations: Migration = {
  id: 3,
  name: 'organizations',
  breaking: false,
  sql: `
create table organization (
  id text primary key,
  slug text not null constraint organization_slug unique,
  org_name text not null check (org_name = btrim(org_name) and org_name <> ''),
  org_type text not null check (org_type in ('family', 'company', 'nonprofit', 'association')),
  logo text,
  status text not null default 'active' check (status in ('active', 'inactive', 'dissolved')),
  suspended_at timestamptz,
  suspended_until timestamptz,
  suspended_reason text,
  dissolved_at timestamptz,
  dissolved_reason text,
  -- What it was before it was dissolved, and becomes again when it is restored.
  dissolved_from text check (dissolved_from in ('active', 'inactive')),
  purge_at timestamptz,
  linked_doctype text,
  linked_name text,
  tier text not null default 'free' check (tier in ('free', 'pro', 'enterprise')),
  region text not null,
  parent_organization text references organization (id),
  legal_hold boolean not null default false,
  mfa_required boolean not null default false,
  session_timeout_minutes integer check (session_timeout_minutes between 1 and 600),
  version integer not null default 1,
  created_at timestamptz not null,
  created_by text not null,
  modified_at timestamptz not null,
  modified_by text not null,
  constraint organization_link unique (linked_doctype, linked_name)
);
create index organization_type on organization (org_type);
create index organization_purge on organization (purge_at) where purge_at is not null;
alter table organization enable row level security;
alter table organization force row level security;
create policy dartwing_custom_member on organization for select to {{app}} using (id = nullif(current_setting('dartwing.org', true), ''));
create policy dartwing_custom_change on organization for update to {{app}}
  using (id = nullif(current_setting('dartwing.org', true), '')) with check (id = nullif(current_setting('dartwing.org', true), ''));
create policy dartwing_custom_reader on organization for select to {{reader}}
  using (id = any ((select string_to_array(current_setting('dartwing.orgs', true), ','))::text[]));
create policy dartwing_custom_system on organization for all to {{system}} using (true) with check (true);
grant select on organization to {{app}}, {{reader}};
grant update (org_name, logo, mfa_required, session_timeout_minutes, version, modified_at, modified_by)
  on organization to {{app}};
grant select, insert, update, delete on organization to {{system}};

create table family (
  organization text not null references organization (id),
  name text not null,
  family_name text,
  family_nickname text,
  primary_residence text,
  parental_controls_enabled boolean not null default false,
  screen_time_limit_minutes integer check (screen_time_limit_minutes >= 0),
  primary key (organization, name),
  constraint family_of_organization unique (organization)
);

create table company (
  organization text not null references organization (id),
  name text not null,
  legal_name text not null,
  tax_id text,
  entity_type text check (entity_type in ('C-Corp', 'S-Corp', 'LLC', 'Limited Partnership (LP)', 'General Partnership',
    'LLP', 'WFOE (China)', 'Benefit Corporation', 'Cooperative')),
  jurisdiction_country text,
  jurisdiction_state text,
  formation_date date,
  registered_address text,
  physical_address text,
  registered_agent text,
  primary key (organization, name),
  constraint company_of_organization unique (organization)
);

create table association (
  organization text not null references organization (id),
  name text not null,
  association_type text not null default 'Other'
    check (association_type in ('Club', 'HOA', 'Alumni Association', 'Professional Society', 'Trade Association', 'Other')),
  default_dues_amount_cents bigint check (default_dues_amount_cents >= 0),
  amenities text,
  facility_address text,
  primary key (organization, name),
  constraint association_of_organization unique (organization)
);

create table nonprofit (
  organization text not null references organization (id),
  name text not null,
  tax_exempt_status text check (tax_exempt_status in ('501(c)(3)', '501(c)(4)', '501(c)(6)', '501(c)(7)', 'Other')),
  ein text,
  determination_date date,
  fiscal_year_end text check (fiscal_year_end in ('January', 'February', 'March', 'April', 'May', 'June', 'July',
    'August', 'September', 'October', 'November', 'December')),
  mission_statement text,
  registered_address text,
  mailing_address text,
  primary key (organization, name),
  constraint nonprofit_of_organization unique (organization)
);

create table organization_officer (
  organization text not null references organization (id),
  parent_doctype text not null check (parent_doctype in ('Company', 'Nonprofit')),
  row_index integer not null check (row_index >= 1),
  person text not null,
  title text not null check (title <> ''),
  start_date date,
  end_date date,
  primary key (organization, parent_doctype, row_index),
  check (end_date >= start_date)
);

create table organization_member_partner (
  organization text not null references organization (id),
  row_index integer not null check (row_index >= 1),
  person text not null,
  ownership_percent double precision check (ownership_percent between 0 and 100),
  capital_contribution_cents bigint,
  voting_rights double precision check (voting_rights between 0 and 100),
  primary key (organization, row_index)
);

create table organization_membership_tier (
  organization text not null references organization (id),
  row_index integer not null check (row_index >= 1),
  tier_name text not null check (tier_name <> ''),
  annual_fee_cents bigint check (annual_fee_cents >= 0),
  benefits text,
  primary key (organization, row_index)
);
`,
};
