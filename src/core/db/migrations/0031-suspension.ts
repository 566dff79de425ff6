import type { Migration } from './index.js';

/**
 * A suspended organization is closed to its members and guests: `access_rights` names it, a read across a person's
 * organizations leaves it out, and whoever suspends or restores it moves the stamps of everybody in it.
 */
export const suspension: Migration = {
  id: 31,
  name: 'suspension',
  breaking: false,
  sql: `
create index organization_suspended on organization (id) where suspended_at is not null;

create or replace function access_rights(person_id text, at timestamptz, out stamp text, out rights json)
  language plpgsql stable security definer set search_path = {{schema}}, pg_temp
as $$
declare
  account record;
  memberships json;
  granted json := '[]';
  closed json;
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
  select coalesce(json_agg(json_build_array(o.id, o.suspended_until)), '[]') into closed
    from organization o
    where o.suspended_at is not null and (o.suspended_until is null or o.suspended_until > at)
      and exists (select from permission_grant g where g.organization = o.id and g.user_name = account.name);
  rights := json_build_object('user', account.name, 'system_roles', account.system_roles,
    'organizations', memberships, 'documents', granted, 'closed', closed);
end
$$;

create or replace function person_organizations(person_id text, at timestamptz) returns text
  language sql stable security definer set search_path = {{schema}}, pg_temp
  begin atomic
    select coalesce(string_agg(member.organization, ',' order by member.organization), '')
    from org_member member
    where member.person = person_id and member.status = 'active'
      and (member.guest_until is null or member.guest_until > at)
      and member.organization not in (
        select o.id from organization o
        where o.suspended_at is not null and (o.suspended_until is null or o.suspended_until > at))
      and person_id = nullif(current_setting('dartwing.person', true), '')
      and (not (select sealed_context from installation) or person_id = sealed_part(2));
  end;

drop trigger access_organization_changed on organization;
create trigger access_organization_changed after update of status, suspended_at, suspended_until on organization for each row
  when ((old.status, old.suspended_at, old.suspended_until) is distinct from (new.status, new.suspended_at, new.suspended_until))
  execute function access_organization_changed();
`,
};
