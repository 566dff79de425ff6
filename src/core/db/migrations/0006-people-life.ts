import type { Migration } from './index.js';

/**
 * What persons, roles and members need beyond their first use: retries of provisioning, consent with its guardian,
 * one merge a loser, accounts that can be renamed, and the indexes of their lists and checks.
 */
export const peopleLife: Migration = {
  id: 6,
  name: 'people_life',
  breaking: false,
  sql: `
alter table person
  add column sync_attempts integer not null default 0 check (sync_attempts >= 0),
  add column next_sync_at timestamptz,
  add column consent_guardian text references person (id),
  add column consent_captured_by text,
  -- The mailbox behind an address: dots and what follows a plus do not make another one.
  add column mailbox text generated always as (
    replace(split_part(split_part(primary_email, '@', 1), '+', 1), '.', '') || '@' || split_part(primary_email, '@', 2)
  ) stored;
create index person_sync_due on person (next_sync_at) where user_sync_status = 'pending';
create index person_mailbox on person (mailbox);
create index person_mobile on person (mobile_no) where mobile_no is not null;
create index person_guardian on person (consent_guardian) where consent_guardian is not null;

-- A person is merged once: two merges of the same loser cannot both be kept.
create unique index person_merge_source on person_merge_log (source_person);
create index person_merge_target on person_merge_log (target_person);

-- An account may be renamed when the address of its person changes; what points to it follows.
alter table person drop constraint person_user;
alter table person add constraint person_user foreign key (frappe_user) references user_account (name)
  on update cascade deferrable initially deferred;
alter table permission_grant drop constraint permission_grant_user_name_fkey;
alter table permission_grant add constraint permission_grant_user_name_fkey foreign key (user_name)
  references user_account (name) on update cascade;

create index org_member_page on org_member (organization, start_date desc, id);
create index org_member_any_person on org_member (person);
create index org_member_role on org_member (role);
create index organization_officer_person on organization_officer (person);
create index organization_partner_person on organization_member_partner (person);
create index company_agent on company (registered_agent) where registered_agent is not null;
`,
};
