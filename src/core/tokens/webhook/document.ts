/** Webhooks as documents. */
import type { WebhookRow } from './queries.js';

export interface WebhookDocument {
  api_version: 'dartwing/v1';
  kind: 'IncomingWebhook';
  id: string;
  organization: string;
  integration: string;
  provider: string;
  account: string;
  /** Where the service sends its news to. */
  url: string;
  created_at: string;
  created_by: string;
  /** Until when deliveries that are signed with the former secret are taken. */
  former_secret_until: string | null;
  /** Deliveries that are remembered. */
  received: number;
  last_received_at: string | null;
}

export function webhookDocument(row: WebhookRow, publicUrl: string): WebhookDocument {
  const { organization, id, integration, provider, account, created_by } = row;
  return {
    api_version: 'dartwing/v1',
    kind: 'IncomingWebhook',
    id,
    organization,
    integration,
    provider,
    account,
    url: `${publicUrl}/v1/webhooks/${organization}/${id}`,
    created_at: row.created_at.toISOString(),
    created_by,
    former_secret_until: row.former_until?.toISOString() ?? null,
    received: row.received,
    last_received_at: row.last_received_at?.toISOString() ?? null,
  };
}
