import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ConflictRules, type Fields, resolve } from '../../src/core/sync/strategies/index.js';
import { conflictOf } from './conflicts.js';

const rules: ConflictRules = { strategy: 'three_way', rows: { items: { key: 'name' } } };

function merge(base: Fields[], server: Fields[], client: Fields[], more: Partial<ConflictRules> = {}) {
  return resolve(
    conflictOf({ base: { items: base }, server: { items: server }, client: { items: client } }),
    {
      ...rules,
      ...more,
    },
  );
}

test('rows that either side added stay, rows that either side removed go', () => {
  const { document, outcome } = merge(
    [{ name: '1' }, { name: '2' }, { name: '3' }],
    [{ name: '1' }, { name: '3' }, { name: 's' }],
    [{ name: '1' }, { name: '2' }, { name: 'c' }],
  );
  expect(document.items).toEqual([{ name: '1' }, { name: 's' }, { name: 'c' }]);
  expect(outcome).toBe('merged');
});

test('cells of one row merge like fields, and a cell that both changed goes to the owner of the table', () => {
  const sides = [
    [{ name: '1', a: 1, b: 1 }],
    [{ name: '1', a: 2, b: 1, c: 9 }],
    [{ name: '1', a: 1, b: 2 }],
  ] as const;
  expect(merge([...sides[0]], [...sides[1]], [...sides[2]]).document.items).toEqual([
    { name: '1', a: 2, b: 2, c: 9 },
  ]);
  const contested = [{ name: '1', a: 3, b: 1 }];
  expect(merge([...sides[0]], [...sides[1]], contested)).toMatchObject({
    outcome: 'conflict',
    open: ['items'],
  });
  expect(merge([...sides[0]], [...sides[1]], contested, { client: ['items'] })).toMatchObject({
    document: { items: [{ name: '1', a: 3, b: 1, c: 9 }] },
    lost: { server: { items: sides[1] } },
  });
  expect(merge([...sides[0]], [...sides[1]], contested, { server: ['items'] })).toMatchObject({
    document: { items: sides[1] },
    lost: { client: { items: contested } },
  });
});

test('a row that one side removed and the other edited is gone, and the edit is kept', () => {
  expect(merge([{ name: '1', a: 1 }], [], [{ name: '1', a: 2 }])).toMatchObject({
    document: { items: [] },
    lost: { client: { items: [{ name: '1', a: 2 }] }, server: {} },
  });
});

test('quantities that both sides added to are summed, and rows are put in order', () => {
  const { document } = merge(
    [{ name: '1', quantity: 1, idx: 1 }],
    [
      { name: '1', quantity: 3, idx: 1 },
      { name: 's', quantity: 1, idx: 3 },
    ],
    [
      { name: '1', quantity: 5, idx: 1 },
      { name: 'c', quantity: 1, idx: 2 },
    ],
    { rows: { items: { key: 'name', order: 'idx', sum: ['quantity'] } } },
  );
  expect(document.items).toEqual([
    { name: '1', quantity: 7, idx: 1 },
    { name: 'c', quantity: 1, idx: 2 },
    { name: 's', quantity: 1, idx: 3 },
  ]);
});

test('rows without a key, or with one twice, belong to the owner as a whole', () => {
  for (const client of [[{ a: 1 }], [{ name: '1' }, { name: '1', a: 2 }], ['text'], [null]])
    expect(merge([], [{ name: 's' }], client as Fields[], { server: ['items'] })).toMatchObject({
      outcome: 'server_wins',
      document: { items: [{ name: 's' }] },
      lost: { client: { items: client } },
    });
});

test('numbers that both sides counted up are summed without noise', () => {
  const counted = resolve(conflictOf({ base: { n: 0.1 }, server: { n: 0.3 }, client: { n: 0.2 } }), {
    strategy: 'three_way',
    sum: ['n'],
  });
  expect(counted.document.n).toBe(0.4);
});

test('two devices that count on from one number and come to the same have counted twice', () => {
  const conflict = conflictOf({ base: { n: 1 }, server: { n: 2 }, client: { n: 2 } });
  const rules: ConflictRules = { strategy: 'three_way', sum: ['n'] };
  expect(resolve(conflict, rules).document.n).toBe(3);
  const withoutId = { ...conflict, client: { ...conflict.client, operationId: '' } };
  expect(resolve(withoutId, rules)).toMatchObject({ outcome: 'unchanged', document: { n: 2 } });
});

test('every row of either side is in the merge or was removed by the other', () => {
  const row = fc.record({ name: fc.constantFrom('1', '2', '3', '4', '5'), a: fc.nat(2) });
  const table = fc.uniqueArray(row, { selector: ({ name }) => name, maxLength: 5 });
  fc.assert(
    fc.property(table, table, table, (base, server, client) => {
      const { document, open } = merge(base, server, client);
      if (open.length > 0) return;
      const has = (list: readonly Fields[], name: unknown) => list.some((other) => other.name === name);
      const items = document.items as Fields[];
      for (const { name } of [...server, ...client]) {
        const removed = has(base, name) && !(has(server, name) && has(client, name));
        expect(has(items, name)).toBe(!removed);
      }
    }),
  );
});
