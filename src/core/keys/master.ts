/** The master key and what is derived from it. */
import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DartwingError } from '../errors.js';
import { requireFolder, writePrivateDraft } from '../folders.js';

/** Keys of an installation. Everything is derived from one master key of 32 bytes (HKDF-SHA-256, RFC 5869). */
export interface Keyring {
  /** Public name of the master key: the first 16 hex digits of a hash; tells keys apart, reveals nothing. */
  readonly fingerprint: string;
  /** Passwords of the runtime database roles. */
  readonly rolePasswords: { app: string; system: string };
  /** Authenticates staged audit entries. */
  readonly auditKey: { id: number; secret: Buffer };
  /** Seed of the keys that sign checkpoints of the trail, unless the configuration names one. */
  readonly checkpointSeed: Buffer;
  /** Seals the context of transactions. */
  readonly contextKey: { id: number; secret: Buffer };
  /** Seals the content of mail that waits to be sent. */
  readonly mailKey: Buffer;
  /** Seals the cursors of the change feed. */
  readonly syncKey: Buffer;
  /** Proves to nodes that what comes by way of Redis is ours. */
  readonly realtimeKey: Buffer;
  /** Wraps data keys where no key service does. */
  readonly wrappingKey: Buffer;
  /** Seals the sign-ins of browsers that are under way. */
  readonly browserKey: Buffer;
  /** Seed of the key that signs compliance reports. */
  readonly reportSeed: Buffer;
  /** Seals answers that are kept for repetitions of a call. */
  readonly answerKey: Buffer;
  /** Seals the tokens that prove addresses. */
  readonly addressKey: Buffer;
  /** Of lite mode: the seed of the key that signs access tokens, and the key of second factors. */
  readonly lite: { signingSeed: Buffer; factorKey: Buffer };
}

/**
 * Opens the keyring of a master key.
 * @param masterKey 32 bytes in base64 or base64url
 * @param origin where the key came from, for the error
 * @throws MASTER_KEY_MISSING, MASTER_KEY_INVALID
 */
export function openKeyring(masterKey: string | undefined, origin: string): Keyring {
  if (masterKey === undefined || masterKey.trim() === '') throw new DartwingError('MASTER_KEY_MISSING');
  const text = masterKey.trim();
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 32 || !/^[A-Za-z0-9+/_-]{43}=?$/.test(text))
    throw new DartwingError('MASTER_KEY_INVALID', { origin });
  return Object.freeze({
    fingerprint: createHash('sha256')
      .update('dartwing master key fingerprint')
      .update(bytes)
      .digest('hex')
      .slice(0, 16),
    rolePasswords: Object.freeze({
      app: derive(bytes, 'database role app').toString('base64url'),
      system: derive(bytes, 'database role system').toString('base64url'),
    }),
    auditKey: Object.freeze({ id: 1, secret: derive(bytes, 'audit staging') }),
    checkpointSeed: derive(bytes, 'audit checkpoints'),
    contextKey: Object.freeze({ id: 1, secret: derive(bytes, 'sealed context') }),
    mailKey: derive(bytes, 'outgoing mail'),
    wrappingKey: derive(bytes, 'data keys'),
    syncKey: derive(bytes, 'sync cursors'),
    realtimeKey: derive(bytes, 'realtime bus'),
    browserKey: derive(bytes, 'browser sign-in'),
    reportSeed: derive(bytes, 'compliance reports'),
    answerKey: derive(bytes, 'kept answers'),
    addressKey: derive(bytes, 'proofs of addresses'),
    lite: Object.freeze({
      signingSeed: derive(bytes, 'lite access tokens'),
      factorKey: derive(bytes, 'lite second factors'),
    }),
  });
}

/** A key for one purpose; different purposes give independent keys. */
function derive(master: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `dartwing/v1 ${purpose}`, 32));
}

/**
 * The master key of a development folder: read, or made once. Two processes that make it at the same time end
 * with the same one, because a complete file is linked into place and the first link wins.
 */
export function developmentMasterKey(file: string): { key: string; created: boolean } {
  if (existsSync(file)) return { key: readFileSync(file, 'utf8').trim(), created: false };
  requireFolder(dirname(file));
  const draft = writePrivateDraft(file, `${randomBytes(32).toString('base64')}\n`);
  let created = true;
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    created = false;
  } finally {
    rmSync(draft, { force: true });
  }
  return { key: readFileSync(file, 'utf8').trim(), created };
}
