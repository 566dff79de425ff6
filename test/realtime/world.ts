/** Nodes that serve sockets of one database, and persons who connect to them. */
import { type Socket as ClientSocket, io } from 'socket.io-client';
import { afterEach, beforeAll, expect } from 'vitest';
import { createDartwing, type Dartwing, type DartwingOptions, systemClock } from '../../src/core/index.js';
import { createServer, type Listening, type ServerOptions } from '../../src/server/index.js';
import { audience, openTestIssuer, type TestIssuer } from '../identity/test-issuer.js';
import { unlimited } from '../server/world.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { atEnd } from '../support/ending.js';

export interface Node {
  dartwing: Dartwing;
  listening: Listening;
  url: string;
}

/** A client with everything that it heard. */
export interface Client {
  socket: ClientSocket;
  heard: Heard[];
  /** What the server said when it was let in. */
  ready: { organizations: string[]; account: string | null; expires_at: string | null };
  ask(event: string, given: unknown): Promise<Answer>;
  of(event: string): Heard[];
}

export interface Heard {
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at what it expects
  message: any;
  id: string | undefined;
  at: number;
}

export interface Answer {
  ok?: true;
  organization?: string;
  present?: string[];
  error?: { code: string; message: string };
}

export interface World {
  database: TestDatabase;
  realm: TestIssuer;
  nodes: Node[];
  acme: string;
  bolt: string;
  dartwing: Dartwing;
  openNode(more?: { dartwing?: Partial<DartwingOptions>; server?: ServerOptions }): Promise<Node>;
  token(name: string, claims?: Record<string, unknown>): Promise<string>;
  connect(name: string, url?: string): Promise<Client>;
  connectWith(auth: Record<string, unknown>, url?: string, more?: object): Promise<Client>;
}

/** Ana supervises acme and Emil works there; Bo supervises bolt. */
export function openWorld(
  count: number,
  options: {
    dartwing?: () => Partial<DartwingOptions>;
    server?: ServerOptions;
    /** Done before the first node is opened. */
    before?: () => Promise<void>;
  } = {},
): World {
  const world = { nodes: [] as Node[] } as unknown as World;
  const sockets: ClientSocket[] = [];
  world.openNode = async (more = {}) => {
    const dartwing = await createDartwing(
      testOptions(world.database, {
        clock: systemClock,
        identity: { issuers: [{ issuer: world.realm.issuer, audience }] },
        rates: unlimited,
        ...options.dartwing?.(),
        ...more.dartwing,
      }),
    );
    const server = createServer(dartwing, { realtime: true, ...options.server, ...more.server });
    const listening = await server.listen({ port: 0, drainMs: 1_000 });
    const node = { dartwing, listening, url: listening.url };
    world.nodes.push(node);
    return node;
  };
  beforeAll(async () => {
    await options.before?.();
    world.realm = await openTestIssuer(systemClock);
    world.database = await createTestDatabase();
    for (let index = 0; index < count; index++) await world.openNode();
    world.dartwing = world.nodes[0]!.dartwing;
    const { tenancy, people } = world.dartwing;
    const [acme, bolt] = [
      await tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' }),
      await tenancy.create({ slug: 'bolt', type: 'company', owner: 'bo@bolt.test' }),
    ];
    world.acme = acme.after!.id;
    world.bolt = bolt.after!.id;
    await people.member.add('acme', 'emil@acme.test', 'Employee');
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.disconnect();
  });
  atEnd(async () => {
    for (const { listening, dartwing } of world.nodes) {
      await listening.close();
      await dartwing.close();
    }
  });
  world.token = (name, claims = {}) =>
    world.realm.sign({
      sub: name.split('@')[0],
      email: name,
      sid: `session-${name}`,
      email_verified: true,
      ...claims,
    });
  world.connect = async (name, url) => world.connectWith({ token: await world.token(name) }, url);
  world.connectWith = async (auth, url = world.nodes[0]!.url, more = {}) => {
    const socket = io(url, { transports: ['websocket'], auth, reconnection: false, forceNew: true, ...more });
    sockets.push(socket);
    const heard: Heard[] = [];
    socket.onAny((event: string, message: unknown, meta?: { id?: string }) =>
      heard.push({ event, message, id: meta?.id, at: performance.now() }),
    );
    const ready = await new Promise<Client['ready']>((resolve, reject) => {
      socket.once('ready', resolve);
      socket.once('connect_error', reject);
    });
    return {
      socket,
      heard,
      ready,
      ask: (event, given) => socket.timeout(5_000).emitWithAck(event, given),
      of: (event) => heard.filter((one) => one.event === event),
    };
  };
  return world;
}

/** Waits until something holds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  await expect.poll(holds, { timeout: 10_000, interval: 10, message: what }).toBe(true);
}
