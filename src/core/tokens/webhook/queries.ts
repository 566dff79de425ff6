/** Statements on webhooks and what came in by them. */
import type { Tx } from '../../db/index.js';

export interface WebhookRow {
  organization: string;
  id: string;
  integration: string;
  provider: string;
  account: string;
  /** Of the integration. */
  status: string;
  secret: Buffer;
  former: Buffer | null;
  former_until: Date | null;
  created_by: string;
  created_at: Date;
  received: number;
  last_received_at: Date | null;
}

export interface DeliveryRow {
  organization: string;
  id: string;
  webhook: string;
  event: string | null;
  state: 'received' | 'handled' | 'ignored';
  received_at: Date;
  /** Null when it is over and old. */
  content: Buffer | null;
}

const select = `select w.organization, w.id, w.integration, i.provider, i.account, i.status, w.secret, w.former, w.former_until,
    w.created_by, w.created_at, d.received, d.last_received_at
  from incoming_webhook w
  join organization_integration i on i.organization = w.organization and i.id = w.integration
  cross join lateral (select count(*)::int as received, max(received_at) as last_received_at
    from webhook_delivery where organization = w.organization and webhook = w.id) d`;

/** By the integration that it belongs to. */
export async function findWebhookOf(
  tx: Tx,
  organization: string,
  integration: string,
): Promise<WebhookRow | undefined> {
  const text = `${select} where w.organization = $1 and w.integration = $2`;
  return (await tx.query<WebhookRow>(text, [organization, integration])).rows[0];
}

/** What a delivery is checked with, and nothing that has to be counted. */
export async function findSecrets(
  tx: Tx,
  organization: string,
  id: string,
): Promise<Omit<WebhookRow, 'received' | 'last_received_at'> | undefined> {
  const text = `select w.organization, w.id, w.integration, i.provider, i.account, i.status, w.secret, w.former, w.former_until,
      w.created_by, w.created_at
    from incoming_webhook w
    join organization_integration i on i.organization = w.organization and i.id = w.integration
    where w.organization = $1 and w.id = $2`;
  return (await tx.query<WebhookRow>(text, [organization, id], 'dartwing_webhook_secrets')).rows[0];
}

export async function insertWebhook(
  tx: Tx,
  row: Pick<WebhookRow, 'organization' | 'id' | 'integration' | 'secret' | 'created_by'> & { at: Date },
): Promise<boolean> {
  const text = `insert into incoming_webhook (organization, id, integration, secret, created_by, created_at)
    values ($1, $2, $3, $4, $5, $6) on conflict (organization, integration) do nothing`;
  const values = [row.organization, row.id, row.integration, row.secret, row.created_by, row.at];
  return (await tx.query(text, values)).rowCount === 1;
}

/** The former secret is good for a while, until the service knows the new one. */
export async function replaceSecret(
  tx: Tx,
  { organization, id }: Pick<WebhookRow, 'organization' | 'id'>,
  { secret, former, until }: { secret: Buffer; former: Buffer; until: Date },
): Promise<void> {
  const text = `update incoming_webhook set secret = $3, former = $4, former_until = $5
    where organization = $1 and id = $2`;
  await tx.query(text, [organization, id, secret, former, until]);
}

export async function deleteWebhook(tx: Tx, organization: string, id: string): Promise<void> {
  await tx.query('delete from incoming_webhook where organization = $1 and id = $2', [organization, id]);
}

/** Keeps a delivery, unless it was there already: then false, after whoever brought it first has committed. */
export async function insertDelivery(
  tx: Tx,
  row: Pick<DeliveryRow, 'organization' | 'id' | 'webhook'> & {
    event: string | undefined;
    replayKey: Buffer;
    until: Date | undefined;
    content: Buffer;
    at: Date;
  },
): Promise<boolean> {
  const text = `insert into webhook_delivery (organization, id, webhook, event, replay_key, replay_until, content, received_at, state)
    values ($1, $2, $3, $4, $5, $6, $7, $8, 'received') on conflict (organization, webhook, replay_key) do nothing`;
  const { organization, id, webhook, event, replayKey, until, content, at } = row;
  const values = [organization, id, webhook, event ?? null, replayKey, until ?? null, content, at];
  return (await tx.query(text, values, 'dartwing_webhook_receive')).rowCount === 1;
}

export async function findDelivery(
  tx: Tx,
  organization: string,
  id: string,
): Promise<DeliveryRow | undefined> {
  const text = `select organization, id, webhook, event, state, received_at, content from webhook_delivery
    where organization = $1 and id = $2`;
  return (await tx.query<DeliveryRow>(text, [organization, id])).rows[0];
}

export async function setDeliveryState(
  tx: Tx,
  { organization, id }: Pick<DeliveryRow, 'organization' | 'id'>,
  state: 'handled' | 'ignored',
): Promise<void> {
  const text = 'update webhook_delivery set state = $3 where organization = $1 and id = $2';
  await tx.query(text, [organization, id, state]);
}

/**
 * Forgets the content of old deliveries that nobody has to handle any more, and deletes those that could not be
 * believed again. Returns how many were touched.
 */
export async function forgetDeliveries(tx: Tx, keptMs: number, limit: number): Promise<number> {
  const old = `received_at < clock_timestamp() - $1 * interval '1 millisecond' and state <> 'received'`;
  const gone = await tx.query(
    `delete from webhook_delivery where (organization, id) in
       (select organization, id from webhook_delivery where ${old} and replay_until < clock_timestamp() limit $2)`,
    [keptMs, limit],
  );
  const emptied = await tx.query(
    `update webhook_delivery set content = null where (organization, id) in
       (select organization, id from webhook_delivery where ${old} and content is not null limit $2)`,
    [keptMs, limit],
  );
  return gone.rowCount + emptied.rowCount;
}
