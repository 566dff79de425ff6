/**
 * Wraps data keys with a key derived from the master key of this process: version 1, nonce (12), AES-256-GCM
 * ciphertext (32), tag (16), bound to organization, purpose and key.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { DartwingError } from '../errors.js';
import { contextBytes, type KeyProvider } from './provider.js';

const version = 1;
const nonceBytes = 12;
const keyBytes = 32;
const tagBytes = 16;

/** @param fingerprint of the master key, which names it */
export function localProvider(wrappingKey: Buffer, fingerprint: string): KeyProvider {
  const wrap: KeyProvider['wrap'] = async (plain, context) => {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', wrappingKey, nonce).setAAD(contextBytes(context));
    const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return { master: fingerprint, wrapped: Buffer.concat([Buffer.from([version]), nonce, body]) };
  };
  return {
    name: 'local',
    master: fingerprint,
    wrap,
    generate: async (context) => {
      const plain = randomBytes(keyBytes);
      return { plain, ...(await wrap(plain, context)) };
    },
    unwrap: async ({ master, wrapped }, context) => {
      const refused = (reason: string) =>
        new DartwingError('KEY_SERVICE_REFUSED', { provider: 'local', reason });
      if (master !== fingerprint) throw refused(`it was wrapped with the master key ${master}`);
      if (wrapped.length !== 1 + nonceBytes + keyBytes + tagBytes || wrapped[0] !== version)
        throw refused('the wrapped key has an unknown form');
      const nonce = wrapped.subarray(1, 1 + nonceBytes);
      const tagAt = wrapped.length - tagBytes;
      const decipher = createDecipheriv('aes-256-gcm', wrappingKey, nonce, { authTagLength: tagBytes })
        .setAAD(contextBytes(context))
        .setAuthTag(wrapped.subarray(tagAt));
      try {
        return Buffer.concat([decipher.update(wrapped.subarray(1 + nonceBytes, tagAt)), decipher.final()]);
      } catch {
        throw refused('the wrapped key was changed, or belongs to another organization or purpose');
      }
    },
    check: async () => {},
  };
}
