/** Tokens of our own: signed access tokens that every door verifies, and secrets that are kept as hashes. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  randomUUID,
} from 'node:crypto';
import { SignJWT } from 'jose';
import type { Identity, IssuerSettings } from '../identity/index.js';
import { limits } from '../limits.js';

/** The claim `iss`. It names no host: the key tells installations apart. */
export const liteIssuer = 'urn:dartwing:lite';

/** PKCS #8 around the seed of an Ed25519 key (RFC 8410 §7). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The key that signs, and what the verifier has to know of it. */
export interface Signer {
  settings: IssuerSettings;
  sign(identity: Identity, email: string): Promise<string>;
}

/** @param seed 32 bytes, derived from the master key */
export function openSigner(seed: Buffer, audience: string): Signer {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' });
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const kid = createHash('sha256')
    .update(JSON.stringify([jwk.crv, jwk.x]))
    .digest('base64url')
    .slice(0, 16);
  return {
    settings: {
      issuer: liteIssuer,
      audience,
      algorithms: ['EdDSA'],
      tokenKinds: ['at+jwt'],
      keys: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: jwk.x!, kid, alg: 'EdDSA', use: 'sig' }] },
    },
    sign: (identity, email) => signAccessToken(key, kid, audience, identity, email),
  };
}

async function signAccessToken(
  key: KeyObject,
  kid: string,
  audience: string,
  { sub, sid, amr, acr, authTime, issuedAt, expiresAt }: Identity,
  email: string,
): Promise<string> {
  // Times have fractions (RFC 7519 §2): a sign-in is later than a revocation of the same second.
  return new SignJWT({ sid, amr: [...amr], acr, auth_time: seconds(authTime!), email })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid })
    .setIssuer(liteIssuer)
    .setSubject(sub)
    .setAudience(audience)
    .setJti(randomUUID())
    .setIssuedAt(seconds(issuedAt))
    .setExpirationTime(seconds(expiresAt))
    .sign(key);
}

/** What a token of somebody says; `amr` as RFC 8176 has it. */
export function identityOf(
  sign: { subject: string; sid: string; secondFactor: boolean; authTime: Date },
  now: Date,
): Identity {
  const { subject: sub, sid, secondFactor, authTime } = sign;
  return {
    iss: liteIssuer,
    sub,
    sid,
    emailVerified: false,
    acr: secondFactor ? '2' : '1',
    amr: secondFactor ? ['pwd', 'otp', 'mfa'] : ['pwd'],
    authTime,
    roles: [],
    issuedAt: now,
    expiresAt: new Date(now.getTime() + limits.liteTokenMs),
  };
}

function seconds(at: Date): number {
  return at.getTime() / 1000;
}

/** A secret of 256 random bits; the prefix lets scanners recognize one that leaked. */
export interface Issued {
  token: string;
  hash: Buffer;
}

export function issueSecret(kind: 'refresh' | 'reset'): Issued {
  const token = `dw${kind === 'refresh' ? 'f' : 'r'}_${randomBytes(32).toString('base64url')}`;
  return { token, hash: hashSecret(token) };
}

/** SHA-256: nobody guesses 256 random bits. */
export function hashSecret(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The secret in what somebody pasted: itself or its whole link. Undefined when it has another form. */
export function readSecret(kind: 'refresh' | 'reset', pasted: string): string | undefined {
  const token = pasted.trim().split('#').at(-1) ?? '';
  const form = kind === 'refresh' ? /^dwf_[A-Za-z0-9_-]{43}$/ : /^dwr_[A-Za-z0-9_-]{43}$/;
  return form.test(token) ? token : undefined;
}
