/** A transport that answers what a test says, and remembers what it was asked. */
import {
  type FeedPage,
  type FeedRequest,
  type FeedRow,
  memoryStore,
  type OperationResult,
  openClient,
  type PushAnswer,
  type PushRequest,
  type Store,
  type SyncClient,
  type Transport,
  type WireOperation,
} from '../../src/client/index.js';

type Feed = (request: FeedRequest) => FeedPage | Promise<FeedPage>;
type Push = (request: PushRequest) => PushAnswer | Promise<PushAnswer>;

export interface Scripted extends Transport {
  asked: { feed: FeedRequest[]; push: PushRequest[] };
  /** What the next calls get, in turn; then an empty page and success for everything. */
  onFeed: Feed[];
  onPush: Push[];
}

export function scripted(): Scripted {
  const transport: Scripted = {
    asked: { feed: [], push: [] },
    onFeed: [],
    onPush: [],
    feed: async (request) => {
      transport.asked.feed.push(request);
      return (transport.onFeed.shift() ?? (() => page([])))(request);
    },
    push: async (request) => {
      transport.asked.push.push(request);
      return (transport.onPush.shift() ?? ((each) => answer(each)))(request);
    },
  };
  return transport;
}

export function page(rows: readonly Partial<FeedRow>[], more: Partial<FeedPage> = {}): FeedPage {
  return {
    protocol: 1,
    organization: 'acme',
    resets: [],
    rows: rows.map((row, index) => ({
      doctype: 'Note',
      name: 'n1',
      version: 1,
      seq: index + 1,
      modified: '2026-11-23T10:00:00.000Z',
      docstatus: 0,
      deleted: false,
      data: {},
      ...row,
    })),
    next_since: 'c1',
    has_more: false,
    watermark: 1,
    server_ts: '2026-11-23T10:00:00.000Z',
    schemas: { Note: 1 },
    ...more,
  };
}

/** Success for every operation, one version further, unless told. */
export function answer(
  { operations }: PushRequest,
  change: (operation: WireOperation, index: number) => Partial<OperationResult> = () => ({}),
): PushAnswer {
  return {
    protocol: 1,
    organization: 'acme',
    results: operations.map((operation, index) => ({
      id: operation.id,
      op: operation.op,
      doctype: operation.doctype,
      name: operation.name,
      status: 'success',
      outcome: 'applied',
      version: (operation.base_version ?? 0) + 1,
      deleted: operation.op === 'delete',
      server_ts: '2026-11-23T10:00:00.000Z',
      resolved_doc: operation.op === 'delete' ? null : { ...operation.data },
      ...change(operation, index),
    })),
    renamed: {},
    watermark: 1,
    server_ts: '2026-11-23T10:00:00.000Z',
  };
}

export interface Opened {
  client: SyncClient;
  server: Scripted;
  store: Store;
  /** How long it waited between attempts. */
  pauses: number[];
}

/** A client that has synchronized once, unless `first` is false. */
export async function open({
  store = memoryStore(),
  server = scripted(),
  first = true,
  ...more
}: {
  store?: Store;
  server?: Scripted;
  first?: boolean;
  conflictPauses?: 'document' | 'queue';
} = {}): Promise<Opened> {
  const pauses: number[] = [];
  let ids = 0;
  const client = await openClient({
    transport: server,
    store,
    organization: 'acme',
    doctypes: ['Note'],
    device: 'phone',
    newId: () => `id-${++ids}-${Math.floor(performance.now() * 1e6)}`,
    now: () => new Date('2026-11-23T10:00:00Z'),
    random: () => 1,
    wait: async (ms) => {
      pauses.push(ms);
    },
    ...more,
  });
  if (first) await client.sync();
  server.asked = { feed: [], push: [] };
  return { client, server, store, pauses };
}
