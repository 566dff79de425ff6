import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryLeaf, link } from '../../src/core/audit/chain.js';
import { classify } from '../../src/core/audit/classify.js';
import { clearColumns } from '../../src/core/audit/columns.js';
import { judgeEnding } from '../../src/core/audit/ending.js';
import { type AuditBody, composeBody } from '../../src/core/audit/entry.js';
import type { Fault, FaultKind } from '../../src/core/audit/fault.js';
import { type ChainHead, emptyTrail, extendTrail } from '../../src/core/audit/head.js';
import { instantMicros, instantText } from '../../src/core/audit/instant.js';
import { advance, type StoredEvent, startOf } from '../../src/core/audit/walk.js';

const organization = 'ORG-2026-00001';
const runs = { numRuns: 300 };

interface Trail {
  head: ChainHead;
  events: StoredEvent[];
}

const bodies = new Map<string, Buffer>();

function body(name: string): Buffer {
  const known = bodies.get(name);
  if (known !== undefined) return known;
  const entry = {
    action: 'update',
    actor: { type: 'person', id: 'PERSON-2026-00001' },
    via: 'http',
    ref: { doctype: 'Task', name },
  } as const;
  const composed = composeBody(entry, organization, `id-${name}`, new Date('2026-11-23T00:00:00Z'));
  bodies.set(name, composed);
  return composed;
}

/** Batches of entries, each at the time given, which may be earlier than the one before. */
const trails = fc
  .array(fc.record({ size: fc.integer({ min: 1, max: 8 }), second: fc.integer({ min: 0, max: 59 }) }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((batches): Trail => {
    let head = emptyTrail(organization, '2026-11-23T00:00:00.000000Z');
    const events: StoredEvent[] = [];
    for (const { size, second } of batches) {
      const texts = Array.from({ length: size }, (_, n) => body(`${events.length + n + 1}`));
      const now = `2026-11-23T00:01:${String(second).padStart(2, '0')}.000000Z`;
      const extended = extendTrail(head, texts, now);
      head = extended.head;
      for (const entry of extended.entries) {
        events.push({ ...entry, columns: clearColumns(JSON.parse(entry.body.toString()) as AuditBody) });
      }
    }
    return { head, events };
  });

/** A trail, a place in it that leaves `before` entries before and `after` behind, and a second one behind that. */
function places(before: number, after: number): fc.Arbitrary<{ trail: Trail; at: number; further: number }> {
  return trails
    .filter(({ events }) => events.length > before + after)
    .chain((trail) =>
      fc
        .integer({ min: before, max: trail.events.length - 1 - after })
        .chain((at) =>
          fc
            .integer({ min: Math.min(at + 1, trail.events.length - 1), max: trail.events.length - 1 })
            .map((further) => ({ trail, at, further })),
        ),
    );
}

/** What verification does, on a list instead of a database. `windowMax` is how far it looks ahead. */
function firstFault({ head, events }: Trail, windowMax = 2_000): Fault | undefined {
  const inOrder = events.toSorted((a, b) => a.seq - b.seq || (a.at < b.at ? -1 : 1));
  const upToHead = inOrder.filter((event) => event.seq <= head.seq);
  let position = startOf(head);
  for (const [index, event] of upToHead.entries()) {
    const advanced = advance(position, event);
    if (advanced === undefined) return classify(position, upToHead.slice(index, index + windowMax), head.seq);
    position = advanced;
  }
  const beyond = inOrder.find((event) => event.seq > head.seq);
  return (
    judgeEnding(position, head) ??
    (beyond && { kind: 'insertion', seq: beyond.seq, what: 'Entry stands behind the head' })
  );
}

function expectFault(trail: Trail, kind: FaultKind, ...seqs: number[]): void {
  const fault = firstFault(trail);
  expect(fault?.kind, fault?.what).toBe(kind);
  expect(seqs, fault?.what).toContain(fault!.seq);
}

function replace({ head, events }: Trail, at: number, change: Partial<StoredEvent>): Trail {
  return { head, events: events.with(at, { ...events[at]!, ...change }) };
}

const forged = (event: StoredEvent): Buffer => Buffer.from(event.body.toString().replace('update', 'delete'));
const withLeaf = (event: StoredEvent): StoredEvent => ({ ...event, leaf: entryLeaf(event) });
const withColumns = (event: StoredEvent): StoredEvent => ({
  ...event,
  columns: clearColumns(JSON.parse(event.body.toString()) as AuditBody),
});
const later = (at: string, micros: bigint): string => instantText(instantMicros(at) + micros);

describe('a walk', () => {
  it('finds nothing in an untouched trail', () => {
    fc.assert(
      fc.property(trails, (trail) => {
        expect(firstFault(trail)).toBeUndefined();
      }),
      runs,
    );
  });
});

describe('a change is named', () => {
  const attacks: Record<string, (event: StoredEvent) => Partial<StoredEvent>> = {
    'of the body': (event) => ({ body: forged(event) }),
    'of body and columns': (event) => withColumns({ ...event, body: forged(event) }),
    'of body and leaf': (event) => withLeaf({ ...event, body: forged(event) }),
    'of the leaf': () => ({ leaf: Buffer.alloc(32, 7) }),
    'of the chain value': () => ({ chain: Buffer.alloc(32, 7) }),
    'of leaf and chain value': () => ({ leaf: Buffer.alloc(32, 7), chain: Buffer.alloc(32, 8) }),
    'of everything': () => ({
      body: Buffer.from('{'),
      leaf: Buffer.alloc(32, 7),
      chain: Buffer.alloc(32, 8),
    }),
    'of the time': (event) => ({ at: later(event.at, 1n) }),
    'of is_phi': (event) => ({ columns: { ...event.columns, is_phi: true } }),
  };
  it.each(Object.entries(attacks))('%s', (_name, attack) => {
    fc.assert(
      fc.property(places(0, 0), ({ trail, at }) => {
        // A later time may overtake the next entry; only the named entry counts then.
        expectFault(replace(trail, at, attack(trail.events[at]!)), 'change', at + 1);
      }),
      runs,
    );
  });

  it('of any clear column', () => {
    const names = ['action', 'actor_type', 'actor_id', 'via', 'doctype', 'document_name', 'request_id'];
    fc.assert(
      fc.property(places(0, 0), fc.constantFrom(...names), ({ trail, at }, name) => {
        const columns = { ...trail.events[at]!.columns, [name]: 'forged' };
        expectFault(replace(trail, at, { columns }), 'change', at + 1);
      }),
      runs,
    );
  });

  it('of an entry with leaf and chain value, at it or at the one behind', () => {
    fc.assert(
      fc.property(places(0, 0), ({ trail, at }) => {
        const event = withLeaf(withColumns({ ...trail.events[at]!, body: forged(trail.events[at]!) }));
        const previous = trail.events[at - 1]?.chain ?? startOf(trail.head).chain;
        const changed = replace(trail, at, { ...event, chain: link(previous, event.leaf) });
        const fault = firstFault(changed)!;
        expect(fault.kind).toBe('change');
        // Of the last entry only the tree in the head knows, and it names the range of a peak.
        const reach =
          at + 1 === trail.head.seq ? [fault.seq <= at + 1] : [[at + 1, at + 2].includes(fault.seq)];
        expect(reach, fault.what).toEqual([true]);
      }),
      runs,
    );
  });

  it('of the head', () => {
    fc.assert(
      fc.property(trails, ({ head, events }) => {
        const { seq } = head;
        expectFault({ events, head: { ...head, chain: Buffer.alloc(32) } }, 'change', seq);
        expect(firstFault({ events, head: { ...head, frontier: [Buffer.alloc(32)] } })?.kind).toBe('change');
        expectFault({ events, head: { ...head, genesisAt: later(head.genesisAt, -1n) } }, 'change', 1);
      }),
      runs,
    );
  });
});

describe('a deletion is named', () => {
  it('when it leaves a gap', () => {
    fc.assert(
      fc.property(places(0, 1), ({ trail, at, further }) => {
        const events = trail.events.filter((_, index) => index < at || index >= further);
        expectFault({ head: trail.head, events }, 'deletion', at + 1);
      }),
      runs,
    );
  });

  it('when those behind were renumbered', () => {
    fc.assert(
      fc.property(places(0, 1), ({ trail, at, further }) => {
        const events = trail.events
          .filter((_, index) => index < at || index >= further)
          .map((event, index) => ({ ...event, seq: index + 1 }));
        expectFault({ head: trail.head, events }, 'deletion', at + 1);
      }),
      runs,
    );
  });
});

describe('a truncation is named', () => {
  it('when the last entries are gone', () => {
    fc.assert(
      fc.property(places(0, 0), ({ trail, at }) => {
        expectFault({ head: trail.head, events: trail.events.slice(0, at) }, 'truncation', at + 1);
      }),
      runs,
    );
  });
});

describe('an insertion is named', () => {
  const forge = (event: StoredEvent, more: Partial<StoredEvent> = {}): StoredEvent =>
    withLeaf(withColumns({ ...event, body: forged(event), ...more }));

  it('when two entries have one number, whichever comes first', () => {
    fc.assert(
      fc.property(
        places(0, 0),
        fc.constantFrom(-1n, 1n),
        fc.boolean(),
        ({ trail, at }, shift, consistent) => {
          const event = trail.events[at]!;
          const extra = forge(event, { at: later(event.at, shift) });
          const previous = trail.events[at - 1]?.chain ?? startOf(trail.head).chain;
          const chain = consistent ? link(previous, extra.leaf) : event.chain;
          expectFault(
            { head: trail.head, events: [...trail.events, { ...extra, chain }] },
            'insertion',
            at + 1,
          );
        },
      ),
      runs,
    );
  });

  it('when those behind were moved on', () => {
    fc.assert(
      fc.property(places(0, 0), fc.boolean(), fc.boolean(), ({ trail, at }, consistent, headToo) => {
        const event = trail.events[at]!;
        const previous = trail.events[at - 1]?.chain ?? startOf(trail.head).chain;
        const extra = forge(event, { at: later(event.at, -1n) });
        const chained = consistent && extra.at > (trail.events[at - 1]?.at ?? trail.head.genesisAt);
        const events = [
          ...trail.events.slice(0, at),
          { ...extra, chain: chained ? link(previous, extra.leaf) : event.chain },
          ...trail.events.slice(at).map((moved) => ({ ...moved, seq: moved.seq + 1 })),
        ];
        const head = headToo ? { ...trail.head, seq: trail.head.seq + 1 } : trail.head;
        const fault = firstFault({ head, events })!;
        // Of the very last place only the head knows, which a consistent forgery turns into a change of the end.
        const isLast = at + 1 === trail.head.seq && !headToo;
        expect(isLast ? ['insertion', 'change'] : ['insertion'], fault.what).toContain(fault.kind);
        if (fault.kind === 'insertion') expect(fault.seq).toBe(at + 1);
      }),
      runs,
    );
  });

  it('when a copy of another entry has its number', () => {
    fc.assert(
      fc.property(places(0, 1), ({ trail, at, further }) => {
        const copy = { ...trail.events[further]!, seq: at + 1 };
        expectFault({ head: trail.head, events: [...trail.events, copy] }, 'insertion', at + 1);
      }),
      runs,
    );
  });

  it('when it stands behind the head', () => {
    fc.assert(
      fc.property(places(0, 0), ({ trail }) => {
        const last = trail.events.at(-1)!;
        const extra = forge(last, { seq: last.seq + 1, at: later(last.at, 1n) });
        const events = [...trail.events, { ...extra, chain: link(last.chain, extra.leaf) }];
        expectFault({ head: trail.head, events }, 'insertion', last.seq + 1);
      }),
      runs,
    );
  });
});

describe('a reordering is named', () => {
  it('when two entries changed their numbers, also further apart than verification looks ahead', () => {
    fc.assert(
      fc.property(places(0, 1), fc.constantFrom(2, 5, 100), ({ trail, at, further }, windowMax) => {
        const events = trail.events
          .with(at, { ...trail.events[at]!, seq: further + 1 })
          .with(further, { ...trail.events[further]!, seq: at + 1 });
        const fault = firstFault({ head: trail.head, events }, windowMax);
        expect(fault, fault?.what).toMatchObject({ kind: 'reordering', seq: at + 1 });
      }),
      runs,
    );
  });

  it('when two entries changed places but not their times', () => {
    fc.assert(
      fc.property(places(0, 1), ({ trail, at, further }) => {
        const a = trail.events[at]!;
        const b = trail.events[further]!;
        const events = trail.events
          .with(at, { ...b, seq: a.seq, at: a.at })
          .with(further, { ...a, seq: b.seq, at: b.at });
        expectFault({ head: trail.head, events }, 'reordering', at + 1);
      }),
      runs,
    );
  });

  it('when one entry was moved and those between closed up', () => {
    fc.assert(
      fc.property(places(0, 1), ({ trail, at, further }) => {
        const events = trail.events.map((event, index) => {
          if (index === at) return { ...event, seq: further + 1 };
          return index > at && index <= further ? { ...event, seq: event.seq - 1 } : event;
        });
        expectFault({ head: trail.head, events }, 'reordering', at + 1);
      }),
      runs,
    );
  });
});

describe('whatever is done to one row', () => {
  it('is found', () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((array) => Buffer.from(array));
    const change = fc.oneof(
      fc.record({ leaf: bytes }),
      fc.record({ chain: bytes }),
      fc.record({ body: bytes }),
      fc.record({ seq: fc.integer({ min: -3, max: 70 }) }),
      fc.record({ organization: fc.constant('ORG-2026-00002') }),
    );
    fc.assert(
      fc.property(places(0, 0), change, ({ trail, at }, changed) => {
        fc.pre(!('seq' in changed && changed.seq === at + 1));
        expect(firstFault(replace(trail, at, changed as Partial<StoredEvent>))).toBeDefined();
      }),
      runs,
    );
  });
});
