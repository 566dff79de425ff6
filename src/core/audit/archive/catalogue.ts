/** What lies in an archive: its segments by trail, in the order in which they continue each other. */
import { auditBounds } from '../bounds.js';
import { deploymentLog } from '../checkpoint/signer.js';
import { archiveRoot, decodeManifest, readKey } from './segment.js';
import type { ArchiveStore, ListedObject, ObjectVersion } from './store.js';

/** A manifest where it lies. */
export interface ListedSegment {
  readonly key: string;
  readonly first: number;
  readonly last: number;
  readonly manifest: readonly ObjectVersion[] | undefined;
  readonly object: readonly ObjectVersion[] | undefined;
}

/** The segments of every trail, in the order of their first entry. */
export async function listSegments(store: ArchiveStore): Promise<Map<string, ListedSegment[]>> {
  const found = new Map<string, Map<string, ListedSegment>>();
  for await (const listed of store.list(archiveRoot)) add(found, listed);
  const byFirst = (a: ListedSegment, b: ListedSegment) => a.first - b.first || a.last - b.last;
  return new Map([...found].map(([trail, segments]) => [trail, [...segments.values()].sort(byFirst)]));
}

function add(found: Map<string, Map<string, ListedSegment>>, { key, versions }: ListedObject): void {
  const named = readKey(key);
  if (named === undefined) return;
  const { organization, first, last, isManifest } = named;
  const segments = found.get(organization) ?? new Map<string, ListedSegment>();
  const object = key.replace(/\.manifest\.json$/, '.jsonl.gz');
  const known = segments.get(object) ?? { key: object, first, last, manifest: undefined, object: undefined };
  segments.set(object, { ...known, [isManifest ? 'manifest' : 'object']: versions });
  found.set(organization, segments);
}

/** How many entries of each trail an archive has. */
export async function archivedSizes(store: ArchiveStore): Promise<Map<string, number>> {
  const segments = await listSegments(store);
  return new Map([...segments].map(([trail, list]) => [trail, Math.max(...list.map(({ last }) => last))]));
}

/** The newest signed checkpoint of the log that an archive keeps; undefined for one without any. */
export async function newestAnchor(store: ArchiveStore, now: Date): Promise<string | undefined> {
  const ahead = await anchorBehind(store, new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)));
  if (ahead !== undefined) return ahead;
  for (let back = -1; back < auditBounds.anchorMonthsMax; back++) {
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString();
    const prefix = `${archiveRoot}${deploymentLog}/${month.slice(0, 4)}/${month.slice(5, 7)}/`;
    const newest = await newestOf(store, store.list(prefix));
    if (newest !== undefined) return newest;
  }
  return undefined;
}

/** Our clock may have been put back: what the archive has of later months counts all the same. One look, nearly always. */
function anchorBehind(store: ArchiveStore, month: Date): Promise<string | undefined> {
  const text = month.toISOString();
  const trail = `${archiveRoot}${deploymentLog}/`;
  return newestOf(store, store.list(trail, `${trail}${text.slice(0, 4)}/${text.slice(5, 7)}/~`));
}

async function newestOf(
  store: ArchiveStore,
  listed: AsyncIterable<ListedObject>,
): Promise<string | undefined> {
  let newest: { key: string; last: number } | undefined;
  for await (const { key } of listed) {
    const named = readKey(key);
    if (named?.isManifest && named.last >= (newest?.last ?? 0)) newest = { key, last: named.last };
  }
  const bytes = newest && (await store.get(newest.key));
  return (bytes && decodeManifest(bytes)?.checkpoint) || undefined;
}
