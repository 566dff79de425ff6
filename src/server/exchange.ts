/** What is known of one request while it is answered. */

import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import type { Caller } from '../core/index.js';
import type { Trace } from './trace.js';

export interface Exchange {
  requestId: string;
  /** Network address of the caller. */
  address: string | undefined;
  trace: Trace;
  /** Origins of other hosts whose pages may call. */
  allowedOrigins: readonly string[];
  caller?: Caller | undefined;
  /** Template of the route that answers, for logs. */
  route?: string | undefined;
}

/** Hono's context in this house. */
export type Env = { Variables: { exchange: Exchange } };

/** The address of the other end of the socket; undefined where a host without one calls. */
export function peerOf(context: Context): string | undefined {
  try {
    return getConnInfo(context).remote.address;
  } catch {
    return undefined;
  }
}
