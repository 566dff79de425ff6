/** Calls of a provider's token endpoints: oauth4webapi makes and checks them, what providers do otherwise is here. */
import type { AuthorizationServer, ClientAuth } from 'oauth4webapi';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { fillIn, type Settings } from './address.js';
import { type Granted, type Refusal, readTokenAnswer } from './answer.js';
import type { ProviderCall } from './course.js';
import type { Outgoing } from './outgoing.js';
import type { Provider } from './provider.js';

/** An application as it is registered with a provider. */
export interface ProviderClient {
  clientId: string;
  /** Absent for a public client. */
  clientSecret?: string | undefined;
}

/** Tokens as they are kept. Times in seconds from the answer. */
export interface Grant {
  accessToken: string;
  /** Absent when the provider gave none: the former one stays. */
  refreshToken: string | undefined;
  /** Null when it never ends. */
  expiresInS: number | null;
  /** Null when the provider does not say. */
  scopes: string[] | null;
  details: Record<string, string>;
  externalAccount: string | null;
}

/** There are no tokens, for the reason that it carries. */
export class RefusedGrant extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.code);
  }
}

export interface DeviceCode {
  deviceCode: string;
  userCode: string;
  verificationUri: string;
  verificationUriComplete: string | null;
  expiresInS: number;
  intervalS: number;
}

/** One provider as an organization with its settings sees it. All but `authorizeUrl` throw `RefusedGrant`. */
export interface Grants {
  authorizeUrl(request: AuthorizeRequest): Promise<URL>;
  exchange(callback: URLSearchParams, state: string, redirectUri: string, verifier: string): Promise<Grant>;
  refresh(refreshToken: string): Promise<Grant>;
  startDevice(scopes: readonly string[]): Promise<DeviceCode>;
  pollDevice(deviceCode: string): Promise<Grant>;
  /** Whether the provider has a way to revoke at all, and did. */
  revoke(token: string, hint: 'refresh_token' | 'access_token'): Promise<'revoked' | 'not_supported'>;
}

export interface AuthorizeRequest {
  state: string;
  verifier: string;
  redirectUri: string;
  scopes: readonly string[];
}

type Oauth = typeof import('oauth4webapi');
let loading: Promise<Oauth> | undefined;
/** Loaded when somebody connects or refreshes: the hot path needs none of it. */
const load = (): Promise<Oauth> => {
  loading ??= import('oauth4webapi');
  return loading;
};

export function openGrants(
  provider: Provider,
  settings: Settings,
  client: ProviderClient,
  outgoing: Outgoing,
): Grants {
  const fill = (template: string) => fillIn(template, settings);
  const server = (tokenUrl: string): AuthorizationServer => ({
    issuer: fill(provider.issuer ?? new URL(fill(provider.authorize_url!)).origin),
    authorization_endpoint: fill(provider.authorize_url!),
    token_endpoint: fill(tokenUrl),
    ...(provider.revoke_url === undefined ? {} : { revocation_endpoint: fill(provider.revoke_url) }),
    ...(provider.device_url === undefined
      ? {}
      : { device_authorization_endpoint: fill(provider.device_url) }),
  });
  const known = { client_id: client.clientId, token_endpoint_auth_method: 'none' };

  /** Calls through our own door, and reads what comes back before the library sees it. */
  async function ask(
    tokenUrl: string,
    call: (oauth: Oauth, as: AuthorizationServer, auth: ClientAuth, options: AskOptions) => Promise<Response>,
    check: (oauth: Oauth, as: AuthorizationServer, response: Response) => Promise<CheckedTokens>,
    parameters: Readonly<Record<string, string>>,
    hasRefreshToken = false,
  ): Promise<Grant> {
    const oauth = await load();
    const as = server(tokenUrl);
    let found: Granted | undefined;
    const options: AskOptions = {
      additionalParameters: { ...parameters },
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: async (url: string, request: FetchRequest) => {
        const answer = await send('token', url, request, provider.token_body, provider.token_headers);
        const read = readTokenAnswer(provider, answer);
        if ('refusal' in read) throw new RefusedGrant(read.refusal);
        found = read.granted;
        return Response.json(read.granted.body);
      },
    };
    try {
      const response = await call(oauth, as, authentication(oauth, provider, client), options);
      return grantOf(provider, await check(oauth, as, response), found!, hasRefreshToken);
    } catch (error) {
      throw asRefused(error);
    }
  }

  async function send(
    endpoint: ProviderCall['endpoint'],
    url: string,
    { method, headers, body }: FetchRequest,
    as: 'form' | 'json',
    more: Readonly<Record<string, string>>,
  ) {
    const sent = Object.fromEntries(new Headers(headers));
    const form = body instanceof URLSearchParams ? body : new URLSearchParams(String(body ?? ''));
    if (as === 'json') sent['content-type'] = 'application/json';
    return outgoing.request(url, {
      method,
      headers: { ...sent, accept: 'application/json', ...more },
      body: as === 'json' ? JSON.stringify(Object.fromEntries(form)) : form.toString(),
      timeoutMs: limits.tokenCallMs,
      of: { provider: provider.name, endpoint },
    });
  }

  return {
    authorizeUrl: async ({ state, verifier, redirectUri, scopes }) => {
      const url = new URL(fill(provider.authorize_url!));
      const set = (name: string, value: string) => url.searchParams.set(name, value);
      set('response_type', 'code');
      set('client_id', client.clientId);
      set('redirect_uri', redirectUri);
      set('state', state);
      if (scopes.length > 0) set(provider.scope_parameter, scopes.join(provider.scope_separator));
      if (provider.pkce === 'S256') {
        set('code_challenge', await (await load()).calculatePKCECodeChallenge(verifier));
        set('code_challenge_method', 'S256');
      }
      for (const [name, value] of Object.entries(provider.authorize_params)) set(name, value);
      return url;
    },
    exchange: (callback, state, redirectUri, verifier) =>
      ask(
        provider.token_url!,
        async (oauth, as, auth, options) => {
          const parameters = new URLSearchParams(callback);
          if (provider.issuer === undefined) parameters.delete('iss');
          const checked = oauth.validateAuthResponse(as, known, parameters, state);
          const proof = provider.pkce === 'S256' ? verifier : oauth.nopkce;
          return oauth.authorizationCodeGrantRequest(as, known, auth, checked, redirectUri, proof, options);
        },
        (oauth, as, response) => oauth.processAuthorizationCodeResponse(as, known, response),
        provider.token_params,
      ),
    refresh: (refreshToken) =>
      ask(
        provider.refresh_url ?? provider.token_url!,
        (oauth, as, auth, options) => oauth.refreshTokenGrantRequest(as, known, auth, refreshToken, options),
        (oauth, as, response) => oauth.processRefreshTokenResponse(as, known, response),
        provider.refresh_params,
        true,
      ),
    startDevice: async (scopes) => {
      const oauth = await load();
      const as = server(provider.token_url!);
      try {
        const response = await oauth.deviceAuthorizationRequest(
          as,
          known,
          authentication(oauth, provider, client),
          { [provider.scope_parameter]: scopes.join(provider.scope_separator) },
          {
            [oauth.allowInsecureRequests]: true,
            [oauth.customFetch]: async (url: string, request: FetchRequest) => {
              const { status, text } = await send('device', url, request, 'form', {});
              return new Response(text, { status, headers: { 'content-type': 'application/json' } });
            },
          },
        );
        const answer = await oauth.processDeviceAuthorizationResponse(as, known, response);
        return {
          deviceCode: answer.device_code,
          userCode: answer.user_code,
          verificationUri: answer.verification_uri,
          verificationUriComplete: answer.verification_uri_complete ?? null,
          expiresInS: answer.expires_in,
          intervalS: answer.interval ?? 5,
        };
      } catch (error) {
        throw asRefused(error);
      }
    },
    pollDevice: (deviceCode) =>
      ask(
        provider.token_url!,
        (oauth, as, auth, options) => oauth.deviceCodeGrantRequest(as, known, auth, deviceCode, options),
        (oauth, as, response) => oauth.processDeviceCodeResponse(as, known, response),
        {},
      ),
    revoke: async (token, hint) => {
      if (provider.revoke_url === undefined) return 'not_supported';
      const oauth = await load();
      const as = server(provider.token_url!);
      const bearer: Record<string, string> =
        provider.revoke_body === 'bearer' ? { authorization: `Bearer ${token}` } : {};
      const body = provider.revoke_body === 'json' ? 'json' : 'form';
      try {
        const auth = authentication(oauth, provider, client);
        const response = await oauth.revocationRequest(as, known, auth, token, {
          additionalParameters: { token_type_hint: hint },
          [oauth.allowInsecureRequests]: true,
          [oauth.customFetch]: async (url: string, request: FetchRequest) => {
            const { status, text } = await send('revoke', url, request, body, bearer);
            const said = /"ok"\s*:\s*false/.test(text);
            // A token that is gone already is what was wanted (RFC 7009 §2.2); some say so with an error.
            const gone = status === 400 && /invalid_token|token_revoked|invalid_grant/.test(text);
            if ((status >= 200 && status < 300 && !said) || gone) return new Response(null, { status: 200 });
            throw new RefusedGrant({ class: 'refused', code: `http_${status}`, status, retryAfterMs: null });
          },
        });
        await oauth.processRevocationResponse(response);
        return 'revoked';
      } catch (error) {
        throw asRefused(error);
      }
    },
  };
}

interface FetchRequest {
  method: string;
  headers: Record<string, string>;
  body?: URLSearchParams | string | Uint8Array | null | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: the keys are symbols of a library that is loaded later
type AskOptions = any;

interface CheckedTokens {
  access_token: string;
  refresh_token?: string | undefined;
  expires_in?: number | undefined;
  scope?: string | undefined;
}

function authentication(oauth: Oauth, provider: Provider, { clientSecret }: ProviderClient): ClientAuth {
  if (clientSecret === undefined || provider.token_auth === 'none') return oauth.None();
  if (provider.token_auth === 'post') return oauth.ClientSecretPost(clientSecret);
  if (provider.token_auth === 'basic') return oauth.ClientSecretBasic(clientSecret);
  return (_as, { client_id }, _body, headers) => {
    headers.set('authorization', `Basic ${Buffer.from(`${client_id}:${clientSecret}`).toString('base64')}`);
  };
}

function grantOf(
  provider: Provider,
  tokens: CheckedTokens,
  { details, externalAccount }: Granted,
  hasRefreshToken: boolean,
): Grant {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: told, scope } = tokens;
  // Without an end and without a way to renew it, it is used until it is refused.
  const assumed = hasRefreshToken || refreshToken !== undefined ? limits.tokenLifeS : null;
  const otherwise = provider.expires === 'never' ? null : (provider.expires ?? assumed);
  return {
    accessToken,
    refreshToken,
    expiresInS: told ?? otherwise,
    scopes: scope === undefined ? null : scope.split(/[ ,+]+/).filter((word) => word !== ''),
    details,
    externalAccount,
  };
}

/** Errors of the library and of the way there, as a refusal. Their texts may hold what was sent: none is kept. */
function asRefused(error: unknown): Error {
  if (error instanceof RefusedGrant) return error;
  // The library wraps what its fetch throws in nothing, but its own findings carry a cause.
  const inner = (error as { cause?: unknown }).cause;
  if (inner instanceof RefusedGrant) return inner;
  if (error instanceof DartwingError) {
    const [kind, code] =
      error.code === 'OUTGOING_REFUSED'
        ? (['refused', 'address_refused'] as const)
        : (['transient', 'no_answer'] as const);
    return new RefusedGrant({ class: kind, code, status: null, retryAfterMs: null });
  }
  const { error: word, name } = error as { error?: unknown; name?: string };
  const code = typeof word === 'string' && /^[\w.:-]{1,80}$/.test(word) ? word : (name ?? 'unclear');
  const kind = word === 'invalid_grant' ? 'reauthorize' : typeof word === 'string' ? 'refused' : 'unclear';
  return new RefusedGrant({ class: kind, code, status: null, retryAfterMs: null });
}
