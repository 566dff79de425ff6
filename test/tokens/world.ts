/** Two organizations with integrations of providers on loopback. */
import { type Clock, systemClock } from '../../src/core/clock.js';
import type { Dartwing, DartwingOptions } from '../../src/core/index.js';
import { limits } from '../../src/core/limits.js';
import type { AccessToken } from '../../src/core/tokens/index.js';
import { browse } from '../identity/real-provider.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';
import { callback, client } from './authorization-server.js';

export interface TokenWorld {
  dartwing: Dartwing;
  database: TestDatabase;
  options: Partial<DartwingOptions>;
  acme: string;
  beech: string;
}

let skippedMs = 0;
const memoryClock: Clock = { now: systemClock.now, monotonicMs: () => systemClock.monotonicMs() + skippedMs };

/** Lets so much time pass for what processes keep in memory; the database has a clock of its own. */
export function skip(ms: number): void {
  skippedMs += ms;
}

type Tokens = NonNullable<DartwingOptions['tokens']>;

/** How an installation knows the providers of a test. */
export function tokenOptions(
  providers: NonNullable<Tokens['providers']>,
  hosts: readonly string[],
  more: Partial<Tokens> = {},
): Partial<DartwingOptions> {
  const clients = Object.fromEntries(Object.keys(providers).map((name) => [name, client]));
  return { clock: memoryClock, tokens: { providers, clients, allowPrivateHosts: hosts, ...more } };
}

export async function openTokenWorld(options: Partial<DartwingOptions>): Promise<TokenWorld> {
  const { dartwing, database } = await openTestDartwing(options);
  const ids: string[] = [];
  for (const slug of ['acme', 'beech']) {
    const created = await dartwing.tenancy.create({ slug, type: 'company', owner: `ana@${slug}.test` });
    ids.push(created.after!.id);
  }
  return { dartwing, database, options, acme: ids[0]!, beech: ids[1]! };
}

/** Connects as a person at a browser does, at a real authorization server. */
export async function connectByBrowser(
  { dartwing }: Pick<TokenWorld, 'dartwing'>,
  organization: string,
  provider: string,
  account?: string,
): Promise<string> {
  const input = { provider, account, redirectUri: callback };
  const { authorization, binding } = await dartwing.tokens.connect.begin(organization, input);
  const landed = await walk(authorization.authorize_url);
  const { after } = await dartwing.tokens.connect.complete(landed.searchParams, binding);
  return after!.id;
}

/** The address to which the authorization server sends the browser back. */
export async function walk(start: string, person = 'ana'): Promise<URL> {
  try {
    await browse(start, person);
  } catch (error) {
    const url = landings.pop();
    if (url !== undefined) return url;
    throw error;
  }
  throw new Error('the browser was not sent back');
}

const landings: URL[] = [];
const realFetch = globalThis.fetch;
/** Nobody listens at the callback: the browser's last step is where it would have gone. */
globalThis.fetch = async (input, init) => {
  const url = new URL(String(input instanceof Request ? input.url : input));
  if (url.href.startsWith(callback)) {
    landings.push(url);
    throw new Error('landed');
  }
  return realFetch(input, init);
};

/** Connects without a browser at a provider that gives tokens for any code. */
export async function connectByCode(
  { dartwing }: Pick<TokenWorld, 'dartwing'>,
  organization: string,
  provider: string,
  more: { account?: string; settings?: Record<string, string>; allowAccountChange?: boolean } = {},
  extra: Record<string, string> = {},
) {
  const input = { provider, redirectUri: callback, ...more };
  const { state, binding } = await dartwing.tokens.connect.begin(organization, input);
  const landed = new URLSearchParams({ code: 'any', state, ...extra });
  return dartwing.tokens.connect.complete(landed, binding);
}

/** Moves the end of a token: it ends in so many seconds, and is stale 300 s before. Nobody remembers it as it was. */
export async function endIn({ database }: Pick<TokenWorld, 'database'>, id: string, seconds: number) {
  await database.admin.query(
    `update organization_integration set expires_at = clock_timestamp() + $2 * interval '1 second',
       stale_at = clock_timestamp() + ($2 - 300) * interval '1 second' where id = $1`,
    [id, seconds],
  );
  skip(limits.tokenKeptMs);
}

/** Lets the next attempt be made at once. */
export async function dropPause({ database }: Pick<TokenWorld, 'database'>, id: string) {
  await database.admin.query('update organization_integration set next_attempt_at = null where id = $1', [
    id,
  ]);
}

export function secretOf(token: AccessToken): string {
  return token.accessToken;
}
