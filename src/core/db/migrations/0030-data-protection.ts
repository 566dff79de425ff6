import type { Migration } from './index.js';

/** How long an organization keeps documents of a doctype, and whose data it may only keep. */
export const dataProtection: Migration = {
  id: 30,
  name: 'data protection',
  breaking: false,
  sql: `
create table retention_rule (
  organization text not null references organization (id),
  doctype text not null,
  keep_days integer not null check (keep_days between 1 and 36500),
  basis text not null check (char_length(basis) between 3 and 500),
  set_at timestamptz not null,
  set_by text not null,
  primary key (organization, doctype)
);
comment on column retention_rule.keep_days is 'Days after the last change';
comment on column retention_rule.basis is 'Why so long, in words: a law, a contract';

create table processing_restriction (
  organization text not null references organization (id),
  person text not null references person (id),
  reason text not null,
  since timestamptz not null,
  by text not null,
  primary key (organization, person)
);
create index processing_restriction_person on processing_restriction (person);
`,
};
