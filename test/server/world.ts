/** A server over two organizations that know nothing of each other, and persons who call it. */
import { beforeAll } from 'vitest';
import {
  type Dartwing,
  type DartwingOptions,
  type Rates,
  shippedRates,
  systemClock,
} from '../../src/core/index.js';
import { createServer, type Server, type ServerOptions } from '../../src/server/index.js';
import { audience, openTestIssuer, type TestIssuer } from '../identity/test-issuer.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

export interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at what it expects
  body: any;
  text: string;
}

export interface Asking {
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
}

/** Somebody who calls: `ana.get('/v1/…')`. */
export interface Caller {
  authorization: string;
  get(path: string, asking?: Asking): Promise<Reply>;
  post(path: string, body?: unknown, asking?: Asking): Promise<Reply>;
  put(path: string, body?: unknown, asking?: Asking): Promise<Reply>;
  patch(path: string, body?: unknown, asking?: Asking): Promise<Reply>;
  delete(path: string, asking?: Asking): Promise<Reply>;
}

export interface World {
  realm: TestIssuer;
  database: TestDatabase;
  dartwing: Dartwing;
  server: Server;
  /** Supervisor of acme, a company. */
  ana: Caller;
  /** Employee of acme. */
  emil: Caller;
  /** Supervisor of bolt, another company. */
  bo: Caller;
  /** System Manager. */
  max: Caller;
  nobody: Caller;
  acme: string;
  bolt: string;
  /** A person with this subject and address, signed in. */
  caller(subject: string, email: string, claims?: Record<string, unknown>): Promise<Caller>;
  withHeader(authorization: string | undefined): Caller;
}

/** Nobody is limited, but where a test is about it. */
export const unlimited: Rates = {
  address: [],
  person: { organization: [], resource: [], general: [] },
  tier: { free: [], pro: [], enterprise: [] },
};

export function openWorld(
  options: { dartwing?: Partial<DartwingOptions>; server?: ServerOptions; rates?: Partial<Rates> } = {},
): World {
  const world = {} as World;
  beforeAll(async () => {
    const realm = await openTestIssuer(systemClock);
    const { database, dartwing } = await openTestDartwing({
      clock: systemClock,
      identity: { issuers: [{ issuer: realm.issuer, audience }] },
      rates: options.rates === undefined ? unlimited : { ...shippedRates, ...options.rates },
      ...options.dartwing,
    });
    const acme = await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
    const bolt = await dartwing.tenancy.create({ slug: 'bolt', type: 'company', owner: 'bo@bolt.test' });
    for (const [first_name, email] of [
      ['Emil', 'emil@acme.test'],
      ['Max', 'max@system.test'],
    ] as const)
      await dartwing.people.person.create({
        primary_email: email,
        first_name,
        last_name: 'Test',
        source: 'import',
      });
    await dartwing.people.member.add('acme', 'emil@acme.test', 'Employee');
    const server = createServer(dartwing, { clock: systemClock, ...options.server });
    Object.assign(world, { realm, database, dartwing, server, acme: acme.after!.id, bolt: bolt.after!.id });
    world.ana = await world.caller('ana', 'ana@acme.test');
    world.emil = await world.caller('emil', 'emil@acme.test');
    world.bo = await world.caller('bo', 'bo@bolt.test');
    world.max = await world.caller('max', 'max@system.test', { groups: ['/dartwing/admins'] });
  });
  world.withHeader = (authorization) => callerOf(() => world.server, authorization);
  world.nobody = world.withHeader(undefined);
  world.caller = async (sub, email, claims = {}) =>
    world.withHeader(`Bearer ${await world.realm.sign({ sub, email, sid: `session-${sub}`, ...claims })}`);
  return world;
}

function callerOf(server: () => Server, authorization: string | undefined): Caller {
  const ask = async (method: string, path: string, { body, headers = {} }: Asking = {}): Promise<Reply> => {
    const response = await server().fetch(
      new Request(`http://dartwing.test${path}`, {
        method,
        headers: {
          ...(authorization === undefined ? {} : { authorization }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    );
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : undefined,
      text,
    };
  };
  return {
    authorization: authorization ?? '',
    get: (path, asking) => ask('GET', path, asking),
    post: (path, body, asking) => ask('POST', path, { ...asking, body }),
    put: (path, body, asking) => ask('PUT', path, { ...asking, body }),
    patch: (path, body, asking) => ask('PATCH', path, { ...asking, body }),
    delete: (path, asking) => ask('DELETE', path, asking),
  };
}
