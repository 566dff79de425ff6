import type { Migration } from './index.js';

/**
 * Sealed fields of documents. Each document with any has a key of its own, sealed with the data key of its organization; a
 * field that is found by equality has a key for its hashes.
 */
export const sealedFields: Migration = {
  id: 29,
  name: 'sealed fields',
  breaking: false,
  sql: `
create table document_key (
  organization text not null,
  doctype text not null,
  name text not null,
  secret sealed not null,
  primary key (organization, doctype, name)
);
create index document_key_sealed on document_key (organization, sealed_key(secret), doctype, name);
comment on table document_key is 'Seals the sealed fields of one document, its versions and its conflicts';

create table document_lookup_key (
  organization text not null,
  doctype text not null,
  field text not null,
  secret sealed not null,
  primary key (organization, doctype, field)
);
create index document_lookup_key_sealed on document_lookup_key (organization, sealed_key(secret), doctype, field);

create table document_lookup (
  organization text not null,
  doctype text not null,
  field text not null,
  name text not null,
  digest bytea not null check (octet_length(digest) = 16),
  primary key (organization, doctype, field, name)
);
create index document_lookup_digest on document_lookup (organization, doctype, field, digest);
comment on table document_lookup is 'Keyed hashes of values of sealed fields, by which their documents are found';
`,
};
