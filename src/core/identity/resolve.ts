/** From an identity to the person it belongs to. */
import { recordAct, type Scope } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import { duplicateConstraint } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { proveAddress, signUp } from '../people/index.js';
import type { Identity } from './claims.js';
import {
  fillExternalId,
  findByEmail,
  findByExternalId,
  findBySubject,
  insertLink,
  lockIdentity,
  type SignInRow,
} from './link-queries.js';

export interface ResolveOptions {
  /** The issuer whose subjects stand on persons as `keycloak_user_id`. */
  firstIssuer: string;
  /** Make persons of strangers with a verified address, if they come from the first issuer. */
  createPersons: boolean;
}

/**
 * The person of an identity: by issuer and subject; else by the id that was imported; else by the verified e-mail
 * address, and then linked for ever. An unverified address finds nobody: anybody can claim one (requirements §7.4).
 * @throws IDENTITY_UNKNOWN, IDENTITY_CONFLICT, SIGN_IN_REFUSED, MINOR_LOCKED
 */
export async function resolvePerson(
  scope: Scope,
  identity: Identity,
  options: ResolveOptions,
): Promise<SignInRow> {
  const { iss, sub } = identity;
  const known = await findBySubject(scope.tx, iss, sub);
  if (known !== undefined) return requireWelcome(known);
  // A browser signs in with many calls at once: the first one links, the others wait here and find the link.
  await lockIdentity(scope.tx, iss, sub);
  const linked = await findBySubject(scope.tx, iss, sub);
  if (linked !== undefined) return requireWelcome(linked);
  const found = requireWelcome(await findUnlinked(scope, identity, options));
  await link(scope, identity, found, options);
  return requireWelcome((await findBySubject(scope.tx, iss, sub)) ?? found);
}

async function findUnlinked(
  scope: Scope,
  identity: Identity,
  { firstIssuer, createPersons }: ResolveOptions,
): Promise<SignInRow> {
  const { iss, sub, email, emailVerified } = identity;
  const imported = iss === firstIssuer ? await findByExternalId(scope.tx, iss, sub) : undefined;
  if (imported !== undefined) return imported;
  if (email === undefined || !emailVerified) throw new DartwingError('IDENTITY_UNKNOWN');
  const byEmail = await findByEmail(scope.tx, iss, email);
  if (byEmail !== undefined) return byEmail;
  if (!createPersons || iss !== firstIssuer) throw new DartwingError('IDENTITY_UNKNOWN');
  const { givenName: firstName, familyName: lastName } = identity;
  await signUp(scope, { sub, email, firstName, lastName, emailVerified });
  const made = await findByEmail(scope.tx, iss, email);
  if (made === undefined) throw new DartwingError('IDENTITY_UNKNOWN');
  return made;
}

async function link(
  scope: Scope,
  identity: Identity,
  row: SignInRow,
  { firstIssuer }: ResolveOptions,
): Promise<void> {
  const { iss, sub } = identity;
  // The address of somebody who left may be given to somebody else: who has an identity there keeps that one.
  if (row.subject !== null) throw new DartwingError('IDENTITY_CONFLICT');
  const external = row.keycloak_user_id;
  if (iss === firstIssuer && external !== null && external.toLowerCase() !== sub.toLowerCase())
    throw new DartwingError('IDENTITY_CONFLICT');
  if (row.is_minor && !row.consent_captured) throw new DartwingError('MINOR_LOCKED', { ref: row.person });
  const at = scope.clock.now();
  try {
    await insertLink(scope.tx, { issuer: iss, subject: sub, person: row.person, at });
    if (iss === firstIssuer) await fillExternalId(scope.tx, row.person, sub, at);
  } catch (error) {
    if (duplicateConstraint(error) === undefined) throw error;
    throw new DartwingError('IDENTITY_CONFLICT', {}, { cause: error });
  }
  if (identity.email !== undefined && identity.emailVerified)
    await proveAddress(scope.tx, row.person, identity.email, at);
  if (row.account === null) await scope.events.publish(scope, 'person.unprovisioned', { person: row.person });
  await recordAct(
    scope,
    systemOrganization,
    'identity.link',
    { doctype: 'Person', name: row.person },
    { old: null, new: { issuer: iss, subject: sub } },
  );
}

/** @throws SIGN_IN_REFUSED */
export function requireWelcome(row: SignInRow): SignInRow {
  if (row.status !== 'active')
    throw new DartwingError('SIGN_IN_REFUSED', { reason: `The person is ${row.status}` });
  if (row.enabled === false)
    throw new DartwingError('SIGN_IN_REFUSED', { reason: 'The account is disabled' });
  return row;
}
