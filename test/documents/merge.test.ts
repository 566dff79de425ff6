import { beforeAll, expect, test } from 'vitest';
import { openSyncWorld } from '../sync/world.js';

let world: Awaited<ReturnType<typeof openSyncWorld>>;

beforeAll(async () => {
  world = await openSyncWorld();
});

test('documents of a person who becomes another one are that one’s, with their links, and clients hear of it', async () => {
  const { slug, id, owner, members } = await world.found('ben', 'bea');
  const [ben, bea] = members;
  const stranger = await world.found('cy');
  const event = {
    subject: 'Visit',
    starts_at: '2026-12-01T10:00:00Z',
    participants: [{ person: ben!.person }, { person: owner.person }],
  };
  await world.push(
    slug,
    'phone',
    [{ op: 'insert', doctype: 'Note', name: 'mine', data: { title: 'N' } }],
    ben,
  );
  await world.push(slug, 'desk', [
    { op: 'insert', doctype: 'Task', name: 'his', data: { title: 'T', assigned_to: ben!.person } },
    { op: 'insert', doctype: 'Task', name: 'gone', data: { title: 'G', assigned_to: ben!.person } },
    { op: 'insert', doctype: 'Task', name: 'hers', data: { title: 'H', assigned_to: owner.person } },
    { op: 'insert', doctype: 'Calendar Event', name: 'visit', data: event },
    { op: 'delete', doctype: 'Task', name: 'gone' },
  ]);
  await world.push(stranger.slug, 'desk', [
    { op: 'insert', doctype: 'Note', name: 'theirs', data: { title: ben!.person } },
  ]);
  const doctype = 'Task,Note,Calendar Event';
  const before = await world.pull(slug, { doctype });

  const { moved } = await world.dartwing.people.person.merge(bea!.person, ben!.person);
  expect(moved.documents).toBe(3);

  const after = await world.pull(slug, { doctype, since: before.since });
  expect(after.rows.map(({ name, version }) => [name, version]).sort()).toEqual([
    ['his', 2],
    ['mine', 2],
    ['visit', 2],
  ]);
  const { documents, audit } = world.dartwing;
  expect(await documents.show(slug, 'Note', 'mine')).toMatchObject({
    owner: bea!.person,
    created_by: bea!.person,
  });
  expect(await documents.show(slug, 'Task', 'his')).toMatchObject({
    owner: bea!.person,
    data: { assigned_to: bea!.person },
  });
  const visit = await documents.show(slug, 'Calendar Event', 'visit');
  expect(visit.data.participants).toMatchObject([{ person: bea!.person }, { person: owner.person }]);
  await documents.undelete(slug, 'Task', 'gone');
  expect(await documents.show(slug, 'Task', 'gone')).toMatchObject({ owner: bea!.person });
  expect((await documents.show(slug, 'Task', 'hers')).version).toBe(1);
  expect((await documents.show(stranger.slug, 'Note', 'theirs')).version).toBe(1);
  await audit.sequence();
  const { items } = await audit.query({ organization: id, action: 'document.reassign' });
  expect(items).toMatchObject([{ new: { person: bea!.person, documents: 3 } }]);
});

test('a merge that is refused leaves every document where it was', async () => {
  const { slug, members } = await world.found('ben', 'bea');
  const [ben, bea] = members;
  await world.push(
    slug,
    'phone',
    [{ op: 'insert', doctype: 'Note', name: 'mine', data: { title: 'N' } }],
    ben,
  );
  const { person } = world.dartwing.people;
  await person.merge(bea!.person, ben!.person, undefined, { dryRun: true });
  await expect(person.merge(ben!.person, ben!.person)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  expect(await world.dartwing.documents.show(slug, 'Note', 'mine')).toMatchObject({
    owner: ben!.person,
    version: 1,
  });
});
