/**
 * Connecting: sending somebody to a provider and taking what they come back with, by code or by device, and taking keys
 * and passwords. The state of an attempt exists in the address only; here lies its hash, beside that of a second secret
 * which stays with whoever began (a cookie, or the memory of a program), so nobody can bring another person's answer.
 */
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import {
  authorize,
  type CallOptions,
  type Change,
  changeDocument,
  type Principal,
  type Scope,
} from '../access/index.js';
import { DartwingError } from '../errors.js';
import { isOrganizationId, uuidv7 } from '../ids.js';
import { parseInput } from '../input.js';
import { limits } from '../limits.js';
import { parseSettings, type Settings } from './address.js';
import {
  type ConnectRow,
  consumeConnect,
  countOpenConnects,
  findConnect,
  insertConnect,
} from './attempt-queries.js';
import { followed } from './course.js';
import {
  type Credential,
  credentialOf,
  openCredential,
  placeOfConnect,
  placeOfCredentials,
  sealCredential,
  tokensOf,
} from './credential.js';
import { type TokenDocument, tokenDocument } from './document.js';
import { type Grant, RefusedGrant } from './grant.js';
import { machine, type TokenParts } from './parts.js';
import type { Provider } from './provider.js';
import { countIntegrations, ensureIntegration, findByAccount, writeConnection } from './queries.js';
import { record } from './refresh.js';

/** What is asked for. */
export interface ConnectInput {
  provider: string;
  /** How the organization will call it; `default` unless told. */
  account?: string | undefined;
  /** Default: those of the catalogue. */
  scopes?: readonly string[] | undefined;
  settings?: Readonly<Record<string, string>> | undefined;
  /** Take the place of another account at the provider. */
  allowAccountChange?: boolean | undefined;
}

/** A key or a password, for providers without OAuth. */
export interface SecretInput extends ConnectInput {
  secret: string;
  username?: string | undefined;
}

/** Where to send somebody. */
export interface Authorization {
  api_version: 'dartwing/v1';
  kind: 'TokenAuthorization';
  provider: string;
  account: string;
  authorize_url: string;
  expires_at: string;
}

/** What somebody has to do at another device. */
export interface DeviceAuthorization {
  api_version: 'dartwing/v1';
  kind: 'TokenDevice';
  provider: string;
  account: string;
  /** Names the attempt. */
  handle: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string | null;
  interval_ms: number;
  expires_at: string;
}

const inputSchema = z.strictObject({
  provider: z.string().min(1).max(80),
  account: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9._-]{0,79}$/,
      'is 1 to 80 lower-case letters, digits, dots, dashes and underscores',
    )
    .default('default'),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'is no scope'))
    .max(100)
    .optional(),
  settings: z.record(z.string(), z.string()).default({}),
  allowAccountChange: z.boolean().default(false),
});
const secretText = z.string().min(1).max(8_192);
const secretSchema = inputSchema.extend({
  secret: secretText,
  username: z.string().min(1).max(320).optional(),
});

interface Wish {
  provider: Provider;
  account: string;
  scopes: readonly string[];
  settings: Settings;
  mayChangeAccount: boolean;
}

/**
 * Begins with an address to which somebody is sent. `binding` stays with whoever began and is asked for at the end.
 * @throws PROVIDER_NOT_FOUND, PROVIDER_CLIENT_MISSING, VALIDATION_ERROR, PERMISSION_DENIED, INTEGRATION_LIMIT
 */
export async function beginAuthorization(
  parts: TokenParts,
  ref: string,
  given: ConnectInput & { redirectUri?: string | undefined },
  call: CallOptions | undefined,
): Promise<{ authorization: Authorization; binding: string; state: string }> {
  const { redirectUri: wanted, ...rest } = given;
  const wish = readWish(parts, parseInput(inputSchema, withoutUndefined(rest)));
  const redirectUri = parseRedirect(parts, wanted);
  requireOauth(wish.provider);
  const organization = await parts.idOf(ref, call);
  const secrets = { state: `${organization}.${secret()}`, binding: secret(), verifier: secret() };
  const { row, grants } = await parts.session.runIn(organization, call, async (scope) => {
    const attempt = await insertAttempt(parts, scope, organization, wish, {
      flow: 'code',
      state: secrets.state,
      binding: secrets.binding,
      redirectUri,
      lifeMs: limits.connectMsMax,
      content: { verifier: secrets.verifier },
    });
    // Only now: a stranger does not learn what is set up here. Without a client the attempt is rolled back.
    return { row: attempt, grants: parts.grantsOf(wish.provider, wish.settings) };
  });
  const { state, verifier } = secrets;
  const url = await grants.authorizeUrl({ state, verifier, redirectUri, scopes: wish.scopes });
  return {
    authorization: {
      api_version: 'dartwing/v1',
      kind: 'TokenAuthorization',
      provider: wish.provider.name,
      account: wish.account,
      authorize_url: url.href,
      expires_at: row.expires_at.toISOString(),
    },
    binding: secrets.binding,
    state,
  };
}

/**
 * Takes what the provider sent somebody back with. Works once.
 * @param callback the query of the callback
 * @throws CONNECT_STATE_INVALID (unknown, used, too old, or begun by somebody else), INTEGRATION_DECLINED,
 * INTEGRATION_ACCOUNT_CHANGED, PERMISSION_DENIED (whoever began may no longer), INTEGRATION_UNAVAILABLE
 */
export async function completeAuthorization(
  parts: TokenParts,
  callback: URLSearchParams,
  binding: string,
): Promise<Change<TokenDocument>> {
  const state = callback.get('state') ?? '';
  const organization = organizationIn(state);
  // Its own transaction: however the rest ends, the attempt is used up.
  const { attempt, verifier } = await parts.session.runIn(organization, machine, async ({ tx }) => {
    const used = await consumeConnect(tx, organization, 'code', hashOf(state), hashOf(binding));
    if (used === undefined) throw new DartwingError('CONNECT_STATE_INVALID');
    const content = await openCredential<{ verifier: string }>(
      parts.keys,
      tx,
      placeOfConnect(used),
      used.secret,
    );
    return { attempt: used, verifier: content.verifier };
  });
  const wish = wishOf(parts, attempt);
  const grants = parts.grantsOf(wish.provider, wish.settings);
  const grant = await grants
    .exchange(callback, state, attempt.redirect_uri!, verifier)
    .catch((error: unknown) => {
      throw asDeclined(error, wish.provider);
    });
  const { account: known } = wish.provider;
  const told = known?.from === 'callback' ? callback.get(known.name) : grant.externalAccount;
  return writeGrant(parts, attempt, wish, { ...grant, externalAccount: told?.slice(0, 200) ?? null });
}

/** @throws as `beginAuthorization`, and PROVIDER_FLOW_MISSING when the provider has no such flow */
export async function beginDevice(
  parts: TokenParts,
  ref: string,
  given: ConnectInput,
  call: CallOptions | undefined,
): Promise<DeviceAuthorization> {
  const wish = readWish(parts, parseInput(inputSchema, withoutUndefined(given)));
  requireOauth(wish.provider);
  if (wish.provider.device_url === undefined)
    throw new DartwingError('PROVIDER_FLOW_MISSING', { provider: wish.provider.title, flow: 'device flow' });
  const organization = await parts.idOf(ref, call);
  const facts = parts.session.call(call);
  await parts.session.runIn(organization, call, async (scope) => requireMayConnect(scope, organization));
  const grants = parts.grantsOf(wish.provider, wish.settings);
  const device = await grants.startDevice(wish.scopes).catch((error: unknown) => {
    throw asDeclined(error, wish.provider);
  });
  const handle = `${organization}.${secret()}`;
  const row = await parts.session.runIn(organization, call, (scope) =>
    insertAttempt(parts, scope, organization, wish, {
      flow: 'device',
      state: handle,
      binding: nameOf(facts.principal),
      redirectUri: null,
      lifeMs: Math.min(device.expiresInS * 1000, limits.deviceMsMax),
      content: { deviceCode: device.deviceCode },
    }),
  );
  return {
    api_version: 'dartwing/v1',
    kind: 'TokenDevice',
    provider: wish.provider.name,
    account: wish.account,
    handle,
    user_code: device.userCode,
    verification_uri: device.verificationUri,
    verification_uri_complete: device.verificationUriComplete,
    interval_ms: device.intervalS * 1000,
    expires_at: row.expires_at.toISOString(),
  };
}

/**
 * Asks once whether somebody has confirmed. Whoever asks is whoever began.
 * @returns undefined while nobody has; `slower` asks for five seconds more between two calls
 * @throws as `completeAuthorization`
 */
export async function pollDevice(
  parts: TokenParts,
  ref: string,
  handle: string,
  call: CallOptions | undefined,
): Promise<{ change: Change<TokenDocument> } | { change: undefined; slower: boolean }> {
  const organization = await parts.idOf(ref, call);
  const { principal } = parts.session.call(call);
  await parts.session.runIn(organization, call, async (scope) => requireMayConnect(scope, organization));
  if (organizationIn(handle) !== organization) throw new DartwingError('CONNECT_STATE_INVALID');
  const hashes = [hashOf(handle), hashOf(nameOf(principal))] as const;
  const { attempt, deviceCode } = await parts.session.runIn(organization, machine, async ({ tx }) => {
    const open = await findConnect(tx, organization, 'device', ...hashes);
    if (open === undefined) throw new DartwingError('CONNECT_STATE_INVALID');
    const content = await openCredential<{ deviceCode: string }>(
      parts.keys,
      tx,
      placeOfConnect(open),
      open.secret,
    );
    return { attempt: open, deviceCode: content.deviceCode };
  });
  const wish = wishOf(parts, attempt);
  try {
    const grant = await parts.grantsOf(wish.provider, wish.settings).pollDevice(deviceCode);
    return { change: await writeGrant(parts, attempt, wish, grant) };
  } catch (error) {
    if (!(error instanceof RefusedGrant)) throw error;
    const { code, class: kind } = error.refusal;
    const slower = code === 'slow_down';
    if (slower || code === 'authorization_pending' || kind === 'transient')
      return { change: undefined, slower };
    throw asDeclined(error, wish.provider);
  }
}

/**
 * Takes a key or a password.
 * @throws VALIDATION_ERROR, PROVIDER_FLOW_MISSING (the provider wants to be authorized), PERMISSION_DENIED
 */
export async function connectSecret(
  parts: TokenParts,
  ref: string,
  given: SecretInput,
  call: CallOptions | undefined,
): Promise<Change<TokenDocument>> {
  const { secret: value, username, ...rest } = parseInput(secretSchema, withoutUndefined(given));
  const wish = readWish(parts, rest);
  const { provider } = wish;
  if (provider.auth === 'oauth2')
    throw new DartwingError('PROVIDER_FLOW_MISSING', { provider: provider.title, flow: 'key or password' });
  if ((provider.auth === 'basic') !== (username !== undefined))
    throw new DartwingError('VALIDATION_ERROR', {
      message:
        provider.auth === 'basic'
          ? `${provider.title} needs a user name beside the password`
          : `${provider.title} takes a key and no user name`,
    });
  const organization = await parts.idOf(ref, call);
  const credential: Credential = { secret: value, username, details: {} };
  const facts = { organization, account: wish.account, connectedBy: parts.session.call(call).principal };
  return parts.session.runIn(organization, call, (scope) =>
    writeCredential(parts, scope, wish, facts, {
      credential,
      expiresInS: null,
      scopes: [],
      externalAccount: null,
    }),
  );
}

interface Attempt {
  flow: ConnectRow['flow'];
  state: string;
  binding: string;
  redirectUri: string | null;
  lifeMs: number;
  content: object;
}

async function insertAttempt(
  { keys }: TokenParts,
  scope: Scope,
  organization: string,
  wish: Wish,
  attempt: Attempt,
): Promise<ConnectRow> {
  await requireMayConnect(scope, organization);
  const { tx, principal } = scope;
  if ((await countOpenConnects(tx, organization)) >= limits.connectsOpenMax)
    throw new DartwingError('INTEGRATION_LIMIT', {
      what: 'attempts to connect',
      max: limits.connectsOpenMax,
    });
  const at = scope.clock.now();
  const id = uuidv7(at);
  return insertConnect(tx, {
    organization,
    id,
    flow: attempt.flow,
    state_hash: hashOf(attempt.state),
    binding_hash: hashOf(attempt.binding),
    provider: wish.provider.name,
    account: wish.account,
    principal_type: principal.type,
    principal_id: principal.id,
    redirect_uri: attempt.redirectUri,
    scopes: [...wish.scopes],
    settings: wish.settings,
    may_change_account: wish.mayChangeAccount,
    secret: await sealCredential(keys, tx, placeOfConnect({ organization, id }), attempt.content),
    at,
    lifeMs: attempt.lifeMs,
  });
}

/** Consent is given by people and by whoever runs the installation, not by programs with a key. */
async function requireMayConnect(scope: Scope, organization: string): Promise<void> {
  authorize(scope, 'write', { doctype: 'Organization Integration', name: '*', organization });
  if (scope.principal.key !== undefined)
    throw new DartwingError('PERMISSION_DENIED', {
      actor: scope.principal.id,
      action: 'connect',
      ref: 'Organization Integration/*',
    });
}

/** Writes what was granted, with the rights that whoever began has now. */
async function writeGrant(
  parts: TokenParts,
  attempt: ConnectRow,
  wish: Wish,
  grant: Grant,
): Promise<Change<TokenDocument>> {
  const { organization, account } = attempt;
  const connectedBy = { type: attempt.principal_type, id: attempt.principal_id } as Principal;
  const call: CallOptions = { principal: connectedBy };
  const about = { operation: 'connect', organization, provider: wish.provider.name, call } as const;
  const write = () =>
    parts.session.runIn(organization, call, async (scope) => {
      if (attempt.flow === 'device') {
        const used = await consumeConnect(
          scope.tx,
          organization,
          'device',
          attempt.state_hash,
          attempt.binding_hash,
        );
        if (used === undefined) throw new DartwingError('CONNECT_STATE_INVALID');
      }
      const { scopes, expiresInS, externalAccount } = grant;
      const credential = credentialOf(grant);
      const written = { credential, expiresInS, externalAccount, scopes: scopes ?? attempt.scopes };
      return writeCredential(parts, scope, wish, { organization, account, connectedBy }, written);
    });
  return followed(parts, about, write);
}

interface Written {
  credential: Credential;
  expiresInS: number | null;
  scopes: string[];
  externalAccount: string | null;
}

async function writeCredential(
  parts: TokenParts,
  scope: Scope,
  wish: Wish,
  { organization, account, connectedBy }: { organization: string; account: string; connectedBy: Principal },
  { credential, expiresInS, scopes, externalAccount }: Written,
): Promise<Change<TokenDocument>> {
  authorize(scope, 'write', { doctype: 'Organization Integration', name: '*', organization });
  const { tx, clock } = scope;
  const { name: provider, auth, title } = wish.provider;
  const at = clock.now();
  const before = await findByAccount(tx, organization, provider, account);
  if (before === undefined && (await countIntegrations(tx, organization)) >= limits.integrationsMax)
    throw new DartwingError('INTEGRATION_LIMIT', { what: 'integrations', max: limits.integrationsMax });
  const row = await ensureIntegration(tx, {
    organization,
    id: uuidv7(at),
    provider,
    account,
    auth,
    connected_by: connectedBy.id,
    at,
  });
  const isOther =
    externalAccount !== null && row.external_account !== null && externalAccount !== row.external_account;
  // Another company's books must not slip in under a name that mappings know.
  if (isOther && !wish.mayChangeAccount)
    throw new DartwingError('INTEGRATION_ACCOUNT_CHANGED', { provider: title, account });
  const sealed = await sealCredential(parts.keys, tx, placeOfCredentials(row), credential);
  const current = await writeConnection(
    tx,
    row,
    tokensOf(sealed, credential.refreshToken !== undefined, expiresInS),
    {
      auth,
      scopes,
      settings: wish.settings,
      external_account: externalAccount ?? (isOther ? null : row.external_account),
      connected_by: connectedBy.id,
      at,
    },
  );
  const audit = await record(scope, 'connect', before ?? null, current);
  tx.afterCommit(() => parts.bell.ring(current.id));
  const missing = wish.scopes.filter((wanted) => scopes.length > 0 && !scopes.includes(wanted));
  return changeDocument(scope, {
    op: before === undefined ? 'create' : 'update',
    ref: `token/${current.id}`,
    before: before === undefined ? null : tokenDocument(before),
    after: tokenDocument(current),
    audit,
    warnings: missing.map((wanted) => `The provider did not grant ${wanted}`),
  });
}

function readWish(
  { catalogue }: Pick<TokenParts, 'catalogue'>,
  { provider: name, account, scopes, settings, allowAccountChange }: z.output<typeof inputSchema>,
): Wish {
  const provider = catalogue.require(name);
  return {
    provider,
    account,
    scopes: scopes ?? provider.scopes,
    settings: parseSettings(provider, settings),
    mayChangeAccount: allowAccountChange,
  };
}

function wishOf({ catalogue }: Pick<TokenParts, 'catalogue'>, attempt: ConnectRow): Wish {
  const { provider, account, scopes, settings, may_change_account: mayChangeAccount } = attempt;
  return { provider: catalogue.require(provider), account, scopes, settings, mayChangeAccount };
}

function requireOauth(provider: Provider): void {
  if (provider.auth !== 'oauth2')
    throw new DartwingError('PROVIDER_FLOW_MISSING', { provider: provider.title, flow: 'authorization' });
}

/** Our own callback, or a program that waits on this machine (RFC 8252 §7.3). */
function parseRedirect({ publicUrl }: Pick<TokenParts, 'publicUrl'>, wanted: string | undefined): string {
  const own = new URL('/v1/integrations/callback', publicUrl).href;
  if (wanted === undefined || wanted === own) return own;
  const url = URL.canParse(wanted) ? new URL(wanted) : undefined;
  const isLoopback = url?.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (!isLoopback || url.username !== '' || url.hash !== '')
    throw new DartwingError('VALIDATION_ERROR', {
      message: `redirectUri is ${own} or an address of this machine such as http://127.0.0.1:8912/callback`,
    });
  return url.href;
}

function organizationIn(state: string): string {
  const [organization = ''] = state.split('.');
  if (state.length > 200 || !isOrganizationId(organization)) throw new DartwingError('CONNECT_STATE_INVALID');
  return organization;
}

function asDeclined(error: unknown, { title }: Provider): unknown {
  if (!(error instanceof RefusedGrant)) return error;
  const { class: kind, code, retryAfterMs } = error.refusal;
  if (kind === 'transient' || kind === 'unclear')
    return new DartwingError(
      'INTEGRATION_UNAVAILABLE',
      { provider: title, reason: code },
      { retryAfterMs: retryAfterMs ?? limits.tokenRetryMsMin },
    );
  return new DartwingError('INTEGRATION_DECLINED', { provider: title, reason: code });
}

function nameOf({ type, id }: Principal): string {
  return `${type} ${id}`;
}

/** 256 random bits. */
function secret(): string {
  return randomBytes(32).toString('base64url');
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function withoutUndefined(given: object): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
