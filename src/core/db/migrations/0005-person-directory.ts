import type { Migration } from './index.js';

/**
 * The directory of a person's organizations answers for the person of the transaction only. Before, any transaction
 * could ask it about anybody, and so learn ids of organizations that are not its own.
 */
export const personDirectory: Migration = {
  id: 5,
  name: 'person_directory',
  breaking: false,
  sql: `
create or replace function person_organizations(person_id text) returns text
  language sql stable security definer set search_path = {{schema}}, pg_temp
  begin atomic
    select coalesce(string_agg(member.organization, ',' order by member.organization), '')
    from org_member member
    where member.person = person_id and member.status = 'active'
      and person_id = nullif(current_setting('dartwing.person', true), '');
  end;
`,
};
