/** Signing in with a browser, as the HTTP door uses it. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import { DartwingError } from '../errors.js';
import { type Fetch, type IdentityRoom, isSafeAddress } from '../identity/index.js';
import { limits } from '../limits.js';
import type { Log } from '../log.js';
import { openPending, sealPending } from './pending.js';
import { openProvider, providerFault } from './provider.js';
import { requireOwnPath } from './return-to.js';

/** The client of the provider with which browsers sign in; `publicUrl` + `/v1/auth/callback` is its redirection. */
export interface BrowserOptions {
  clientId: string;
  /** Of a confidential client. */
  clientSecret?: string | undefined;
  /** Default `openid profile email`. */
  scope?: string | undefined;
}

/** What a browser is sent away with. */
export interface SignInBegun {
  /** The page of the provider. */
  address: string;
  /** For a cookie of this browser, until it comes back. */
  pending: string;
  pendingMs: number;
}

export interface SignedIn {
  /** For a cookie. */
  secret: string;
  /** How long a session lasts at most. */
  sessionMs: number;
  /** A path of our own. */
  returnTo: string;
}

/** Each throws BROWSER_SIGN_IN_OFF where no client is set up. */
export interface BrowserVerbs {
  readonly enabled: boolean;
  /** Whether the public address is https, so that cookies can be kept to it. */
  readonly secure: boolean;
  /** Origin of the public address. */
  readonly origin: string;
  /**
   * @param options.returnTo a path of our own; @param options.strong ask for a second factor, newly
   * @throws VALIDATION_ERROR, IDENTITY_PROVIDER_UNAVAILABLE
   */
  begin(options?: { returnTo?: string | undefined; strong?: boolean | undefined }): Promise<SignInBegun>;
  /**
   * @param query what the provider sent the browser back with
   * @throws SIGN_IN_INTERRUPTED (another browser, too late, or never begun), LOGIN_FAILED, TOKEN_*, IDENTITY_*,
   * SIGN_IN_REFUSED, SESSION_ENDED
   */
  complete(
    query: URLSearchParams,
    cookies: { pending: string | undefined; former: string | undefined },
  ): Promise<SignedIn>;
  /** Ends the session here, whatever the provider says; `address` is the provider's page that ends its own. */
  signOut(secret: string | undefined): Promise<{ ended: boolean; address: string | undefined }>;
}

export interface BrowserParts {
  identity: Pick<IdentityRoom, 'verifySignIn' | 'beginBrowser' | 'endBrowser'>;
  issuer: string | undefined;
  publicUrl: string;
  pendingKey: Buffer;
  sessionMs: number;
  acrValues: readonly string[];
  clock: Clock;
  log: Log;
  fetch?: Fetch | undefined;
}

/** @throws CONFIG_INVALID */
export function browserVerbs(parts: BrowserParts, options: BrowserOptions | undefined): BrowserVerbs {
  const { identity, issuer, clock } = parts;
  const publicUrl = parts.publicUrl.replace(/\/+$/, '');
  const client = options === undefined || issuer === undefined ? undefined : { issuer, ...options };
  if (client !== undefined && !isSafeAddress(publicUrl))
    throw new DartwingError('CONFIG_INVALID', {
      where: 'publicUrl',
      message: 'browsers sign in over https:// (http:// only on loopback)',
    });
  const { origin, protocol } = URL.canParse(publicUrl) ? new URL(publicUrl) : { origin: '', protocol: '' };
  const secure = protocol === 'https:';
  const redirect = `${publicUrl}/v1/auth/callback`;
  const find =
    client &&
    openProvider({ ...client, clientSecret: client.clientSecret }, clock, parts.fetch ?? globalThis.fetch);
  const on = () => {
    if (client === undefined || find === undefined) throw new DartwingError('BROWSER_SIGN_IN_OFF');
    return { client, find };
  };

  const begin: BrowserVerbs['begin'] = async ({ returnTo = '/', strong = false } = {}) => {
    const { client: settings, find: findProvider } = on();
    const own = requireOwnPath(returnTo);
    const provider = await findProvider();
    const oidc = await import('openid-client');
    const pending = {
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
      returnTo: own,
    };
    const address = oidc.buildAuthorizationUrl(provider, {
      redirect_uri: redirect,
      scope: settings.scope ?? 'openid profile email',
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
      // Whether it was given is looked at when an organization asks for it: providers may answer with less.
      ...(strong ? { acr_values: parts.acrValues.join(' '), max_age: '0' } : {}),
    });
    return {
      address: address.href,
      pending: sealPending(parts.pendingKey, pending, clock.now()),
      pendingMs: limits.browserPendingMs,
    };
  };

  const complete: BrowserVerbs['complete'] = async (query, { pending: cookie, former }) => {
    const { client: settings, find: findProvider } = on();
    const pending = cookie === undefined ? undefined : openPending(parts.pendingKey, cookie, clock.now());
    // Nothing of the query is looked at before: a code of somebody else's must not sign this browser in.
    if (pending === undefined || query.get('state') !== pending.state)
      throw new DartwingError('SIGN_IN_INTERRUPTED');
    const provider = await findProvider();
    const { authorizationCodeGrant } = await import('openid-client');
    const { id_token: idToken = '' } = await authorizationCodeGrant(
      provider,
      new URL(`${redirect}?${query}`),
      {
        pkceCodeVerifier: pending.verifier,
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        idTokenExpected: true,
      },
    ).catch((error: unknown) => {
      throw providerFault(error, settings.issuer);
    });
    const secret = `dws_${randomBytes(32).toString('base64url')}`;
    await identity.beginBrowser(await identity.verifySignIn(idToken, settings.clientId), {
      secret,
      idToken,
      former,
    });
    return { secret, sessionMs: parts.sessionMs, returnTo: pending.returnTo };
  };

  const signOut: BrowserVerbs['signOut'] = async (secret) => {
    const { find: findProvider } = on();
    const { ended, idToken } = secret === undefined ? { ended: false } : await identity.endBrowser(secret);
    const address = await endOfProvider(findProvider, idToken, `${publicUrl}/`).catch((error: unknown) => {
      parts.log.warn({ err: error }, 'sign-out at the provider');
      return undefined;
    });
    return { ended, address };
  };

  return { enabled: client !== undefined, secure, origin, begin, complete, signOut };
}

/** OpenID Connect RP-Initiated Logout 1.0 §2. Undefined where the provider has no such page, or we no token for it. */
async function endOfProvider(
  find: ReturnType<typeof openProvider>,
  idToken: string | undefined,
  next: string,
): Promise<string | undefined> {
  if (idToken === undefined) return undefined;
  const provider = await find();
  if (provider.serverMetadata().end_session_endpoint === undefined) return undefined;
  const { buildEndSessionUrl } = await import('openid-client');
  return buildEndSessionUrl(provider, { id_token_hint: idToken, post_logout_redirect_uri: next }).href;
}
