import type { Migration } from './index.js';

/** Addresses are proven by their owners, again after every change (requirements §4.1). */
export const provenAddresses: Migration = {
  id: 24,
  name: 'proven addresses',
  breaking: false,
  sql: `
alter table person
  add column email_verified_at timestamptz,
  add column email_proof_due boolean not null default false;
comment on column person.email_verified_at is 'when its owner proved the address; null after a change';
comment on column person.email_proof_due is 'changed, and not proven since: passwords are not reset through it';
`,
};
