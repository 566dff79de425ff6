/** The trace that a call belongs to (W3C Trace Context, level 1): all that follows from one act has one id. */
import { randomPart } from './ids.js';

export interface Trace {
  /** 32 hex digits, the same for everything that follows from one act. */
  traceId: string;
  /** 16 hex digits of this request or run. */
  spanId: string;
  /** Of whoever called, when they said so. */
  parentId: string | undefined;
  isSampled: boolean;
}

/**
 * Goes on with the caller's trace, or begins one when the header is missing or wrong.
 * @param requestId the UUID in it is the id of a trace that begins, so that lines of one request are found by either
 */
export function traceOf(header: string | undefined, requestId = ''): Trace {
  const spanId = randomHex(8);
  const found = header === undefined ? null : pattern.exec(header);
  const [, version, traceId = '', parentId = '', flags = '', more] = found ?? [];
  // A newer version may say more behind what is known; version ff is none, and neither is an id of zeros.
  const isKnown =
    found !== null &&
    version !== 'ff' &&
    !(version === '00' && more !== undefined) &&
    !isZero(traceId) &&
    !isZero(parentId);
  if (isKnown) return { traceId, spanId, parentId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
  return { traceId: ownIdOf(requestId) ?? randomHex(16), spanId, parentId: undefined, isSampled: false };
}

/** What goes on from here is told by: the header `traceparent`. */
export function traceparentOf({ traceId, spanId, isSampled }: Trace): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** The id of the trace of a call, for a line of a log; undefined for a call that belongs to none. */
export function traceIdOf(call: {
  traceparent?: string | undefined;
  requestId?: string | undefined;
}): string | undefined {
  return call.traceparent === undefined ? ownIdOf(call.requestId ?? '') : call.traceparent.slice(3, 35);
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;

function ownIdOf(requestId: string): string | undefined {
  const own = uuid.exec(requestId)?.[0].replaceAll('-', '').toLowerCase();
  return own === undefined || isZero(own) ? undefined : own;
}

function isZero(id: string): boolean {
  return /^0+$/.test(id);
}

function randomHex(length: number): string {
  return randomPart(length).toString('hex');
}
