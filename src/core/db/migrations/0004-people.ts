import type { Migration } from './index.js';

/**
 * Persons, their accounts, role templates, memberships and grants. A person may belong to many organizations, so
 * person and account are global; what an organization needs of a person stands in its member row.
 */
export const people: Migration = {
  id: 4,
  name: 'people',
  breaking: false,
  sql: `
create table person (
  id text primary key,
  primary_email text not null constraint person_primary_email unique check (primary_email = lower(primary_email)),
  keycloak_user_id text,
  frappe_user text constraint person_frappe_user unique,
  first_name text not null,
  last_name text not null,
  mobile_no text,
  personal_org text references organization (id),
  is_minor boolean not null default false,
  consent_captured boolean not null default false,
  consent_timestamp timestamptz,
  source text not null check (source in ('signup', 'invite', 'import')),
  status text not null default 'active' check (status in ('active', 'inactive', 'merged')),
  user_sync_status text check (user_sync_status in ('synced', 'pending', 'failed')),
  sync_error_message text,
  last_sync_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null,
  created_by text not null,
  modified_at timestamptz not null,
  modified_by text not null
);
create unique index person_keycloak_user on person (lower(keycloak_user_id)) where keycloak_user_id is not null;
create index person_status on person (status);
create index person_source on person (source);
create index person_personal_org on person (personal_org);
comment on table person is 'global: one human across organizations';
alter table person enable row level security;
alter table person force row level security;
create policy dartwing_custom_self on person for select to {{app}}, {{reader}}
  using (id = nullif(current_setting('dartwing.person', true), ''));
create policy dartwing_custom_system on person for all to {{system}} using (true) with check (true);
grant select on person to {{app}}, {{reader}};
grant select, insert, update, delete on person to {{system}};

create table person_merge_log (
  target_person text not null references person (id),
  row_index integer not null,
  source_person text not null,
  merged_at timestamptz not null,
  merged_by text not null,
  notes text,
  primary key (target_person, row_index)
);
comment on table person_merge_log is 'global: merges of persons';
grant select, insert on person_merge_log to {{system}};

create table user_account (
  name text primary key check (name = lower(name)),
  person text not null constraint user_account_person unique references person (id),
  enabled boolean not null default true,
  system_roles text[] not null default '{Dartwing User}',
  created_at timestamptz not null
);
comment on table user_account is 'global: the login account of a person';
alter table user_account enable row level security;
alter table user_account force row level security;
create policy dartwing_custom_system on user_account for all to {{system}} using (true) with check (true);
grant select, insert, update, delete on user_account to {{system}};
alter table person add constraint person_user foreign key (frappe_user) references user_account (name)
  deferrable initially deferred;

create table role_template (
  role_name text primary key check (char_length(role_name) between 1 and 140),
  applies_to_org_type text not null check (applies_to_org_type in ('family', 'company', 'nonprofit', 'association')),
  is_supervisor boolean not null default false,
  default_hourly_rate_cents bigint not null default 0 check (default_hourly_rate_cents >= 0),
  check (applies_to_org_type <> 'family' or default_hourly_rate_cents = 0)
);
create index role_template_type on role_template (applies_to_org_type);
comment on table role_template is 'global: roles that organizations pick from';
grant select on role_template to {{app}}, {{reader}}, {{system}};
grant insert, update, delete on role_template to {{system}};

create table org_member (
  organization text not null references organization (id),
  id text not null,
  person text not null references person (id),
  role text not null references role_template (role_name),
  status text not null default 'active' check (status in ('active', 'inactive', 'pending')),
  start_date date not null,
  end_date date,
  member_name text not null,
  person_email text not null,
  organization_name text not null,
  organization_type text not null,
  created_at timestamptz not null,
  modified_at timestamptz not null,
  primary key (organization, id),
  constraint org_member_person unique (organization, person),
  check (end_date >= start_date)
);
create index org_member_status on org_member (organization, status);
create index org_member_of_person on org_member (person) where status = 'active';

create table permission_grant (
  organization text not null references organization (id),
  user_name text not null references user_account (name),
  allow text not null,
  for_value text not null,
  apply_to_all boolean not null default false,
  applicable_for text,
  created_at timestamptz not null,
  constraint permission_grant_key primary key (organization, user_name, allow, for_value)
);
create index permission_grant_user on permission_grant (user_name);

-- The organizations of a person as one comma-separated text, for the context of a cross-organization read.
-- It runs as the owner, which the policy below lets see active memberships and nothing else.
create policy dartwing_directory on org_member for select to {{owner}} using (status = 'active');
create function person_organizations(person_id text) returns text
  language sql stable security definer set search_path = {{schema}}, pg_temp
  begin atomic
    select coalesce(string_agg(member.organization, ',' order by member.organization), '')
    from org_member member
    where member.person = person_id and member.status = 'active';
  end;
revoke all on function person_organizations(text) from public;
grant execute on function person_organizations(text) to {{app}};
`,
};
