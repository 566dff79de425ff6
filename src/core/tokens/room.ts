/** The room as callers see it. */
import { authorize, type CallOptions, type Change, type Scope } from '../access/index.js';
import { asDartwingError, DartwingError } from '../errors.js';
import { parseChoice, parsePage } from '../input.js';
import { limits } from '../limits.js';
import { deleteOldAttempts } from './attempt-queries.js';
import {
  type Authorization,
  beginAuthorization,
  beginDevice,
  type ConnectInput,
  completeAuthorization,
  connectSecret,
  type DeviceAuthorization,
  pollDevice,
  type SecretInput,
} from './connect.js';
import { followed } from './course.js';
import { type Disconnection, disconnect } from './disconnect.js';
import {
  type ProviderList,
  providerDocument,
  type TokenDocument,
  type TokenFinding,
  type TokenList,
  tokenDocument,
} from './document.js';
import { checkHealth } from './health.js';
import type { TokenManager } from './manager.js';
import type { TokenParts } from './parts.js';
import type { ProviderInput } from './provider.js';
import {
  findByAccount,
  findById,
  type IntegrationRow,
  listDue,
  listDueOrganizations,
  listUnseenOrganizations,
  pageIntegrations,
} from './queries.js';
import { type WebhookVerbs, webhookVerbs } from './webhook/manage.js';
import { type WebhookDesk, webhookDesk } from './webhook/receive.js';

export interface ListTokensInput {
  provider?: string | undefined;
  state?: string | undefined;
  /** Ending within so many milliseconds. */
  expiringMs?: number | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
}

export interface RefreshResult {
  done: TokenDocument[];
  failed: { id: string; error: DartwingError }[];
}

export interface HealthResult {
  findings: TokenFinding[];
  /** Integrations that were looked at. */
  checked: number;
}

/**
 * Integrations of organizations (by id or slug) and their tokens. An integration is named by its id, by its provider, or
 * as `provider/account`.
 */
export interface Tokens extends Pick<TokenManager, 'get' | 'reject' | 'fetchAs'> {
  /** Adds a provider to the catalogue of this process, for modules. @throws CONFIG_INVALID */
  define(name: string, provider: ProviderInput): void;
  providers(call?: CallOptions): Promise<ProviderList>;
  list(organization: string, input?: ListTokensInput, call?: CallOptions): Promise<TokenList>;
  show(organization: string, ref: string, call?: CallOptions): Promise<TokenDocument>;

  readonly connect: {
    begin(
      organization: string,
      input: ConnectInput & { redirectUri?: string | undefined },
      call?: CallOptions,
    ): Promise<{ authorization: Authorization; binding: string; state: string }>;
    /** Takes the query of the callback and the binding of the beginning. */
    complete(callback: URLSearchParams, binding: string): Promise<Change<TokenDocument>>;
    beginDevice(organization: string, input: ConnectInput, call?: CallOptions): Promise<DeviceAuthorization>;
    pollDevice(
      organization: string,
      handle: string,
      call?: CallOptions,
    ): Promise<{ change: Change<TokenDocument> } | { change: undefined; slower: boolean }>;
    secret(organization: string, input: SecretInput, call?: CallOptions): Promise<Change<TokenDocument>>;
  };

  /** Renews named integrations, those that end soon, or all. */
  refresh(
    organization: string,
    which: readonly string[] | { expiringMs?: number | undefined },
    call?: CallOptions,
  ): Promise<RefreshResult>;
  /** Asks providers whether credentials work: of some integrations, or all of an organization. */
  health(organization: string, refs?: readonly string[], call?: CallOptions): Promise<HealthResult>;
  revoke(organization: string, ref: string, call?: CallOptions): Promise<Disconnection>;

  /** News that services send, for handlers of this installation. */
  readonly webhooks: WebhookVerbs & WebhookDesk;

  /** Organizations with tokens that end soon, for a scheduler. */
  due(): Promise<string[]>;
  /** Renews what ends soon in one organization. One that fails keeps no other back. */
  refreshDue(organization: string, call?: CallOptions): Promise<{ renewed: number; failed: number }>;
  /** Organizations whose integrations nobody has looked at for a day. */
  unseen(): Promise<string[]>;
  /** Deletes journals that nobody needs any more. Returns how many lines. */
  cleanup(): Promise<number>;
}

const doctype = 'Organization Integration';
const states = ['connected', 'expired', 'error', 'disconnected'] as const;

export function tokenVerbs(
  parts: TokenParts,
  manager: TokenManager,
  isConfigured: (provider: string) => boolean,
): Tokens {
  const { session, catalogue, transaction } = parts;
  /** A name that is in the catalogue: nobody else's becomes a label. */
  const nameOf = (provider: unknown) =>
    catalogue.all().some(({ name }) => name === provider) ? String(provider) : 'unknown';
  const desk = webhookDesk(parts);

  /** Rows that refs name, read with the rights of the caller. @throws INTEGRATION_NOT_FOUND */
  const find = async (scope: Scope, organization: string, ref: string): Promise<IntegrationRow> => {
    const [provider = '', account = 'default'] = ref.split('/');
    const row = isUuid(ref)
      ? await findById(scope.tx, organization, ref)
      : await findByAccount(scope.tx, organization, provider, account);
    if (row === undefined) throw new DartwingError('INTEGRATION_NOT_FOUND', { id: ref.slice(0, 120) });
    return row;
  };

  /** Those that are named, or all of a kind, after asking whether the caller may. */
  const select = async (
    ref: string,
    action: string,
    which: readonly string[] | { expiringMs?: number | undefined },
    call: CallOptions | undefined,
  ) => {
    const organization = await parts.idOf(ref, call);
    return session.runIn(organization, call, async (scope) => {
      authorize(scope, action, { doctype, name: '*', organization });
      const failed: RefreshResult['failed'] = [];
      const rows: IntegrationRow[] = [];
      if (!Array.isArray(which)) {
        const { expiringMs } = which as { expiringMs?: number | undefined };
        const filter = { organization, expiringMs, limit: limits.integrationsMax, offset: 0 };
        rows.push(...(await pageIntegrations(scope.tx, filter)).rows);
        return { organization, rows: rows.filter(({ status }) => status !== 'disconnected'), failed };
      }
      for (const one of which as readonly string[])
        await find(scope, organization, one).then(
          (row) => rows.push(row),
          (error: unknown) => failed.push({ id: one, error: asDartwingError(error) }),
        );
      return { organization, rows, failed };
    });
  };

  const renewOne = async (row: IntegrationRow, call?: CallOptions): Promise<IntegrationRow> => {
    const { provider, account } = row;
    if (row.status === 'disconnected')
      throw new DartwingError('INTEGRATION_NOT_CONNECTED', { provider, account });
    if (row.status === 'expired')
      throw new DartwingError('INTEGRATION_REAUTH_REQUIRED', { provider, account });
    if (!row.refreshable) throw new DartwingError('INTEGRATION_NOT_RENEWABLE', { provider, account });
    const after = await manager.force(row, call);
    if (after.status === 'expired')
      throw new DartwingError('INTEGRATION_REAUTH_REQUIRED', { provider, account });
    if (after.status === 'error')
      throw new DartwingError(
        'INTEGRATION_UNAVAILABLE',
        { provider, reason: after.error_code ?? 'unclear' },
        { retryAfterMs: limits.tokenRetryMsMin },
      );
    return after;
  };

  return {
    get: manager.get,
    reject: manager.reject,
    fetchAs: manager.fetchAs,
    define: catalogue.define,
    providers: async (call) => {
      if (session.call(call).principal.id === '') throw new DartwingError('UNAUTHENTICATED');
      const items = catalogue
        .all()
        .map((provider) => providerDocument(provider, isConfigured(provider.name)));
      return { api_version: 'dartwing/v1', kind: 'ProviderList', items, total_count: items.length };
    },
    list: async (ref, { provider, state, expiringMs, ...page } = {}, call) => {
      const { limit, offset } = parsePage(page);
      parseChoice('state', state, states);
      const organization = await parts.idOf(ref, call);
      return session.runIn(organization, call, async (scope) => {
        authorize(scope, 'read', { doctype, name: '*', organization });
        const filter = { organization, provider, state, expiringMs, limit, offset };
        const { rows, total } = await pageIntegrations(scope.tx, filter);
        const items = rows.map(tokenDocument);
        return { api_version: 'dartwing/v1', kind: 'TokenList', items, total_count: total, limit, offset };
      });
    },
    show: async (ref, integration, call) => {
      const organization = await parts.idOf(ref, call);
      return session.runIn(organization, call, async (scope) => {
        authorize(scope, 'read', { doctype, name: integration.slice(0, 120), organization });
        return tokenDocument(await find(scope, organization, integration));
      });
    },
    connect: {
      begin: (ref, input, call) => beginAuthorization(parts, ref, input, call),
      complete: (callback, binding) => completeAuthorization(parts, callback, binding),
      beginDevice: (ref, input, call) => beginDevice(parts, ref, input, call),
      pollDevice: (organization, handle, call) => pollDevice(parts, organization, handle, call),
      secret: (ref, input, call) =>
        followed(
          parts,
          { operation: 'connect', organization: ref, provider: nameOf(input.provider), call },
          () => connectSecret(parts, ref, input, call),
        ),
    },
    refresh: async (ref, which, call) => {
      const { rows, failed } = await select(ref, 'write', which, call);
      const result: RefreshResult = { done: [], failed };
      const facts = session.call(call);
      if (facts.dryRun) return { done: rows.map(tokenDocument), failed };
      const renewable = Array.isArray(which) ? rows : rows.filter(({ refreshable }) => refreshable);
      await inTurns(renewable, limits.tokenRefreshesAtOnceMax, async (row) => {
        await renewOne(row, facts).then(
          (after) => result.done.push(tokenDocument(after)),
          (error: unknown) => result.failed.push({ id: row.id, error: asDartwingError(error) }),
        );
      });
      return result;
    },
    health: async (ref, refs, call) => {
      const { rows, failed } = await select(ref, 'read', refs ?? {}, call);
      if (failed[0] !== undefined) throw failed[0].error;
      const findings: TokenFinding[] = [];
      await inTurns(rows, limits.healthAtOnceMax, async (row) => {
        const { provider, id: integration } = row;
        const about = {
          operation: 'health',
          organization: row.organization,
          provider,
          integration,
          call,
        } as const;
        const look = () => checkHealth(parts, manager, row);
        const finding = await followed(parts, about, look, (found) => found?.severity ?? 'ok');
        if (finding !== undefined) findings.push(finding);
      });
      return { findings, checked: rows.length };
    },
    revoke: async (ref, integration, call) => {
      const organization = await parts.idOf(ref, call);
      const row = await session.runIn(organization, call, async (scope) => {
        authorize(scope, 'delete', { doctype, name: integration.slice(0, 120), organization });
        return find(scope, organization, integration);
      });
      const { provider, id } = row;
      const about = { operation: 'revoke', organization, provider, integration: id, call } as const;
      const end = () => disconnect(parts, organization, id, call);
      return followed(parts, about, end, (done) => (done.provider === 'failed' ? 'failed_there' : 'ok'));
    },
    webhooks: { ...webhookVerbs(parts), ...desk },
    due: () =>
      transaction((tx) => listDueOrganizations(tx, limits.tokenHorizonMs, limits.tokenDueOrganizationsMax)),
    refreshDue: async (organization, call) => {
      const rows = await transaction((tx) =>
        listDue(tx, organization, limits.tokenHorizonMs, limits.integrationsMax),
      );
      const outcome = { renewed: 0, failed: 0 };
      await inTurns(rows, limits.tokenRefreshesAtOnceMax, async (row) => {
        if (parts.breaker.stateOf(row.provider, organization) === 'open') return;
        await manager.force(row, call).then(
          ({ status }) => {
            outcome[status === 'connected' ? 'renewed' : 'failed'] += 1;
          },
          (error: unknown) => {
            outcome.failed += 1;
            parts.log.warn({ code: asDartwingError(error).code, integration: row.id }, 'tokens');
          },
        );
      });
      return outcome;
    },
    unseen: () =>
      transaction((tx) => listUnseenOrganizations(tx, limits.healthIdleMs, limits.tokenDueOrganizationsMax)),
    cleanup: async () =>
      (await transaction((tx) => deleteOldAttempts(tx, limits.attemptsKeptMs, limits.attemptsDeletedMax))) +
      (await desk.forget()),
  };
}

/** Works on all, some at once. */
async function inTurns<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const hand = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, hand));
}

function isUuid(ref: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(ref);
}
