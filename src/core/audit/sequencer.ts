/**
 * The sequencer turns staged entries into the chain. One transaction takes a batch of one organization off the
 * stage, puts it behind the head and moves the head: whatever dies in between, an entry is sequenced exactly
 * once. Any number of sequencers may run; an advisory lock lets one at a time work on an organization.
 *
 * The number of an entry is given here and not by a database sequence, because a rolled back transaction would
 * leave a gap there that looks like a deletion. The order of the trail is the order in which entries became
 * visible to the sequencer.
 */
import { limits } from '../limits.js';
import { auditBounds } from './bounds.js';
import { type ChainHead, emptyTrail, extendTrail } from './head.js';
import { instantMicros } from './instant.js';
import { mapAtOnce } from './parallel.js';
import type { AuditDatabase, AuditKey, Queryable } from './ports.js';
import { hasToldOfClock, readHead } from './read-queries.js';
import { isAuthentic } from './staging.js';
import { skewBody, tamperBody } from './tamper.js';
import {
  announceSequenced,
  awaitTrail,
  becomeSequencer,
  claimTrail,
  ensurePartitions,
  insertEvents,
  listStagedOrganizations,
  openMonths,
  saveHead,
  type TakenEntry,
  takeStagedEntries,
} from './write-queries.js';

export interface SequencingOptions {
  /** Transactions of the system login. */
  readonly database: AuditDatabase;
  /** Name of the database role that may write events; the system login is a member. */
  readonly role: string;
  /** Keys of the staging MAC. Entries of other keys stay staged until a sequencer comes that has theirs. */
  readonly keys: readonly AuditKey[];
  /** Entries per organization and transaction; `limits.auditBatchMax` unless told. */
  readonly batch?: number;
  /** Only this one; whoever sequences it just now is waited for. */
  readonly organization?: string | undefined;
}

/** What one round did. An organization that another sequencer works on counts in neither. */
export interface SequencingRound {
  readonly organizations: number;
  readonly entries: number;
  readonly failed: readonly { readonly organization: string; readonly error: unknown }[];
}

/**
 * Sequences one batch of every organization that has staged entries. A failing organization stops no other.
 * @throws when the list of organizations cannot be read.
 */
export async function sequenceOnce(options: SequencingOptions): Promise<SequencingRound> {
  const { database, role } = options;
  const staged = () =>
    database.transaction(async (tx) => {
      const [, , found] = await Promise.all([
        becomeSequencer(tx, role),
        openMonths(tx),
        listStagedOrganizations(tx),
      ]);
      return found;
    });
  const organizations = options.organization === undefined ? await staged() : [options.organization];
  const failed: { organization: string; error: unknown }[] = [];
  const counts = await mapAtOnce(organizations, auditBounds.organizationsAtOnce, async (organization) => {
    try {
      return await database.transaction((tx) => sequenceOrganization(tx, organization, options));
    } catch (error) {
      failed.push({ organization, error });
      return 0;
    }
  });
  const entries = counts.reduce((sum, count) => sum + count, 0);
  if (entries > 0) await database.transaction(announceSequenced);
  return { organizations: counts.filter((count) => count > 0).length, entries, failed };
}

async function sequenceOrganization(
  tx: Queryable,
  organization: string,
  { role, keys, batch = limits.auditBatchMax, organization: only }: SequencingOptions,
): Promise<number> {
  const claim = only === undefined ? claimTrail : awaitTrail;
  const [, isClaimed] = await Promise.all([becomeSequencer(tx, role), claim(tx, organization)]);
  if (!isClaimed) return 0;
  const wanted = {
    keyIds: keys.map((key) => key.id),
    entriesMax: batch,
    bytesMax: auditBounds.batchBytesMax,
  };
  const [taken, { head: known, now }] = await Promise.all([
    takeStagedEntries(tx, organization, wanted),
    readHead(tx, organization),
  ]);
  if (taken.length === 0) return 0;
  const bodies = taken.map((entry) => provenBody(entry, keys, now));
  if (known !== undefined && (await isClockBack(tx, known, now))) bodies.unshift(skewBody(known, now));
  const { head, entries } = extendTrail(known ?? emptyTrail(organization, now), bodies, now);
  await Promise.all([
    ensurePartitions(tx, entries[0]!.at, head.lastAt),
    insertEvents(tx, entries),
    saveHead(tx, head),
  ]);
  return entries.length;
}

/**
 * Whether the server's clock stands before the last entry, and no entry has told so yet. The times of the trail go on by a
 * microsecond for each entry until the clock has caught up.
 */
async function isClockBack(tx: Queryable, head: ChainHead, now: string): Promise<boolean> {
  const behindMs = Number(instantMicros(head.lastAt) - instantMicros(now)) / 1_000;
  if (behindMs <= auditBounds.clockBackMs) return false;
  return !(await hasToldOfClock(tx, head));
}

function provenBody(taken: TakenEntry, keys: readonly AuditKey[], now: string): Buffer {
  const key = keys.find((candidate) => candidate.id === taken.keyId)!;
  return isAuthentic(key, taken) ? taken.body : tamperBody(taken, new Date(now));
}
