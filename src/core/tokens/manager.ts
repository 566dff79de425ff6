/**
 * Tokens for programs. One that is fresh comes from memory, without a database; all callers of one process that find it
 * stale wait for one look at the row, and all processes for one renewal.
 */
import type { CallOptions } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { isHostOf } from './address.js';
import {
  type AccessToken,
  accessTokenOf,
  openCredential,
  openKnownCredential,
  placeOfCredentials,
} from './credential.js';
import { tellAdministrators } from './notice.js';
import type { OutgoingAnswer, OutgoingRequest } from './outgoing.js';
import { machine, type TokenParts } from './parts.js';
import {
  findByAccount,
  findById,
  type HeldRow,
  type IntegrationRow,
  lookupByAccount,
  writeEnded,
} from './queries.js';
import { type Renewal, record, renew } from './refresh.js';
import { refusalOf, type Standing, standingOf } from './standing.js';

export interface TokenManager {
  /**
   * A credential that works now. From memory while it is fresh; renewed once among all processes when it is not. For
   * programs: nothing asks here who calls.
   * @throws INTEGRATION_NOT_CONNECTED, INTEGRATION_REAUTH_REQUIRED, INTEGRATION_UNAVAILABLE, PROVIDER_NOT_FOUND
   */
  get(organization: string, provider: string, account?: string): Promise<AccessToken>;
  /** Tells that the provider refused a version with 401: it is renewed, unless somebody did so already. */
  reject(organization: string, provider: string, version: string, account?: string): Promise<AccessToken>;
  /**
   * Calls a host of the provider with the credential; after a 401 once more with a renewed one. Redirects are answers.
   * @throws OUTGOING_REFUSED (no host of the provider), OUTGOING_FAILED, and as `get`
   */
  fetchAs(
    organization: string,
    provider: string,
    url: string | URL,
    request?: OutgoingRequest & { account?: string | undefined },
  ): Promise<OutgoingAnswer>;
  /** Renews one integration whatever its age, if its version is still this one. Says how it stands then. */
  force(row: IntegrationRow, call?: CallOptions): Promise<IntegrationRow>;
  /** Resolves when no renewal is under way, so that what a provider has answered is written down; then forgets all tokens. */
  end(): Promise<void>;
}

interface Kept {
  integration: string;
  answer: Promise<AccessToken>;
  /** By the monotonic clock. */
  until: number;
}

interface Looked {
  row: HeldRow | undefined;
  standing: Standing;
  token: AccessToken | undefined;
}

export function openManager(parts: TokenParts, background: boolean): TokenManager {
  const { session, keys, clock, bell, breaker, catalogue } = parts;
  const kept = new Map<string, Kept>();
  const keysOf = new Map<string, Set<string>>();
  const pending = new Map<string, Promise<AccessToken>>();

  const renewing = new Set<Promise<Renewal>>();
  const renewTracked = (row: HeldRow, call?: CallOptions): Promise<Renewal> => {
    const running = renew(parts, row, call).finally(() => renewing.delete(running));
    renewing.add(running);
    return running;
  };

  const forget = (key: string) => {
    const found = kept.get(key);
    if (found === undefined) return;
    kept.delete(key);
    const names = keysOf.get(found.integration);
    names?.delete(key);
    if (names?.size === 0) keysOf.delete(found.integration);
  };
  bell.hear((integration) => {
    const names = integration === undefined ? kept.keys() : (keysOf.get(integration) ?? []);
    for (const key of [...names]) forget(key);
  });

  const keep = (key: string, integration: string, token: AccessToken, goodMs: number) => {
    forget(key);
    if (kept.size >= limits.tokensKeptMax) forget(kept.keys().next().value!);
    const until = clock.monotonicMs() + Math.min(goodMs, limits.tokenKeptMs);
    kept.set(key, { integration, answer: Promise.resolve(token), until });
    keysOf.set(integration, (keysOf.get(integration) ?? new Set()).add(key));
  };

  const look = async (organization: string, provider: string, account: string): Promise<Looked> => {
    const [row] = await parts.lookUp(organization, lookupByAccount(provider, account));
    const standing = standingOf(row);
    if (!isHeld(row, standing)) return { row, standing, token: undefined };
    const credential = openKnownCredential(keys, placeOfCredentials(row), row.credentials);
    return credential === undefined
      ? lookWithKey(organization, provider, account)
      : { row, standing, token: accessTokenOf(row, credential) };
  };

  /** The row and the key of its credentials from one transaction: a rotation comes before both of them or after. */
  const lookWithKey = (organization: string, provider: string, account: string): Promise<Looked> =>
    session.runIn(organization, machine, async ({ tx }) => {
      const row = await findByAccount(tx, organization, provider, account);
      const standing = standingOf(row);
      if (!isHeld(row, standing)) return { row, standing, token: undefined };
      const credential = await openCredential(keys, tx, placeOfCredentials(row), row.credentials);
      return { row, standing, token: accessTokenOf(row, credential) };
    });

  /** @param refused a version that the provider no longer accepts, whatever its age */
  async function find(
    key: string,
    ref: string,
    provider: string,
    account: string,
    refused: string | undefined,
  ): Promise<AccessToken> {
    catalogue.require(provider);
    if (background) bell.listen();
    const organization = await parts.idOf(ref);
    const deadline = clock.monotonicMs() + limits.tokenWaitMs;
    for (;;) {
      const looked = await look(organization, provider, account);
      const { row, token } = looked;
      let { standing } = looked;
      // A version that was refused is renewed once; the one after it is believed.
      const isRefused = refused !== undefined && row?.token_version === refused;
      if (isRefused && row.refreshable && 'use' in standing && pauseOf(row) <= 0)
        standing = { renew: true, usable: false };
      if ('over' in standing && standing.over === 'ended') await end(row!);
      if ('over' in standing || 'waitMs' in standing) throw refusalOf(standing, provider, account);
      if ('use' in standing) {
        keep(key, row!.id, token!, standing.use ?? Number.POSITIVE_INFINITY);
        return token!;
      }
      const pause = breaker.enter(provider, organization);
      if (pause > 0) {
        if (standing.usable) return token!;
        throw new DartwingError(
          'INTEGRATION_UNAVAILABLE',
          { provider, reason: 'it failed several times in a row' },
          { retryAfterMs: pause },
        );
      }
      const renewal = await renewTracked(row!).finally(() => breaker.release(provider, organization));
      if (renewal.how === 'renewed') continue;
      if (renewal.how === 'failed') {
        if (standing.usable && renewal.row.status === 'error') return token!;
        const after = standingOf(renewal.row);
        throw 'use' in after || 'renew' in after
          ? refusalOf({ waitMs: limits.tokenRetryMsMin }, provider, account)
          : refusalOf(after, provider, account);
      }
      if (standing.usable) return token!;
      if (clock.monotonicMs() >= deadline) throw refusalOf({ waitMs: 1_000 }, provider, account);
      await bell.wait(row!.id, limits.tokenLookMs);
    }
  }

  const pauseOf = ({ next_attempt_at: next, now }: HeldRow) =>
    next === null ? 0 : next.getTime() - now.getTime();

  /** A token that nothing can renew has come to its end: said once, to people too. */
  const end = (held: HeldRow) =>
    session.runIn(held.organization, machine, async (scope) => {
      const row = await findById(scope.tx, held.organization, held.id);
      const ended = await writeEnded(scope.tx, held, scope.clock.now());
      if (row === undefined || ended === undefined) return;
      await record(scope, 'expire', row, ended);
      await tellAdministrators(parts, scope, ended);
    });

  const slow = (key: string, organization: string, provider: string, account: string, refused?: string) => {
    const name = refused === undefined ? key : `${key}\n${refused}`;
    const known = pending.get(name);
    if (known !== undefined) return known;
    const finding = find(key, organization, provider, account, refused).finally(() => pending.delete(name));
    pending.set(name, finding);
    return finding;
  };

  const get: TokenManager['get'] = (organization, provider, account = 'default') => {
    const key = `${organization}\n${provider}\n${account}`;
    const hit = kept.get(key);
    if (hit !== undefined && hit.until > clock.monotonicMs()) return hit.answer;
    return slow(key, organization, provider, account);
  };

  const reject: TokenManager['reject'] = (organization, provider, version, account = 'default') => {
    const key = `${organization}\n${provider}\n${account}`;
    forget(key);
    return slow(key, organization, provider, account, version);
  };

  return {
    get,
    reject,
    fetchAs: async (organization, name, address, { account = 'default', ...request } = {}) => {
      const provider = catalogue.require(name);
      const url = new URL(address);
      const send = async (token: AccessToken) => {
        if (!isHostOf(provider, token.settings, url))
          throw new DartwingError('OUTGOING_REFUSED', {
            host: url.host.slice(0, 120),
            reason: `it is no host of ${provider.title}`,
          });
        const headers = { ...request.headers, ...headersOf(provider.inject, token) };
        const of = { provider: name, endpoint: 'api' } as const;
        return parts.outgoing.request(url, { ...request, headers, of });
      };
      await parts.mayLeave(organization);
      const token = await get(organization, name, account);
      const answer = await send(token);
      if (answer.status !== 401 || provider.auth !== 'oauth2') return answer;
      const next = await reject(organization, name, token.version, account);
      return next.version === token.version ? answer : send(next);
    },
    end: async () => {
      await Promise.allSettled(renewing);
      kept.clear();
      keysOf.clear();
    },
    force: async (row, call) => {
      const renewal = await renewTracked(row, call);
      if (renewal.how !== 'lost') return renewal.row;
      await bell.wait(row.id, limits.tokenLookMs);
      return session.runIn(
        row.organization,
        machine,
        async ({ tx }) => (await findById(tx, row.organization, row.id)) ?? row,
      );
    },
  };
}

/** Whether there is a credential of use, now or until it is renewed. */
function isHeld(row: HeldRow | undefined, standing: Standing): row is HeldRow & { credentials: Buffer } {
  return row !== undefined && row.credentials !== null && ('use' in standing || 'renew' in standing);
}

/** The header that carries a credential. */
function headersOf(
  { header, scheme }: { header: string; scheme: string },
  { accessToken, username }: AccessToken,
): Record<string, string> {
  if (username !== undefined)
    return { [header]: `Basic ${Buffer.from(`${username}:${accessToken}`).toString('base64')}` };
  return { [header]: scheme === '' ? accessToken : `${scheme} ${accessToken}` };
}
