import type { Migration } from './index.js';

/** Where services send news of an integration to, and what came. Secrets and contents are envelopes (0017). */
export const incomingWebhooks: Migration = {
  id: 28,
  name: 'incoming-webhooks',
  breaking: false,
  sql: `
create table incoming_webhook (
  organization text not null references organization (id),
  id uuid not null,
  integration uuid not null,
  secret sealed not null,
  former sealed,
  former_until timestamptz,
  created_by text not null,
  created_at timestamptz not null,
  primary key (organization, id),
  foreign key (organization, integration) references organization_integration (organization, id) on delete cascade,
  check ((former is null) = (former_until is null))
);
create unique index incoming_webhook_of on incoming_webhook (organization, integration);
create index incoming_webhook_secret_sealed on incoming_webhook (organization, sealed_key(secret), id) where secret is not null;
create index incoming_webhook_former_sealed on incoming_webhook (organization, sealed_key(former), id) where former is not null;

create table webhook_delivery (
  organization text not null,
  id uuid not null,
  webhook uuid not null,
  event text,
  replay_key bytea not null check (octet_length(replay_key) = 32),
  replay_until timestamptz,
  content sealed,
  received_at timestamptz not null,
  state text not null check (state in ('received', 'handled', 'ignored')),
  primary key (organization, id),
  foreign key (organization, webhook) references incoming_webhook (organization, id) on delete cascade
);
comment on column webhook_delivery.replay_until is 'null: the service signs no time, so this row is what refuses a second use';
create unique index webhook_delivery_once on webhook_delivery (organization, webhook, replay_key);
create index webhook_delivery_sealed on webhook_delivery (organization, sealed_key(content), id) where content is not null;
create index webhook_delivery_old on webhook_delivery (received_at) where state <> 'received';
`,
};
