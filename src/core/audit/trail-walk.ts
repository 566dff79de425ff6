/**
 * Walks one trail from a proven position to its end and meets what was signed on the way. Whole pages are proven at once
 * (page.ts); what is not accepted so is read again, judged entry by entry, and named.
 */
import { auditBounds } from './bounds.js';
import type { Expectations } from './checkpoint/expected.js';
import { classify } from './classify.js';
import type { Fault } from './fault.js';
import type { ChainHead } from './head.js';
import { openPage, type ProvablePage } from './page.js';
import type { AuditDatabase } from './ports.js';
import { type EventKey, readEventPage, readEventsInOrder } from './read-queries.js';
import { advance, type Position } from './walk.js';

export interface Walk {
  readonly head: ChainHead;
  readonly start: Position;
  /** What was signed about the trail behind `start`. */
  readonly expected: Expectations | undefined;
  /** End with the last entry that was sequenced by then. */
  readonly to?: Date | undefined;
  readonly onProgress?: ((entries: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How far a walk came, and what stopped it. */
interface Walked {
  readonly position: Position;
  readonly fault?: Fault | undefined;
  readonly isEnd: boolean;
}

/** @throws what the database throws, and the signal's reason when aborted. */
export async function walkTrail(
  database: AuditDatabase,
  walk: Walk,
): Promise<{ position: Position; fault?: Fault | undefined }> {
  const { head, expected, to, signal, onProgress } = walk;
  const read = async (after?: EventKey): Promise<ProvablePage | undefined> => {
    if (to !== undefined) return undefined;
    // A body that is no text cannot be read so; whatever else is wrong happens to the slow walk again.
    const page = await database.transaction((tx) => readEventPage(tx, head, after)).catch(() => undefined);
    return page && openPage(head.organization, page);
  };
  let position = walk.start;
  let coming = read(keyOf(position));
  for (;;) {
    const page = await coming;
    signal?.throwIfAborted();
    const before = position.seq;
    // The next one is on its way while this one is hashed.
    coming = page === undefined || page.isLast ? Promise.resolve(undefined) : read(page.last);
    let walked = page === undefined ? stopped(position) : await provePage(page, position, expected);
    if (walked.fault === undefined && walked.position.seq !== page?.last.seq) {
      await coming;
      walked = await walkSlowly(database, { ...walk, start: walked.position });
      if (walked.fault === undefined && !walked.isEnd) coming = read(keyOf(walked.position));
    }
    position = walked.position;
    onProgress?.(position.seq - before);
    if (walked.fault === undefined && !walked.isEnd) continue;
    await coming;
    return walked;
  }
}

function stopped(position: Position, fault?: Fault): Walked {
  return { position, fault, isEnd: false };
}

function keyOf(position: Position): EventKey | undefined {
  return position.seq === 0 ? undefined : position;
}

/** As far as entries are accepted at once. */
async function provePage(
  page: ProvablePage,
  start: Position,
  expected: Expectations | undefined,
): Promise<Walked> {
  let position = start;
  while (position.seq < page.last.seq) {
    const due = Math.max(expected?.due ?? Number.POSITIVE_INFINITY, position.seq + 1);
    const proven = page.prove(position, Math.min(due, page.last.seq));
    if (proven === undefined) return stopped(position);
    position = proven;
    if (expected === undefined || position.seq < expected.due) continue;
    const fault = await expected.meet(position);
    if (fault !== undefined) return stopped(position, fault);
  }
  return { position, isEnd: page.isLast };
}

/** One page, and what is needed of the next to name a fault. */
async function walkSlowly(database: AuditDatabase, { head, start, expected, to }: Walk): Promise<Walked> {
  const readPage = (after?: EventKey) => database.transaction((tx) => readEventsInOrder(tx, head, after));
  let position = start;
  const page = await readPage(keyOf(start));
  for (const [index, event] of page.entries()) {
    if (to !== undefined && Date.parse(event.at) > to.getTime()) return { position, isEnd: true };
    const advanced = advance(position, event);
    if (advanced === undefined) {
      const more = page.length < auditBounds.pageEntries ? [] : await readPage(page.at(-1)!);
      return stopped(position, classify(position, [...page.slice(index), ...more], head.seq));
    }
    position = advanced;
    if (expected === undefined || position.seq < expected.due) continue;
    const fault = await expected.meet(position);
    if (fault !== undefined) return stopped(position, fault);
  }
  return { position, isEnd: page.length < auditBounds.pageEntries };
}
