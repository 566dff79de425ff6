/**
 * Verification of tokens on this machine, without asking their issuer each time (RFC 8725, RFC 9068 §4).
 *
 * Order: size → form → issuer → algorithm → key → signature → audience and times → kind. The unverified issuer only
 * chooses the settings; jose compares it again behind the signature.
 */
import { decodeJwt, decodeProtectedHeader, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { Clock } from '../clock.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { type Identity, readIdentity, requireAccessToken } from './claims.js';
import { describeIssuer, type Issuer, type IssuerSettings } from './issuer.js';
import { type KeySource, openKeySource } from './key-source.js';
import type { Fetch } from './provider-answer.js';
import { algorithmFault, sizeFault, tokenFault } from './token-fault.js';

export interface VerifierOptions {
  issuers: readonly IssuerSettings[];
  clock: Clock;
  fetch?: Fetch | undefined;
}

/** A token whose signature, audience and times are right; of which kind it is has not been looked at. */
export interface SignedToken {
  type: string | undefined;
  claims: JWTPayload;
  issuer: Issuer;
}

export interface Verifier {
  /** @throws TOKEN_*, IDENTITY_PROVIDER_UNAVAILABLE */
  verify(token: string): Promise<Identity>;
  /**
   * For ID tokens, which say who signed in at a client of ours. Their nonce is for whoever asked for them.
   * @throws as `verify`
   */
  verifySignIn(token: string, clientId: string): Promise<Identity>;
  /** For logout tokens: they are for a client, and have an age of their own. @throws as `verify` */
  verifyLogout(
    token: string,
    bounds: Pick<JWTVerifyOptions, 'maxTokenAge' | 'requiredClaims'>,
  ): Promise<SignedToken>;
}

/** @throws CONFIG_INVALID */
export function openVerifier({ issuers, clock, fetch = globalThis.fetch }: VerifierOptions): Verifier {
  const trusted = new Map(
    issuers
      .map(describeIssuer)
      .map((issuer) => [issuer.issuer, { issuer, keys: openKeySource(issuer, clock, fetch) }]),
  );

  const verifySigned = async (token: string, boundsOf: (issuer: Issuer) => JWTVerifyOptions) => {
    const { header, claimed } = readUnverified(token);
    const found = trusted.get(claimed);
    if (found === undefined) throw new DartwingError('TOKEN_ISSUER');
    const { issuer, keys } = found;
    if (!issuer.algorithms.includes(header.alg ?? '')) throw algorithmFault(issuer.algorithms);
    return checkSignature(token, issuer, keys, { currentDate: clock.now(), ...boundsOf(issuer) });
  };

  return Object.freeze({
    verifyLogout: (token: string, bounds: Parameters<Verifier['verifyLogout']>[1]) =>
      verifySigned(token, ({ logoutAudiences }) => ({ ...bounds, audience: [...logoutAudiences] })),
    verifySignIn: async (token: string, clientId: string) => {
      const { claims } = await verifySigned(token, () => ({ audience: clientId }));
      return readIdentity(claims);
    },
    verify: async (token: string) => {
      const { type, claims, issuer } = await verifySigned(token, ({ audience }) => ({ audience }));
      requireAccessToken(type, claims, issuer);
      return readIdentity(claims);
    },
  });
}

function readUnverified(token: string) {
  if (token.length > limits.tokenBytesMax) throw sizeFault();
  try {
    const header = decodeProtectedHeader(token);
    const { iss } = decodeJwt(token);
    // RFC 7515 §4.1.4: a key id is a text. Ours compares it and does nothing else with it.
    if (header.kid !== undefined && typeof header.kid !== 'string') throw new Error('kid is no text');
    return { header, claimed: iss ?? '' };
  } catch (cause) {
    throw new DartwingError('TOKEN_MALFORMED', {}, { cause });
  }
}

async function checkSignature(
  token: string,
  issuer: Issuer,
  keys: KeySource,
  bounds: JWTVerifyOptions,
): Promise<SignedToken> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: issuer.issuer,
      algorithms: [...issuer.algorithms],
      clockTolerance: limits.tokenToleranceMs / 1000,
      maxTokenAge: issuer.tokenAgeMsMax / 1000,
      requiredClaims: ['exp', 'iat'],
      ...bounds,
    });
    return { type: protectedHeader.typ, claims: payload, issuer };
  } catch (thrown) {
    throw tokenFault(thrown, issuer);
  }
}
