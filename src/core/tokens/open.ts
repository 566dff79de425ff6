/** Puts the room together. */
import type { CallOptions, Session } from '../access/index.js';
import type { Clock } from '../clock.js';
import type { Database } from '../db/index.js';
import { DartwingError } from '../errors.js';
import type { Jobs } from '../jobs/index.js';
import type { DataKeys } from '../keys/index.js';
import { limits } from '../limits.js';
import type { Log } from '../log.js';
import type { Outbox } from '../mail/index.js';
import { tokenBell } from './bell.js';
import { type Breaker, openBreaker } from './breaker.js';
import { type Catalogue, openCatalogue } from './catalogue.js';
import type { TokenEars } from './course.js';
import { openGrants } from './grant.js';
import { openManager } from './manager.js';
import { openOutgoing } from './outgoing.js';
import type { TokenOptions, TokenParts } from './parts.js';
import { type Tokens, tokenVerbs } from './room.js';

/** What the room needs of the installation. */
export interface TokenSources extends TokenEars {
  options: TokenOptions;
  session: Session;
  keys: DataKeys;
  database: Pick<Database, 'asMachinery' | 'listener' | 'lookUp'>;
  clock: Clock;
  random: () => number;
  log: Log;
  outbox: () => Outbox;
  publicUrl: string;
  /** A short command does not listen to other processes. */
  background: boolean;
  mayLeave(organization: string): Promise<void>;
  idOf(ref: string, call?: CallOptions): Promise<string>;
  jobs: () => Pick<Jobs, 'enqueue'>;
}

/** Opens the room. @throws CONFIG_INVALID (a lease shorter than a call) */
export function openTokens(
  sources: TokenSources,
): Tokens & { close(): Promise<void>; breakers: Breaker['states'] } {
  const { options, database, background, jobs, ...rest } = sources;
  const { clients = {}, leaseMs = limits.tokenLeaseMs } = options;
  if (!(leaseMs > 0 && leaseMs <= 600_000))
    throw new DartwingError('CONFIG_INVALID', { where: 'tokens.leaseMs', message: 'it is 1 to 600,000 ms' });
  const outgoing = openOutgoing(options, { clock: rest.clock, onProviderCall: rest.onProviderCall });
  const bell = tokenBell(database, (error) => rest.log.warn({ err: error }, 'tokens'));
  let catalogue: Catalogue | undefined;
  const known = (): Catalogue => {
    catalogue ??= openCatalogue(options.providers);
    return catalogue;
  };
  const parts: TokenParts = {
    ...rest,
    leaseMs,
    outgoing,
    bell,
    breaker: openBreaker(rest.clock),
    catalogue: {
      all: () => known().all(),
      define: (name, entry) => known().define(name, entry),
      require: (name) => known().require(name),
    },
    transaction: (work) => database.asMachinery(work),
    lookUp: database.lookUp,
    enqueue: async (scope, organization, type, input) => {
      await jobs().enqueue(scope, organization, type, input);
    },
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    grantsOf: (provider, settings) => {
      const client = Object.hasOwn(clients, provider.name) ? clients[provider.name] : undefined;
      if (client === undefined)
        throw new DartwingError('PROVIDER_CLIENT_MISSING', { provider: provider.name });
      return openGrants(provider, settings, client, outgoing);
    },
  };
  const manager = openManager(parts, background);
  return {
    ...tokenVerbs(parts, manager, (provider) => Object.hasOwn(clients, provider)),
    breakers: parts.breaker.states,
    close: async () => {
      await manager.end();
      await bell.close();
      await outgoing.close();
    },
  };
}
