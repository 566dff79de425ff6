/**
 * Verification from the archive alone: every segment by the version that counts, entry by entry, against the manifests
 * that bind them to each other and against every signed checkpoint of the log. No database is asked.
 */

import { canonicalJson } from '../../json.js';
import { auditBounds } from '../bounds.js';
import { entryLeaf, genesis, link } from '../chain.js';
import { isSigned, type ParsedNote, parseNote, parseVerifier, type Verifier } from '../checkpoint/note.js';
import { deploymentLog, originOf, readOrigin } from '../checkpoint/signer.js';
import type { Fault } from '../fault.js';
import { appendLeaf, type Frontier, leafHash, sha256, treeRoot } from '../merkle.js';
import { mapAtOnce } from '../parallel.js';
import type { Position } from '../walk.js';
import { type ListedSegment, listSegments } from './catalogue.js';
import { manifestPosition } from './seal.js';
import {
  decodeManifest,
  decodeSegment,
  type Manifest,
  type ManifestPosition,
  manifestKey,
  type SegmentLine,
} from './segment.js';
import type { ArchiveOptions, ArchiveStore, ObjectVersion } from './store.js';

export interface OfflineOptions {
  readonly organizations?: readonly string[] | undefined;
  /** Keys whose checkpoints are believed. Without any those that the archive names are, which it says. */
  readonly verifiers?: readonly Verifier[] | undefined;
  /** Checkpoints from elsewhere, by organization. */
  readonly anchors?: ReadonlyMap<string, readonly SignedRoot[]> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((entries: number) => void) | undefined;
  /** Told of every entry that was proven, in order. */
  readonly onSegment?: ((proven: ProvenSegment) => Promise<void>) | undefined;
}

/** A segment whose entries were proven. */
export interface ProvenSegment {
  readonly manifest: Manifest;
  readonly lines: readonly SegmentLine[];
  readonly before: Position;
  readonly after: Position;
  /** Of the manifest. */
  readonly sha256: string;
  readonly versionId: string | null;
}

export interface OfflineFinding {
  readonly organization: string;
  readonly severity: 'fail' | 'warn';
  readonly fault: Fault;
}

export interface OfflineResult {
  readonly organizations: number;
  readonly entries: number;
  readonly findings: OfflineFinding[];
}

/** A root that a checkpoint of the log signs for a trail. */
export interface SignedRoot {
  readonly size: number;
  readonly root: Buffer;
  readonly epoch: number;
}

/** @throws ARCHIVE_UNAVAILABLE */
export async function verifyArchive(
  store: ArchiveStore,
  options: OfflineOptions = {},
  required: Pick<ArchiveOptions, 'mode'> = {},
): Promise<OfflineResult> {
  const segments = await listSegments(store);
  const signed = new Map([...(options.anchors ?? [])].map(([trail, roots]) => [trail, [...roots]]));
  const walk: Walk = { store, options, required, findings: [], signed, entries: 0 };
  await walkTrail(walk, deploymentLog, segments.get(deploymentLog) ?? []);
  const known = new Set([...segments.keys(), ...walk.signed.keys()]);
  known.delete(deploymentLog);
  const trails = [...known].filter((trail) => options.organizations?.includes(trail) !== false).sort();
  for (const trail of trails) {
    options.signal?.throwIfAborted();
    await walkTrail(walk, trail, segments.get(trail) ?? []);
  }
  return { organizations: trails.length, entries: walk.entries, findings: walk.findings };
}

interface Walk {
  readonly store: ArchiveStore;
  readonly options: OfflineOptions;
  readonly required: Pick<ArchiveOptions, 'mode'>;
  readonly findings: OfflineFinding[];
  /** What the log says of each trail, by size. */
  readonly signed: Map<string, SignedRoot[]>;
  entries: number;
}

/** A place in a trail with what binds the next manifest to it. */
interface Place {
  readonly position: Position;
  readonly manifest: Manifest | undefined;
  readonly manifestSha256: string;
  readonly manifestVersion: string | null;
}

async function walkTrail(walk: Walk, trail: string, segments: readonly ListedSegment[]): Promise<void> {
  const fail = (fault: Fault) => void walk.findings.push({ organization: trail, severity: 'fail', fault });
  const signed = walk.signed.get(trail) ?? [];
  /** Where each segment ended, by the number of its last entry: a later epoch may go on from any. */
  const ends = new Map<number, Place>();
  let newest: Place | undefined;
  const read = await readManifests(walk, trail, segments);
  for (const { listed, manifest, sha256: hash, versionId } of read) {
    walk.options.signal?.throwIfAborted();
    const before = manifest.first === 1 ? startOf(trail, manifest) : ends.get(manifest.first - 1);
    if (before === undefined) {
      const from = (newest?.position.seq ?? 0) + 1;
      const what =
        from < manifest.first
          ? `Entries ${from} to ${manifest.first - 1} are not in the archive`
          : `${listed.key} begins in the middle of another segment`;
      return fail({
        kind: from < manifest.first ? 'deletion' : 'fork',
        seq: Math.min(from, manifest.first),
        what,
      });
    }
    const isNewBranch = newest !== undefined && newest.position.seq >= manifest.first;
    if (isNewBranch && newest!.manifest!.epoch >= manifest.epoch)
      return fail({
        kind: 'fork',
        seq: manifest.first,
        what: `Two segments begin at entry ${manifest.first}`,
      });
    const outcome = await readSegment(walk, { listed, manifest, before });
    if ('fault' in outcome) return fail(outcome.fault);
    const { position, lines } = outcome;
    const place = { position, manifest, manifestSha256: hash, manifestVersion: versionId };
    ends.set(manifest.last, place);
    newest = place;
    walk.entries += lines.length;
    walk.options.onProgress?.(lines.length);
    const fork = trail === deploymentLog ? gatherSigned(walk, lines, manifest) : undefined;
    if (fork !== undefined) return fail(fork);
    await walk.options.onSegment?.({
      manifest,
      lines,
      before: before.position,
      after: position,
      sha256: hash,
      versionId,
    });
  }
  const size = newest?.position.seq ?? 0;
  const beyond = signed.find((one) => one.size > size && one.epoch >= (newest?.manifest?.epoch ?? 1));
  if (beyond === undefined) return;
  const what = `The archive ends at entry ${size}, a signed checkpoint tells of ${beyond.size}`;
  fail({ kind: size === 0 ? 'deletion' : 'truncation', seq: size + 1, what });
}

interface ReadManifest {
  listed: ListedSegment;
  manifest: Manifest;
  sha256: string;
  versionId: string | null;
}

/** The manifests of a trail, by epoch and first entry. What has none, or more than one, is told. */
async function readManifests(
  walk: Walk,
  trail: string,
  segments: readonly ListedSegment[],
): Promise<ReadManifest[]> {
  const read: ReadManifest[] = [];
  const fetched = await mapAtOnce(segments, auditBounds.archiveReadsAtOnce, async (listed) => {
    const version = oldest(listed.manifest);
    return version && walk.store.get(manifestKey(listed.key), version.versionId);
  });
  for (const [index, listed] of segments.entries()) {
    const say = (severity: 'fail' | 'warn', kind: Fault['kind'], what: string) =>
      void walk.findings.push({ organization: trail, severity, fault: { kind, seq: listed.first, what } });
    const version = oldest(listed.manifest);
    if (version === undefined) {
      // Whoever sealed died in between, or the manifest is gone: then what follows does not fit.
      say('warn', 'orphan', `${listed.key} has no manifest: nothing counts on it`);
      continue;
    }
    const key = manifestKey(listed.key);
    const bytes = fetched[index];
    const manifest = bytes && decodeManifest(bytes);
    const isRight =
      manifest?.organization === trail &&
      manifest.key === listed.key &&
      manifest.first === listed.first &&
      manifest.last === listed.last;
    if (bytes === undefined || manifest === undefined || !isRight) {
      say('fail', 'change', `${key} is not a manifest of its segment`);
      continue;
    }
    for (const [name, versions] of [
      [key, listed.manifest],
      [listed.key, listed.object],
    ] as const)
      if (await isShadowed(walk.store, name, versions))
        say('warn', 'shadow', `${name} has another version or a delete marker; the oldest counts`);
    read.push({ listed, manifest, sha256: sha256(bytes).toString('hex'), versionId: version.versionId });
  }
  return read.sort(
    (a, b) =>
      a.manifest.epoch - b.manifest.epoch ||
      a.manifest.first - b.manifest.first ||
      a.manifest.last - b.manifest.last,
  );
}

function oldest(versions: readonly ObjectVersion[] | undefined): ObjectVersion | undefined {
  return versions?.find(({ isDeleteMarker }) => !isDeleteMarker);
}

/** Whether somebody put something over an object. The same content twice is what two sealing processes leave. */
async function isShadowed(
  store: ArchiveStore,
  key: string,
  versions: readonly ObjectVersion[] = [],
): Promise<boolean> {
  if (versions.some(({ isDeleteMarker }) => isDeleteMarker)) return true;
  if (versions.length <= 1) return false;
  const contents = await Promise.all(versions.map(({ versionId }) => store.get(key, versionId)));
  return contents.some((content) => content === undefined || !content.equals(contents[0]!));
}

function startOf(trail: string, { genesis_at: at }: Manifest): Place {
  const chain = trail === deploymentLog ? Buffer.alloc(0) : genesis(trail, at ?? '');
  const position = { seq: 0, at: at ?? '', leaf: undefined, chain, frontier: [] };
  return { position, manifest: undefined, manifestSha256: '', manifestVersion: null };
}

type Outcome = { position: Position; lines: readonly SegmentLine[] } | { fault: Fault };

/** Reads a segment and proves that it continues the one before and is what was signed. */
async function readSegment(
  walk: Walk,
  { listed, manifest, before }: { listed: ListedSegment; manifest: Manifest; before: Place },
): Promise<Outcome> {
  const { store } = walk;
  const { organization: trail, first, last, key, epoch } = manifest;
  const fault = (kind: Fault['kind'], what: string, seq = first): Outcome => ({ fault: { kind, seq, what } });
  if (!bindsTo(manifest, before))
    return fault('fork', `The manifest of ${key} does not continue the one before`);
  const [bytes, unprotected] = await Promise.all([
    store.get(key, manifest.version_id),
    protectionFinding(walk, listed, manifest),
  ]);
  if (bytes === undefined) return fault('deletion', `${key} is gone`);
  if (sha256(bytes).toString('hex') !== manifest.sha256)
    return fault('change', `${key} is not what its manifest tells of`);
  const lines = decodeSegment(bytes);
  if (lines?.length !== last - first + 1) return fault('change', `${key} cannot be read`);
  const walked =
    trail === deploymentLog ? walkLog(before.position, lines) : walkEvents(trail, before.position, lines);
  if (walked.seq !== last)
    return fault(
      'change',
      `${key}: line ${walked.seq - first + 2} does not follow from the one before`,
      walked.seq + 1,
    );
  const position = { ...walked, at: manifest.after.at };
  if (!isSame(position, manifest.after))
    return fault('change', `The manifest of ${key} tells of another end`);
  const checkpoint = checkpointFault(walk, manifest, treeRoot(position.frontier));
  if (checkpoint !== undefined) return { fault: checkpoint };
  for (const { size, root } of (walk.signed.get(trail) ?? []).filter(
    (one) => one.epoch === epoch && one.size >= first && one.size <= last,
  )) {
    const found = rootAt(trail, before.position, lines, size);
    if (!found.equals(root))
      return {
        fault: {
          kind: 'fork',
          seq: first,
          what: `The first ${size} entries are not those that were signed`,
          expected: root.toString('hex'),
          found: found.toString('hex'),
        },
      };
  }
  if (unprotected !== undefined) walk.findings.push(unprotected);
  return { position, lines };
}

function isSame(position: Position, told: ManifestPosition): boolean {
  return canonicalJson(manifestPosition(position)) === canonicalJson(told);
}

/** Whether a manifest names the one before by its version and content, and begins where that one ended. */
function bindsTo(
  { previous, before: given, first }: Manifest,
  { position, manifest, manifestSha256, manifestVersion }: Place,
): boolean {
  if (!isSame(position, given)) return false;
  if (first === 1) return previous === null;
  return (
    manifest !== undefined &&
    previous?.key === manifestKey(manifest.key) &&
    previous.sha256 === manifestSha256 &&
    previous.version_id === manifestVersion
  );
}

function walkEvents(organization: string, before: Position, lines: readonly SegmentLine[]): Position {
  let position = before;
  for (const { seq, at, body } of lines) {
    if (seq !== position.seq + 1 || at === undefined || body === undefined || (seq > 1 && at <= position.at))
      break;
    const leaf = entryLeaf({ organization, seq, at, body: Buffer.from(body) });
    position = {
      seq,
      at,
      leaf,
      chain: link(position.chain, leaf),
      frontier: appendLeaf(position.frontier, position.seq, leaf),
    };
  }
  return { ...position, leaf: undefined };
}

function walkLog(before: Position, lines: readonly SegmentLine[]): Position {
  let position = before;
  for (const { seq, note } of lines) {
    const parsed = note === undefined ? undefined : parseNote(note);
    if (seq !== position.seq + 1 || parsed === undefined) break;
    position = {
      ...position,
      seq,
      frontier: appendLeaf(position.frontier, position.seq, leafHash(Buffer.from(parsed.text))),
    };
  }
  return position;
}

function rootAt(trail: string, before: Position, lines: readonly SegmentLine[], size: number): Buffer {
  const part = lines.slice(0, size - before.seq);
  const { frontier }: { frontier: Frontier } =
    trail === deploymentLog ? walkLog(before, part) : walkEvents(trail, before, part);
  return treeRoot(frontier);
}

function checkpointFault(walk: Walk, manifest: Manifest, root: Buffer): Fault | undefined {
  const { checkpoint, organization, epoch, last, deployment } = manifest;
  if (checkpoint === null) return undefined;
  const parsed = parseNote(checkpoint);
  const forgery = (what: string): Fault => ({ kind: 'forgery', seq: last, what });
  const believed = verifiersFor(walk, manifest);
  if (parsed === undefined || !isSigned(parsed, believed))
    return forgery(`The checkpoint of ${last} entries is signed by none of our keys`);
  const isAbout =
    readOrigin(parsed.origin, deployment)?.organization === organization && parsed.size === last;
  if (!isAbout || parsed.origin !== originOf(deployment, organization, epoch))
    return forgery(`The checkpoint of ${last} entries was signed for something else`);
  if (parsed.root.equals(root)) return undefined;
  const what = `The first ${last} entries are not those that were signed`;
  return {
    kind: 'fork',
    seq: manifest.first,
    what,
    expected: parsed.root.toString('hex'),
    found: root.toString('hex'),
  };
}

function verifiersFor({ options }: Walk, { verifier }: Manifest): readonly Verifier[] {
  if (options.verifiers !== undefined) return options.verifiers;
  const named = verifier === null ? undefined : parseVerifier(verifier);
  return named === undefined ? [] : [named];
}

/** Takes down what the log says of trails; the fault of a note in it, if any. */
function gatherSigned(walk: Walk, lines: readonly SegmentLine[], manifest: Manifest): Fault | undefined {
  for (const { seq, note, organization } of lines) {
    const parsed = parseNote(note!)!;
    const named = readOrigin(parsed.origin, manifest.deployment);
    if (named === undefined || named.organization !== organization)
      return { kind: 'forgery', seq, what: `Log entry ${seq} was signed for something else` };
    const list = walk.signed.get(named.organization) ?? [];
    list.push({ size: parsed.size, root: parsed.root, epoch: named.epoch });
    walk.signed.set(named.organization, list);
  }
  return undefined;
}

async function protectionFinding(
  { store, required }: Walk,
  listed: ListedSegment,
  manifest: Manifest,
): Promise<OfflineFinding | undefined> {
  if (!store.isImmutable) return undefined;
  const { mode, retainUntil } = await store.protection(listed.key, manifest.version_id);
  const isStrong = mode === 'compliance' || (mode === 'governance' && required.mode === 'governance');
  if (isStrong && retainUntil !== undefined) return undefined;
  const what = `${listed.key} is kept in mode ${mode} until ${retainUntil?.toISOString() ?? 'nobody knows'}`;
  const fault = { kind: 'unprotected' as const, seq: manifest.first, what };
  return { organization: manifest.organization, severity: 'warn', fault };
}

/** Signed notes by organization, for `anchors`; undefined when one is signed by none of the keys. */
export function anchorsOf(
  notes: readonly ParsedNote[],
  verifiers: readonly Verifier[] | undefined,
): Map<string, SignedRoot[]> | undefined {
  const anchors = new Map<string, SignedRoot[]>();
  for (const note of notes) {
    const deployment = note.origin.split(/[/~]/)[1] ?? '';
    const named = readOrigin(note.origin, deployment);
    if (named === undefined || (verifiers !== undefined && !isSigned(note, verifiers))) return undefined;
    const list = anchors.get(named.organization) ?? [];
    list.push({ size: note.size, root: note.root, epoch: named.epoch });
    anchors.set(named.organization, list);
  }
  return anchors;
}
