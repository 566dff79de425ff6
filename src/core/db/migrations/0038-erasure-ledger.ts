import type { Migration } from './index.js';

/**
 * The ledger of erasures lies outside of the database, so that one that was put back from a backup can be told whom it has
 * to erase again. Here is written which erasures it has already, and when the person was made: an id may be given anew
 * after the sequence of ids was put back as well.
 */
export const erasureLedger: Migration = {
  id: 38,
  name: 'erasure_ledger',
  breaking: false,
  sql: `
alter table erasure add column person_created_at timestamptz, add column ledgered_at timestamptz;
update erasure e set person_created_at = p.created_at from person p where p.id = e.person;
comment on column erasure.person_created_at is 'When the person was made that was erased';
comment on column erasure.ledgered_at is 'When the ledger outside of the database had it';
create index erasure_unledgered on erasure (erased_at) where ledgered_at is null;
create index erasure_newest on erasure (erased_at);
grant update (ledgered_at) on erasure to {{system}};
`,
};
