import type { Migration } from './index.js';

/**
 * The sealed context: functions that say whom a transaction works for, and believe only a seal of ours. The keys are read
 * by their definer alone. Whether policies ask them is a choice of the installation.
 */
export const sealedContext: Migration = {
  id: 16,
  name: 'sealed_context',
  breaking: false,
  sql: `
alter table installation add column sealed_context boolean not null default false;

create table context_key (
  id smallint primary key,
  inner_block bytea not null check (octet_length(inner_block) = 64),
  outer_block bytea not null check (octet_length(outer_block) = 64)
);
comment on table context_key is 'global: keys of the sealed context, which nobody but its owner reads';

-- 1 the organization, 2 the person; null when there is no seal, or one that is forged, changed or over. Macs are compared
-- by their hashes, so that the time it takes says nothing of how much of one was right.
create function sealed_part(part integer) returns text
  language plpgsql stable security definer set search_path = {{schema}}, pg_temp
as $$
declare
  field text[] := string_to_array(current_setting('dartwing.seal', true), '|');
  secret record;
begin
  if array_length(field, 1) is distinct from 5 or field[3] !~ '^[0-9]{1,15}$' or field[4] !~ '^[0-9]{1,4}$'
    or field[5] !~ '^[0-9a-f]{64}$' then
    return null;
  end if;
  if field[3]::bigint < extract(epoch from clock_timestamp()) * 1000 then
    return null;
  end if;
  select inner_block, outer_block into secret from context_key where id = field[4]::smallint;
  if not found then
    return null;
  end if;
  if sha256(sha256(secret.outer_block || sha256(secret.inner_block
      || convert_to(array_to_string(field[1:4], '|'), 'UTF8')))) <> sha256(decode(field[5], 'hex')) then
    return null;
  end if;
  return nullif(field[part], '');
end $$;
revoke all on function sealed_part(integer) from public;

-- Answers for the person of the transaction only, and with the sealed context on for the one whom the seal names. The
-- form without a time is not asked any more.
drop function person_organizations(text);
create or replace function person_organizations(person_id text, at timestamptz) returns text
  language sql stable security definer set search_path = {{schema}}, pg_temp
  begin atomic
    select coalesce(string_agg(member.organization, ',' order by member.organization), '')
    from org_member member
    where member.person = person_id and member.status = 'active'
      and (member.guest_until is null or member.guest_until > at)
      and person_id = nullif(current_setting('dartwing.person', true), '')
      and (not (select sealed_context from installation) or person_id = sealed_part(2));
  end;

create function sealed_organization() returns text
  language sql stable security definer set search_path = {{schema}}, pg_temp
  begin atomic select sealed_part(1); end;
create function sealed_person() returns text
  language sql stable security definer set search_path = {{schema}}, pg_temp
  begin atomic select sealed_part(2); end;
create function sealed_organizations() returns text[]
  language sql stable security definer set search_path = {{schema}}, pg_temp
  begin atomic select string_to_array(person_organizations(sealed_part(2), clock_timestamp()), ','); end;
revoke all on function sealed_organization(), sealed_person(), sealed_organizations() from public;
grant execute on function sealed_organization(), sealed_person() to {{app}}, {{reader}};
grant execute on function sealed_organizations() to {{reader}};
`,
};
