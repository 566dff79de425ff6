/** RxDB's replication over dartwing's sync methods. Primary key `id`, and a field `version` of the server's. */
import type { RxCollection } from 'rxdb';
import { type RxReplicationState, replicateRxCollection } from 'rxdb/plugins/replication';
import { Subject } from 'rxjs';

type Local = { id: string; version?: number; [field: string]: unknown };
type Stored = Local & { _deleted: boolean };
type Checkpoint = { since: string };
type Row = { name: string; version: number; deleted: boolean; data: object | null };
type Result = Omit<Row, 'data'> & { outcome: string; resolved_doc: object | null; error?: { message: string } };

export interface Options<Document extends Local> {
  collection: RxCollection<Document>;
  doctype: string;
  organization: string;
  device: string;
  /** Posts a body to a sync method and gives the `data` of its answer. */
  call: (method: 'feed' | 'upsert_batch', body: object) => Promise<unknown>;
  /** How often the server is asked for news. */
  pollMs?: number;
}

export function replicate<Document extends Local>(
  options: Options<Document>,
): { state: RxReplicationState<Document, Checkpoint>; stop: () => Promise<unknown> } {
  const { collection, doctype, organization: org, device, call, pollMs = 1_000 } = options;
  const news = new Subject<'RESYNC'>();
  // RxDB skips a pulled row whose document is being pushed, and moves its checkpoint on: never do both at once.
  let turn: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work, work);
    turn = mine.catch(() => {});
    return mine;
  };
  const stored = (name: string, version: number, deleted: boolean, data: object | null) =>
    ({ ...data, id: name, version, _deleted: deleted }) as unknown as Document & Stored;
  const state = replicateRxCollection<Document, Checkpoint>({
    collection,
    replicationIdentifier: `dartwing-${org}-${doctype}`,
    pull: {
      stream$: news,
      handler: (checkpoint, limit) =>
        alone(async () => {
          const documents: (Document & Stored)[] = [];
          let since = checkpoint?.since;
          // RxDB ends at a page that is not full; the server says itself when there is no more.
          for (let more = true; more && documents.length < limit; ) {
            const request = { org, doctype, device, since, limit: Math.min(limit - documents.length, 500), tombstones: true };
            const page = (await call('feed', request)) as { rows: Row[]; next_since: string; has_more: boolean };
            documents.push(...page.rows.map((row) => stored(row.name, row.version, row.deleted, row.data)));
            since = page.next_since;
            more = page.has_more;
          }
          return { documents, checkpoint: since === undefined ? undefined : { since } };
        }),
    },
    push: {
      handler: (rows) =>
        alone(async () => {
          const operations = rows.map(({ newDocumentState, assumedMasterState }) => {
            const { id, version: _, _deleted, ...data } = newDocumentState as Stored;
            const { id: __, version, _deleted: ___, ...base } = (assumedMasterState ?? {}) as Partial<Stored>;
            const op = _deleted ? 'delete' : assumedMasterState ? 'update' : 'insert';
            const edited = assumedMasterState ? { base, base_version: version ?? 0 } : {};
            return { op, doctype, name: id, ...edited, ...(_deleted ? {} : { data }) };
          });
          const { results } = (await call('upsert_batch', { org, device, operations })) as { results: Result[] };
          return results.flatMap((result) => {
            if (result.error) throw new Error(result.error.message);
            const { name, version, deleted, outcome, resolved_doc: data } = result;
            return outcome === 'applied' || outcome === 'unchanged' ? [] : [stored(name, version, deleted, data)];
          });
        }),
    },
  });
  const timer = setInterval(() => news.next('RESYNC'), pollMs);
  return { state, stop: () => (clearInterval(timer), state.cancel()) };
}
