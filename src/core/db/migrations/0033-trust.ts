import type { Migration } from './index.js';

/**
 * Answers that are kept for repetitions stand sealed; those that an earlier version kept stay as they are for their day.
 * A token of PKCS #11 may wrap data keys. Taking a framework out of force is asked for, approved by a second person and waited for.
 */
export const trust: Migration = {
  id: 33,
  name: 'trust',
  breaking: false,
  sql: `
alter table idempotency alter column answer drop not null, add column sealed_answer bytea,
  add constraint idempotency_answered check (num_nonnulls(answer, sealed_answer) = 1);
alter table org_idempotency alter column answer drop not null, add column sealed_answer bytea,
  add constraint org_idempotency_answered check (num_nonnulls(answer, sealed_answer) = 1);

alter table data_key drop constraint data_key_provider_check,
  add constraint data_key_provider_check check (provider in ('local', 'aws-kms', 'vault', 'pkcs11'));

create table compliance_disabling (
  organization text not null references organization (id),
  framework text not null,
  reason text not null,
  asked_at timestamptz not null,
  asked_by text not null,
  due_at timestamptz not null,
  approved_at timestamptz,
  approved_by text check (approved_by <> asked_by),
  check ((approved_at is null) = (approved_by is null)),
  primary key (organization, framework)
);
create index compliance_disabling_due on compliance_disabling (due_at, organization) where approved_at is not null;
alter table compliance_disabling enable row level security;
alter table compliance_disabling force row level security;
create policy dartwing_custom_system on compliance_disabling for all to {{system}} using (true) with check (true);
create policy dartwing_custom_tenant on compliance_disabling for select to {{app}}
  using (organization = nullif(current_setting('dartwing.org', true), ''));
grant select, insert, delete, update (approved_at, approved_by) on compliance_disabling to {{system}};
grant select on compliance_disabling to {{app}};
`,
};
