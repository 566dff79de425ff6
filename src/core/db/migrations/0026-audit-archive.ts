import type { Migration } from './index.js';

/**
 * What was written to the archive, by trail (DEPLOYMENT is the log of checkpoints). A row is planned before anything is
 * written, so that whoever dies in between is followed by somebody who writes the same again; once it is sealed it does
 * not change.
 */
export const auditArchive: Migration = {
  id: 26,
  name: 'audit_archive',
  breaking: false,
  sql: `
create table audit_segment (
  organization text not null,
  store text not null,
  epoch integer not null,
  first_seq bigint not null check (first_seq > 0),
  last_seq bigint not null check (last_seq >= first_seq),
  key text not null,
  sha256 bytea not null,
  bytes bigint not null,
  frontier bytea[] not null,
  chain bytea not null,
  last_at timestamptz not null,
  planned_at timestamptz not null default clock_timestamp(),
  version_id text,
  manifest_version text,
  manifest_sha256 bytea,
  mode text,
  retain_until timestamptz,
  sealed_at timestamptz,
  primary key (organization, store, first_seq)
);

alter table audit_segment enable row level security;
alter table audit_segment force row level security;
create policy dartwing_custom_read on audit_segment for select to {{app}}
  using (organization = nullif(current_setting('dartwing.org', true), ''));
create policy dartwing_custom_read_any on audit_segment for select to {{system}} using (true);
create policy dartwing_custom_seal on audit_segment for all to {{sequencer}} using (true) with check (true);
grant select on audit_segment to {{app}}, {{system}};
grant select, insert, update (version_id, manifest_version, manifest_sha256, mode, retain_until, sealed_at)
  on audit_segment to {{sequencer}};
create trigger audit_segment_immutable before update on audit_segment
  for each row when (old.sealed_at is not null) execute function refuse_audit_change();
create trigger audit_segment_undeletable before delete on audit_segment
  for each row execute function refuse_audit_change();
create trigger audit_segment_untruncatable before truncate on audit_segment
  for each statement execute function refuse_audit_change();
alter table audit_segment enable always trigger audit_segment_immutable;
alter table audit_segment enable always trigger audit_segment_undeletable;
alter table audit_segment enable always trigger audit_segment_untruncatable;
`,
};
