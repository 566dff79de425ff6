import { type AddressInfo, connect as connectTo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDartwing, type Dartwing } from '../../src/core/index.js';
import { createTestDatabase, testOptions } from '../support/database.js';

const database = await createTestDatabase();
let packets = 0;
/** Requests that the server answers one by one: Sync and simple queries of the protocol. */
let requests = 0;
let dartwing: Dartwing;

const proxy = createServer((client) => {
  const { hostname, port } = new URL(database.url);
  const server = connectTo(Number(port), hostname);
  let rest = Buffer.alloc(0);
  let isGreeted = false;
  client.on('data', (chunk) => {
    packets++;
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      // The first message has no type.
      const at = isGreeted ? 1 : 0;
      if (rest.length < at + 4 || rest.length < at + rest.readInt32BE(at)) return;
      if (isGreeted && (rest[0] === 0x53 || rest[0] === 0x51)) requests++;
      rest = rest.subarray(at + rest.readInt32BE(at));
      isGreeted = true;
    }
  });
  client.pipe(server).pipe(client);
  for (const socket of [client, server]) socket.on('error', () => {});
});

beforeAll(async () => {
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = new URL(database.url);
  url.port = String((proxy.address() as AddressInfo).port);
  dartwing = await createDartwing(testOptions(database, { url: url.href, poolConnectionsMax: 1 }));
});

afterAll(async () => {
  await dartwing.close();
  proxy.close();
});

test('a transaction of one statement leaves in two packets: its opening with the statement, and its end', async () => {
  const read = () => dartwing.asOrg('ORG-2026-00001', (tx) => tx.query('select slug from organization'));
  await read();
  packets = 0;
  await read();
  expect(packets).toBe(2);
});

test('statements that are asked for together leave in one packet', async () => {
  packets = 0;
  const values = await dartwing.asOrg('ORG-2026-00001', async (tx) => {
    const results = await Promise.all(
      [1, 2, 3, 4].map((n) => tx.query<{ n: number }>('select $1::int as n', [n])),
    );
    return results.map(({ rows }) => rows[0]?.n);
  });
  expect(values).toEqual([1, 2, 3, 4]);
  expect(packets).toBe(2);
});

test('a transaction that ends with its statement is one packet and one request', async () => {
  const read = () =>
    dartwing.asOrg('ORG-2026-00001', (tx) => tx.finish('select slug from organization where id = $1', ['x']));
  await read();
  packets = 0;
  requests = 0;
  expect(await read()).toEqual({ rows: [], rowCount: 0 });
  expect({ packets, requests }).toEqual({ packets: 1, requests: 1 });
});
