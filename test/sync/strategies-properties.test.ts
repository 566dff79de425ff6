import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Conflict,
  type ConflictRules,
  clampClientTime,
  type Fields,
  isLater,
  resolve,
  sameValue,
  strategies,
} from '../../src/core/sync/strategies/index.js';
import { clientOf, conflictOf, serverOf } from './conflicts.js';

const names = ['a', 'b', 'c', 'd'];
const value = fc.constantFrom<unknown>(null, 0, 1, 'x', 'y', true, ['i'], { k: 1 });
const fields: fc.Arbitrary<Fields> = fc.record(Object.fromEntries(names.map((name) => [name, value])), {
  requiredKeys: [],
});
const time = fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true });

const rules: fc.Arbitrary<ConflictRules> = fc
  .record({
    strategy: fc.constantFrom(...strategies),
    owners: fc.tuple(...names.map(() => fc.constantFrom('server', 'client', 'latest', 'manual', 'unlisted'))),
    deletes: fc.constantFrom('win' as const, 'manual' as const),
  })
  .map(({ strategy, owners, deletes }) => {
    const of = (owner: string) => names.filter((_, index) => owners[index] === owner);
    const lists = { server: of('server'), client: of('client'), latest: of('latest'), manual: of('manual') };
    const whole = ['server_wins', 'append_only', 'manual_resolve'].includes(strategy);
    return { strategy, deletes, ...(whole ? {} : lists) };
  });

const conflict: fc.Arbitrary<Conflict> = fc
  .record({
    base: fc.option(fields, { nil: undefined }),
    server: fields,
    client: fields,
    deleted: fc.boolean(),
    op: fc.constantFrom('insert' as const, 'update' as const, 'delete' as const, 'undelete' as const),
    writtenAt: time,
  })
  .map(({ base, server, client, deleted, op, writtenAt }) => ({
    client: clientOf({ op, data: client, writtenAt }),
    server: serverOf({ data: server, deleted }),
    base: base && { data: base },
    now: new Date('2026-11-23T10:01:00Z'),
  }));

test('no value is invented, and no changed value disappears without a trace', () => {
  fc.assert(
    fc.property(conflict, rules, (given, rule) => {
      const { document, deleted, lost, open, decisions } = resolve(given, rule);
      const { client, server } = given;
      for (const name of names) {
        expect([client.data[name], server.data[name]].some((side) => sameValue(side, document[name]))).toBe(
          true,
        );
      }
      if (deleted) {
        const kept = server.deleted ? client.data : server.data;
        if (client.op !== 'delete' || !server.deleted)
          expect(server.deleted ? lost.client : lost.server).toEqual(kept);
        return;
      }
      for (const { field, by } of decisions) {
        const changed = !sameValue(given.base?.data?.[field], client.data[field]);
        const kept =
          sameValue(document[field], client.data[field]) || field in lost.client || open.includes(field);
        expect(kept || (by === 'server' && !changed)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

test('server_wins and append_only never change a living document but by deleting it', () => {
  fc.assert(
    fc.property(
      conflict,
      fc.constantFrom('server_wins' as const, 'append_only' as const),
      (given, strategy) => {
        fc.pre(!given.server.deleted && given.client.op !== 'delete');
        const { document, changed } = resolve(given, { strategy });
        expect(changed).toBe(false);
        expect(document).toEqual(given.server.data);
      },
    ),
  );
});

test('manual_resolve never decides by itself between two edits', () => {
  fc.assert(
    fc.property(fields, fields, fields, (base, server, client) => {
      const { document, open, needsPerson } = resolve(conflictOf({ base, server, client }), {
        strategy: 'manual_resolve',
      });
      const edited = Object.keys(client).filter((name) => !sameValue(base[name], client[name]));
      const different = edited.filter((name) => !sameValue(server[name], client[name]));
      expect([...open].sort()).toEqual(different.sort());
      expect(needsPerson).toBe(different.length > 0);
      expect(document).toEqual(server);
    }),
  );
});

test('an edit that is resolved again on its own result changes nothing', () => {
  fc.assert(
    fc.property(conflict, rules, (given, rule) => {
      const once = resolve(given, rule);
      const server = { ...given.server, data: once.document, deleted: once.deleted };
      const again = resolve({ ...given, server }, rule);
      expect(again.changed).toBe(false);
      expect({ document: again.document, deleted: again.deleted }).toEqual({
        document: once.document,
        deleted: once.deleted,
      });
    }),
    { numRuns: 500 },
  );
});

test('edits that do not overlap give the same document in either order', () => {
  fc.assert(
    fc.property(fields, fields, fields, rules, (base, one, other, rule) => {
      fc.pre(['three_way', 'field_level', 'client_wins', 'last_write_wins'].includes(rule.strategy));
      const split = (from: Fields, kept: readonly string[]) => ({
        ...base,
        ...Object.fromEntries(Object.entries(from).filter(([name]) => kept.includes(name))),
      });
      const [left, right] = [split(one, ['a', 'b']), split(other, ['c', 'd'])];
      const there = resolve(conflictOf({ base, server: left, client: right }), rule);
      const back = resolve(conflictOf({ base, server: right, client: left }), rule);
      expect(sameValue(there.document, back.document)).toBe(true);
      expect([there.needsPerson, back.needsPerson]).toEqual([false, false]);
      expect({ ...there.lost, ...back.lost }).toEqual({ client: {}, server: {} });
    }),
  );
});

test('of two texts with edits on lines that are apart both survive', () => {
  const lines = fc.array(fc.constantFrom<string[]>('one', 'two', '', 'three', '__proto__', 'constructor'), {
    minLength: 5,
    maxLength: 40,
  });
  fc.assert(
    fc.property(lines, fc.nat(), (text, at) => {
      const first = at % (text.length - 3);
      const edited = (index: number, word: string) => text.with(index, word).join('\n');
      const { document, outcome } = resolve(
        conflictOf({
          base: { text: text.join('\n') },
          server: { text: edited(first, 'server was here') },
          client: { text: edited(first + 3, 'client was here') },
        }),
        { strategy: 'three_way', text: ['text'] },
      );
      // Repeated lines may be matched otherwise than they were edited; then the edit is a person's, never lost.
      if (outcome === 'conflict') return;
      expect(document.text).toBe(
        text
          .with(first, 'server was here')
          .with(first + 3, 'client was here')
          .join('\n'),
      );
    }),
  );
});

test('a text of thousands of equal lines is left to its owner at once', () => {
  const text = Array<string>(20_000).fill('');
  const { document } = resolve(
    conflictOf({
      base: { text: text.join('\n') },
      server: { text: ['server', ...text, 'server'].join('\n') },
      client: { text: ['client', ...text, 'client'].join('\n') },
    }),
    { strategy: 'three_way', text: ['text'], unlisted: 'server' },
  );
  expect(document.text).toMatch(/^server\n/);
});

test('a clock is clamped between what was edited and now', () => {
  fc.assert(
    fc.property(time, time, time, (writtenAt, one, other) => {
      const [after, now] = one < other ? [one, other] : [other, one];
      const at = clampClientTime(writtenAt, { after, now });
      expect(at.getTime()).toBeLessThanOrEqual(now.getTime());
      expect(at > after || at.getTime() === now.getTime()).toBe(true);
    }),
  );
  const now = new Date('2026-11-23T10:00:00Z');
  expect(clampClientTime(undefined, { now })).toEqual(now);
  expect(clampClientTime(new Date(Number.NaN), { now })).toEqual(now);
});

test('of two versions exactly one is later', () => {
  const written = fc.record({
    writtenAt: fc.constantFrom(new Date(0), new Date(1)),
    device: fc.constantFrom('a', 'b'),
    operationId: fc.constantFrom('1', '2'),
  });
  fc.assert(
    fc.property(written, written, (one, other) => {
      expect(isLater(one, other) && isLater(other, one)).toBe(false);
      expect(isLater(one, other) || isLater(other, one)).toBe(
        !sameValue({ ...one, writtenAt: +one.writtenAt }, { ...other, writtenAt: +other.writtenAt }),
      );
    }),
  );
});
