/**
 * Sealing: what checkpoints tell of goes to the archive, segment by segment. A segment is planned in the database before
 * it is written, and its bytes follow from its entries, so that a process that dies is followed by one that writes the
 * same object again, which then counts as the first. What was written is read back by its version and compared.
 */
import { DartwingError } from '../../errors.js';
import { auditBounds } from '../bounds.js';
import { parseNote, verifierText } from '../checkpoint/note.js';
import {
  type DeploymentState,
  listLogEntries,
  readCheckpointOf,
  readDeployment,
  readNewestCheckpoint,
} from '../checkpoint/queries.js';
import { deploymentLog, type SigningSecret, trustedVerifiers } from '../checkpoint/signer.js';
import { systemOrganization } from '../entry.js';
import { appendLeaf, leafHash, sha256, treeRoot } from '../merkle.js';
import type { AuditDatabase } from '../ports.js';
import { readEventsInOrder, readHead } from '../read-queries.js';
import { advance, type Position, startOf } from '../walk.js';
import { becomeSequencer } from '../write-queries.js';
import {
  insertSegment,
  listUnsealed,
  readLastSegments,
  readSigningTime,
  type StoredSegment,
  sealSegment,
} from './queries.js';
import {
  encodeManifest,
  encodeSegment,
  type Manifest,
  type ManifestPosition,
  manifestKey,
  type SegmentLine,
  segmentKey,
} from './segment.js';
import { type ArchiveOptions, type ArchiveStore, retentionYearsMin } from './store.js';

export interface SealingSource {
  readonly database: AuditDatabase;
  readonly role: string;
  readonly secret: SigningSecret;
  readonly store: ArchiveStore;
  readonly options: ArchiveOptions;
  /** Refuses the trail of an organization that may not go there. */
  readonly mayArchive?: ((organization: string) => Promise<void>) | undefined;
}

export interface SealingRound {
  /** Trails that something was sealed of. */
  readonly trails: readonly string[];
  readonly segments: number;
  readonly entries: number;
  readonly bytes: number;
  readonly failed: readonly { readonly organization: string; readonly error: unknown }[];
}

/**
 * Seals everything that checkpoints tell of; a trail that fails stops no other. The log goes last, so that it never
 * tells of a trail that was not tried.
 * @throws ARCHIVE_UNFIT when the place does not protect what is written
 */
export async function sealTrails(
  source: SealingSource,
  {
    organization,
    onProgress,
    signal,
  }: { organization?: string | undefined; onProgress?: (entries: number) => void; signal?: AbortSignal } = {},
): Promise<SealingRound> {
  const { database, store } = source;
  const unfit = (await store.check()).find(({ severity }) => severity === 'fail');
  if (unfit !== undefined)
    throw new DartwingError(
      'ARCHIVE_UNFIT',
      { place: store.name, message: unfit.what },
      { fix: [unfit.fix] },
    );
  const trails = await database.transaction((tx) => listUnsealed(tx, store.name, organization));
  const round = {
    trails: [] as string[],
    segments: 0,
    entries: 0,
    bytes: 0,
    failed: [] as { organization: string; error: unknown }[],
  };
  for (const trail of trails) {
    try {
      if (trail !== systemOrganization && trail !== deploymentLog) await source.mayArchive?.(trail);
      for (;;) {
        signal?.throwIfAborted();
        const sealed = await sealNext(source, trail);
        if (sealed === undefined) break;
        if (round.trails.at(-1) !== trail) round.trails.push(trail);
        round.segments += 1;
        round.entries += sealed.last - sealed.first + 1;
        round.bytes += sealed.bytes;
        onProgress?.(round.entries);
      }
    } catch (error) {
      if (signal?.aborted) throw error;
      round.failed.push({ organization: trail, error });
    }
  }
  return round;
}

/** What goes into one segment. */
interface Content {
  readonly lines: SegmentLine[];
  readonly before: Position;
  readonly after: Position;
}

/** Seals the next segment of a trail; undefined when there is nothing. */
async function sealNext(source: SealingSource, trail: string): Promise<StoredSegment | undefined> {
  const { database, store, role } = source;
  const { last, earlier, target, genesisAt } = await database.transaction(async (tx) => {
    const [newest, second] = await readLastSegments(tx, trail, store.name);
    const { head } = await readHead(tx, trail);
    const isOpen = newest !== undefined && !newest.isSealed;
    return {
      last: newest,
      earlier: isOpen ? second : newest,
      target: await readNewestCheckpoint(tx, trail),
      genesisAt: head?.genesisAt ?? null,
    };
  });
  if (target === undefined) return undefined;
  const planned = last !== undefined && !last.isSealed ? last : undefined;
  const size = planned?.last ?? target.size;
  if (earlier !== undefined && earlier.last >= size) return undefined;
  const content = await collect(database, trail, { earlier, size });
  const bytes = encodeSegment(content.lines);
  const { before, after } = content;
  const segment: StoredSegment = {
    organization: trail,
    store: store.name,
    epoch: planned?.epoch ?? target.epoch,
    first: before.seq + 1,
    last: after.seq,
    key: segmentKey({ organization: trail, first: before.seq + 1, last: after.seq, at: after.at }, bytes),
    sha256: sha256(bytes),
    bytes: bytes.length,
    after: { frontier: after.frontier, chain: after.chain, at: after.at },
    versionId: null,
    manifestVersion: null,
    manifestSha256: undefined,
    isSealed: false,
  };
  if (planned === undefined) {
    const isMine = await database.transaction(async (tx) => {
      await becomeSequencer(tx, role);
      return insertSegment(tx, segment);
    });
    // Another process planned it: what it says is taken up.
    if (!isMine) return sealNext(source, trail);
  } else if (planned.key !== segment.key) {
    throw refused(trail, `entries ${segment.first} to ${segment.last} are not those that were to be sealed`);
  }
  await write(source, { segment, bytes, content, earlier, genesisAt });
  return segment;
}

/** Reads and proves the entries of a segment, up to `size` or as many as one takes. */
async function collect(
  database: AuditDatabase,
  trail: string,
  { earlier, size }: { earlier: StoredSegment | undefined; size: number },
): Promise<Content> {
  const content = await (trail === deploymentLog
    ? collectLog(database, earlier, size)
    : collectEvents(database, trail, { earlier, size }));
  const { after } = content;
  if (after.seq < size && content.lines.length === 0)
    throw refused(trail, `entry ${after.seq + 1} is not there`);
  const signed = await database.transaction((tx) => readCheckpointOf(tx, trail, { size: after.seq }));
  if (signed !== undefined && !signed.root.equals(treeRoot(after.frontier)))
    throw refused(trail, `the first ${after.seq} entries are not those that were signed`);
  return content;
}

async function collectEvents(
  database: AuditDatabase,
  trail: string,
  { earlier, size }: { earlier: StoredSegment | undefined; size: number },
): Promise<Content> {
  const { head } = await database.transaction((tx) => readHead(tx, trail));
  if (head === undefined) throw refused(trail, 'its head is gone');
  const before = earlier === undefined ? startOf(head) : positionAfter(earlier);
  const lines: SegmentLine[] = [];
  let after = before;
  let bytes = 0;
  while (
    after.seq < size &&
    lines.length < auditBounds.segmentEntriesMax &&
    bytes < auditBounds.segmentBytesMax
  ) {
    const { seq, at } = after;
    const page = await database.transaction((tx) =>
      readEventsInOrder(tx, { ...head, seq: size }, seq === 0 ? undefined : { seq, at }),
    );
    for (const event of page) {
      if (lines.length >= auditBounds.segmentEntriesMax || bytes >= auditBounds.segmentBytesMax) break;
      const next = advance(after, event);
      if (next === undefined)
        throw refused(trail, `entry ${after.seq + 1} does not follow from the one before`);
      lines.push({ seq: event.seq, at: event.at, body: event.body.toString() });
      bytes += event.body.length;
      after = next;
    }
    if (page.length === 0) throw refused(trail, `entry ${after.seq + 1} is not there`);
  }
  return { lines, before, after };
}

async function collectLog(
  database: AuditDatabase,
  earlier: StoredSegment | undefined,
  size: number,
): Promise<Content> {
  const empty = { seq: 0, at: '', leaf: undefined, chain: Buffer.alloc(0), frontier: [] };
  const before: Position = earlier === undefined ? empty : positionAfter(earlier);
  const lines: SegmentLine[] = [];
  let { frontier } = before;
  let place = before.seq;
  const to = Math.min(size, before.seq + auditBounds.segmentEntriesMax);
  while (place < to) {
    const rows = await database.transaction((tx) =>
      listLogEntries(tx, { place, organization: '\u{10ffff}', size: 0 }, auditBounds.checkpointPage),
    );
    if (rows[0]?.place !== place + 1) throw refused(deploymentLog, `log entry ${place + 1} is not there`);
    for (const { place: at, organization, note } of rows.filter((row) => row.place! <= to)) {
      frontier = appendLeaf(frontier, place, leafHash(Buffer.from(parseNote(note)?.text ?? note)));
      place = at!;
      lines.push({ seq: place, organization, note });
    }
  }
  const at = await database.transaction((tx) => readSigningTime(tx, place));
  return { lines, before, after: { ...empty, seq: place, at, frontier } };
}

function positionAfter({ last, after }: StoredSegment): Position {
  return { seq: last, at: after.at, leaf: undefined, chain: after.chain, frontier: after.frontier };
}

interface Writing {
  segment: StoredSegment;
  bytes: Buffer;
  content: Content;
  earlier: StoredSegment | undefined;
  genesisAt: string | null;
}

/** Writes a planned segment and its manifest, reads both back and marks it as sealed. */
async function write(
  { database, store, role, secret, options }: SealingSource,
  writing: Writing,
): Promise<void> {
  const { segment, bytes, content, earlier, genesisAt } = writing;
  const { organization, epoch, first, last, key } = segment;
  const versionId = await store.put(key, bytes);
  const { state, checkpoint, now } = await database.transaction(async (tx) => ({
    state: await readDeployment(tx),
    checkpoint: await readCheckpointOf(tx, organization, { size: last }),
    now: (await readHead(tx, organization)).now,
  }));
  const manifest: Manifest = {
    format: 1,
    deployment: state.deployment,
    organization,
    epoch,
    first,
    last,
    bytes: bytes.length,
    sha256: segment.sha256.toString('hex'),
    key,
    version_id: versionId,
    genesis_at: genesisAt,
    before: manifestPosition(content.before),
    after: manifestPosition(content.after),
    checkpoint: checkpoint?.note ?? null,
    verifier: checkpoint === undefined ? null : signerOf(checkpoint.note, secret, state),
    previous: earlier === undefined ? null : linkTo(earlier),
  };
  const text = encodeManifest(manifest);
  const manifestVersion = await store.put(manifestKey(key), text);
  const [keptBytes, keptText, { mode, retainUntil }] = await Promise.all([
    store.get(key, versionId),
    store.get(manifestKey(key), manifestVersion),
    store.protection(key, versionId),
  ]);
  if (!keptBytes?.equals(bytes) || !keptText?.equals(text))
    throw new DartwingError('ARCHIVE_REFUSED', { place: store.name, message: `${key} reads back otherwise` });
  requireProtection(store, options, { key, mode, retainUntil, now: new Date(now) });
  await database.transaction(async (tx) => {
    await becomeSequencer(tx, role);
    await sealSegment(tx, segment, {
      versionId,
      manifestVersion,
      manifestSha256: sha256(text),
      mode,
      retainUntil,
    });
  });
}

/** @throws ARCHIVE_UNFIT when a bucket did not lock what was written for long enough */
function requireProtection(
  store: ArchiveStore,
  options: ArchiveOptions,
  { key, mode, retainUntil, now }: { key: string; mode: string; retainUntil: Date | undefined; now: Date },
): void {
  if (!store.isImmutable) return;
  const years = Math.max(options.retentionYears ?? 0, retentionYearsMin);
  const isStrong = mode === 'compliance' || (mode === 'governance' && options.mode === 'governance');
  // The bucket counts from its own clock, in years of its own; a few days make no difference.
  const least = now.getTime() + years * 365 * 86_400_000 - auditBounds.clockSkewMs;
  const isLong = retainUntil !== undefined && retainUntil.getTime() >= least;
  if (isStrong && isLong) return;
  const message = `${key} is kept in mode ${mode} until ${retainUntil?.toISOString() ?? 'nobody knows'}`;
  throw new DartwingError('ARCHIVE_UNFIT', { place: store.name, message });
}

function linkTo({ key, manifestVersion, manifestSha256 }: StoredSegment): Manifest['previous'] {
  return {
    key: manifestKey(key),
    version_id: manifestVersion,
    sha256: manifestSha256?.toString('hex') ?? '',
  };
}

/** A position as a manifest tells it. */
export function manifestPosition({ seq, at, chain, frontier }: Position): ManifestPosition {
  return { seq, at, chain: chain.toString('hex'), frontier: frontier.map((peak) => peak.toString('hex')) };
}

/** The verifier key of whoever signed a note. */
function signerOf(
  note: string,
  secret: SigningSecret,
  { deployment, signer }: DeploymentState,
): string | null {
  const ids = parseNote(note)?.signatures.map(({ id }) => id) ?? [];
  const verifiers = trustedVerifiers(secret, deployment, signer?.generation ?? 1);
  const verifier = verifiers.find((one) => ids.some((id) => id.equals(one.id)));
  return verifier === undefined ? null : verifierText(verifier);
}

function refused(organization: string, message: string): DartwingError {
  return new DartwingError('ARCHIVE_TRAIL_REFUSED', { org: organization, message });
}
