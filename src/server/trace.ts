/** The trace that a request belongs to (W3C Trace Context, level 1). */
import { randomBytes } from 'node:crypto';

export interface Trace {
  /** 32 hex digits, the same for everything that follows from one act. */
  traceId: string;
  /** 16 hex digits of this request. */
  spanId: string;
  /** Of whoever called, when they said so. */
  parentId: string | undefined;
  isSampled: boolean;
}

/** Goes on with the caller's trace, or begins one when the header is missing or wrong. */
export function traceOf(header: string | undefined): Trace {
  const spanId = randomBytes(8).toString('hex');
  const found = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(header ?? '');
  const [, version, traceId = '', parentId = '', flags = '', more] = found ?? [];
  // A newer version may say more behind what is known; version ff is none, and neither is an id of zeros.
  const isKnown =
    found !== null &&
    version !== 'ff' &&
    !(version === '00' && more !== undefined) &&
    !isZero(traceId) &&
    !isZero(parentId);
  if (!isKnown)
    return { traceId: randomBytes(16).toString('hex'), spanId, parentId: undefined, isSampled: false };
  return { traceId, spanId, parentId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

function isZero(id: string): boolean {
  return /^0+$/.test(id);
}
