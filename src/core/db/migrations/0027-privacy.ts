import type { Migration } from './index.js';

/**
 * Privacy. Personal values in the trail are sealed under a key of their subject: who is erased loses the key, and the
 * chain stays as it is. Consents are events that are only added to. An erasure leaves a line in the ledger, with nothing
 * of the person but the id.
 */
export const privacy: Migration = {
  id: 27,
  name: 'privacy',
  breaking: false,
  sql: `
-- No foreign key to the organization: the trail of the installation is SYSTEM's.
create table audit_subject_key (
  organization text not null,
  subject text not null check (char_length(subject) between 1 and 140),
  wrapped bytea not null,
  primary key (organization, subject)
);
comment on column audit_subject_key.subject is 'a person, or value: and a keyed hash of a value whose person is not known';

create table consent_event (
  organization text not null references organization (id),
  id uuid not null,
  person text not null references person (id),
  category text not null check (category in ('essential', 'analytics', 'marketing', 'third_party')),
  granted boolean not null,
  terms text,
  at timestamptz not null,
  by text not null,
  via text not null,
  primary key (organization, id)
);
create index consent_event_of_person on consent_event (organization, person, category, at desc);
create index consent_event_person on consent_event (person);

-- A tenant adds and reads, and takes nothing back.
do $lock$
declare name text;
begin
  foreach name in array array['audit_subject_key', 'consent_event'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy dartwing_custom_system on %I for all to {{system}} using (true) with check (true)', name);
    execute format('grant select, insert, delete on %I to {{system}}', name);
    execute format($policy$create policy dartwing_custom_tenant on %I for select to {{app}}
      using (organization = nullif(current_setting('dartwing.org', true), ''))$policy$, name);
    execute format($policy$create policy dartwing_custom_add on %I for insert to {{app}}
      with check (organization = nullif(current_setting('dartwing.org', true), ''))$policy$, name);
    execute format('grant select, insert on %I to {{app}}', name);
  end loop;
end
$lock$;

create table erasure (
  person text primary key references person (id),
  erased_at timestamptz not null,
  erased_by text not null,
  counts jsonb not null
);
comment on table erasure is 'global: who was erased; nothing of them but the id';
alter table erasure enable row level security;
alter table erasure force row level security;
create policy dartwing_custom_system on erasure for all to {{system}} using (true) with check (true);
grant select, insert on erasure to {{system}};

-- The log of grants names accounts, which are called after addresses.
create policy dartwing_custom_erase on permission_event for update to {{system}} using (true) with check (true);
grant update (user_name) on permission_event to {{system}};
`,
};
