/** Follows the trail as it grows, oldest first. */
import { keepListening, type OpenListener } from '../db/index.js';
import { makeDoorbell } from '../doorbell.js';
import { DartwingError } from '../errors.js';
import { auditBounds } from './bounds.js';
import { sequencedChannel } from './channels.js';
import { type AuditDocument, auditDocument } from './document.js';
import { type AuditFilter, requireFilter } from './filter.js';
import { listLastTimes, selectEventsAfter } from './list-queries.js';
import { openPersonal } from './personal.js';
import type { AuditDatabase, AuditTransaction } from './ports.js';
import type { EventKey } from './read-queries.js';
import { type AuditReader, recordReading } from './reader.js';

/** Where to begin, what to show and whether to go on. Without `since` and `sinceSeq` it begins with what comes. */
export interface AuditTailOptions extends AuditFilter {
  /** Begin behind this number; needs `organization`. */
  readonly sinceSeq?: number | undefined;
  /** Wait for more at the end, until the signal aborts. */
  readonly follow?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where the entries come from: transactions, and a LISTEN connection that makes following prompt. */
export interface AuditTailSource {
  readonly database: AuditDatabase<AuditTransaction>;
  /** Without it following looks every `auditBounds.tailPollMs`. */
  readonly listen?: OpenListener | undefined;
  readonly onFailure?: (error: unknown) => void;
}

const beginning: EventKey = { at: '-infinity', seq: 0 };

/**
 * Yields entries, each once, in the order of each organization's trail (organizations interleave). The reading is
 * recorded once, at the start. Ends at the end of the trails, or when the signal aborts if it follows.
 * @throws AUDIT_QUERY_INVALID; what the database throws.
 */
export async function* tailAudit(
  source: AuditTailSource,
  options: AuditTailOptions,
  reader: AuditReader,
): AsyncGenerator<AuditDocument, void, void> {
  const { sinceSeq, follow, signal, ...filter } = options;
  requireFilter(filter);
  if (sinceSeq !== undefined && filter.organization === undefined) {
    throw new DartwingError('AUDIT_QUERY_INVALID', { message: 'a number needs its organization' });
  }
  const bell = makeDoorbell();
  const listening =
    follow && source.listen
      ? keepListening({
          open: source.listen,
          channel: sequencedChannel,
          pauseMs: auditBounds.listenBackoffMs,
          pauseMsMax: auditBounds.listenBackoffMsMax,
          onPayload: bell.ring,
          onConnected: bell.ring,
          onFailure: source.onFailure ?? (() => {}),
        })
      : undefined;
  signal?.addEventListener('abort', bell.ring);
  try {
    await source.database.transaction((tx) => recordReading(tx, reader, filter));
    const positions = await startPositions(source.database, options);
    while (!signal?.aborted) {
      yield* newEntries(source.database, filter, positions, signal);
      if (!follow || signal?.aborted) return;
      await bell.wait(auditBounds.tailPollMs);
    }
  } finally {
    signal?.removeEventListener('abort', bell.ring);
    await listening?.close();
  }
}

/** Last seen entry by organization; organizations that are not named begin at their beginning. */
type Positions = Map<string, EventKey>;

async function startPositions(
  database: AuditDatabase,
  { organization, since, sinceSeq }: AuditTailOptions,
): Promise<Positions> {
  if (organization !== undefined && sinceSeq !== undefined) {
    return new Map([[organization, { ...beginning, seq: sinceSeq }]]);
  }
  if (since !== undefined) return new Map();
  const trails = await database.transaction((tx) => listLastTimes(tx, organization));
  return new Map(trails.map((trail) => [trail.organization, { at: trail.lastAt, seq: 0 }]));
}

async function* newEntries(
  database: AuditDatabase<AuditTransaction>,
  filter: AuditFilter,
  positions: Positions,
  signal: AbortSignal | undefined,
): AsyncGenerator<AuditDocument, void, void> {
  const trails = await database.transaction((tx) => listLastTimes(tx, filter.organization));
  for (const { organization, lastAt } of trails) {
    let after = positions.get(organization) ?? beginning;
    // As text, '-infinity' comes before every instant.
    while (after.at < lastAt) {
      if (signal?.aborted) return;
      const page = { after, limit: auditBounds.pageEntries };
      const { events, documents } = await database.transaction(async (tx) => {
        const found = await selectEventsAfter(tx, { ...filter, organization }, page);
        return { events: found, documents: await openPersonal(tx, found.map(auditDocument)) };
      });
      yield* documents;
      const last = events.at(-1);
      // A short page has seen everything up to the head, also when the filter let none of it through.
      const isShort = events.length < page.limit;
      after = isShort ? { at: last !== undefined && last.at > lastAt ? last.at : lastAt, seq: 0 } : last!;
      positions.set(organization, after);
    }
  }
}
