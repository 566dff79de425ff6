/** The form of API keys. Pure but for randomness. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export const environments = ['production', 'sandbox'] as const;
export type Environment = (typeof environments)[number];

/** What a program sends. */
export interface Credential {
  /** `dw_production_4nq7hbd2mzx5tkwy`; may be shown, names the key. */
  id: string;
  /** 256 random bits; known to its owner only. */
  secret: string;
}

const idForm = /^dw_(?:production|sandbox)_[a-z2-7]{16}$/;
const secretForm = /^[A-Za-z0-9_-]{43}$/;

/** A new id: 80 random bits in base32, so that ids cannot be guessed and are easy to read out. */
export function newKeyId(environment: Environment): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  const random = [...randomBytes(16)].map((byte) => letters[byte & 31]).join('');
  return `dw_${environment}_${random}`;
}

export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * Reads `<id>.<secret>` or `<id>:<secret>`; undefined when it is neither.
 */
export function parseCredential(text: string): Credential | undefined {
  const at = text.search(/[.:]/);
  const id = text.slice(0, Math.max(at, 0));
  const secret = text.slice(at + 1);
  return idForm.test(id) && secretForm.test(secret) ? { id, secret } : undefined;
}

/** A plain hash is enough: nobody guesses 256 random bits, and checking must be cheap on every call. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

export function equalHashes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Names a secret without revealing it. */
export function fingerprintOf(hash: Buffer): string {
  return createHash('sha256').update(hash).digest('hex').slice(0, 12);
}
