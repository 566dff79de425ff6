/** What the verbs of this room need of the installation. */
import type { CallOptions, Scope, Session } from '../access/index.js';
import type { Clock } from '../clock.js';
import type { Lookup, Tx } from '../db/index.js';
import type { DataKeys } from '../keys/index.js';
import type { Log } from '../log.js';
import type { Outbox } from '../mail/index.js';
import type { Settings } from './address.js';
import type { TokenBell } from './bell.js';
import type { Breaker } from './breaker.js';
import type { Catalogue } from './catalogue.js';
import type { TokenEars } from './course.js';
import type { Grants, ProviderClient } from './grant.js';
import type { Outgoing } from './outgoing.js';
import type { Provider, ProviderInput } from './provider.js';
import type { HeldRow } from './queries.js';

export interface TokenOptions {
  /** Applications that are registered with providers, by name of the provider. */
  clients?: Readonly<Record<string, ProviderClient>> | undefined;
  /** Providers of modules, besides those that come with dartwing. */
  providers?: Readonly<Record<string, ProviderInput>> | undefined;
  /** Hosts (`host` or `host:port`) that may lie in a private network and be asked without TLS. */
  allowPrivateHosts?: readonly string[] | undefined;
  /** How long a process that asks for new tokens keeps others from it; longer than a call takes. */
  leaseMs?: number | undefined;
}

export interface TokenParts extends TokenEars {
  session: Session;
  keys: DataKeys;
  catalogue: Catalogue;
  outgoing: Outgoing;
  bell: TokenBell;
  breaker: Breaker;
  clock: Clock;
  random: () => number;
  log: Log;
  outbox: () => Outbox;
  publicUrl: string;
  leaseMs: number;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  lookUp(organization: string, lookup: Lookup): Promise<HeldRow[]>;
  /** Submits a job in the transaction of the scope. */
  enqueue(scope: Scope, organization: string, type: string, input: object): Promise<void>;
  idOf(ref: string, call?: CallOptions): Promise<string>;
  /** @throws RESIDENCY_REFUSED when data of the organization may not go to services of others */
  mayLeave(organization: string): Promise<void>;
  /** @throws PROVIDER_CLIENT_MISSING */
  grantsOf(provider: Provider, settings: Settings): Grants;
  pause(ms: number): Promise<void>;
}

/** Calls of the machinery itself. */
export const machine: CallOptions = { principal: { type: 'system', id: 'tokens' }, via: 'system' };
