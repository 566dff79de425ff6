/** What is known of one request while it is answered. */

import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import type { Caller } from '../core/index.js';
import type { Trace } from '../core/trace.js';

export interface Exchange {
  requestId: string;
  /** Network address of the caller. */
  address: string | undefined;
  /** Whether the caller's end of the wire was encrypted; undefined for a call from this machine, or by a host that cannot tell. */
  encrypted: boolean | undefined;
  trace: Trace;
  /** Origins of other hosts whose pages may call. */
  allowedOrigins: readonly string[];
  caller?: Caller | undefined;
  /** Size of the answer where it is known before it is sent. */
  answerBytes?: number | undefined;
  /** Logs what was thrown though the answer has begun; faults of ours only. */
  report(error: unknown): void;
  /** Template of the route that answers, for logs. */
  route?: string | undefined;
}

/** Hono's context in this house. */
export type Env = { Variables: { exchange: Exchange } };

function socketOf(context: Context): { encrypted?: boolean } | undefined {
  return (context.env as { incoming?: { socket?: { encrypted?: boolean } } } | undefined)?.incoming?.socket;
}

/** The address of the other end of the socket; undefined where a host without one calls. */
export function peerOf(context: Context): string | undefined {
  if (socketOf(context) === undefined) return undefined;
  try {
    return getConnInfo(context).remote.address;
  } catch {
    return undefined;
  }
}

/**
 * Whether the caller spoke TLS: with us, or with a proxy of ours that says so. A call from this machine is none over a
 * wire.
 */
export function encryptionOf(context: Context<Env>, isProxy: (peer: string) => boolean): boolean | undefined {
  const socket = socketOf(context);
  if (socket === undefined) return undefined;
  if (socket.encrypted === true) return true;
  const peer = peerOf(context);
  if (peer === undefined) return undefined;
  const told = context.req.header('x-forwarded-proto');
  if (isProxy(peer) && told !== undefined) return told.trim().toLowerCase() === 'https';
  return /^(::ffff:)?127\.|^::1$/.test(peer) ? undefined : false;
}
