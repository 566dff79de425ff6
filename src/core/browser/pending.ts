/** A sign-in that is under way: kept by the browser in a cookie that only we can read, so that strangers cost no row. */
import { openText, sealText } from '../keys/index.js';
import { limits } from '../limits.js';

/** What has to be the same when the browser comes back. */
export interface Pending {
  state: string;
  nonce: string;
  /** PKCE (RFC 7636). */
  verifier: string;
  returnTo: string;
}

const place = 'browser sign-in';

export function sealPending(key: Buffer, pending: Pending, now: Date): string {
  const until = now.getTime() + limits.browserPendingMs;
  return sealText(key, place, JSON.stringify({ ...pending, until })).toString('base64url');
}

/** Undefined for what we did not seal, and for what took too long. */
export function openPending(key: Buffer, sealed: string, now: Date): Pending | undefined {
  try {
    const { until, ...pending } = JSON.parse(
      openText(key, place, Buffer.from(sealed, 'base64url')),
    ) as Pending & {
      until: number;
    };
    return until > now.getTime() ? pending : undefined;
  } catch {
    return undefined;
  }
}
