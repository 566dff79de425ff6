/** The secret of an invitation. Pure, but for the randomness. */
import { createHash, randomBytes } from 'node:crypto';
import { DartwingError } from '../errors.js';

const secretBytes = 32;
/** The prefix lets scanners of leaked secrets recognize one. */
const form = /^dwi_[A-Za-z0-9_-]{43}$/;

/** The secret, which only the link holds, and what is kept of it. */
export interface Secret {
  token: string;
  hash: Buffer;
}

export function issueToken(): Secret {
  const token = `dwi_${randomBytes(secretBytes).toString('base64url')}`;
  return { token, hash: hashToken(token) };
}

/** SHA-256. The secret has 256 random bits, so nothing slower would make it harder to guess. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The link of a secret. It stands behind `#`, which browsers send to no server and put into no referrer. */
export function linkOf(publicUrl: string, token: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/invite#${token}`;
}

/** The secret in what somebody pasted: itself or its whole link. @throws INVITATION_NOT_FOUND */
export function readToken(pasted: string): string {
  const token = pasted.trim().split('#').at(-1)!;
  if (!form.test(token)) throw new DartwingError('INVITATION_NOT_FOUND');
  return token;
}
