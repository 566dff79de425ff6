/**
 * Puts what the database lost back from the archive: trails that are shorter than the archive tells, or gone, with their
 * checkpoints. What is there must be the beginning of what the archive has; nothing is overwritten. It can be run again
 * at any time and goes on where it stopped.
 */
import { DartwingError } from '../../errors.js';
import { entryLeaf, link } from '../chain.js';
import { parseNote, type Verifier } from '../checkpoint/note.js';
import { insertCheckpoints, readNewestCheckpoint, type StoredCheckpoint } from '../checkpoint/queries.js';
import { deploymentLog, readOrigin } from '../checkpoint/signer.js';
import type { ChainedEntry, ChainHead } from '../head.js';
import { appendLeaf, treeRoot } from '../merkle.js';
import type { AuditDatabase } from '../ports.js';
import { readHead } from '../read-queries.js';
import type { Position } from '../walk.js';
import { becomeSequencer, claimTrail, ensurePartitions, insertEvents, saveHead } from '../write-queries.js';
import { type ProvenSegment, verifyArchive } from './offline.js';
import { insertSegment, readLastSegments, sealSegment } from './queries.js';
import type { SegmentLine } from './segment.js';
import type { ArchiveOptions, ArchiveStore } from './store.js';

export interface RestoreSource {
  readonly database: AuditDatabase;
  readonly role: string;
  readonly store: ArchiveStore;
  readonly options: ArchiveOptions;
  readonly verifiers: readonly Verifier[];
}

export interface Restored {
  /** Trails that got entries back, and how many. */
  readonly trails: { organization: string; from: number; entries: number }[];
  readonly entries: number;
  readonly checkpoints: number;
}

/**
 * @throws ARCHIVE_TRAIL_REFUSED when the archive itself has a fault, or a trail is not the beginning of what it has
 */
export async function restoreTrails(source: RestoreSource, signal?: AbortSignal): Promise<Restored> {
  const { database, store, options, verifiers } = source;
  const log = await database.transaction((tx) => readNewestCheckpoint(tx, deploymentLog));
  const missing = new Map<string, StoredCheckpoint>();
  const logRows: StoredCheckpoint[] = [];
  const trails = new Map<string, { organization: string; from: number; entries: number }>();
  const onSegment = async (segment: ProvenSegment): Promise<void> => {
    const { organization } = segment.manifest;
    if (organization === deploymentLog) {
      for (const row of missingFrom(segment, log?.size ?? 0))
        missing.set(`${row.organization} ${row.epoch} ${row.size}`, row);
      const own = logRow(segment, log?.size ?? 0);
      if (own !== undefined) logRows.push(own);
    } else {
      const put = await restoreSegment(source, segment, missing);
      const known = trails.get(organization);
      if (put !== undefined)
        trails.set(organization, {
          organization,
          from: known?.from ?? put.from,
          entries: (known?.entries ?? 0) + put.entries,
        });
    }
    await rememberSegment(source, segment);
  };
  const { findings } = await verifyArchive(store, { verifiers, signal, onSegment }, options);
  const fault = findings.find(({ severity }) => severity === 'fail');
  if (fault !== undefined)
    throw new DartwingError('ARCHIVE_TRAIL_REFUSED', { org: fault.organization, message: fault.fault.what });
  const rows = [...missing.values()].filter(({ chain }) => chain !== undefined);
  await database.transaction(async (tx) => {
    await becomeSequencer(tx, source.role);
    await insertCheckpoints(tx, [...rows.sort((a, b) => a.place! - b.place!), ...logRows], true);
  });
  const restored = [...trails.values()];
  return {
    trails: restored,
    entries: restored.reduce((sum, { entries }) => sum + entries, 0),
    checkpoints: rows.length,
  };
}

/** Checkpoints of a log segment that the database does not have; their places in trails are found later. */
function missingFrom({ manifest, lines }: ProvenSegment, logSize: number): StoredCheckpoint[] {
  return lines
    .filter(({ seq }) => seq > logSize)
    .map(({ seq, note, organization }) => {
      const parsed = parseNote(note!)!;
      const epoch = readOrigin(parsed.origin, manifest.deployment)?.epoch ?? 1;
      return {
        organization: organization!,
        epoch,
        size: parsed.size,
        place: seq,
        root: parsed.root,
        frontier: [],
        chain: undefined,
        lastAt: undefined,
        note: note!,
      };
    });
}

function logRow({ manifest, after }: ProvenSegment, logSize: number): StoredCheckpoint | undefined {
  if (manifest.checkpoint === null || manifest.last <= logSize) return undefined;
  return {
    organization: deploymentLog,
    epoch: manifest.epoch,
    size: manifest.last,
    place: undefined,
    root: treeRoot(after.frontier),
    frontier: after.frontier,
    chain: undefined,
    lastAt: undefined,
    note: manifest.checkpoint,
  };
}

/** Appends the entries of a segment that a trail does not have, and completes the checkpoints that lie in it. */
async function restoreSegment(
  { database, role }: RestoreSource,
  { manifest, lines, before }: ProvenSegment,
  missing: Map<string, StoredCheckpoint>,
): Promise<{ from: number; entries: number } | undefined> {
  const { organization, epoch } = manifest;
  return database.transaction(async (tx) => {
    await becomeSequencer(tx, role);
    if (!(await claimTrail(tx, organization)))
      throw new DartwingError('ARCHIVE_TRAIL_REFUSED', {
        org: organization,
        message: 'it is being sequenced',
      });
    const { head } = await readHead(tx, organization);
    const size = head?.seq ?? 0;
    const entries: ChainedEntry[] = [];
    let position = before;
    for (const line of lines) {
      const { entry, next } = chained(organization, position, line);
      position = next;
      const checkpoint = missing.get(`${organization} ${epoch} ${position.seq}`);
      if (checkpoint !== undefined)
        missing.set(`${organization} ${epoch} ${position.seq}`, {
          ...checkpoint,
          frontier: position.frontier,
          chain: position.chain,
          lastAt: position.at,
        });
      if (head?.seq === position.seq && !head.chain.equals(position.chain))
        throw new DartwingError('ARCHIVE_TRAIL_REFUSED', {
          org: organization,
          message: `its first ${size} entries are others than those of the archive`,
        });
      if (position.seq > size) entries.push(entry);
    }
    if (entries.length === 0) return undefined;
    for (const month of monthsOf(entries)) await ensurePartitions(tx, month, month);
    await insertEvents(tx, entries);
    await saveHead(tx, headAt(organization, position, head?.genesisAt ?? manifest.genesis_at!));
    return { from: size, entries: entries.length };
  });
}

function chained(
  organization: string,
  before: Position,
  { seq, at, body }: SegmentLine,
): { entry: ChainedEntry; next: Position } {
  const place = { organization, seq, at: at!, body: Buffer.from(body!) };
  const leaf = entryLeaf(place);
  const chain = link(before.chain, leaf);
  const frontier = appendLeaf(before.frontier, before.seq, leaf);
  return {
    entry: { ...place, previous: before.chain, leaf, chain },
    next: { seq, at: at!, leaf, chain, frontier },
  };
}

function headAt(organization: string, { seq, at, chain, frontier }: Position, genesisAt: string): ChainHead {
  return { organization, seq, chain, frontier, genesisAt, lastAt: at };
}

/** One instant of each month of the entries. */
function monthsOf(entries: readonly ChainedEntry[]): string[] {
  return [...new Map(entries.map(({ at }) => [at.slice(0, 7), at])).values()];
}

/** Takes a segment of the archive down as sealed, so that sealing goes on behind it. */
async function rememberSegment(
  { database, role, store }: RestoreSource,
  { manifest, after, sha256, versionId }: ProvenSegment,
): Promise<void> {
  const { organization, epoch, first, last, key, bytes } = manifest;
  await database.transaction(async (tx) => {
    await becomeSequencer(tx, role);
    const [newest] = await readLastSegments(tx, organization, store.name);
    if (newest !== undefined && newest.first >= first) return;
    const segment = {
      organization,
      store: store.name,
      epoch,
      first,
      last,
      key,
      sha256: Buffer.from(manifest.sha256, 'hex'),
      bytes,
      after: { frontier: after.frontier, chain: after.chain, at: after.at },
      versionId: manifest.version_id,
      manifestVersion: versionId,
      manifestSha256: Buffer.from(sha256, 'hex'),
      isSealed: false,
    };
    await insertSegment(tx, segment);
    const { mode, retainUntil } = await store.protection(key, manifest.version_id);
    await sealSegment(tx, segment, {
      versionId: manifest.version_id,
      manifestVersion: versionId,
      manifestSha256: segment.manifestSha256,
      mode,
      retainUntil,
    });
  });
}
