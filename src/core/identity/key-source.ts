/**
 * The public keys of one issuer (RFC 7517), found by discovery (OpenID Connect Discovery 1.0) and kept.
 *
 * Keys are fresh for ten minutes. A key id that is not among them is looked for again, at most every 30 seconds,
 * so that invented ids cost the issuer nothing. While the issuer does not answer, known keys serve for an hour
 * after the last answer and new ones are never believed.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTHeaderParameters } from 'jose';
import type { Clock } from '../clock.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { type Issuer, isSafeAddress } from './issuer.js';
import { type Fetch, readProviderAnswer } from './provider-answer.js';

type FindKey = ReturnType<typeof createLocalJWKSet>;

/** Finds the key of a token's header. @throws TOKEN_UNKNOWN_KEY, IDENTITY_PROVIDER_UNAVAILABLE */
export type KeySource = (header: JWTHeaderParameters) => Promise<Awaited<ReturnType<FindKey>>>;

/** Opens the keys of an issuer; nothing is asked before the first token. */
export function openKeySource(
  { issuer, keys: given }: Pick<Issuer, 'issuer' | 'keys'>,
  clock: Clock,
  fetch: Fetch,
): KeySource {
  if (given !== undefined) return ownKeys(given);
  let keys: { find: FindKey; at: number } | undefined;
  let asking: Promise<void> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let fault: unknown;

  const age = () => clock.monotonicMs() - (keys?.at ?? Number.NEGATIVE_INFINITY);
  const ask = async () => {
    askedAt = clock.monotonicMs();
    try {
      keys = { find: createLocalJWKSet(await readKeys(issuer, fetch)), at: clock.monotonicMs() };
      fault = undefined;
    } catch (error) {
      fault = error;
    }
  };
  /** Asks unless that was done a moment ago. Callers at the same time share one question. */
  const refresh = async () => {
    if (asking === undefined && clock.monotonicMs() - askedAt < limits.issuerKeysCooldownMs) return;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    await asking;
  };

  return async (header) => {
    if (age() >= limits.issuerKeysFreshMs) await refresh();
    const known = await keyAmong(keys, age(), header);
    if (known !== undefined) return known;
    await refresh();
    const found = await keyAmong(keys, age(), header);
    if (found !== undefined) return found;
    if (fault !== undefined) throw unavailable(issuer, fault);
    throw new DartwingError('TOKEN_UNKNOWN_KEY');
  };
}

function ownKeys(given: JSONWebKeySet): KeySource {
  const own = { find: createLocalJWKSet(given) };
  return async (header) => {
    const known = await keyAmong(own, 0, header);
    if (known === undefined) throw new DartwingError('TOKEN_UNKNOWN_KEY');
    return known;
  };
}

async function keyAmong(keys: { find: FindKey } | undefined, ageMs: number, header: JWTHeaderParameters) {
  if (keys === undefined || ageMs >= limits.issuerKeysStaleMs) return undefined;
  try {
    return await keys.find(header);
  } catch (error) {
    // A token without key id among several keys is not tried against each: its issuer should say.
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

async function readKeys(issuer: string, fetch: Fetch): Promise<JSONWebKeySet> {
  const discovered = await readProviderAnswer(fetch, discoveryAddress(issuer));
  // Otherwise one realm could vouch for another (OpenID Connect Discovery 1.0 §4.3).
  if (discovered.issuer !== issuer) throw new Error('its discovery document names another issuer');
  const { jwks_uri: address } = discovered;
  if (typeof address !== 'string' || !isSafeAddress(address))
    throw new Error('its discovery document names no https:// address of keys');
  const { keys } = await readProviderAnswer(fetch, address);
  if (!Array.isArray(keys)) throw new Error(`${address} answered no list of keys`);
  return { keys: keys.filter((key) => typeof key === 'object' && key !== null) };
}

function discoveryAddress(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

function unavailable(issuer: string, fault: unknown): DartwingError {
  const reason = fault instanceof Error ? fault.message : String(fault);
  return new DartwingError(
    'IDENTITY_PROVIDER_UNAVAILABLE',
    { issuer, reason },
    { cause: fault, retryAfterMs: limits.issuerKeysCooldownMs },
  );
}
