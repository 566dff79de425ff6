import type { Migration } from './index.js';

/**
 * Invitations with the mail they cause, and equipment with its custody trail.
 *
 * A serial number is unique among all organizations, but a unique index of a tenant table begins with the
 * organization. So a trigger keeps the hashes in a table of their own that no runtime role can read: an organization
 * learns that a number is taken, and nothing more.
 */
export const invitationsAndEquipment: Migration = {
  id: 8,
  name: 'invitations_and_equipment',
  breaking: false,
  sql: `
alter table org_member add column guest_until timestamptz;
comment on column org_member.guest_until is 'Set for a guest, who may only read, and only until then';
create index org_member_guests on org_member (guest_until) where guest_until is not null and status = 'active';

create table invitation (
  organization text not null references organization (id),
  id text not null,
  kind text not null check (kind in ('email', 'qr', 'link', 'guest')),
  email text check (email = lower(email)),
  role text not null references role_template (role_name),
  token_hash bytea not null check (octet_length(token_hash) = 32),
  status text not null default 'pending'
    check (status in ('pending', 'awaiting_approval', 'accepted', 'expired', 'revoked')),
  expires_at timestamptz not null,
  guest_access_until timestamptz,
  invited_by text not null,
  invited_person text references person (id),
  guardian text references person (id),
  requires_approval boolean not null default false,
  accepted_at timestamptz,
  accepted_by text references person (id),
  approved_at timestamptz,
  approved_by text,
  reminder_count integer not null default 0 check (reminder_count >= 0),
  last_reminder_at timestamptz,
  created_at timestamptz not null,
  modified_at timestamptz not null,
  primary key (organization, id),
  check ((kind = 'guest') = (guest_access_until is not null)),
  check ((status in ('awaiting_approval', 'accepted')) = (accepted_by is not null and accepted_at is not null)
    or status in ('expired', 'revoked'))
);
create unique index invitation_open on invitation (organization, email)
  where status in ('pending', 'awaiting_approval');
create index invitation_token on invitation (token_hash);
create index invitation_due on invitation (expires_at) where status = 'pending';
create index invitation_person on invitation (invited_person);

create table outgoing_mail (
  organization text not null references organization (id),
  id text not null,
  about text not null,
  recipient text not null,
  template text not null,
  content bytea,
  status text not null check (status in ('queued', 'sent', 'failed', 'canceled', 'no_transport')),
  attempts integer not null default 0,
  due_at timestamptz not null,
  lease text,
  leased_until timestamptz,
  last_error text,
  sent_at timestamptz,
  created_at timestamptz not null,
  primary key (organization, id),
  check ((status = 'queued') = (content is not null))
);
create index outgoing_mail_due on outgoing_mail (due_at) where status = 'queued';
create index outgoing_mail_about on outgoing_mail (organization, about);

create sequence equipment_series;
grant usage on sequence equipment_series to {{app}}, {{system}};

create table equipment (
  organization text not null references organization (id),
  id text not null,
  equipment_name text not null check (equipment_name = btrim(equipment_name) and equipment_name <> ''),
  equipment_type text check (equipment_type in ('Vehicle', 'Electronics', 'Furniture', 'Machinery', 'Tools', 'Other')),
  serial_number text check (serial_number = btrim(serial_number) and serial_number <> ''),
  status text not null default 'active' check (status in ('active', 'in_repair', 'retired', 'lost', 'stolen')),
  assigned_to text references person (id),
  current_location text,
  documents jsonb not null default '[]' check (jsonb_typeof(documents) = 'array'),
  maintenance_schedule jsonb not null default '[]' check (jsonb_typeof(maintenance_schedule) = 'array'),
  version integer not null default 1,
  created_at timestamptz not null,
  created_by text not null,
  modified_at timestamptz not null,
  modified_by text not null,
  primary key (organization, id)
);
create index equipment_status on equipment (organization, status, id);
create index equipment_custodian on equipment (assigned_to) where assigned_to is not null;

create table equipment_custody (
  organization text not null,
  equipment text not null,
  row_index integer not null check (row_index >= 1),
  from_person text references person (id),
  to_person text references person (id),
  at timestamptz not null,
  by text not null,
  reason text,
  primary key (organization, equipment, row_index),
  foreign key (organization, equipment) references equipment (organization, id) on delete cascade
);

create table equipment_serial (hash bytea constraint equipment_serial_unique primary key);
comment on table equipment_serial is 'global: SHA-256 of the serial numbers in use, so that each is used once';

create function keep_equipment_serial() returns trigger
  language plpgsql
  security definer
  set search_path = {{schema}}, pg_temp
as $$
begin
  if tg_op <> 'INSERT' and old.serial_number is not null then
    delete from equipment_serial where hash = sha256(convert_to(old.serial_number, 'UTF8'));
  end if;
  if tg_op <> 'DELETE' and new.serial_number is not null then
    insert into equipment_serial values (sha256(convert_to(new.serial_number, 'UTF8')));
  end if;
  return null;
end
$$;
revoke all on function keep_equipment_serial() from public;
create trigger equipment_serial_kept after insert or delete or update of serial_number on equipment
  for each row execute function keep_equipment_serial();

create function refuse_owner_change() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'the organization of equipment is fixed' using errcode = 'check_violation';
end
$$;
revoke all on function refuse_owner_change() from public;
create trigger equipment_owner_fixed before update of organization on equipment
  for each row when (old.organization <> new.organization) execute function refuse_owner_change();
`,
};
