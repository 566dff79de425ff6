/**
 * What signed checkpoints say about a trail, in the order of their sizes: those of the database, and those that were
 * kept elsewhere. A walk asks at every entry whether its tree is the one that was signed.
 */
import { auditBounds } from '../bounds.js';
import type { Fault } from '../fault.js';
import { treeRoot } from '../merkle.js';
import type { AuditDatabase } from '../ports.js';
import type { Position } from '../walk.js';
import { type Epochs, keptOf } from './epoch.js';
import { isSigned, type ParsedNote, parseNote, type Verifier } from './note.js';
import { listCheckpoints, type StoredCheckpoint } from './queries.js';
import { originOf } from './signer.js';

/** Who is believed, and what is known besides the database. */
export interface Trust {
  readonly deployment: string;
  readonly verifiers: readonly Verifier[];
  readonly epochs: Epochs;
  /** Checkpoints that were kept outside of the database, by organization, each by size. */
  readonly anchors: ReadonlyMap<string, readonly Anchor[]>;
}

/** A checkpoint from outside. Its signature has been checked. */
export interface Anchor {
  readonly epoch: number;
  readonly size: number;
  readonly root: Buffer;
}

/** A checkpoint that a walk has to meet, or a fault of the checkpoint itself. */
interface Expected extends Anchor {
  readonly fault?: Fault;
}

export interface Expectations {
  /** Entries after which there is something to meet; 0 while that is not known. */
  readonly due: number;
  /** Size of the last checkpoint that was met. */
  readonly met: number;
  /** The fault between the tree after `position` and what was signed about it, if any. */
  meet(position: Position): Promise<Fault | undefined>;
  /** The fault between the end of a trail and what was signed beyond it, if any. */
  end(position: Position): Promise<Fault | undefined>;
  /** Size of the largest checkpoint that the trail has to have; 0 without any. */
  largest(): Promise<number>;
}

/** Opens what is expected of a trail, behind a size. */
export function expectationsOf(
  database: AuditDatabase,
  organization: string,
  trust: Trust,
  from: { size: number; epoch: number } = { size: 0, epoch: 0 },
): Expectations {
  let after = from;
  let page: Expected[] = [];
  let isLast = false;
  let met = from.size;
  const outside = (trust.anchors.get(organization) ?? []).filter(({ size }) => size > from.size);

  async function fill(): Promise<void> {
    if (page.length > 0 || isLast) return;
    const rows = await database.transaction((tx) =>
      listCheckpoints(tx, organization, after, auditBounds.checkpointPage),
    );
    isLast = rows.length < auditBounds.checkpointPage;
    const last = rows.at(-1);
    if (last !== undefined) after = { size: last.size, epoch: last.epoch };
    page = rows.map((row) => expectedOf(row, trust));
  }

  /** The next one, smallest first; removed when `size` has come to it. */
  async function next(size: number): Promise<Expected | undefined> {
    await fill();
    const source =
      (page[0]?.size ?? Number.POSITIVE_INFINITY) <= (outside[0]?.size ?? Number.POSITIVE_INFINITY)
        ? page
        : outside;
    const first = source[0];
    if (first === undefined || first.size > size) return undefined;
    return source.shift();
  }

  const isLost = ({ epoch, size }: Anchor) => size > keptOf(trust.epochs, organization, epoch);

  return {
    get due() {
      if (page.length === 0 && !isLast) return 0;
      return Math.min(
        page[0]?.size ?? Number.POSITIVE_INFINITY,
        outside[0]?.size ?? Number.POSITIVE_INFINITY,
      );
    },
    get met() {
      return met;
    },
    meet: async (position) => {
      for (let one = await next(position.seq); one !== undefined; one = await next(position.seq)) {
        if (one.fault !== undefined) return one.fault;
        if (isLost(one)) continue;
        if (!treeRoot(position.frontier).equals(one.root))
          return forkAt(met, one, treeRoot(position.frontier));
        met = one.size;
      }
      return undefined;
    },
    end: async (position) => {
      for (let one = await next(Number.POSITIVE_INFINITY); one; one = await next(Number.POSITIVE_INFINITY)) {
        if (one.fault !== undefined) return one.fault;
        if (isLost(one)) continue;
        const what = `The trail ends at entry ${position.seq}, a signed checkpoint tells of ${one.size}`;
        return { kind: 'truncation', seq: position.seq + 1, what, expected: one.root.toString('hex') };
      }
      return undefined;
    },
    largest: async () => {
      let size = 0;
      for (let one = await next(Number.POSITIVE_INFINITY); one; one = await next(Number.POSITIVE_INFINITY))
        if (one.fault === undefined && !isLost(one)) size = one.size;
      return size;
    },
  };
}

function forkAt(met: number, { size, root }: Anchor, found: Buffer): Fault {
  const range = met + 1 === size ? `Entry ${size} is` : `Entries ${met + 1} to ${size} are`;
  return {
    kind: 'fork',
    seq: met + 1,
    what: `${range} not the trail that was signed`,
    expected: root.toString('hex'),
    found: found.toString('hex'),
  };
}

/** What a stored checkpoint says, or what is wrong with it. */
function expectedOf(row: StoredCheckpoint, trust: Trust): Expected {
  const { epoch, size, root } = row;
  const fault = checkpointFault(row, trust);
  return fault === undefined ? { epoch, size, root } : { epoch, size, root, fault };
}

/** Why a stored checkpoint is not to be believed, if so. */
export function checkpointFault(row: StoredCheckpoint, { deployment, verifiers }: Trust): Fault | undefined {
  const { organization, epoch, size, root, note } = row;
  const parsed = parseNote(note);
  const signed = parsed !== undefined && isSigned(parsed, verifiers);
  if (!signed)
    return {
      kind: 'forgery',
      seq: size,
      what: `The checkpoint of ${size} entries is signed by none of our keys`,
    };
  if (isAbout(parsed, originOf(deployment, organization, epoch), size) && parsed.root.equals(root))
    return undefined;
  return {
    kind: 'forgery',
    seq: size,
    what: `The checkpoint of ${size} entries was signed for something else`,
  };
}

function isAbout({ origin, size }: ParsedNote, expectedOrigin: string, expectedSize: number): boolean {
  return origin === expectedOrigin && size === expectedSize;
}
