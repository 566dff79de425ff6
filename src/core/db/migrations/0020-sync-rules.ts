import type { Migration } from './index.js';

/** What organizations changed of the conflict rules of doctypes, and proposals for conflicts that wait for a person. */
export const syncRules: Migration = {
  id: 20,
  name: 'sync-rules',
  breaking: false,
  sql: `
create table sync_rule (
  organization text not null references document_head (organization),
  doctype text not null,
  rules jsonb not null check (jsonb_typeof(rules) = 'object'),
  set_at timestamptz not null,
  set_by text not null,
  reason text,
  primary key (organization, doctype)
);
comment on column sync_rule.rules is 'The change, not the outcome: what it does not name follows the doctype';

alter table sync_conflict add column proposal jsonb;
comment on column sync_conflict.proposal is 'What a proposer would take, for the person who decides: value, confidence, by, rationale, at';
`,
};
