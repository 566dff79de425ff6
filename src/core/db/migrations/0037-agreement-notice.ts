import type { Migration } from './index.js';

/** When administrators were told that an agreement ends soon: once for each, whoever looks and however often. */
export const agreementNotice: Migration = {
  id: 37,
  name: 'agreement_notice',
  breaking: false,
  sql: `
alter table business_associate_agreement add column told_at timestamptz;
comment on column business_associate_agreement.told_at is 'When administrators were told that it ends soon';
create index business_associate_agreement_untold on business_associate_agreement (expires_on) where told_at is null;
grant update (told_at) on business_associate_agreement to {{system}};
`,
};
