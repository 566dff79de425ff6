import type { Migration } from './index.js';

/**
 * Signing in without an identity provider: passwords, second factors, refresh tokens and resets, all as hashes or
 * sealed, all of persons, who belong to no organization.
 *
 * Besides: what a person signs in with goes when the person is deleted; sessions know whether their provider names
 * them; and the rights of a guest end by the clock also in cross-organization reads, not only when somebody looks.
 */
export const liteSignIn: Migration = {
  id: 10,
  name: 'lite_sign_in',
  breaking: false,
  sql: `
alter table identity_session add column has_sid boolean not null default true;
comment on column identity_session.has_sid is 'the tokens of the session name it';
alter table identity_link drop constraint identity_link_person_fkey,
  add constraint identity_link_person_fkey foreign key (person) references person (id) on delete cascade;
alter table identity_session drop constraint identity_session_person_fkey,
  add constraint identity_session_person_fkey foreign key (person) references person (id) on delete cascade;

create table lite_password (
  person text primary key references person (id) on delete cascade,
  hash text not null,
  changed_at timestamptz not null
);
comment on table lite_password is 'global: passwords of persons, as scrypt hashes';

create table lite_totp (
  person text primary key references person (id) on delete cascade,
  secret bytea not null,
  created_at timestamptz not null,
  -- Until somebody has shown a code of it, it is not asked for.
  confirmed_at timestamptz,
  -- Time step of the last code that was accepted: none opens twice, and none that is older.
  last_step bigint not null default 0
);
comment on table lite_totp is 'global: second factors of persons, sealed';

create table lite_recovery_code (
  person text not null references person (id) on delete cascade,
  code_hash bytea not null check (octet_length(code_hash) = 32),
  primary key (person, code_hash)
);
comment on table lite_recovery_code is 'global: codes in place of a lost second factor; a used one is deleted';

create table lite_refresh_token (
  token_hash bytea primary key check (octet_length(token_hash) = 32),
  sid text not null,
  person text not null references person (id) on delete cascade,
  amr text[] not null,
  auth_time timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index lite_refresh_token_sid on lite_refresh_token (sid);
create index lite_refresh_token_person on lite_refresh_token (person);
create index lite_refresh_token_end on lite_refresh_token (expires_at);
comment on table lite_refresh_token is 'global: refresh tokens of persons, as hashes; used ones stay to tell of a theft';

create table lite_password_reset (
  token_hash bytea primary key check (octet_length(token_hash) = 32),
  person text not null references person (id) on delete cascade,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index lite_password_reset_person on lite_password_reset (person);
create index lite_password_reset_end on lite_password_reset (expires_at);
comment on table lite_password_reset is 'global: tokens that set a password once; a used one is deleted';

do $lock$
declare name text;
begin
  foreach name in array array['lite_password', 'lite_totp', 'lite_recovery_code', 'lite_refresh_token', 'lite_password_reset'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy dartwing_custom_system on %I for all to {{system}} using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on %I to {{system}}', name);
  end loop;
end
$lock$;

-- Organizations whose membership or guest's time has not ended at a moment.
create function person_organizations(person_id text, at timestamptz) returns text
  language sql stable security definer set search_path = {{schema}}, pg_temp
  begin atomic
    select coalesce(string_agg(member.organization, ',' order by member.organization), '')
    from org_member member
    where member.person = person_id and member.status = 'active'
      and (member.guest_until is null or member.guest_until > at);
  end;
revoke all on function person_organizations(text, timestamptz) from public;
grant execute on function person_organizations(text, timestamptz) to {{app}};

-- As before, a third as long for somebody in 200 organizations: no row is turned into JSON to look at one column, the
-- grants are read once as an array, and the plan of each statement is kept for the connection.
create or replace function access_rights(person_id text, at timestamptz, out stamp text, out rights json)
  language plpgsql stable security definer set search_path = {{schema}}, pg_temp
as $$
declare
  account record;
  memberships json;
  granted json := '[]';
begin
  stamp := access_stamp(person_id);
  select u.name, u.system_roles into account
    from person p join user_account u on u.name = p.frappe_user and u.enabled
    where p.id = person_id and p.status = 'active'
      and person_id = nullif(current_setting('dartwing.person', true), '');
  if not found then
    return;
  end if;
  select coalesce(json_agg(json_build_array(m.organization, m.role, r.is_supervisor, m.guest_until)), '[]') into memberships
    from org_member m join role_template r on r.role_name = m.role
    where m.person = person_id and m.status = 'active' and (m.guest_until is null or m.guest_until > at)
      and m.organization = any (array(
        select g.organization from permission_grant g
        where g.user_name = account.name and g.allow = 'Organization' and g.for_value = g.organization))
      and not exists (select from organization o where o.id = m.organization and o.status = 'dissolved');
  if 'Dartwing Guest' = any (account.system_roles) then
    select coalesce(json_agg(json_build_array(g.organization, g.allow, g.for_value)), '[]') into granted
      from permission_grant g join organization o on o.id = g.organization and o.status <> 'dissolved'
      where g.user_name = account.name;
  end if;
  rights := json_build_object('user', account.name, 'system_roles', account.system_roles,
    'organizations', memberships, 'documents', granted);
end
$$;
`,
};
