/**
 * Signing: every trail that grew is walked from its last checkpoint to its end, and only what follows from that
 * checkpoint is signed. The signed checkpoints become entries of one log over all organizations, whose own checkpoint
 * is signed with them in the same transaction: whoever holds one checkpoint of the log can prove every trail that
 * there was, also one that is gone with everything that told of it.
 *
 * A signer refuses a trail that is shorter than what it signed, or does not contain it; and it refuses everything when
 * the log itself does not contain the newest checkpoint that is kept outside of the database.
 */
import { DartwingError } from '../../errors.js';
import { auditBounds } from '../bounds.js';
import { appendLeaf, type Frontier, leafHash, treeRoot } from '../merkle.js';
import { mapAtOnce } from '../parallel.js';
import type { AuditDatabase, Queryable } from '../ports.js';
import { readEventsInOrder, readHead } from '../read-queries.js';
import { advance, type Position, startOf } from '../walk.js';
import { becomeSequencer } from '../write-queries.js';
import { checkpointText, isSigned, parseNote, signCheckpoint, type Verifier, verifierText } from './note.js';
import {
  claimLog,
  type DeploymentState,
  insertCheckpoints,
  insertSigner,
  listCheckpointed,
  listDueTrails,
  readCheckpointOf,
  readDeployment,
  readNewestCheckpoint,
  type StoredCheckpoint,
} from './queries.js';
import {
  deploymentLog,
  originOf,
  readOrigin,
  type SigningKey,
  type SigningSecret,
  signingKey,
  trustedVerifiers,
} from './signer.js';

export interface SigningSource {
  readonly database: AuditDatabase;
  /** Role that may append checkpoints. */
  readonly role: string;
  readonly secret: SigningSecret;
  /** The newest checkpoint of the log that is kept outside of the database. */
  readonly anchor?: () => Promise<string | undefined>;
}

export interface SigningOptions {
  /** One trail only. */
  organization?: string | undefined;
  /** Only trails with enough new entries, or a checkpoint of age. */
  due?: boolean;
  /** Walk and count, sign nothing. */
  dryRun?: boolean | undefined;
}

export interface SigningRound {
  /** Trails that got a checkpoint. */
  readonly signed: number;
  /** Trails that were refused, and why. */
  readonly refused: readonly { readonly organization: string; readonly what: string }[];
  /** The newest checkpoint of the log; undefined before the first. */
  readonly note: string | undefined;
}

/**
 * One round.
 * @throws AUDIT_LOG_REFUSED when the log is not the one that was signed last
 */
export async function signCheckpoints(
  source: SigningSource,
  { organization, due = false, dryRun = false }: SigningOptions = {},
): Promise<SigningRound> {
  const { database, role } = source;
  const state = await database.transaction(readDeployment);
  const key = await currentKey(source, state, dryRun);
  const trusted = trustedVerifiers(source.secret, state.deployment, key.generation);
  await requireAnchor(source, state, trusted);
  const trails = await database.transaction((tx) =>
    listDueTrails(tx, {
      organization,
      entries: due ? auditBounds.checkpointEntries : 0,
      ageMs: due ? auditBounds.checkpointMs : 0,
      limit: auditBounds.checkpointTrailsMax,
    }),
  );
  const refused: { organization: string; what: string }[] = [];
  const walked = await mapAtOnce(trails, auditBounds.organizationsAtOnce, async (trail) => {
    const outcome = await walkSince(database, trail, trusted);
    if ('what' in outcome) refused.push({ organization: trail, what: outcome.what });
    return outcome;
  });
  const grown = walked.filter((outcome) => 'position' in outcome);
  if (dryRun) return { signed: grown.length, refused, note: undefined };
  return database.transaction(async (tx) => {
    await becomeSequencer(tx, role);
    if (!(await claimLog(tx))) return { signed: 0, refused, note: undefined };
    return append(tx, { state, key, trusted, grown, refused });
  });
}

/** The key of today's generation. The first, and the first of another secret, is entered as one. */
async function currentKey(
  { database, role, secret }: SigningSource,
  state: DeploymentState,
  dryRun: boolean,
): Promise<SigningKey> {
  const { deployment, signer } = state;
  const known = signer && signingKey(secret, deployment, signer.generation);
  if (known && verifierText(known.verifier) === signer.verifier) return known;
  const next = signingKey(secret, deployment, (signer?.generation ?? 0) + 1);
  if (dryRun) return next;
  await database.transaction(async (tx) => {
    await becomeSequencer(tx, role);
    await insertSigner(tx, { generation: next.generation, verifier: verifierText(next.verifier) });
  });
  return next;
}

/** @throws AUDIT_LOG_REFUSED */
async function requireAnchor(
  { database, anchor }: SigningSource,
  state: DeploymentState,
  trusted: readonly Verifier[],
): Promise<void> {
  const note = await anchor?.();
  const outside = note === undefined ? undefined : parseNote(note);
  if (outside === undefined || !isSigned(outside, trusted)) return;
  const named = readOrigin(outside.origin, state.deployment);
  // An anchor of another deployment says nothing; one of a former epoch was answered for when the epoch began.
  if (named === undefined || named.epoch < state.epoch) return;
  const stored = await database.transaction((tx) =>
    readCheckpointOf(tx, deploymentLog, { size: outside.size, epoch: named.epoch }),
  );
  if (stored?.root.equals(outside.root)) return;
  throw new DartwingError('AUDIT_LOG_REFUSED', {
    message: `a checkpoint outside of the database tells of ${outside.size} entries that this log does not have`,
  });
}

type Walked =
  | { trail: string; last: StoredCheckpoint | undefined; position: Position }
  | { trail: string; what: string };

/** Walks a trail from its newest checkpoint to its head. */
async function walkSince(
  database: AuditDatabase,
  trail: string,
  trusted: readonly Verifier[],
): Promise<Walked> {
  const last = await database.transaction((tx) => readNewestCheckpoint(tx, trail));
  const { head } = await database.transaction((tx) => readHead(tx, trail));
  if (head === undefined) return { trail, what: 'The trail has no head' };
  if (last !== undefined && last.size > head.seq)
    return { trail, what: `The trail has ${head.seq} entries, ${last.size} were signed` };
  const start = last === undefined ? startOf(head) : positionOf(last, trusted);
  if (start === undefined) return { trail, what: 'The last checkpoint is not one that was signed' };
  let position = start;
  for (;;) {
    const { seq, at } = position;
    const page = await database.transaction((tx) =>
      readEventsInOrder(tx, head, seq === 0 ? undefined : { seq, at }),
    );
    for (const event of page) {
      const next = advance(position, event);
      if (next === undefined)
        return { trail, what: `Entry ${position.seq + 1} does not follow from the one before` };
      position = next;
    }
    if (page.length < auditBounds.pageEntries) break;
  }
  const isWhole = position.seq === head.seq && treeRoot(position.frontier).equals(treeRoot(head.frontier));
  return isWhole
    ? { trail, last, position }
    : { trail, what: 'The head of the trail is not that of its entries' };
}

/** Where a walk may go on behind a checkpoint; undefined when the note does not sign what is stored beside it. */
export function positionOf(checkpoint: StoredCheckpoint, trusted: readonly Verifier[]): Position | undefined {
  const { size, root, frontier, chain, lastAt, note } = checkpoint;
  const parsed = parseNote(note);
  if (parsed === undefined || chain === undefined || lastAt === undefined) return undefined;
  const isKept = parsed.size === size && parsed.root.equals(root) && treeRoot(frontier).equals(root);
  return isKept && isSigned(parsed, trusted)
    ? { seq: size, at: lastAt, leaf: undefined, chain, frontier }
    : undefined;
}

interface Appending {
  state: DeploymentState;
  key: SigningKey;
  trusted: readonly Verifier[];
  grown: readonly { trail: string; last: StoredCheckpoint | undefined; position: Position }[];
  refused: { organization: string; what: string }[];
}

/** Puts checkpoints into the log and signs it. The lock is held. */
async function append(
  tx: Queryable,
  { state, key, trusted, grown, refused }: Appending,
): Promise<SigningRound> {
  const { deployment, epoch } = state;
  const log = await readNewestCheckpoint(tx, deploymentLog);
  const signed: StoredCheckpoint[] = [];
  let frontier: Frontier = log?.frontier ?? [];
  let place = log?.size ?? 0;
  for (const { trail, last, position } of grown) {
    const newest = await readNewestCheckpoint(tx, trail);
    // Another process was first: since the walk, or already before it.
    if (newest?.size !== last?.size || newest?.epoch !== last?.epoch || newest?.size === position.seq)
      continue;
    const root = treeRoot(position.frontier);
    const checkpoint = { origin: originOf(deployment, trail, epoch), size: position.seq, root };
    frontier = appendLeaf(frontier, place, leafHash(Buffer.from(checkpointText(checkpoint))));
    place += 1;
    signed.push({
      organization: trail,
      epoch,
      size: position.seq,
      place,
      root,
      frontier: position.frontier,
      chain: position.chain,
      lastAt: position.at,
      note: signCheckpoint(checkpoint, key.verifier, key.privateKey),
    });
  }
  if (signed.length === 0) return { signed: 0, refused, note: log?.note };
  await requireSignedLog(tx, log, trusted);
  const root = treeRoot(frontier);
  const checkpoint = { origin: originOf(deployment, deploymentLog, epoch), size: place, root };
  const note = signCheckpoint(checkpoint, key.verifier, key.privateKey);
  const own = { organization: deploymentLog, epoch, size: place, place: undefined, root, frontier, note };
  await insertCheckpoints(tx, [...signed, { ...own, chain: undefined, lastAt: undefined }]);
  return { signed: signed.length, refused, note };
}

/** @throws AUDIT_LOG_REFUSED when the stored head of the log is not what was signed, or gone */
async function requireSignedLog(
  tx: Queryable,
  log: StoredCheckpoint | undefined,
  trusted: readonly Verifier[],
): Promise<void> {
  const parsed = log && parseNote(log.note);
  const isSound =
    log === undefined
      ? (await listCheckpointed(tx)).length === 0
      : parsed?.size === log.size && parsed.root.equals(treeRoot(log.frontier)) && isSigned(parsed, trusted);
  if (isSound) return;
  const message = log === undefined ? 'the log is gone' : `its checkpoint of ${log.size} entries was changed`;
  throw new DartwingError('AUDIT_LOG_REFUSED', { message });
}
