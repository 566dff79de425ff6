/** The client's state in memory, always what the store holds: each change is durable before it is seen. */
import { bounds } from './bounds.js';
import { type Copy, documentKey, type Entry, type Meta } from './entry.js';
import { ClientFault } from './fault.js';
import type { Store, StoreChange } from './store.js';

export interface ReplicaChange {
  meta?: Partial<Meta>;
  /** Documents that are not to be kept at all; they go before copies come. */
  forget?: readonly { doctype: string; name: string }[];
  copies?: readonly Copy[];
  entries?: readonly Entry[];
  /** Operation ids. */
  done?: readonly string[];
  /** Names on the server by the key of a document's temporary name. */
  renamed?: Readonly<Record<string, string>>;
}

export class Replica {
  readonly copies = new Map<string, Copy>();
  readonly entries = new Map<string, Entry>();
  readonly renamed = new Map<string, string>();
  meta: Meta;
  #store: Store;
  readonly #byDocument = new Map<string, Set<string>>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(store: Store, meta: Meta) {
    this.#store = store;
    this.meta = meta;
  }

  /** @throws ClientFault STORE_FOREIGN */
  static async open(
    store: Store,
    given: Pick<Meta, 'organization' | 'doctypes'> & { device?: string | undefined; newDevice: () => string },
  ): Promise<Replica> {
    const records = new Map(await store.load());
    const kept = records.get('meta') as Meta | undefined;
    if (kept !== undefined && kept.organization !== given.organization)
      throw new ClientFault('STORE_FOREIGN', kept.organization);
    if (kept !== undefined && given.device !== undefined && kept.device !== given.device)
      throw new ClientFault('STORE_FOREIGN', kept.device);
    const replica = new Replica(store, kept ?? freshMeta(given));
    replica.#take(records);
    await replica.change(() => ({
      meta: { doctypes: given.doctypes },
      forget: [...replica.copies.values()].filter(({ doctype }) => !given.doctypes.includes(doctype)),
    }));
    return replica;
  }

  #take(records: ReadonlyMap<string, unknown>): void {
    for (const [key, value] of records) {
      if (key.startsWith('copy/')) this.copies.set(key.slice(5), value as Copy);
      if (key.startsWith('edit/')) this.#put(value as Entry);
      if (key.startsWith('name/')) this.renamed.set(key.slice(5), value as string);
    }
  }

  /**
   * Decides on the state as it is, keeps what was decided, then shows it. One at a time; when the store fails, nothing
   * has changed.
   */
  change<Change extends ReplicaChange>(decide: () => Change): Promise<Change> {
    const run = async () => {
      const change = decide();
      const stored = this.#stored(change);
      if (stored.length > 0) await this.#store.commit(stored);
      this.#apply(change);
      return change;
    };
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => {});
    return result;
  }

  #stored(change: ReplicaChange): StoreChange[] {
    const stored: StoreChange[] = [];
    if (change.meta !== undefined) stored.push(['meta', { ...this.meta, ...change.meta }]);
    for (const { doctype, name } of change.forget ?? [])
      stored.push([`copy/${documentKey(doctype, name)}`, undefined]);
    for (const copy of change.copies ?? [])
      stored.push([`copy/${documentKey(copy.doctype, copy.name)}`, copy]);
    for (const entry of change.entries ?? []) stored.push([`edit/${entry.id}`, entry]);
    for (const id of change.done ?? []) stored.push([`edit/${id}`, undefined]);
    for (const [key, name] of Object.entries(change.renamed ?? {})) stored.push([`name/${key}`, name]);
    return stored;
  }

  #apply(change: ReplicaChange): void {
    this.meta = { ...this.meta, ...change.meta };
    for (const { doctype, name } of change.forget ?? []) this.copies.delete(documentKey(doctype, name));
    for (const copy of change.copies ?? []) this.copies.set(documentKey(copy.doctype, copy.name), copy);
    for (const entry of change.entries ?? []) this.#put(entry);
    for (const id of change.done ?? []) this.#drop(id);
    for (const [key, name] of Object.entries(change.renamed ?? {})) this.renamed.set(key, name);
  }

  /** Edits of one document in their order. */
  entriesOf(doctype: string, name: string): Entry[] {
    const ids = this.#byDocument.get(documentKey(doctype, name)) ?? [];
    return [...ids].map((id) => this.entries.get(id)!).sort((a, b) => a.place - b.place);
  }

  /** Documents with edits that wait. */
  get edited(): Iterable<string> {
    return this.#byDocument.keys();
  }

  #put(entry: Entry): void {
    this.#drop(entry.id);
    this.entries.set(entry.id, entry);
    const key = documentKey(entry.doctype, entry.name);
    const ids = this.#byDocument.get(key);
    if (ids === undefined) this.#byDocument.set(key, new Set([entry.id]));
    else ids.add(entry.id);
  }

  #drop(id: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    const key = documentKey(entry.doctype, entry.name);
    const ids = this.#byDocument.get(key)!;
    ids.delete(id);
    if (ids.size === 0) this.#byDocument.delete(key);
    this.entries.delete(id);
  }

  /** Everything that waits, in the order of the queue. */
  queue(): Entry[] {
    return [...this.entries.values()].sort((a, b) => a.place - b.place);
  }

  /** Deleted documents beyond those that are remembered, oldest first. */
  surplusTombstones(): Copy[] {
    const tombstones = [...this.copies.values()].filter(({ data }) => data === null);
    return tombstones.slice(0, Math.max(0, tombstones.length - bounds.tombstonesMax));
  }

  /** Deletes everything of the organization, unsent edits too. */
  wipe(): Promise<void> {
    const meta: Meta = { ...this.meta, since: undefined, resyncing: false, revoked: true, schemas: {} };
    const run = async () => {
      // Dying here leaves an empty store: the next call is refused again, and ends in the same state.
      await this.#store.erase();
      this.copies.clear();
      this.renamed.clear();
      this.entries.clear();
      this.#byDocument.clear();
      await this.#store.commit([['meta', meta]]);
      this.meta = meta;
    };
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => {});
    return result;
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#store.close();
  }
}

function freshMeta({
  organization,
  doctypes,
  device,
  newDevice,
}: Pick<Meta, 'organization' | 'doctypes'> & { device?: string | undefined; newDevice: () => string }): Meta {
  return {
    format: 1,
    organization,
    device: device ?? newDevice(),
    doctypes,
    since: undefined,
    round: 0,
    resyncing: false,
    revoked: false,
    nextPlace: 1,
    schemas: {},
  };
}
