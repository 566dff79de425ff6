/**
 * What comes in by a webhook: believed only with a signature of that organization's secret, kept once, handed to a job in
 * the same transaction, and answered then. Whoever brings it again gets the same answer, and nothing happens.
 */
import { recordAct, type Scope } from '../../access/index.js';
import { DartwingError } from '../../errors.js';
import { isOrganizationId, uuidv7 } from '../../ids.js';
import type { JobContext } from '../../jobs/index.js';
import { limits } from '../../limits.js';
import { purpose } from '../credential.js';
import { machine, type TokenParts } from '../parts.js';
import { openSecret } from './manage.js';
import { findDelivery, findSecrets, forgetDeliveries, insertDelivery, setDeliveryState } from './queries.js';
import { type Delivered, proveDelivery } from './scheme.js';

/** Type of the jobs that hand deliveries to handlers. */
export const deliveryJob = 'webhook.handle';

/** News of a service, as handlers get it. */
export interface WebhookDelivery {
  /** The same when it is handed over once more after a failure. */
  id: string;
  organization: string;
  integration: string;
  provider: string;
  account: string;
  /** What the service calls it, where its catalogue entry says where that stands. */
  event: string | null;
  receivedAt: Date;
  /** The bytes as they came. */
  body: Buffer;
}

/** Runs at least once for every delivery; what it throws lets the job be tried again. */
export type WebhookHandler = (delivery: WebhookDelivery, job: JobContext) => Promise<void>;

export interface Received {
  /** Undefined for a first call that only asks whether somebody is here. */
  id: string | undefined;
  /** It had come before. */
  replayed: boolean;
  /** What the service wants to read. */
  challenge: Record<string, unknown> | undefined;
}

export interface WebhookDesk {
  /** Tells what is done with news of a provider. Several handlers run one after another. */
  on(provider: string, handler: WebhookHandler): void;
  /**
   * Takes a delivery for a webhook of an organization (by id).
   * @throws WEBHOOK_REFUSED (unknown, signed with another secret, changed, too old), BODY_TOO_LARGE
   */
  receive(organization: string, webhook: string, delivered: Delivered): Promise<Received>;
  /** Hands a delivery to its handlers, for the job. */
  handle(delivery: string, job: JobContext): Promise<{ state: 'handled' | 'ignored' | 'gone' }>;
  /** Forgets what nobody needs any more. Returns how many rows. */
  forget(): Promise<number>;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function webhookDesk(parts: TokenParts): WebhookDesk {
  const { session, keys, catalogue } = parts;
  const handlers = new Map<string, WebhookHandler[]>();

  async function take(
    scope: Scope,
    organization: string,
    id: string,
    delivered: Delivered,
  ): Promise<Received> {
    const { tx } = scope;
    const row = await findSecrets(tx, organization, id);
    const scheme = row && catalogue.require(row.provider).webhook;
    if (row === undefined || scheme === undefined || row.status === 'disconnected')
      throw new DartwingError('WEBHOOK_REFUSED');
    const now = scope.clock.now();
    const secrets = [await openSecret(parts, scope, row, 'secret', row.secret)];
    if (row.former !== null && row.former_until! > now)
      secrets.push(await openSecret(parts, scope, row, 'former', row.former));
    const proven = proveDelivery(scheme, secrets, delivered, now);
    if (proven === undefined) throw new DartwingError('WEBHOOK_REFUSED');
    const { event, replayKey, until, challenge } = proven;
    if (challenge !== undefined) return { id: undefined, replayed: false, challenge };
    const delivery = uuidv7(now);
    const content = await keys.seal(tx, purpose, placeOfContent(organization, delivery), delivered.body);
    const kept = { organization, id: delivery, webhook: id, event, replayKey, until, content, at: now };
    if (!(await insertDelivery(tx, kept))) return { id: undefined, replayed: true, challenge };
    await recordAct(
      scope,
      organization,
      'token.delivery',
      { doctype: 'Organization Integration', name: row.integration, organization },
      { new: { delivery, provider: row.provider, account: row.account, event: event ?? null } },
    );
    await parts.enqueue(scope, organization, deliveryJob, { delivery });
    return { id: delivery, replayed: false, challenge };
  }

  return {
    on: (provider, handler) => {
      catalogue.require(provider);
      handlers.set(provider, [...(handlers.get(provider) ?? []), handler]);
    },
    receive: async (organization, id, delivered) => {
      if (delivered.body.length > limits.webhookBytesMax)
        throw new DartwingError('BODY_TOO_LARGE', { limit: limits.webhookBytesMax });
      if (!isOrganizationId(organization) || !uuid.test(id)) throw new DartwingError('WEBHOOK_REFUSED');
      // An organization that is gone has no webhooks either.
      const known = await parts.idOf(organization).catch(() => undefined);
      if (known !== organization) throw new DartwingError('WEBHOOK_REFUSED');
      return session.runIn(organization, machine, (scope) => take(scope, organization, id, delivered));
    },
    handle: async (id, job) => {
      const { organization } = job;
      const found = await session.runIn(organization, machine, async ({ tx }) => {
        const row = await findDelivery(tx, organization, id);
        if (row === undefined || row.content === null) return undefined;
        const of = await findSecrets(tx, organization, row.webhook);
        const body = await keys.open(tx, placeOfContent(organization, id), row.content);
        return { row, of: of!, body };
      });
      if (found === undefined) return { state: 'gone' };
      const { row, of, body } = found;
      const { integration, provider, account } = of;
      const mine = handlers.get(provider) ?? [];
      const facts = { id, organization, integration, provider, account, event: row.event };
      for (const handler of mine) await handler({ ...facts, receivedAt: row.received_at, body }, job);
      const state = mine.length > 0 ? 'handled' : 'ignored';
      await job.transaction(async (scope) => {
        await setDeliveryState(scope.tx, row, state);
        await job.complete(scope, { state });
      });
      return { state };
    },
    forget: () =>
      parts.transaction((tx) => forgetDeliveries(tx, limits.webhookContentKeptMs, limits.attemptsDeletedMax)),
  };
}

function placeOfContent(organization: string, id: string) {
  return { organization, table: 'webhook_delivery', column: 'content', row: [id] };
}
