/** Equipment through sync: a document for clients, whose truth is the equipment room. */
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { openSyncWorld } from './world.js';

type World = Awaited<ReturnType<typeof openSyncWorld>>;

let world: World;
let org: Awaited<ReturnType<World['found']>>;

beforeAll(async () => {
  world = await openSyncWorld();
});

beforeEach(async () => {
  org = await world.found('ben');
});

const doctype = 'Equipment';
const insert = (id: string, data: object) =>
  ({ id, op: 'insert', doctype, name: `new-${id}`, data: { ...data } }) as const;
const update = (name: string, base: number, data: object, id?: string) =>
  ({ op: 'update', doctype, name, base_version: base, data: { ...data }, ...(id ? { id } : {}) }) as const;

it('creates, hands over and deletes by the rules of its room, with the custody trail, once however often it is sent', async () => {
  const operations = [
    insert('a', { equipment_name: 'Van', assigned_to: org.members[0]!.person }),
    update('new-a', 1, { current_location: 'Yard' }, 'b'),
    {
      id: 'c',
      op: 'insert',
      doctype: 'Comment',
      name: 'k',
      data: { reference_doctype: doctype, reference_name: 'new-a', content: 'ours' },
    },
  ] as const;
  const [made, moved, comment] = await world.push(org.slug, 'phone', operations);
  expect(made).toMatchObject({
    outcome: 'applied',
    renamed_from: 'new-a',
    name: expect.stringMatching(/^EQ-/),
  });
  expect(moved).toMatchObject({
    outcome: 'applied',
    name: made!.name,
    resolved_doc: { current_location: 'Yard' },
  });
  expect(comment).toMatchObject({ outcome: 'applied', resolved_doc: { reference_name: made!.name } });
  const again = await world.push(org.slug, 'phone', operations);
  expect(again.map(({ name, replayed }) => [name, replayed])).toEqual([
    [made!.name, true],
    [made!.name, true],
    ['k', true],
  ]);
  const shown = await world.dartwing.equipment.show(org.slug, made!.name!);
  expect(shown).toMatchObject({
    current_location: 'Yard',
    custody: [{ from: null, to: org.members[0]!.person }],
  });
  expect((await world.dartwing.equipment.list(org.slug)).total_count).toBe(1);
  const { rows, since } = await world.pull(org.slug, { doctype });
  expect(rows).toMatchObject([{ name: made!.name, version: moved!.version }]);
  const gone = { op: 'delete', doctype, name: made!.name!, base_version: moved!.version } as const;
  expect(await world.push(org.slug, 'phone', [gone])).toMatchObject([{ outcome: 'applied', deleted: true }]);
  expect((await world.pull(org.slug, { doctype, since })).rows).toMatchObject([{ deleted: true }]);
});

it('T-S3 keeps what the server owns when edits meet, and takes the rest', async () => {
  const { after } = await world.dartwing.equipment.create(org.slug, { equipment_name: 'Van' });
  await world.dartwing.equipment.update(org.slug, after!.id, { status: 'in_repair' });
  const edit = update(after!.id, 1, { status: 'lost', equipment_name: 'Blue van' });
  const [met] = await world.push(org.slug, 'phone', [edit]);
  expect(met).toMatchObject({
    outcome: 'merged',
    fields_lost: ['status'],
    resolved_doc: { status: 'in_repair', equipment_name: 'Blue van' },
  });
  const { items } = await world.dartwing.sync.conflicts.list(org.slug, { state: 'auto' });
  expect(items).toMatchObject([{ entity: doctype, client: { status: 'lost' } }]);
  // The same device goes on from the version it knew: that is no conflict with itself.
  const own = update(after!.id, met!.version - 1, { equipment_name: 'Green van' });
  expect(await world.push(org.slug, 'phone', [own])).toMatchObject([{ outcome: 'applied' }]);
});

it('refuses what its room refuses, each by itself, and neighbours succeed', async () => {
  const stranger = await world.found();
  await world.push(org.slug, 'desk', [insert('s', { equipment_name: 'Saw', serial_number: 'S-1' })]);
  const results = await world.push(org.slug, 'phone', [
    insert('a', { equipment_name: 'Drill', serial_number: 'S-1' }),
    insert('b', { equipment_name: 'Crane', assigned_to: stranger.owner.person }),
    insert('c', { equipment_name: 'Lost', status: 'lost', assigned_to: org.owner.person }),
    insert('d', { equipment_name: '' }),
    update('EQ-2026-99999', 1, { equipment_name: 'None' }),
    update('EQ-2026-99999', 1, { equipment_name: 'None again' }),
    { op: 'undelete', doctype, name: 'EQ-2026-99998' },
    { op: 'insert', doctype: 'Note', name: 'n', data: { title: 'fine' } },
    insert('e', { equipment_name: 'Ladder' }),
  ]);
  expect(results.map(({ error, outcome }) => error?.code ?? outcome)).toEqual([
    'SERIAL_NUMBER_TAKEN',
    'ASSIGNEE_NOT_MEMBER',
    'EQUIPMENT_STATE',
    'VALIDATION_ERROR',
    'DOCUMENT_NOT_FOUND',
    'OPERATION_BLOCKED',
    'VALIDATION_ERROR',
    'applied',
    'applied',
  ]);
  const { items } = await world.dartwing.equipment.list(org.slug);
  expect(items.map(({ equipment_name }) => equipment_name)).toEqual(['Saw', 'Ladder']);
});

it('asks for the rights of its room, and does not exist for another organization', async () => {
  const { after } = await world.dartwing.equipment.create(org.slug, { equipment_name: 'Van' });
  const [ben] = org.members;
  const gone = { op: 'delete', doctype, name: after!.id, base_version: 1 } as const;
  expect(await world.push(org.slug, 'ben', [gone], ben)).toMatchObject([
    { error: { code: 'PERMISSION_DENIED' } },
  ]);
  const other = await world.found();
  expect(
    await world.push(other.slug, 'phone', [update(after!.id, 1, { equipment_name: 'Mine' })]),
  ).toMatchObject([{ error: { code: 'DOCUMENT_NOT_FOUND' } }]);
  expect((await world.dartwing.equipment.show(org.slug, after!.id)).equipment_name).toBe('Van');
});
