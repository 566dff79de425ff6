/** The client: edits first on the device, then on the server. */
import { pauseMs } from './backoff.js';
import { bounds } from './bounds.js';
import { documentKey, type Entry } from './entry.js';
import { ClientFault } from './fault.js';
import { takePage } from './page.js';
import { type FeedPage, type Fields, type PushAnswer, syncProtocol } from './protocol.js';
import { nextBatch, wiresOf } from './queue.js';
import { Replica } from './replica.js';
import { rebased, sawBefore, settle } from './settle.js';
import type { Store } from './store.js';
import type { Transport } from './transport.js';
import { type LocalDocument, viewOf } from './view.js';

export interface ClientOptions {
  transport: Transport;
  store: Store;
  organization: string;
  /** What the device holds offline. */
  doctypes: readonly string[];
  /** Names this installation on the server; made once when absent. */
  device?: string;
  /** Versions of the doctypes that this program was built for; after an update of it the server sends them anew. */
  schemas?: Readonly<Record<string, number>>;
  /** Operations of one call, 100 unless told, 500 at most. */
  batchOperations?: number;
  /** `document` (default): a conflict holds the edits of its document. `queue`: it holds all. */
  conflictPauses?: 'document' | 'queue';
  /** Attempts before a synchronization gives up and tells. */
  attemptsMax?: number;
  /** Default: the platform's. */
  now?: () => Date;
  random?: () => number;
  newId?: () => string;
  wait?: (ms: number) => Promise<void>;
}

export type ClientState =
  | 'ready'
  | 'syncing'
  | 'stopped'
  | 'revoked'
  | 'outdated'
  | 'unauthenticated'
  | 'closed';

export interface ClientStatus {
  state: ClientState;
  device: string;
  /** Edits by what they wait for: the network, a decision, a correction. */
  pending: number;
  conflicts: number;
  failed: number;
  /** Why the last synchronization did not end well. */
  fault: ClientFault | undefined;
  /** Versions of the doctypes as the server last told. */
  schemas: Readonly<Record<string, number>>;
}

export type Decision = { take: 'server' } | { take: 'client' } | { data: Fields };

export type ChangeListener = (changed: readonly { doctype: string; name: string }[]) => void;

export interface SyncClient {
  /** Keeps an insert. @returns the name, a temporary one if the server gives names and none is given */
  insert(doctype: string, data: Fields, name?: string): Promise<string>;
  /** Keeps an edit of some fields. @throws ClientFault DOCUMENT_UNKNOWN */
  update(doctype: string, name: string, data: Fields): Promise<void>;
  /** @throws ClientFault DOCUMENT_UNKNOWN */
  delete(doctype: string, name: string): Promise<void>;
  /** Brings a deleted document back, with fields on top of what it had. */
  undelete(doctype: string, name: string, data?: Fields): Promise<void>;
  /** The document with the edits of this device on it. A temporary name is understood after its replacement too. */
  get(doctype: string, name: string): LocalDocument | undefined;
  list(doctype: string): LocalDocument[];
  /** Everything that waits, oldest first. */
  queue(): readonly Entry[];
  /**
   * Decides a conflict: the server's document, the edit of this device, or these fields. If the document has moved on,
   * the server answers with a conflict again.
   * @throws ClientFault NOT_IN_CONFLICT
   */
  decide(doctype: string, name: string, decision: Decision): Promise<void>;
  /** Sends an edit again that was refused. @throws ClientFault OPERATION_UNKNOWN */
  retry(id: string): Promise<void>;
  /** Gives an edit up; of an insert also the edits after it. @throws ClientFault OPERATION_UNKNOWN, OPERATION_SENDING */
  discard(id: string): Promise<void>;
  /**
   * Sends what waits, then fetches until this device equals the server. A second call while one runs is the same one.
   * Failures of the network are tried again after a pause.
   * @throws ClientFault OFFLINE after the last attempt, UNAUTHENTICATED, OUTDATED, REFUSED, REVOKED
   */
  sync(): Promise<ClientStatus>;
  status(): ClientStatus;
  /** Calls back with what looks different. @returns the way to stop it */
  onChange(listener: ChangeListener): () => void;
  /** Waits for what runs, then closes the store. */
  close(): Promise<void>;
}

/** Opens the store and what waits in it. @throws ClientFault STORE_FOREIGN */
export async function openClient(options: ClientOptions): Promise<SyncClient> {
  const {
    transport,
    store,
    organization,
    doctypes,
    device,
    schemas,
    batchOperations = bounds.batchOperations,
    conflictPauses = 'document',
    attemptsMax = bounds.attemptsMax,
    now = () => new Date(),
    random = Math.random,
    newId = () => crypto.randomUUID(),
    wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  } = options;
  const replica = await Replica.open(store, { organization, doctypes, device, newDevice: newId });
  const listeners = new Set<ChangeListener>();
  let state: ClientState = replica.meta.revoked ? 'revoked' : 'ready';
  let fault: ClientFault | undefined;
  let running: Promise<ClientStatus> | undefined;
  let sending: ReadonlySet<string> = new Set();
  let closed = false;

  const tell = (changed: readonly { doctype: string; name: string }[]): void => {
    if (changed.length > 0) for (const listener of listeners) listener(changed);
  };

  const nameOf = (doctype: string, name: string): string =>
    replica.renamed.get(documentKey(doctype, name)) ?? name;

  const view = (doctype: string, name: string): LocalDocument | undefined =>
    viewOf(replica.copies.get(documentKey(doctype, name)), replica.entriesOf(doctype, name));

  const dataAt = ({ doctype, name, baseVersion }: Entry): Fields | undefined => {
    const copy = replica.copies.get(documentKey(doctype, name));
    return copy?.version === baseVersion ? (copy?.data ?? undefined) : undefined;
  };

  const enqueue = async (op: Entry['op'], doctype: string, given: string, data: Fields): Promise<void> => {
    if (closed) throw new ClientFault('CLOSED');
    if (JSON.stringify(data).length > bounds.batchBytesMax)
      throw new ClientFault('OPERATION_TOO_LARGE', given);
    const kept = structuredClone(data);
    let name = given;
    await replica.change(() => {
      name = nameOf(doctype, given);
      if ((op === 'update' || op === 'delete') && view(doctype, name) === undefined)
        throw new ClientFault('DOCUMENT_UNKNOWN', `${doctype} ${name}`);
      const place = replica.meta.nextPlace;
      const entry: Entry = {
        id: newId(),
        place,
        op,
        doctype,
        name,
        data: kept,
        ...baseOf(replica, doctype, name),
        clientTs: now().toISOString(),
        state: 'pending',
        attempts: 0,
      };
      return { meta: { nextPlace: place + 1 }, entries: [entry] };
    });
    tell([{ doctype, name }]);
  };

  const pushAll = async (waiting: Set<string>, progressed: () => void): Promise<void> => {
    for (;;) {
      const rules = {
        operationsMax: Math.min(batchOperations, bounds.batchOperationsMax),
        waiting,
        pauseAll: conflictPauses === 'queue',
      };
      const batch = nextBatch(replica.queue(), rules);
      if (batch.length === 0) return;
      sending = new Set(batch.map(({ id }) => id));
      try {
        const answer = await transport.push({
          device: replica.meta.device,
          operations: wiresOf(batch, dataAt),
          protocol: syncProtocol,
          queue_depth: replica.entries.size,
        });
        checkAnswer(answer, batch);
        const { again, touched } = await replica.change(() => settle(replica, batch, answer));
        for (const key of again) waiting.add(key);
        tell(touched);
        progressed();
      } finally {
        sending = new Set();
      }
    }
  };

  const pullAll = async (progressed: () => void): Promise<void> => {
    if (replica.meta.since === undefined && !replica.meta.resyncing && replica.copies.size > 0)
      await beginResync();
    for (let pages = 0; pages < bounds.pagesMax; pages++) {
      const { since, resyncing, device: own } = replica.meta;
      const page = await transport.feed({
        doctype: doctypes,
        ...(since === undefined ? {} : { since }),
        limit: bounds.pageRows,
        device: own,
        protocol: syncProtocol,
        ...(schemas === undefined ? {} : { schemas }),
        ...(resyncing ? { tombstones: true } : {}),
        queue_depth: replica.entries.size,
      });
      checkPage(page, since);
      const { touched } = await replica.change(() => takePage(replica, page));
      tell(touched);
      progressed();
      if (!page.has_more) break;
    }
    const surplus = replica.surplusTombstones();
    if (surplus.length > 0) await replica.change(() => ({ forget: surplus }));
  };

  const beginResync = () =>
    replica.change(() => ({
      meta: { since: undefined, resyncing: true, round: replica.meta.round + 1 },
    }));

  const attempt = async (progressed: () => void): Promise<void> => {
    const waiting = new Set<string>();
    await pushAll(waiting, progressed);
    await pullAll(progressed);
    if (waiting.size > 0 && nextBatch(replica.queue(), everything).length > 0)
      throw new ClientFault('OFFLINE', 'the server wants some edits again later');
  };

  const run = async (): Promise<ClientStatus> => {
    let failures = 0;
    let resyncs = 0;
    for (;;) {
      try {
        await attempt(() => {
          failures = 0;
        });
        state = 'ready';
        fault = undefined;
        return status();
      } catch (error) {
        fault = error instanceof ClientFault ? error : new ClientFault('OFFLINE', '', { cause: error });
        if (fault.code === 'RESYNC' && resyncs++ < bounds.resyncsMax) {
          await beginResync();
          continue;
        }
        if (fault.code === 'REVOKED') await revoke();
        failures++;
        const later = fault.code === 'OFFLINE' || fault.code === 'ANSWER_INVALID';
        if (!later || failures >= attemptsMax || closed) {
          state = stateAfter(fault);
          throw fault;
        }
        await wait(pauseMs(failures, random(), fault.retryAfterMs));
      }
    }
  };

  const revoke = async (): Promise<void> => {
    const held = [...replica.copies.values()];
    await replica.wipe();
    tell(held);
  };

  const status = (): ClientStatus => {
    const count = (wanted: Entry['state']) =>
      [...replica.entries.values()].filter((entry) => entry.state === wanted).length;
    return {
      state: closed ? 'closed' : running === undefined ? state : 'syncing',
      device: replica.meta.device,
      pending: count('pending'),
      conflicts: count('conflict'),
      failed: count('failed'),
      fault,
      schemas: replica.meta.schemas,
    };
  };

  return Object.freeze<SyncClient>({
    insert: async (doctype, data, name = newId()) => {
      await enqueue('insert', doctype, name, data);
      return name;
    },
    update: (doctype, name, data) => enqueue('update', doctype, name, data),
    delete: (doctype, name) => enqueue('delete', doctype, name, {}),
    undelete: (doctype, name, data = {}) => enqueue('undelete', doctype, name, data),
    get: (doctype, name) => view(doctype, nameOf(doctype, name)),
    list: (doctype) => {
      const keys = new Set([...replica.copies.keys(), ...replica.edited]);
      return [...keys]
        .map((key) => key.split('\u0000') as [string, string])
        .filter(([of]) => of === doctype)
        .map(([of, name]) => view(of, name))
        .filter((document) => document !== undefined);
    },
    queue: () => replica.queue(),
    decide: async (doctype, given, decision) => {
      const name = nameOf(doctype, given);
      await replica.change(() => decided(replica, doctype, name, decision, newId, now));
      tell([{ doctype, name }]);
    },
    retry: async (id) => {
      await replica.change(() => {
        const { error: _, ...entry } = known(replica, id);
        return { entries: [{ ...entry, state: 'pending', attempts: 0 }] };
      });
    },
    discard: async (id) => {
      const { done, entry } = await replica.change(() => {
        const entry = known(replica, id);
        const after = replica.entriesOf(entry.doctype, entry.name).filter(({ place }) => place > entry.place);
        const done = [id, ...(entry.op === 'insert' ? after.map((later) => later.id) : [])];
        if (done.some((each) => sending.has(each))) throw new ClientFault('OPERATION_SENDING', id);
        return { done, entry, entries: entry.op === 'insert' ? [] : without(replica, entry) };
      });
      if (done.length > 0) tell([entry]);
    },
    sync: () => {
      if (closed) return Promise.reject(new ClientFault('CLOSED'));
      running ??= run().finally(() => {
        running = undefined;
      });
      return running.then(status);
    },
    status,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      closed = true;
      await running?.catch(() => {});
      await replica.close();
    },
  });
}

const everything = { operationsMax: 1, waiting: new Set<string>(), pauseAll: false };

/** What an edit made now is made on: the same as the edit before it that waits, or the copy. */
function baseOf(replica: Replica, doctype: string, name: string): Pick<Entry, 'baseVersion' | 'base'> {
  const last = replica.entriesOf(doctype, name).at(-1);
  const version = replica.copies.get(documentKey(doctype, name))?.version ?? 0;
  if (last === undefined) return { baseVersion: version };
  if (last.baseVersion !== undefined) return { baseVersion: last.baseVersion };
  return { base: { ...last.base, ...last.data } };
}

/** The edit that a person decided takes the place of the one in conflict. */
function decided(
  replica: Replica,
  doctype: string,
  name: string,
  decision: Decision,
  newId: () => string,
  now: () => Date,
): { entries: Entry[]; done: string[] } {
  const held = replica.entriesOf(doctype, name).find(({ state }) => state === 'conflict');
  if (held?.conflict === undefined) throw new ClientFault('NOT_IN_CONFLICT', `${doctype} ${name}`);
  const later = without(replica, held);
  if ('take' in decision && decision.take === 'server') return { entries: later, done: [held.id] };
  const { conflict, base: _, error: __, ...entry } = held;
  const isOwn = 'take' in decision;
  const forced: Entry = {
    ...entry,
    id: newId(),
    op: held.op === 'insert' || (!isOwn && held.op === 'delete') ? 'update' : held.op,
    data: isOwn ? only(held.data, conflict.open) : structuredClone(decision.data),
    baseVersion: conflict.version,
    clientTs: now().toISOString(),
    force: true,
    state: 'pending',
    attempts: 0,
  };
  return { entries: [forced, ...later], done: [held.id] };
}

function only(data: Fields, names: readonly string[] | undefined): Fields {
  return Object.fromEntries(Object.entries(data).filter(([field]) => names?.includes(field) ?? true));
}

/** The edits after one that goes, told what they were made on. */
function without(replica: Replica, gone: Entry): Entry[] {
  const later = replica.entriesOf(gone.doctype, gone.name).filter(({ place }) => place > gone.place);
  const { data } = sawBefore(replica, gone);
  return rebased(later, { data: data && { ...data, ...gone.data }, version: undefined });
}

function known(replica: Replica, id: string): Entry {
  const entry = replica.entries.get(id);
  if (entry === undefined) throw new ClientFault('OPERATION_UNKNOWN', id);
  return entry;
}

function stateAfter({ code }: ClientFault): ClientState {
  if (code === 'REVOKED') return 'revoked';
  if (code === 'OUTDATED') return 'outdated';
  return code === 'UNAUTHENTICATED' ? 'unauthenticated' : 'stopped';
}

/** An answer that does not fit the call acknowledges nothing. */
function checkAnswer(answer: PushAnswer, batch: readonly Entry[]): void {
  if (answer?.protocol !== syncProtocol) throw new ClientFault('OUTDATED', `protocol ${answer?.protocol}`);
  const fits =
    Array.isArray(answer.results) &&
    answer.results.length === batch.length &&
    batch.every(({ id }, index) => answer.results[index]?.id === id);
  if (!fits) throw new ClientFault('ANSWER_INVALID', 'the results are not those of the operations');
}

function checkPage(page: FeedPage, since: string | undefined): void {
  if (page?.protocol !== syncProtocol) throw new ClientFault('OUTDATED', `protocol ${page?.protocol}`);
  if (!Array.isArray(page.rows) || !Array.isArray(page.resets) || typeof page.next_since !== 'string')
    throw new ClientFault('ANSWER_INVALID', 'not a page of the feed');
  if (page.has_more && page.next_since === since)
    throw new ClientFault('ANSWER_INVALID', 'the cursor does not advance');
}
