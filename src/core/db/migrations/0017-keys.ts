import type { Migration } from './index.js';

/**
 * Data keys and what is sealed with them. A column of the type `sealed` holds an envelope (docs/formats/envelope.md)
 * and belongs by its type to the catalogue of sealed columns: rotation, proof and verification find it there, and
 * PostgreSQL refuses anything in it that is not sealed. Every such column has an index that begins as
 * `outgoing_mail_sealed` does.
 */
export const keys: Migration = {
  id: 17,
  name: 'keys',
  breaking: false,
  sql: `
create domain sealed as bytea
  constraint sealed_form check (octet_length(value) >= 100 and substring(value from 1 for 4) = '\\x44570101'::bytea);
comment on domain sealed is 'an envelope; columns of this type are the catalogue of sealed columns';

create function sealed_key(envelope bytea) returns uuid
  language sql immutable strict parallel safe
  return encode(substring(envelope from 5 for 16), 'hex')::uuid;
grant execute on function sealed_key(bytea) to {{app}}, {{reader}}, {{system}};

-- No foreign key to the organization: keys of what belongs to persons carry SYSTEM.
create table data_key (
  organization text not null,
  id uuid not null,
  purpose text not null check (purpose ~ '^[a-z][a-z_]{0,39}$'),
  version integer not null check (version > 0),
  state text not null check (state in ('active', 'decrypt_only', 'retired', 'destroyed')),
  provider text not null check (provider in ('local', 'aws-kms', 'vault')),
  master text not null,
  wrapped bytea,
  created_at timestamptz not null,
  decrypt_only_at timestamptz,
  retired_at timestamptz,
  destroyed_at timestamptz,
  held boolean not null default false,
  primary key (organization, id),
  check ((state = 'destroyed') = (wrapped is null))
);
create unique index data_key_active on data_key (organization, purpose) where state = 'active';
create unique index data_key_version on data_key (organization, purpose, version);
comment on column data_key.held is 'never written: who may update it may lock the row, so that no rotation passes a writer by';

-- One at a time of each organization and purpose. Its cursor moves in the transaction of the rows it moved over.
create table key_rotation (
  organization text not null,
  id uuid not null,
  purpose text not null,
  to_key uuid not null,
  state text not null check (state in ('resealing', 'done', 'incomplete')),
  total bigint not null,
  done bigint not null default 0,
  failures jsonb not null default '[]',
  failed bigint not null default 0,
  pass integer not null default 1,
  position jsonb,
  started_by text not null,
  started_at timestamptz not null,
  heartbeat_at timestamptz not null,
  finished_at timestamptz,
  proof jsonb,
  primary key (organization, id)
);
create unique index key_rotation_open on key_rotation (organization, purpose) where state = 'resealing';

-- A tenant uses and makes its keys; it cannot change one, nor read the rows whole.
do $lock$
declare name text;
begin
  foreach name in array array['data_key', 'key_rotation'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy dartwing_custom_system on %I for all to {{system}} using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on %I to {{system}}', name);
    execute format($policy$create policy dartwing_custom_tenant on %I for all to {{app}}
      using (organization = nullif(current_setting('dartwing.org', true), ''))
      with check (organization = nullif(current_setting('dartwing.org', true), ''))$policy$, name);
  end loop;
end
$lock$;
grant select (organization, id, purpose, version, state, provider, master, wrapped, created_at) on data_key to {{app}};
grant insert (organization, id, purpose, version, state, provider, master, wrapped, created_at) on data_key to {{app}};
grant update (held) on data_key to {{app}};

-- Letters that were sealed before stay in content until they are sent.
alter table outgoing_mail add column letter sealed,
  drop constraint outgoing_mail_check,
  add constraint outgoing_mail_content check ((status = 'queued') = (content is not null or letter is not null));
create index outgoing_mail_sealed on outgoing_mail (organization, sealed_key(letter), id) where letter is not null;
`,
};
