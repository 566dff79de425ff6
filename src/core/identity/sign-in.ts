/** What a call proves about its caller, from the header to a principal. */
import type { Principal, Scope } from '../access/index.js';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import type { Log } from '../log.js';
import { followGroups, reportFallback } from './account-roles.js';
import { checkApiKey } from './api-key-check.js';
import { type Ask, findKeyArrival, noteKeyUse } from './api-key-queries.js';
import type { Credential, Environment } from './api-key-secret.js';
import type { Identity } from './claims.js';
import { clearFailures, countFailure, hashes, refuseWaiting, type Suspect, suspect } from './failures.js';
import type { KeyUseCounter } from './key-use.js';
import { type Door, findDoor } from './link-queries.js';
import { type ResolveOptions, resolvePerson } from './resolve.js';
import type { RoleMap } from './role-map.js';
import type { IncomingCall } from './room.js';
import { followSession } from './session.js';
import type { SessionLimits } from './session-rules.js';
import { requireStrongSignIn, type StrongSignIn } from './strong-sign-in.js';

/** Who calls, proven. */
export interface Caller {
  principal: Principal;
  /** Of a person: the account, and what the provider said. */
  account?: string | undefined;
  identity?: Identity | undefined;
  /** Of an API key. */
  environment?: Environment | undefined;
  /** Whether the call came over an encrypted wire; undefined where the door cannot tell. */
  encrypted?: boolean | undefined;
}

export interface SignInSettings extends ResolveOptions {
  roleMap: RoleMap;
  limits: SessionLimits;
  strong: StrongSignIn;
  log: Log;
}

/**
 * The person of a verified identity, with roles and session brought up to date, and let into an organization if one is
 * named.
 * @throws IDENTITY_*, SIGN_IN_REFUSED, MINOR_LOCKED, SESSION_ENDED, MFA_REQUIRED
 */
export async function signInPerson(
  scope: Scope,
  identity: Identity,
  organization: string | undefined,
  settings: SignInSettings,
  encrypted?: boolean,
): Promise<Caller> {
  const row = await resolvePerson(scope, identity, settings);
  const begun = await followSession(scope, identity, row, settings.limits);
  if (begun) reportFallback(identity, row, settings.roleMap, settings.log);
  await followGroups(scope, identity, row, settings.roleMap);
  if (organization !== undefined)
    await passDoor(scope.tx, { identity, encrypted }, organization, settings.strong, scope.clock.now());
  return {
    principal: { type: 'person', id: row.person },
    account: row.account ?? undefined,
    identity,
    encrypted,
  };
}

/**
 * Whether the person may work there is decided later; here only how they signed in and came here counts.
 * @throws MFA_REQUIRED, TLS_REQUIRED
 */
export async function passDoor(
  tx: Tx,
  { identity, encrypted }: Pick<Caller, 'identity' | 'encrypted'>,
  ref: string,
  strong: StrongSignIn,
  now: Date,
): Promise<Door | undefined> {
  const door = await findDoor(tx, ref);
  requireWire(door, encrypted);
  if (door?.mfa_required && identity !== undefined) requireStrongSignIn(identity, door.slug, strong, now);
  return door;
}

function requireWire(door: Door | undefined, encrypted: boolean | undefined): void {
  if (door?.tls_required && encrypted === false)
    throw new DartwingError('TLS_REQUIRED', { organization: door.slug });
}

/**
 * Lets somebody who was proven before into one more organization.
 * @throws MFA_REQUIRED, TLS_REQUIRED, PERMISSION_DENIED
 */
export async function enterOrganization(
  tx: Tx,
  caller: Caller,
  ref: string,
  strong: StrongSignIn,
  now: Date,
): Promise<void> {
  const { principal } = caller;
  const door = await passDoor(tx, caller, ref, strong, now);
  if (principal.key !== undefined)
    requireOwnOrganization(door, { id: principal.id, organization: principal.key.organization }, ref);
}

/** What became of an API key, and what has to be written down of it, whether it was let in or not. */
export interface KeySignIn {
  caller: Caller | undefined;
  /** In a transaction of its own: the proof itself is one request to the database, and most calls leave nothing. */
  aftermath?: ((tx: Tx) => Promise<void>) | undefined;
}

/**
 * Opens for an API key. All is asked together and judged in order: who waits hears nothing else, and a door means nothing
 * without its key.
 * @throws SIGN_IN_LIMITED, API_KEY_REVOKED, API_KEY_EXPIRED, SIGN_IN_REFUSED, TLS_REQUIRED, PERMISSION_DENIED (another
 *   organization)
 */
export async function signInKey(
  ask: Ask,
  credential: Credential,
  request: Pick<IncomingCall, 'organization' | 'address' | 'encrypted'>,
  counter: KeyUseCounter,
): Promise<KeySignIn> {
  const suspects = suspectsOf(credential, request.address);
  const { encrypted, organization: named } = request;
  const arrival = await findKeyArrival(ask, { suspects: hashes(suspects), id: credential.id, named });
  refuseWaiting(arrival.seconds);
  const key = checkApiKey(arrival.key, credential);
  if (key === undefined) return { caller: undefined, aftermath: (after) => countFailure(after, suspects) };
  requireWire(arrival.door, encrypted);
  requireOwnOrganization(arrival.door, key, named ?? key.organization);
  const due = counter.count(key.organization, key.id);
  const { id, organization, environment, permissions } = key;
  return {
    caller: {
      principal: { type: 'service', id: `apikey:${id}`, key: { organization, permissions } },
      environment,
      encrypted,
    },
    aftermath:
      due === undefined
        ? undefined
        : async (after) => {
            await noteKeyUse(after, due.organization, due.id, due.uses);
            await clearFailures(after, suspects);
          },
  };
}

function requireOwnOrganization(
  door: Door | undefined,
  key: { id: string; organization: string },
  ref: string,
): void {
  if (door?.id !== key.organization)
    throw new DartwingError('PERMISSION_DENIED', {
      actor: key.id,
      action: 'enter',
      ref: `Organization/${ref}`,
    });
}

function suspectsOf({ id }: Credential, address: string | undefined): Suspect[] {
  return [suspect('key', id), ...(address === undefined ? [] : [suspect('address', address)])];
}
