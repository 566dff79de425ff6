/** The tables of requirements §10.5 and the pure part of T-S3 and T-S4. */
import { describe, expect, test } from 'vitest';
import { defaultRules, type Resolution, resolve } from '../../src/core/sync/strategies/index.js';
import { clientOf, conflictOf, serverOf } from './conflicts.js';

/** Both sides changed a field of a document that knew the value `old`. */
function contest(doctype: string, field: string): Resolution {
  return resolve(
    conflictOf({ base: { [field]: 'old' }, server: { [field]: 'server' }, client: { [field]: 'client' } }),
    defaultRules(doctype),
  );
}

const table: readonly [doctype: string, field: string, winner: 'server' | 'client' | 'person'][] = [
  ['Organization', 'org_name', 'server'],
  ['Person', 'first_name', 'server'],
  ['Org Member', 'role', 'server'],
  ['File', 'file_name', 'server'],
  ['Task', 'status', 'server'],
  ['Task', 'assigned_to', 'server'],
  ['Task', 'priority', 'server'],
  ['Task', 'due_date', 'server'],
  ['Task', 'notes', 'client'],
  ['Task', 'description', 'client'],
  ['Task', 'unlisted', 'server'],
  ['Calendar Event', 'starts_on', 'person'],
  ['Notification', 'read_state', 'client'],
  ['Notification', 'dismissed', 'client'],
  ['Comment', 'content', 'server'],
  ['Equipment', 'assigned_to', 'server'],
  ['Equipment', 'current_location', 'server'],
  ['Equipment', 'status', 'server'],
  ['Equipment', 'notes', 'client'],
  ['Equipment', 'unlisted', 'server'],
  ['Address', 'city', 'server'],
  ['Anything else', 'field', 'server'],
];

describe('a field that both sides changed', () => {
  test.each(table)('%s.%s belongs to the %s', (doctype, field, winner) => {
    const { document, decisions, needsPerson, lost, open } = contest(doctype, field);
    expect(decisions).toMatchObject([
      { field, by: winner, base: 'old', server: 'server', client: 'client', value: document[field] },
    ]);
    expect(document[field]).toBe(winner === 'client' ? 'client' : 'server');
    expect(needsPerson).toBe(winner === 'person');
    expect(open).toEqual(winner === 'person' ? [field] : []);
    expect(lost).toEqual({
      client: winner === 'server' ? { [field]: 'client' } : {},
      server: winner === 'client' ? { [field]: 'server' } : {},
    });
  });
});

describe('T-S3 each strategy', () => {
  test('server_wins drops the whole edit and keeps it', () => {
    const conflict = conflictOf({
      base: { city: 'A', zip: '1' },
      server: { city: 'B', zip: '1' },
      client: { city: 'A', zip: '2' },
    });
    const resolution = resolve(conflict, { strategy: 'server_wins' });
    expect(resolution).toMatchObject({
      outcome: 'server_wins',
      winner: 'server',
      changed: false,
      document: { city: 'B', zip: '1' },
      lost: { client: { zip: '2' }, server: {} },
    });
  });

  test('client_wins takes read_state and keeps what else the server wrote', () => {
    const resolution = resolve(
      conflictOf({
        base: { read_state: 'unread', subject: 'a' },
        server: { read_state: 'archived', subject: 'b' },
        client: { read_state: 'read', subject: 'a' },
      }),
      defaultRules('Notification'),
    );
    expect(resolution).toMatchObject({
      document: { read_state: 'read', subject: 'b' },
      lost: { client: {}, server: { read_state: 'archived' } },
    });
  });

  test('field_level merges a Task: status of the server, description of the client', () => {
    const resolution = resolve(
      conflictOf({
        base: { status: 'Open', description: 'x', title: 't' },
        server: { status: 'Done', description: 'y', title: 't' },
        client: { status: 'Late', description: 'z', title: 't' },
      }),
      defaultRules('Task'),
    );
    expect(resolution).toMatchObject({
      outcome: 'merged',
      winner: 'both',
      document: { status: 'Done', description: 'z', title: 't' },
      lost: { client: { status: 'Late' }, server: { description: 'y' } },
    });
  });

  test('field_level merges Equipment: location of the server, notes of the client', () => {
    const resolution = resolve(
      conflictOf({
        base: { current_location: 'A', notes: '' },
        server: { current_location: 'B', notes: 'server' },
        client: { current_location: 'C', notes: 'client' },
      }),
      defaultRules('Equipment'),
    );
    expect(resolution.document).toEqual({ current_location: 'B', notes: 'client' });
  });

  test('append_only refuses edits and takes deletions', () => {
    const rules = defaultRules('Comment');
    const edit = conflictOf({ base: { content: 'a' }, server: { content: 'a' }, client: { content: 'b' } });
    expect(resolve(edit, rules)).toMatchObject({ outcome: 'server_wins', document: { content: 'a' } });
    const deletion = { ...edit, client: clientOf({ op: 'delete' }) };
    expect(resolve(deletion, rules)).toMatchObject({ outcome: 'applied', deleted: true });
  });

  test('union keeps what both added and drops what either removed', () => {
    const resolution = resolve(
      conflictOf({
        base: { tags: ['a', 'b', 'c'] },
        server: { tags: ['b', 'c', 's'] },
        client: { tags: ['a', 'c', 'k'] },
      }),
      { strategy: 'three_way', union: ['tags'] },
    );
    expect(resolution.document.tags).toEqual(['c', 's', 'k']);
    expect(resolution).toMatchObject({ outcome: 'merged', lost: { client: {}, server: {} } });
  });

  test('manual_resolve leaves every field but notes to a person', () => {
    const resolution = resolve(
      conflictOf({
        base: { starts_on: '9:00', place: 'A', notes: 'bring tea' },
        server: { starts_on: '10:00', place: 'A', notes: 'bring tea' },
        client: { starts_on: '9:00', place: 'B', notes: 'bring coffee' },
      }),
      defaultRules('Calendar Event'),
    );
    expect(resolution).toMatchObject({
      outcome: 'conflict',
      needsPerson: true,
      open: ['place'],
      document: { starts_on: '10:00', place: 'A', notes: 'bring coffee' },
    });
  });

  test('last_write_wins takes the later clamped time', () => {
    const conflict = conflictOf({ base: { seen: 1 }, server: { seen: 2 }, client: { seen: 3 } });
    const rules = { strategy: 'last_write_wins' as const };
    const at = (writtenAt: string) =>
      resolve({ ...conflict, client: { ...conflict.client, writtenAt: new Date(writtenAt) } }, rules);
    expect(at('2026-11-23T10:00:30Z').document).toEqual({ seen: 3 });
    expect(at('2026-11-23T09:59:00Z').document).toEqual({ seen: 2 });
    const fromTheFuture = at('2036-01-01T00:00:00Z');
    expect(fromTheFuture.document).toEqual({ seen: 3 });
    expect(fromTheFuture.writtenAt).toEqual(conflict.now);
  });

  test('three_way merges what does not overlap, texts by lines, and asks a person about the rest', () => {
    const conflict = conflictOf({
      base: { title: 't', due: 1, text: 'one\ntwo\nthree' },
      server: { title: 'server', due: 1, text: 'ONE\ntwo\nthree' },
      client: { title: 'client', due: 2, text: 'one\ntwo\nTHREE' },
    });
    const rules = { strategy: 'three_way' as const, text: ['text'] };
    expect(resolve(conflict, rules)).toMatchObject({
      outcome: 'conflict',
      open: ['title'],
      document: { title: 'server', due: 2, text: 'ONE\ntwo\nTHREE' },
    });
    expect(resolve(conflict, { ...rules, client: ['title'] })).toMatchObject({
      outcome: 'merged',
      document: { title: 'client', due: 2, text: 'ONE\ntwo\nTHREE' },
      lost: { client: {}, server: { title: 'server' } },
    });
  });
});

describe('T-S4 deletions', () => {
  const edited = { base: { a: 1 }, server: { a: 2 }, client: { a: 3 } };
  const gone = { ...conflictOf(edited), server: serverOf({ data: { a: 2 }, deleted: true }) };

  test('a deletion beats an edit it did not see, and the edited document is kept', () => {
    const conflict = { ...conflictOf(edited), client: clientOf({ op: 'delete' }) };
    expect(resolve(conflict, defaultRules('Task'))).toMatchObject({
      deleted: true,
      changed: true,
      winner: 'client',
      lost: { client: {}, server: { a: 2 } },
    });
    expect(resolve(conflict, { strategy: 'three_way', deletes: 'manual' })).toMatchObject({
      deleted: false,
      changed: false,
      outcome: 'conflict',
      needsPerson: true,
    });
  });

  test.each(['insert', 'update'] as const)('a tombstone beats an %s, and the edit is kept', (op) => {
    const conflict = { ...gone, client: clientOf({ op, data: { a: 3 } }) };
    expect(resolve(conflict, { strategy: 'client_wins' })).toMatchObject({
      outcome: 'server_wins',
      deleted: true,
      changed: false,
      lost: { client: { a: 3 } },
    });
  });

  test('undelete wins over the tombstone', () => {
    const conflict = { ...gone, client: clientOf({ op: 'undelete', data: { b: 4 } }) };
    expect(resolve(conflict, { strategy: 'server_wins' })).toMatchObject({
      outcome: 'applied',
      deleted: false,
      changed: true,
      document: { a: 2, b: 4 },
    });
  });

  test('two deletions are one, and undelete of a living document does nothing', () => {
    expect(resolve({ ...gone, client: clientOf({ op: 'delete' }) }, { strategy: 'three_way' })).toMatchObject(
      {
        outcome: 'unchanged',
        deleted: true,
      },
    );
    const living = { ...conflictOf(edited), client: clientOf({ op: 'undelete' }) };
    expect(resolve(living, { strategy: 'three_way' })).toMatchObject({
      outcome: 'unchanged',
      deleted: false,
    });
  });
});
