/** Replays: a part of the log that devices get once more. */
import { beforeAll, expect, test } from 'vitest';
import { openSyncWorld } from './world.js';

let world: Awaited<ReturnType<typeof openSyncWorld>>;

beforeAll(async () => {
  world = await openSyncWorld();
});

const names = (rows: readonly { name: string }[]) => rows.map(({ name }) => name);

/** Notes n1 to n5, of which n2 was edited and n3 deleted, and a device that has everything. */
async function withDevice(device: string) {
  const { slug, owner } = await world.found();
  for (const name of ['n1', 'n2', 'n3', 'n4', 'n5'])
    await world.dartwing.documents.create(slug, 'Note', { name, data: { title: name } });
  const first = (await world.dartwing.sync.status(slug)).head - 4;
  await world.dartwing.documents.update(slug, 'Note', 'n2', { title: 'again' });
  await world.dartwing.documents.delete(slug, 'Note', 'n3');
  const pull = (since?: string, limit = 100) =>
    world.pull(slug, { doctype: 'Note', since, limit, device }, owner);
  return { slug, owner, first, pull, since: (await pull()).since };
}

test('sends what changed between two numbers once more, as it is now, and then goes on', async () => {
  const { slug, first, pull, since } = await withDevice('tablet');
  const { sync, documents } = world.dartwing;
  expect(await sync.replay(slug, { from: first, to: first + 3, device: 'tablet' })).toEqual({
    devices: ['tablet'],
    after: first,
    up_to: first + 3,
  });
  await documents.create(slug, 'Note', { name: 'n6', data: { title: 'new' } });
  // n2 and n3 changed again after the part that is replayed; of a document only the newest form is ever sent.
  const { rows, since: next } = await pull(since, 2);
  expect(names(rows)).toEqual(['n2', 'n3', 'n4', 'n6']);
  expect(rows.map(({ deleted }) => deleted)).toEqual([false, true, false, false]);
  expect(rows[0]).toMatchObject({ version: 2, data: { title: 'again' } });
  expect((await pull(next)).rows).toEqual([]);
  // A cursor from before the replay means that its answer was lost: it begins again.
  expect(names((await pull(since)).rows)).toEqual(['n2', 'n3', 'n4', 'n6']);
});

test('reaches other devices only when they are named or all are meant, and only the doctypes that are named', async () => {
  const { slug, owner, first, pull, since } = await withDevice('tablet');
  const { sync } = world.dartwing;
  const phone = (given?: string) =>
    world.pull(slug, { doctype: 'Note', since: given, device: 'phone' }, owner);
  const at = (await phone()).since;
  await sync.replay(slug, { from: first, device: 'tablet', doctypes: ['Task'] });
  expect((await pull(since)).rows).toEqual([]);
  expect((await phone(at)).rows).toEqual([]);
  expect((await sync.replay(slug, { from: first })).devices).toEqual(['phone', 'tablet']);
  expect(names((await phone(at)).rows)).toEqual(['n4', 'n5', 'n2', 'n3']);
});

test('is refused beyond the log, for unknown clients and doctypes, to members, and finds nothing in another organization', async () => {
  const { slug, first, since, pull } = await withDevice('tablet');
  const other = await world.found('emil');
  const { sync } = world.dartwing;
  const replay = (input: Parameters<typeof sync.replay>[1], org = slug, call = {}) =>
    sync.replay(org, input, call);
  await expect(replay({ from: new Date('2026-01-01T00:00:00Z') })).rejects.toMatchObject({
    code: 'REPLAY_OUT_OF_RANGE',
  });
  await expect(replay({ from: first + 100 })).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  await expect(replay({ from: -1 })).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  await expect(replay({ from: first, device: 'desk' })).rejects.toMatchObject({
    code: 'SYNC_CLIENT_NOT_FOUND',
  });
  await expect(replay({ from: first, doctypes: ['Nothing'] })).rejects.toMatchObject({
    code: 'DOCTYPE_UNKNOWN',
  });
  await expect(replay({ from: 0, device: 'tablet' }, other.slug)).rejects.toMatchObject({
    code: 'SYNC_CLIENT_NOT_FOUND',
  });
  await expect(replay({ from: 0 }, other.slug, other.members[0])).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  });
  expect((await pull(since)).rows).toEqual([]);
});
