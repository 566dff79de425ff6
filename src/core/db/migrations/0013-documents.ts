import type { Migration } from './index.js';

/**
 * Documents of doctypes that are data, and the log of their changes, in which an organization's changes are numbered
 * without gaps in the order of their commits.
 *
 * The number comes from the row of `document_head`, taken by the same statement as the change and after everything
 * else of it: the row stays locked until the transaction is visible, so nobody can read number n + 1 before number n.
 * The three tables are written together and name the organization in every key; the reference to it stands once, at
 * the head, where it costs nothing for each document.
 */
export const documents: Migration = {
  id: 13,
  name: 'documents',
  breaking: false,
  sql: `
create table document_head (
  organization text primary key references organization (id),
  seq bigint not null default 0 check (seq >= 0),
  min_retained bigint not null default 0,
  generation text not null default gen_random_uuid()::text
) with (fillfactor = 10);
comment on column document_head.min_retained is 'Changes up to this number may be gone';
comment on column document_head.generation is 'Another value makes every cursor invalid, as after a restore';

create table document (
  organization text not null,
  doctype text not null,
  name text not null,
  version integer not null check (version >= 1),
  deleted boolean not null default false,
  owner text,
  data jsonb not null check (jsonb_typeof(data) = 'object'),
  created_at timestamptz not null,
  created_by text not null,
  modified_at timestamptz not null,
  modified_by text not null,
  primary key (organization, doctype, name)
) with (fillfactor = 85);
comment on column document.data is 'Of a tombstone: what undelete brings back';

create table document_change (
  organization text not null,
  seq bigint not null,
  doctype text not null,
  name text not null,
  version integer not null,
  op text not null check (op in ('insert', 'update', 'delete', 'undelete')),
  deleted boolean not null,
  owner text,
  data jsonb,
  at timestamptz not null,
  by text not null,
  origin text,
  operation text,
  request text,
  written_at timestamptz,
  primary key (organization, seq),
  unique (organization, doctype, name, version),
  check (deleted = (data is null)),
  check (operation is null or (origin is not null and request is not null))
);
create unique index document_change_operation on document_change (organization, origin, operation)
  where operation is not null;
comment on column document_change.origin is 'Principal and device that sent it';
comment on column document_change.request is 'Fingerprint of the operation, to tell a repetition from another use of its id';
comment on column document_change.written_at is 'Time of the device, between its base and its arrival';

create sequence document_series;
grant usage on sequence document_series to {{app}}, {{system}};
`,
};
