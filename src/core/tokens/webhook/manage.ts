/** Webhooks of integrations: made, shown, given another secret, removed. */
import { randomBytes } from 'node:crypto';
import { authorize, type CallOptions, type Change, changeDocument, type Scope } from '../../access/index.js';
import { DartwingError } from '../../errors.js';
import { uuidv7 } from '../../ids.js';
import { limits } from '../../limits.js';
import { sealCredential } from '../credential.js';
import type { TokenParts } from '../parts.js';
import { findByAccount, findById, type IntegrationRow } from '../queries.js';
import { record } from '../refresh.js';
import { type WebhookDocument, webhookDocument } from './document.js';
import { deleteWebhook, findWebhookOf, insertWebhook, replaceSecret, type WebhookRow } from './queries.js';
import { publicKeyOf, type WebhookScheme } from './scheme.js';

/** What was made; its secret is told this once. */
export interface WebhookMade {
  change: Change<WebhookDocument>;
  /** For the service; undefined where the service gave one, and in a dry run. */
  secret: string | undefined;
}

/** Verbs on webhooks; an integration is named by its id, its provider, or `provider/account`. */
export interface WebhookVerbs {
  /**
   * Gives an integration an address for news, or its webhook another secret. The former secret is good for a day more.
   * @param given the secret or public key of the service, where the service chooses it
   * @throws WEBHOOK_UNSUPPORTED, INTEGRATION_NOT_FOUND, INTEGRATION_NOT_CONNECTED, VALIDATION_ERROR, PERMISSION_DENIED
   */
  set(organization: string, ref: string, given?: string, call?: CallOptions): Promise<WebhookMade>;
  /** @throws WEBHOOK_NOT_FOUND */
  show(organization: string, ref: string, call?: CallOptions): Promise<WebhookDocument>;
  /** @throws WEBHOOK_NOT_FOUND */
  remove(organization: string, ref: string, call?: CallOptions): Promise<Change<WebhookDocument>>;
}

const doctype = 'Organization Integration';
const secretCharsMax = 1_000;

export function webhookVerbs(parts: TokenParts): WebhookVerbs {
  const { session, publicUrl } = parts;
  const within = async <T>(
    ref: string,
    integration: string,
    action: string,
    call: CallOptions | undefined,
    work: (scope: Scope, row: IntegrationRow) => Promise<T>,
  ) => {
    const organization = await parts.idOf(ref, call);
    return session.runIn(organization, call, async (scope) => {
      authorize(scope, action, { doctype, name: integration.slice(0, 120), organization });
      const [provider = '', account = 'default'] = integration.split('/');
      const row = /^[0-9a-f]{8}-/i.test(integration)
        ? await findById(scope.tx, organization, integration)
        : await findByAccount(scope.tx, organization, provider, account);
      if (row === undefined)
        throw new DartwingError('INTEGRATION_NOT_FOUND', { id: integration.slice(0, 120) });
      return work(scope, row);
    });
  };
  const document = (row: WebhookRow) => webhookDocument(row, publicUrl);
  const require = async (scope: Scope, { organization, id, provider }: IntegrationRow) => {
    const found = await findWebhookOf(scope.tx, organization, id);
    if (found === undefined) throw new DartwingError('WEBHOOK_NOT_FOUND', { provider });
    return found;
  };

  return {
    set: (ref, integration, given, call) =>
      within(ref, integration, 'write', call, async (scope, row) => {
        const { organization, provider, account } = row;
        const { tx, principal } = scope;
        const { webhook: scheme, title } = parts.catalogue.require(provider);
        if (scheme === undefined) throw new DartwingError('WEBHOOK_UNSUPPORTED', { provider: title });
        if (row.status === 'disconnected')
          throw new DartwingError('INTEGRATION_NOT_CONNECTED', { provider, account });
        const secret = readSecret(scheme, given) ?? randomBytes(32).toString('base64url');
        const before = await findWebhookOf(tx, organization, row.id);
        const at = scope.clock.now();
        const id = before?.id ?? uuidv7(at);
        const seal = (column: string, text: string) =>
          sealCredential(parts.keys, tx, placeOfSecret({ organization, id }, column), { secret: text });
        if (before === undefined) {
          const sealed = await seal('secret', secret);
          const made = {
            organization,
            id,
            integration: row.id,
            secret: sealed,
            created_by: principal.id,
            at,
          };
          if (!(await insertWebhook(tx, made))) throw new DartwingError('WEBHOOK_CONFLICT', { provider });
        } else {
          const former = await openSecret(parts, scope, before, 'secret', before.secret);
          const until = new Date(at.getTime() + limits.webhookFormerMs);
          const next = { secret: await seal('secret', secret), former: await seal('former', former), until };
          await replaceSecret(tx, before, next);
        }
        const audit = await record(scope, before === undefined ? 'webhook' : 'webhook_rotate', row, row);
        const change = changeDocument(scope, {
          op: before === undefined ? 'create' : 'update',
          ref: `webhook/${id}`,
          before: before === undefined ? null : document(before),
          after: document(await require(scope, row)),
          audit,
        });
        return { change, secret: given === undefined && !scope.dryRun ? secret : undefined };
      }),
    show: (ref, integration, call) =>
      within(ref, integration, 'read', call, async (scope, row) => document(await require(scope, row))),
    remove: (ref, integration, call) =>
      within(ref, integration, 'write', call, async (scope, row) => {
        const found = await require(scope, row);
        await deleteWebhook(scope.tx, found.organization, found.id);
        const audit = await record(scope, 'webhook_remove', row, row);
        const ref_ = `webhook/${found.id}`;
        return changeDocument(scope, {
          op: 'delete',
          ref: ref_,
          before: document(found),
          after: null,
          audit,
        });
      }),
  };
}

/** Where a secret of a webhook lies. */
export function placeOfSecret({ organization, id }: Pick<WebhookRow, 'organization' | 'id'>, column: string) {
  return { organization, table: 'incoming_webhook', column, row: [id] };
}

/** @throws SEAL_BROKEN, KEY_* */
export async function openSecret(
  { keys }: Pick<TokenParts, 'keys'>,
  { tx }: Pick<Scope, 'tx'>,
  row: Pick<WebhookRow, 'organization' | 'id'>,
  column: 'secret' | 'former',
  sealed: Buffer,
): Promise<string> {
  const plain = await keys.open(tx, placeOfSecret(row, column), sealed);
  return (JSON.parse(plain.toString('utf8')) as { secret: string }).secret;
}

/** @throws VALIDATION_ERROR */
function readSecret({ algorithm }: WebhookScheme, given: string | undefined): string | undefined {
  const refused = (message: string) =>
    new DartwingError('VALIDATION_ERROR', { message: `secret: ${message}` });
  if (algorithm === 'ed25519') {
    if (given === undefined || publicKeyOf(given) === undefined)
      throw refused('is the public key of the service, in base64');
    return given;
  }
  if (given !== undefined && (given.length < 16 || given.length > secretCharsMax))
    throw refused(`has 16 to ${secretCharsMax} characters`);
  return given;
}
