/** Second factors: one-time codes of an app (RFC 6238: SHA-1, six digits, 30 s), and codes for when it is lost. */
import { createHmac, randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { systemOrganization } from '../audit/index.js';
import type { Tx } from '../db/index.js';
import { type DataKeys, openText, type Place } from '../keys/index.js';
import { limits } from '../limits.js';

const secretBytes = 20;
const stepMs = 30_000;
/** Codes of one step before and after are accepted: clocks differ (RFC 6238 §5.2). */
const stepsAside = 1;
const recoveryLetters = 'abcdefghjkmnpqrstuvwxyz23456789';
const recoveryChars = 12;

/** A new secret as apps take it. */
export interface NewFactor {
  /** Base32. */
  secret: string;
  /** `otpauth://…`, for a QR code. */
  uri: string;
  /** Each opens once in place of a code. */
  recoveryCodes: readonly string[];
}

export function newFactor(account: string): NewFactor {
  const secret = new Secret({ buffer: Uint8Array.from(randomBytes(secretBytes)).buffer });
  return {
    secret: secret.base32,
    uri: totpOf(secret.base32, account).toString(),
    recoveryCodes: Array.from({ length: limits.recoveryCodes }, newRecoveryCode),
  };
}

/** The time step of a code that is right now; undefined when it is wrong. */
export function stepOfCode(secret: string, code: string, now: Date): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const timestamp = now.getTime();
  const delta = totpOf(secret).validate({ token: code, timestamp, window: stepsAside });
  return delta === null ? undefined : Math.floor(timestamp / stepMs) + delta;
}

/** What is kept of a recovery code. Keyed: short codes could be guessed from plain hashes. */
export function hashRecoveryCode(key: Buffer, code: string): Buffer {
  const plain = code.toLowerCase().replace(/[^a-z0-9]/g, '');
  return createHmac('sha256', key).update(`recovery code ${plain}`).digest();
}

/** What seals and opens the secrets of second factors. */
export interface FactorKeys {
  keys: DataKeys;
  /** Of recovery codes, and of secrets that an earlier version sealed. */
  factorKey: Buffer;
}

/** A secret at rest; one of the two. */
export interface StoredSecret {
  person: string;
  totp: Buffer | null;
  /** As an earlier version kept it. */
  totp_former: Buffer | null;
}

export function sealSecret({ keys }: FactorKeys, tx: Tx, person: string, secret: string): Promise<Buffer> {
  return keys.seal(tx, 'second_factor', placeOf(person), secret);
}

/** Undefined where there is none. @throws as `keys.open` */
export async function openSecret(
  { keys, factorKey }: FactorKeys,
  tx: Tx,
  { person, totp, totp_former: former }: StoredSecret,
): Promise<string | undefined> {
  if (totp !== null) return (await keys.open(tx, placeOf(person), totp)).toString('utf8');
  return former === null ? undefined : openText(factorKey, `lite_totp ${person}`, former);
}

/** Persons belong to no organization, so what is theirs is the installation's. */
function placeOf(person: string): Place {
  return { organization: systemOrganization, table: 'lite_totp', column: 'sealed_secret', row: [person] };
}

function totpOf(secret: string, label = ''): TOTP {
  return new TOTP({ issuer: 'dartwing', label, algorithm: 'SHA1', digits: 6, period: stepMs / 1000, secret });
}

/** 59 random bits in three groups. */
function newRecoveryCode(): string {
  const letters: string[] = [];
  // Bytes above the last multiple of the alphabet would make its first letters likelier.
  const bound = 256 - (256 % recoveryLetters.length);
  while (letters.length < recoveryChars)
    for (const byte of randomBytes(recoveryChars))
      if (byte < bound && letters.length < recoveryChars)
        letters.push(recoveryLetters[byte % recoveryLetters.length]!);
  return letters.join('').replace(/(.{4})(?=.)/g, '$1-');
}
