/** Our client against our server over HTTP: T-S1, T-S6 and T-S8. */
import { expect, test } from 'vitest';
import {
  ClientFault,
  httpTransport,
  memoryStore,
  openClient,
  type Transport,
} from '../../src/client/index.js';
import { type Caller, openWorld } from '../server/world.js';

const world = openWorld();

async function device(name: string, caller: Caller, wrap = (transport: Transport) => transport) {
  const transport = httpTransport({
    url: 'http://dartwing.test',
    organization: 'acme',
    token: () => caller.authorization.replace('Bearer ', ''),
    fetch: async (url, init) => world.server.fetch(new Request(url as string, init)),
  });
  return openClient({
    transport: wrap(transport),
    store: memoryStore(),
    organization: 'acme',
    doctypes: ['Task', 'Note'],
    device: name,
    wait: async () => {},
  });
}

test('T-S1 what was created, changed and deleted offline is replayed, and another device has it', async () => {
  const [phone, desk] = [await device('phone', world.ana), await device('desk', world.ana)];
  const kept = await phone.insert('Note', { title: 'kept' });
  const gone = await phone.insert('Note', { title: 'gone' });
  await phone.update('Note', kept, { content: 'one\ntwo' });
  await phone.delete('Note', gone);
  await expect(phone.sync()).resolves.toMatchObject({ pending: 0, failed: 0, conflicts: 0 });
  await desk.sync();
  expect(desk.list('Note')).toMatchObject([{ name: kept, data: { title: 'kept', content: 'one\ntwo' } }]);
});

test('T-S8 a call whose answer was lost is repeated and counts once', async () => {
  let lost = 0;
  const phone = await device('lossy', world.ana, (transport) => ({
    ...transport,
    push: async (request) => {
      const answer = await transport.push(request);
      if (lost++ === 0) throw new ClientFault('OFFLINE');
      return answer;
    },
  }));
  const name = await phone.insert('Task', { title: 'once' });
  await phone.sync();
  expect(lost).toBe(2);
  const { items } = await world.dartwing.documents.list('acme', 'Task', {
    filters: [['title', '=', 'once']],
  });
  expect(items).toMatchObject([{ name, version: 1 }]);
});

test('T-S6 whoever leaves the organization is refused, and the device deletes what it held', async () => {
  const phone = await device('emil', world.emil);
  await phone.sync();
  expect(phone.list('Note').length).toBeGreaterThan(0);
  await phone.insert('Note', { title: 'unsent' });
  await world.dartwing.people.member.remove('acme', 'emil@acme.test');
  await expect(phone.sync()).rejects.toMatchObject({ code: 'REVOKED', serverCode: 'SYNC_REVOKED' });
  expect(phone.status()).toMatchObject({ state: 'revoked', pending: 0 });
  expect(phone.list('Note')).toEqual([]);
});

test('a body of 10 MB and one that is no JSON are refused as a whole, and nothing of them is kept', async () => {
  const send = (body: string) =>
    world.server.fetch(
      new Request('http://dartwing.test/api/method/dartwing_core.sync.upsert_batch', {
        method: 'POST',
        headers: { authorization: world.ana.authorization, 'content-type': 'application/json' },
        body,
      }),
    );
  const operation = { op: 'insert', doctype: 'Note', name: 'huge', data: { title: 'x'.repeat(10_485_760) } };
  const large = await send(JSON.stringify({ org: 'acme', device: 'phone', operations: [operation] }));
  expect([large.status, await large.text()]).toEqual([413, expect.stringContaining('BODY_TOO_LARGE')]);
  const broken = await send('{"org":"acme","device":"phone","operations":[');
  expect(broken.status).toBe(400);
  await expect(world.dartwing.documents.show('acme', 'Note', 'huge')).rejects.toMatchObject({
    code: 'DOCUMENT_NOT_FOUND',
  });
});
