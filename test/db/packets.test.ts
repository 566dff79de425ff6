import { type AddressInfo, connect as connectTo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDartwing, type Dartwing } from '../../src/core/index.js';
import { createTestDatabase, testOptions } from '../support/database.js';

const database = await createTestDatabase();
let packets = 0;
let dartwing: Dartwing;

const proxy = createServer((client) => {
  const { hostname, port } = new URL(database.url);
  const server = connectTo(Number(port), hostname);
  client.on('data', () => packets++);
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
