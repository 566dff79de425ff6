/** The room as callers see it: who is calling, the end of sessions, API keys. */
import type { AccessDoorbell, Call, CallOptions, Events, Scope, Session } from '../access/index.js';
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { Log } from '../log.js';
import {
  type ApiKeyChange,
  type ApiKeyList,
  type ApiKeyUsage,
  apiKeyUsage,
  createApiKey,
  listApiKeys,
  revokeApiKey,
  rotateApiKey,
  showApiKey,
  type TellSecret,
} from './api-key.js';
import type { ApiKeyDocument, CreateApiKeyInput } from './api-key-document.js';
import { type Ask, noteKeyUse } from './api-key-queries.js';
import { parseAuthorization } from './authorization.js';
import { type BrowserSecret, beginBrowser, endBrowser, resumeBrowser } from './browser-session.js';
import type { Identity } from './claims.js';
import type { IssuerSettings } from './issuer.js';
import { openKeyUseCounter } from './key-use.js';
import { obeyLogout, revokeSessions, type SessionsEnded, signOut } from './logout.js';
import { readLogoutToken } from './logout-token.js';
import type { Fetch } from './provider-answer.js';
import { defaultRoleMap, type RoleMap } from './role-map.js';
import { type Caller, enterOrganization, type SignInSettings, signInKey, signInPerson } from './sign-in.js';
import type { StrongSignIn } from './strong-sign-in.js';
import { openVerifier } from './verifier.js';

/** What an installation trusts, and how much. */
export interface IdentityOptions {
  /** The subjects of the first one stand on persons as `keycloak_user_id`; only it can sign strangers up. */
  issuers?: readonly IssuerSettings[] | undefined;
  /** Make persons of strangers with a verified e-mail address. Default false. */
  createPersons?: boolean | undefined;
  /** Groups → system roles. Default: those of docs/keycloak.md. */
  roleMap?: RoleMap | undefined;
  /** Default 30 minutes; organizations may ask for less. */
  sessionIdleMs?: number | undefined;
  /** Default 10 hours. */
  sessionMs?: number | undefined;
  /** What counts as a second factor. */
  strongSignIn?: StrongSignIn | undefined;
}

/** One call that somebody makes. */
export interface IncomingCall {
  /** The header `Authorization`. */
  authorization: string | undefined;
  /** Id or slug of the organization it is for; its policy is checked. */
  organization?: string | undefined;
  /** Network address of the caller. */
  address?: string | undefined;
  /** Whether it came over an encrypted wire; undefined where the door cannot tell. */
  encrypted?: boolean | undefined;
  requestId?: string | undefined;
}

/** A call of a browser that has signed in, by the secret of its cookie. */
export interface BrowserCall extends Omit<IncomingCall, 'authorization'> {
  secret: string;
}

/** A key that was just made or rotated. The secret is undefined when an idempotency key gave an earlier answer again. */
export interface ApiKeyMade {
  change: ApiKeyChange;
  secret: string | undefined;
}

export interface ApiKeys {
  create(organization: string, input: CreateApiKeyInput, call?: CallOptions): Promise<ApiKeyMade>;
  list(
    organization: string,
    page?: { limit?: number | undefined; offset?: number | undefined; revoked?: boolean },
    call?: CallOptions,
  ): Promise<ApiKeyList>;
  show(organization: string, id: string, call?: CallOptions): Promise<ApiKeyDocument>;
  rotate(
    organization: string,
    id: string,
    options?: { graceMs?: number | undefined },
    call?: CallOptions,
  ): Promise<ApiKeyMade>;
  revoke(organization: string, id: string, call?: CallOptions): Promise<ApiKeyChange>;
  usage(organization: string, id: string, days?: number, call?: CallOptions): Promise<ApiKeyUsage>;
}

/** How people sign in here. */
export interface SignInWays {
  /** The identity provider; null where there is none. */
  issuer: string | null;
  /** With passwords that are kept here. */
  lite: boolean;
}

export interface IdentityVerbs {
  /** How people sign in here, for programs that nobody has signed in at yet. */
  ways(): Promise<SignInWays>;
  /**
   * Proves who calls, by an access token or an API key.
   * @throws UNAUTHENTICATED, TOKEN_*, API_KEY_*, IDENTITY_*, SIGN_IN_*, SESSION_ENDED, MFA_REQUIRED, MINOR_LOCKED
   */
  authenticate(call: IncomingCall): Promise<Caller>;
  /** Proves who calls from a browser. @throws UNAUTHENTICATED, SESSION_ENDED, SIGN_IN_REFUSED, MFA_REQUIRED */
  authenticateBrowser(call: BrowserCall): Promise<Caller>;
  /**
   * Lets somebody who was proven into one more organization (id or slug): the same check of its policy that
   * `authenticate` makes of the one that it was told.
   * @throws MFA_REQUIRED, TLS_REQUIRED, PERMISSION_DENIED (the key of another organization)
   */
  enter(caller: Caller, organization: string): Promise<void>;
  /** Carries out a logout token of the provider. @throws LOGOUT_TOKEN_INVALID, IDENTITY_PROVIDER_UNAVAILABLE */
  logoutToken(token: string): Promise<SessionsEnded>;
  /** Ends the session of an access token. @throws TOKEN_* */
  signOut(token: string): Promise<SessionsEnded>;
  /** Ends all sessions of a person. */
  revokeSessions(person: string, call?: CallOptions): Promise<SessionsEnded>;
  readonly apiKeys: ApiKeys;
}

/** What the room is built from. */
export interface IdentityParts {
  session: Session;
  events: Events;
  doorbell: AccessDoorbell;
  clock: Clock;
  log: Log;
  /** A transaction of the machinery: signing in comes before anybody could be named in the audit trail. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** One statement of the machinery. */
  ask: Ask;
  /** Tokens are those of our own passwords, not of a provider. */
  signsHere: boolean;
  fetch?: Fetch | undefined;
}

/** The room as other rooms see it. */
export interface IdentityRoom extends IdentityVerbs {
  /** What programs may call. */
  readonly verbs: IdentityVerbs;
  /** What `authenticate` does with an identity that is proven. @throws as `authenticate` */
  admit(scope: Scope, identity: Identity): Promise<Caller>;
  /** Who signed in, by an ID token for a client of ours. @throws TOKEN_*, IDENTITY_PROVIDER_UNAVAILABLE */
  verifySignIn(token: string, clientId: string): Promise<Identity>;
  /** Begins the session of a browser. @throws as `authenticate` */
  beginBrowser(identity: Identity, begin: BrowserSecret): Promise<void>;
  /** Ends it; the ID token it was begun with, while it was open. */
  endBrowser(secret: string): Promise<{ ended: boolean; idToken: string | undefined }>;
  /** A transaction in which the room itself acts. */
  asSystem<T>(facts: Partial<Call>, work: (scope: Scope) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function identityRoom(parts: IdentityParts, options: IdentityOptions = {}): IdentityRoom {
  const { session, clock, log, transaction } = parts;
  const { issuers = [] } = options;
  const verifier = openVerifier({ issuers, clock, fetch: parts.fetch });
  const counter = openKeyUseCounter(clock);
  const settings: SignInSettings = {
    firstIssuer: issuers[0]?.issuer ?? '',
    createPersons: options.createPersons ?? false,
    roleMap: options.roleMap ?? defaultRoleMap,
    limits: {
      idleMs: options.sessionIdleMs ?? limits.sessionIdleMs,
      sessionMs: options.sessionMs ?? limits.sessionMs,
    },
    strong: options.strongSignIn ?? {},
    log,
  };
  const asSystem = <T>(facts: Partial<Call>, work: (scope: Scope) => Promise<T>): Promise<T> =>
    transaction((tx) =>
      work({
        ...session.call({ principal: { type: 'system', id: 'identity' }, via: 'system', ...facts }),
        tx,
        clock,
        events: parts.events,
        doorbell: parts.doorbell,
      }),
    );

  const verbs: IdentityVerbs = {
    ways: async () => ({
      issuer: parts.signsHere ? null : (issuers[0]?.issuer ?? null),
      lite: parts.signsHere,
    }),
    authenticate: async ({ authorization, organization, address, encrypted, requestId }) => {
      const given = parseAuthorization(authorization);
      if ('token' in given) {
        const identity = await verifier.verify(given.token);
        return asSystem({ requestId }, (scope) =>
          signInPerson(scope, identity, organization, settings, encrypted),
        );
      }
      const { caller, aftermath } = await signInKey(
        parts.ask,
        given.credential,
        { organization, address, encrypted },
        counter,
      );
      if (aftermath !== undefined) await transaction(aftermath);
      if (caller === undefined) throw new DartwingError('API_KEY_INVALID');
      return caller;
    },
    authenticateBrowser: ({ secret, organization, encrypted, requestId }) =>
      asSystem({ requestId }, (scope) => resumeBrowser(scope, secret, organization, settings, encrypted)),
    enter: (caller, organization) =>
      transaction((tx) => enterOrganization(tx, caller, organization, settings.strong, clock.now())),
    logoutToken: async (token) => {
      const logout = await readLogoutToken(verifier, token);
      return asSystem({}, (scope) => obeyLogout(scope, logout));
    },
    signOut: async (token) => {
      const identity = await verifier.verify(token);
      return asSystem({}, (scope) => signOut(scope, identity));
    },
    revokeSessions: (person, call) =>
      session.run('session revoke', call, (scope) => revokeSessions(scope, person), { person }),
    apiKeys: Object.freeze(apiKeyVerbs(session)),
  };
  return {
    ...verbs,
    verbs,
    admit: (scope, identity) => signInPerson(scope, identity, undefined, settings),
    verifySignIn: (token, clientId) => verifier.verifySignIn(token, clientId),
    beginBrowser: (identity, begin) =>
      asSystem({}, (scope) => beginBrowser(scope, identity, begin, settings)),
    endBrowser: (secret) => asSystem({}, (scope) => endBrowser(scope, secret)),
    asSystem,
    close: async () => {
      const uses = counter.drain();
      if (uses.length === 0) return;
      await transaction(async (tx) => {
        for (const { organization, id, uses: count } of uses) await noteKeyUse(tx, organization, id, count);
      }).catch((error: unknown) => log.warn({ err: error }, 'uses of API keys'));
    },
  };
}

function apiKeyVerbs(session: Session): ApiKeys {
  /** The answer of the transaction may be kept for an idempotency key, so the secret goes around it. */
  const making = async (work: (tell: TellSecret) => Promise<ApiKeyChange>): Promise<ApiKeyMade> => {
    let secret: string | undefined;
    const change = await work((made) => {
      secret = made;
    });
    return { change, secret };
  };
  return {
    create: (organization, input, call) =>
      making((tell) =>
        session.run('apikey create', call, (scope) => createApiKey(scope, organization, input, tell), {
          organization,
          ...input,
          expiresAt: input.expiresAt?.toISOString() ?? null,
        }),
      ),
    list: (organization, page = {}, call) =>
      session.run('apikey list', call, (scope) => listApiKeys(scope, organization, page)),
    show: (organization, id, call) =>
      session.run('apikey show', call, (scope) => showApiKey(scope, organization, id)),
    rotate: (organization, id, options = {}, call) =>
      making((tell) =>
        session.run('apikey rotate', call, (scope) => rotateApiKey(scope, organization, id, options, tell), {
          organization,
          id,
          graceMs: options.graceMs ?? null,
        }),
      ),
    revoke: (organization, id, call) =>
      session.run('apikey revoke', call, (scope) => revokeApiKey(scope, organization, id), {
        organization,
        id,
      }),
    usage: (organization, id, days = 30, call) =>
      session.run('apikey usage', call, (scope) => apiKeyUsage(scope, organization, id, days)),
  };
}
