/** Seals a text for one row: AES-256-GCM, bound to its place, so that a copy of the table gives nothing away. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { AnswerSeal } from '../access/index.js';

const algorithm = 'aes-256-gcm';
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Version, nonce, tag and ciphertext of a text.
 * @param place organization and row; the text opens nowhere else
 */
export function sealText(key: Buffer, place: string, text: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(place));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.from([version]), nonce, cipher.getAuthTag(), body]);
}

/** Seals the answers that are kept under idempotency keys. */
export function answerSeal(key: Buffer): AnswerSeal {
  return {
    seal: (place, text) => sealText(key, place, text),
    open: (place, sealed) => openText(key, place, sealed),
  };
}

/** @throws Error when the seal is broken: another key, another row, or changed bytes */
export function openText(key: Buffer, place: string, sealed: Buffer): string {
  const nonce = sealed.subarray(1, 1 + nonceBytes);
  const tag = sealed.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes);
  if (sealed[0] !== version || tag.length !== tagBytes) throw new Error('The seal has an unknown form');
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(place)).setAuthTag(tag);
  return (
    decipher.update(sealed.subarray(1 + nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8')
  );
}
