import type { Migration } from './index.js';

/** What the projection of a table's row into a document is made of. */
interface Projection {
  table: string;
  doctype: string;
  organization: string;
  name: string;
  owner: string;
  data: string;
  /** Condition under which the document is there. */
  present: string;
}

const projections: readonly Projection[] = [
  {
    table: 'organization',
    doctype: 'Organization',
    organization: 'id',
    name: 'id',
    owner: 'null::text',
    data: `jsonb_build_object('slug', r.slug, 'org_name', r.org_name, 'org_type', r.org_type, 'logo', r.logo,
      'status', r.status, 'linked_doctype', r.linked_doctype, 'linked_name', r.linked_name)`,
    present: "r.status <> 'dissolved'",
  },
  {
    table: 'org_member',
    doctype: 'Org Member',
    organization: 'organization',
    name: 'id',
    owner: 'r.person',
    data: `jsonb_build_object('person', r.person, 'role', r.role, 'status', r.status, 'start_date', r.start_date,
      'end_date', r.end_date, 'member_name', r.member_name, 'person_email', r.person_email)`,
    present: 'true',
  },
  {
    table: 'equipment',
    doctype: 'Equipment',
    organization: 'organization',
    name: 'id',
    owner: 'r.assigned_to',
    data: `jsonb_build_object('equipment_name', r.equipment_name, 'equipment_type', r.equipment_type,
      'serial_number', r.serial_number, 'status', r.status, 'assigned_to', r.assigned_to,
      'current_location', r.current_location, 'documents', r.documents, 'maintenance_schedule', r.maintenance_schedule)`,
    present: 'true',
  },
];

/** What an organization may know of a person stands in the member row; so does the document Person. */
const personOfMember = `jsonb_build_object('full_name', r.member_name, 'primary_email', r.person_email)`;

function follow({ table, doctype, organization, name, owner, data, present }: Projection): string {
  const person =
    table === 'org_member'
      ? `perform document_follow('Person', r.organization, r.person, r.person, ${personOfMember}, tg_op <> 'DELETE' and r.status = 'active');`
      : '';
  const columns = table === 'organization' ? 'insert or update' : 'insert or update or delete';
  return `
create function document_follow_${table}() returns trigger
  language plpgsql set search_path = {{schema}}, pg_temp
as $$
declare r ${table} := case when tg_op = 'DELETE' then old else new end;
begin
  perform document_follow('${doctype}', r.${organization}, r.${name}, ${owner}, ${data}, tg_op <> 'DELETE' and (${present}));
  ${person}
  return null;
end
$$;
revoke all on function document_follow_${table}() from public;
create constraint trigger document_follow after ${columns} on ${table}
  deferrable initially deferred for each row execute function document_follow_${table}();
insert into document (organization, doctype, name, version, owner, data, created_at, created_by, modified_at, modified_by)
  select r.${organization}, '${doctype}', r.${name}, 1, ${owner}, ${data}, r.created_at, 'migration', r.modified_at, 'migration'
  from ${table} r where ${present};`;
}

/**
 * Devices, operations and conflicts of offline clients; and the records of other rooms as documents, so that clients
 * hold them offline too. The records follow by triggers that run at the end of the transaction: whatever changes a
 * row, its document changes with it, and the head of the log is still taken last.
 */
export const sync: Migration = {
  id: 14,
  name: 'sync',
  breaking: false,
  sql: `
create table sync_device (
  organization text not null references document_head (organization),
  principal text not null,
  device text not null,
  first_seen timestamptz not null,
  last_pull timestamptz,
  last_push timestamptz,
  acknowledged bigint not null default 0,
  up_to_date boolean not null default false,
  doctypes text[] not null default '{}',
  queue_depth integer not null default 0,
  pushed bigint not null default 0,
  conflicts bigint not null default 0,
  rejected bigint not null default 0,
  resyncs integer not null default 0,
  resync_wanted boolean not null default false,
  primary key (organization, principal, device)
) with (fillfactor = 70);
comment on column sync_device.acknowledged is 'Number up to which the device has applied the log';

create table sync_operation (
  organization text not null,
  origin text not null,
  operation text not null,
  request text not null,
  result jsonb not null,
  at timestamptz not null,
  primary key (organization, origin, operation)
);
comment on table sync_operation is 'Answers that the log alone does not tell: merged, lost, conflicting and renamed ones';

create sequence sync_conflict_series;
grant usage on sequence sync_conflict_series to {{app}}, {{system}};

create table sync_conflict (
  organization text not null,
  id text not null,
  doctype text not null,
  name text not null,
  op text not null,
  strategy text not null,
  rules jsonb not null,
  status text not null check (status in ('open', 'auto', 'resolved')),
  fields text[] not null,
  decisions jsonb not null,
  base jsonb,
  base_version integer not null,
  server jsonb,
  server_version integer not null,
  client jsonb,
  principal text not null,
  device text,
  operation text,
  opened_at timestamptz not null,
  auto_at timestamptz,
  resolved_at timestamptz,
  resolved_by text,
  decision text check (decision in ('server', 'client', 'base', 'both', 'value')),
  resolution jsonb,
  resolved_version integer,
  reason text,
  primary key (organization, id),
  check ((status = 'open') = (resolved_at is null)),
  check (status <> 'open' or auto_at is not null)
);
create index sync_conflict_document on sync_conflict (organization, doctype, name);
create index sync_conflict_recent on sync_conflict (organization, status, opened_at);
create index sync_conflict_due on sync_conflict (auto_at) where status = 'open';

create function document_follow(kind text, org text, called text, person text, content jsonb, present boolean) returns void
  language plpgsql set search_path = {{schema}}, pg_temp
as $$
declare
  known document;
  next_seq bigint;
  moment timestamptz := clock_timestamp();
  what text;
begin
  -- It was purged later in the same transaction.
  if not exists (select from organization o where o.id = org) then return; end if;
  select * into known from document d where d.organization = org and d.doctype = kind and d.name = called for update;
  if not found then
    if not present then return; end if;
    what := 'insert';
    insert into document (organization, doctype, name, version, owner, data, created_at, created_by, modified_at, modified_by)
      values (org, kind, called, 1, person, content, moment, 'system', moment, 'system') returning * into known;
  else
    if known.deleted = not present and (known.deleted or (known.data = content and known.owner is not distinct from person)) then
      return;
    end if;
    what := case when not present then 'delete' when known.deleted then 'undelete' else 'update' end;
    update document d set version = d.version + 1, deleted = not present, owner = person, data = content,
        modified_at = moment, modified_by = 'system'
      where d.organization = org and d.doctype = kind and d.name = called returning * into known;
  end if;
  insert into document_head as h (organization, seq) values (org, 1)
    on conflict (organization) do update set seq = h.seq + 1 returning seq into next_seq;
  insert into document_change (organization, seq, doctype, name, version, op, deleted, owner, data, at, by)
    values (org, next_seq, kind, called, known.version, what, known.deleted, person,
      case when present then content end, moment, 'system');
end
$$;
revoke all on function document_follow(text, text, text, text, jsonb, boolean) from public;
grant execute on function document_follow(text, text, text, text, jsonb, boolean) to {{app}}, {{system}};

-- Row security binds the owner too, and the policies stamped on these tables know only the runtime roles.
create policy dartwing_backfill on document_head for all to {{owner}} using (true) with check (true);
create policy dartwing_backfill on document for all to {{owner}} using (true) with check (true);
create policy dartwing_backfill on equipment for select to {{owner}} using (true);
insert into document_head (organization) select id from organization;
${projections.map(follow).join('\n')}
insert into document (organization, doctype, name, version, owner, data, created_at, created_by, modified_at, modified_by)
  select r.organization, 'Person', r.person, 1, r.person, ${personOfMember}, r.created_at, 'migration', r.modified_at, 'migration'
  from org_member r where r.status = 'active';
drop policy dartwing_backfill on document_head;
drop policy dartwing_backfill on document;
drop policy dartwing_backfill on equipment;
`,
};
