/**
 * The ledger of erasures: who was erased, kept in the place of the archive, outside of the database. A database that was
 * put back from a backup has persons again who were erased since; the ledger tells whom, and nothing is served before they
 * are erased once more.
 *
 * A line is one object: the id of the person, when the person was made and when erased, and nothing else. Ids are counted
 * in the database, so one that was put back may give an id of the ledger to somebody else; the moment of making tells them
 * apart. Lines are written after the erasure is committed and marked as written afterwards: whoever dies in between writes
 * the same line again, which the place takes for the one that it has.
 */
import type { ArchiveStore } from '../audit/index.js';
import type { Tx } from '../db/index.js';
import { asDartwingError, DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import {
  findNewestErasure,
  findUnerased,
  listUnledgered,
  markLedgered,
  type UnledgeredRow,
} from './ledger-queries.js';

/** A line. Instants are ISO 8601. */
export interface LedgerLine {
  person: string;
  created_at: string;
  erased_at: string;
}

export interface LedgerSource {
  readonly transaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
  readonly place: ArchiveStore;
}

/** Everything of the ledger begins so. */
const ledgerRoot = 'erasures/v1/';

/**
 * Writes what the ledger lacks, and returns how many lines it wrote. Who was a member of an organization whose data may not
 * go to the place is left out and named.
 * @throws ARCHIVE_UNAVAILABLE, ARCHIVE_REFUSED
 */
export async function writeLedger(
  { transaction, place }: LedgerSource,
  mayLeave: (organization: string) => Promise<void>,
): Promise<{ written: number; refused: string[] }> {
  const outcome = { written: 0, refused: [] as string[] };
  for (let after = { at: new Date(0), person: '' }; ; ) {
    const rows = await transaction((tx) => listUnledgered(tx, after, limits.pageMax));
    for (const row of rows) {
      if (await isKept(row, mayLeave)) {
        const line = lineOf(row);
        await place.put(keyOf(line), Buffer.from(`${JSON.stringify(line)}\n`));
        await transaction((tx) => markLedgered(tx, row.person, tx.clock.now()));
        outcome.written += 1;
      } else outcome.refused.push(row.person);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < limits.pageMax) return outcome;
    after = { at: last.erased_at, person: last.person };
  }
}

async function isKept(
  { organizations }: UnledgeredRow,
  mayLeave: (organization: string) => Promise<void>,
): Promise<boolean> {
  try {
    for (const organization of organizations) await mayLeave(organization);
    return true;
  } catch (error) {
    if (asDartwingError(error).code === 'RESIDENCY_REFUSED') return false;
    throw error;
  }
}

/**
 * The lines whose persons this database has, and has not erased; oldest first. Unless `all`, what is a day older than the
 * newest erasure that the database knows is not looked at: a backup has everything up to its moment.
 * @throws ARCHIVE_UNAVAILABLE, ARCHIVE_REFUSED (a line that says nothing)
 */
export async function findUnreplayed(
  { transaction, place }: LedgerSource,
  { all = false }: { all?: boolean } = {},
): Promise<LedgerLine[]> {
  const newest = all ? undefined : await transaction(findNewestErasure);
  const behind =
    newest === undefined
      ? undefined
      : keyAt(new Date(newest.getTime() - limits.ledgerLookBackMs).toISOString());
  const found: LedgerLine[] = [];
  let page = new Map<string, string>();
  const judge = async () => {
    const here = await transaction((tx) => findUnerased(tx, [...page.keys()]));
    for (const [person, created] of here) {
      const line = await readLine(place, page.get(person)!);
      // Another person, who was given the id after the sequence of ids was put back.
      if (line.created_at === created.toISOString()) found.push(line);
    }
    page = new Map();
  };
  for await (const { key } of place.list(ledgerRoot, behind)) {
    const person = personOf(key);
    if (person !== undefined) page.set(person, key);
    if (page.size >= limits.pageMax) await judge();
  }
  if (page.size > 0) await judge();
  return found.sort((a, b) => a.erased_at.localeCompare(b.erased_at));
}

/** Whether the ledger has a line, and this database its person unerased. @throws ARCHIVE_UNAVAILABLE, ARCHIVE_REFUSED */
export async function isUnreplayed({ transaction, place }: LedgerSource, line: LedgerLine): Promise<boolean> {
  if ((await place.get(keyOf(line))) === undefined) return false;
  const here = await transaction((tx) => findUnerased(tx, [line.person]));
  return here.get(line.person)?.toISOString() === (await readLine(place, keyOf(line))).created_at;
}

/**
 * What every process asks before it serves anybody. A place that does not answer, or does not let us read, keeps nobody from starting:
 * `onAway` hears of it, and doctor looks again.
 * @throws ERASURES_PENDING
 */
export async function requireReplayed(
  source: LedgerSource,
  onAway: (error: DartwingError) => void,
): Promise<void> {
  const found = await findUnreplayed(source).catch((thrown: unknown) => {
    const error = asDartwingError(thrown);
    if (!error.code.startsWith('ARCHIVE_')) throw error;
    onAway(error);
    return [];
  });
  const count = found.length;
  if (count > 0) throw new DartwingError('ERASURES_PENDING', { count, place: source.place.name });
}

function lineOf({ person, person_created_at, erased_at }: UnledgeredRow): LedgerLine {
  return { person, created_at: person_created_at.toISOString(), erased_at: erased_at.toISOString() };
}

/** In the order of time, by year and month. */
function keyAt(instant: string): string {
  return `${ledgerRoot}${instant.slice(0, 4)}/${instant.slice(5, 7)}/${instant.replaceAll(':', '')}`;
}

function keyOf({ person, erased_at }: LedgerLine): string {
  return `${keyAt(erased_at)}_${person}.json`;
}

function personOf(key: string): string | undefined {
  return /_([^_/]+)\.json$/.exec(key)?.[1];
}

async function readLine(place: ArchiveStore, key: string): Promise<LedgerLine> {
  const bytes = await place.get(key);
  try {
    const line = JSON.parse(String(bytes)) as LedgerLine;
    if (keyOf(line) === key && typeof line.created_at === 'string') return line;
  } catch {
    // Told below.
  }
  throw new DartwingError('ARCHIVE_REFUSED', {
    place: key,
    message: 'this is no line of the ledger of erasures',
  });
}
