import type { Migration } from './index.js';

/**
 * Signed checkpoints of trails, and the log of them over all organizations (organization DEPLOYMENT). As the trail
 * itself: the sequencer's role appends, nobody changes, triggers refuse it to the owner too; and what is said here is
 * signed with a key that the database does not have.
 */
export const auditCheckpoints: Migration = {
  id: 22,
  name: 'audit_checkpoints',
  breaking: false,
  sql: `
alter table installation add column deployment text not null
  default left(replace(gen_random_uuid()::text, '-', ''), 16);

create table audit_checkpoint (
  organization text not null,
  epoch integer not null check (epoch > 0),
  size bigint not null check (size > 0),
  place bigint check (place > 0),
  root bytea not null,
  frontier bytea[] not null,
  chain bytea,
  last_at timestamptz,
  note text not null,
  signed_at timestamptz not null default clock_timestamp(),
  primary key (organization, epoch, size),
  check ((organization = 'DEPLOYMENT') = (place is null))
);
comment on column audit_checkpoint.place is 'number of this checkpoint in the log over all organizations, from 1';
comment on column audit_checkpoint.chain is 'with last_at: where verification may go on';
create index audit_checkpoint_place on audit_checkpoint (place) where place is not null;

-- What was lost when an older copy of the database was put back, by organization; DEPLOYMENT for the log.
create table audit_epoch (
  organization text not null,
  epoch integer not null check (epoch > 1),
  kept bigint not null,
  lost bigint not null,
  mac bytea not null,
  began_at timestamptz not null default clock_timestamp(),
  primary key (organization, epoch)
);

-- Generations of the key that signs.
create table audit_signer (
  organization text not null,
  generation integer not null check (generation > 0),
  verifier text not null,
  since timestamptz not null default clock_timestamp(),
  primary key (organization, generation)
);

do $lock$
declare name text;
begin
  foreach name in array array['audit_checkpoint', 'audit_epoch', 'audit_signer'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format($policy$create policy dartwing_custom_read on %I for select to {{app}}
      using (organization = nullif(current_setting('dartwing.org', true), ''))$policy$, name);
    execute format('create policy dartwing_custom_read_any on %I for select to {{system}}, {{sequencer}} using (true)', name);
    execute format('create policy dartwing_custom_append on %I for insert to {{sequencer}} with check (true)', name);
    execute format('grant select on %I to {{app}}, {{system}}, {{sequencer}}', name);
    execute format('grant insert on %I to {{sequencer}}', name);
    execute format('create trigger %I before update or delete on %I for each row execute function refuse_audit_change()',
      name || '_immutable', name);
    execute format('create trigger %I before truncate on %I for each statement execute function refuse_audit_change()',
      name || '_untruncatable', name);
    execute format('alter table %I enable always trigger %I', name, name || '_immutable');
    execute format('alter table %I enable always trigger %I', name, name || '_untruncatable');
  end loop;
end
$lock$;
grant select on installation to {{sequencer}};
`,
};
