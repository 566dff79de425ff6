/** What a host may choose. */

import type { Clock } from '../core/index.js';
import type { Log } from '../core/log.js';
import type { SocketOptions } from './realtime/index.js';

export interface ServerOptions {
  /** Origins whose pages may call: `https://app.acme.test`. None unless told. */
  allowedOrigins?: readonly string[] | undefined;
  /** Proxies in front, as addresses or networks (`10.0.0.0/8`): only what they say of a caller's address is believed. */
  trustedProxies?: readonly string[] | undefined;
  /** Where the host puts it, when it leaves the prefix on the path: `/dartwing`. */
  basePath?: string | undefined;
  /** Status of invalid input: 400, or 417 for clients that expect Frappe's. */
  invalidStatus?: 400 | 417 | undefined;
  /** One line for each request, and every fault with its detail. */
  log?: Log | undefined;
  clock?: Clock | undefined;
  /** Serve sockets too, on the server that listens or that is given to `attach`. */
  realtime?: boolean | SocketOptions | undefined;
  /** Opens /metrics and /health/details to who shows it as a bearer token; without it they are not there. */
  operatorToken?: string | undefined;
}
