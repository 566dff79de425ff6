import type { Migration } from './index.js';

/**
 * What the permissions engine reads: a version stamp that every change of somebody's rights moves in its own
 * transaction, the rights of a person in one call, and a log of grants. Stamps and log are kept by triggers, so no
 * path to a membership can forget them.
 */
export const access: Migration = {
  id: 7,
  name: 'access',
  breaking: false,
  sql: `
create table access_version (
  holder text primary key,
  version bigint not null
);
comment on table access_version is 'global: how often the rights of a person changed; * stands for the role templates';

create table permission_event (
  organization text not null,
  id bigint generated always as identity,
  at timestamptz not null default clock_timestamp(),
  event text not null check (event in ('create', 'remove', 'skip')),
  person text,
  user_name text,
  org_member text,
  allow text,
  for_value text,
  reason text not null,
  primary key (organization, id)
);
create index permission_event_recent on permission_event (id);
create index permission_event_person on permission_event (person, id);
alter table permission_event enable row level security;
alter table permission_event force row level security;
create policy dartwing_custom_closed on permission_event for select to {{app}} using (false);
create policy dartwing_custom_system on permission_event for select to {{system}} using (true);
create policy dartwing_custom_log on permission_event for insert to {{owner}} with check (true);
grant select on permission_event to {{system}};

-- The functions below run as the owner, whom row security binds too.
create policy dartwing_access on permission_grant for all to {{owner}} using (true) with check (true);
create policy dartwing_access on org_member for select to {{owner}} using (true);
create policy dartwing_access on person for select to {{owner}} using (true);
create policy dartwing_access on user_account for select to {{owner}} using (true);
create policy dartwing_access on organization for select to {{owner}} using (true);

-- In the order of their names, so that two changes of the same persons queue up instead of meeting.
create function access_moved(holders text[]) returns void
  language sql security definer set search_path = {{schema}}, pg_temp
  begin atomic
    insert into access_version (holder, version)
      select distinct moved.holder, 1 from unnest(holders) as moved (holder) where moved.holder is not null order by 1
      on conflict (holder) do update set version = access_version.version + 1;
  end;
revoke all on function access_moved(text[]) from public;

create function access_member_changed() returns trigger
  language plpgsql security definer set search_path = {{schema}}, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    perform access_moved(array(select person from after_rows));
    insert into permission_event (organization, event, person, org_member, allow, for_value, reason)
      select a.organization, 'skip', a.person, a.id, 'Organization', a.organization, 'the person has no account'
      from after_rows a join person p on p.id = a.person and p.frappe_user is null
      where a.status = 'active';
  elsif tg_op = 'DELETE' then
    perform access_moved(array(select person from before_rows));
  else
    perform access_moved(array(
      select each.person from (
        select b.person, a.person as other from before_rows b left join after_rows a on a.organization = b.organization and a.id = b.id
        where (a.person, a.role, a.status, to_jsonb(a) -> 'guest_until')
          is distinct from (b.person, b.role, b.status, to_jsonb(b) -> 'guest_until')
      ) moved, lateral (values (moved.person), (moved.other)) as each (person)));
    insert into permission_event (organization, event, person, org_member, allow, for_value, reason)
      select a.organization, 'skip', a.person, a.id, 'Organization', a.organization, 'the person has no account'
      from after_rows a join person p on p.id = a.person and p.frappe_user is null
      where a.status = 'active'
        and not exists (select from before_rows b where b.organization = a.organization and b.id = a.id and b.status = 'active');
  end if;
  return null;
end
$$;
revoke all on function access_member_changed() from public;
create trigger access_member_added after insert on org_member referencing new table as after_rows
  for each statement execute function access_member_changed();
create trigger access_member_changed after update on org_member referencing old table as before_rows new table as after_rows
  for each statement execute function access_member_changed();
create trigger access_member_gone after delete on org_member referencing old table as before_rows
  for each statement execute function access_member_changed();

create function access_grant_changed() returns trigger
  language plpgsql security definer set search_path = {{schema}}, pg_temp
as $$
begin
  if tg_op <> 'DELETE' then
    perform access_moved(array(select u.person from after_rows g join user_account u on u.name = g.user_name));
  end if;
  if tg_op <> 'INSERT' then
    perform access_moved(array(select u.person from before_rows g join user_account u on u.name = g.user_name));
  end if;
  if tg_op = 'INSERT' then
    insert into permission_event (organization, event, person, user_name, org_member, allow, for_value, reason)
      select g.organization, 'create', u.person, g.user_name, m.id, g.allow, g.for_value,
        case when m.status = 'active' then 'the membership is active' else 'granted' end
      from after_rows g join user_account u on u.name = g.user_name
      left join org_member m on m.organization = g.organization and m.person = u.person
      order by g.organization, g.user_name, g.allow = 'Organization' desc;
  elsif tg_op = 'DELETE' then
    insert into permission_event (organization, event, person, user_name, org_member, allow, for_value, reason)
      select g.organization, 'remove', u.person, g.user_name, m.id, g.allow, g.for_value,
        case when m.status is null then 'there is no membership' when m.status = 'active' then 'revoked'
          else 'the membership is ' || m.status end
      from before_rows g left join user_account u on u.name = g.user_name
      left join org_member m on m.organization = g.organization and m.person = u.person
      order by g.organization, g.user_name, g.allow = 'Organization' desc;
  end if;
  return null;
end
$$;
revoke all on function access_grant_changed() from public;
create trigger access_grant_added after insert on permission_grant referencing new table as after_rows
  for each statement execute function access_grant_changed();
create trigger access_grant_changed after update on permission_grant
  referencing old table as before_rows new table as after_rows
  for each statement execute function access_grant_changed();
create trigger access_grant_gone after delete on permission_grant referencing old table as before_rows
  for each statement execute function access_grant_changed();

create function access_account_changed() returns trigger
  language plpgsql security definer set search_path = {{schema}}, pg_temp
as $$
begin
  perform access_moved(array[
    case when tg_op <> 'INSERT' then old.person end, case when tg_op <> 'DELETE' then new.person end]);
  return null;
end
$$;
revoke all on function access_account_changed() from public;
create trigger access_account_changed after insert or update or delete on user_account
  for each row execute function access_account_changed();

create function access_templates_changed() returns trigger
  language plpgsql security definer set search_path = {{schema}}, pg_temp
as $$
begin
  perform access_moved(array['*']);
  return null;
end
$$;
revoke all on function access_templates_changed() from public;
create trigger access_templates_changed after insert or update or delete on role_template
  for each statement execute function access_templates_changed();

create function access_person_changed() returns trigger
  language plpgsql security definer set search_path = {{schema}}, pg_temp
as $$
begin
  perform access_moved(array[new.id]);
  -- Memberships that waited for an account get their grants with it. A renamed account keeps those it has.
  if old.frappe_user is null and new.frappe_user is not null then
    insert into permission_grant (organization, user_name, allow, for_value, created_at)
      select m.organization, new.frappe_user, g.allow, g.for_value, new.modified_at
      from org_member m join organization o on o.id = m.organization,
        lateral (values ('Organization', o.id), (o.linked_doctype, o.linked_name)) as g (allow, for_value)
      where m.person = new.id and m.status = 'active' and g.for_value is not null
      on conflict do nothing;
  end if;
  return null;
end
$$;
revoke all on function access_person_changed() from public;
create trigger access_person_changed after update of status, frappe_user on person for each row
  when (old.status <> new.status or old.frappe_user is distinct from new.frappe_user)
  execute function access_person_changed();

create function access_organization_changed() returns trigger
  language plpgsql security definer set search_path = {{schema}}, pg_temp
as $$
begin
  perform access_moved(array(select person from org_member where organization = new.id and status = 'active'));
  return null;
end
$$;
revoke all on function access_organization_changed() from public;
create trigger access_organization_changed after update of status on organization for each row
  when (old.status <> new.status) execute function access_organization_changed();

create function access_stamp(person_id text) returns text
  language sql stable security definer set search_path = {{schema}}, pg_temp
  begin atomic
    select coalesce((select version from access_version where holder = person_id), 0)
      || '.' || coalesce((select version from access_version where holder = '*'), 0);
  end;
revoke all on function access_stamp(text) from public;
grant execute on function access_stamp(text) to {{app}}, {{system}};

-- Stamp and rights of the transaction's person, of one moment. Answers for nobody else.
create function access_rights(person_id text, at timestamptz, out stamp text, out rights json)
  language sql stable security definer set search_path = {{schema}}, pg_temp
  begin atomic
    select access_stamp(person_id), (
      select json_build_object(
        'user', account.name,
        'system_roles', account.system_roles,
        'organizations', (
          select coalesce(json_agg(json_build_array(m.organization, m.role, r.is_supervisor, to_jsonb(m) ->> 'guest_until')), '[]')
          from permission_grant g
          join organization o on o.id = g.organization and o.status <> 'dissolved'
          join org_member m on m.organization = g.organization and m.person = person_id and m.status = 'active'
          join role_template r on r.role_name = m.role
          where g.user_name = account.name and g.allow = 'Organization' and g.for_value = g.organization
            and coalesce((to_jsonb(m) ->> 'guest_until')::timestamptz > at, true)),
        'documents', (
          select coalesce(json_agg(json_build_array(g.organization, g.allow, g.for_value)), '[]')
          from permission_grant g join organization o on o.id = g.organization and o.status <> 'dissolved'
          where g.user_name = account.name and 'Dartwing Guest' = any (account.system_roles)))
      from person p join user_account account on account.name = p.frappe_user and account.enabled
      where p.id = person_id and p.status = 'active'
        and person_id = nullif(current_setting('dartwing.person', true), ''));
  end;
revoke all on function access_rights(text, timestamptz) from public;
grant execute on function access_rights(text, timestamptz) to {{app}}, {{system}};

create index org_member_recent on org_member (organization, modified_at desc, id);
`,
};
