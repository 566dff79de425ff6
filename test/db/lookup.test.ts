/** Reads by key that bring their context along: one request, and never a row of anybody else. */
import { beforeAll, expect, test } from 'vitest';
import { type Database, type Lookup, openDatabase } from '../../src/core/db/index.js';
import { createDartwing, type DartwingOptions } from '../../src/core/index.js';
import { describeInstallation } from '../../src/core/options.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { atEnd } from '../support/ending.js';
import { startProxy } from '../support/proxy.js';

let database: TestDatabase;
let options: DartwingOptions;
/** Organizations, with the id of one member of each. */
const members = new Map<string, string>();

beforeAll(async () => {
  database = await createTestDatabase();
  options = testOptions(database);
  const dartwing = await createDartwing(options);
  atEnd(() => dartwing.close());
  for (const slug of ['acme', 'beta', 'gamma'])
    await dartwing.tenancy.create({ slug, type: 'company', owner: `ana@${slug}.test` });
  const { rows } = await database.admin.query<{ organization: string; id: string }>(
    'select organization, id from org_member',
  );
  for (const { organization, id } of rows) members.set(organization, id);
});

function open(more: Partial<Parameters<typeof openDatabase>[0]> = {}): Database {
  const opened = openDatabase({
    ...describeInstallation(options).database,
    ringAudit: () => {},
    random: () => 0.01,
    onFailure: () => {},
    poolConnectionsMax: 1,
    ...more,
  });
  atEnd(() => opened.close());
  return opened;
}

async function openThrough() {
  const proxy = await startProxy(database.url, 5);
  const { passwords } = describeInstallation(options).database;
  const address = new URL(proxy.through(database.url));
  address.username = 'dartwing_app';
  address.password = passwords.app;
  return { proxy, db: open({ appUrl: address.href }) };
}

const member = (id: string): Lookup => ({
  name: 'test_member',
  columns: 'organization, id, person_email',
  table: 'org_member',
  key: { id },
});
const mail = async (db: Database, organization: string, id: string) =>
  (await db.lookUp<{ person_email: string }>(organization, member(id))).map((row) => row.person_email);
const [first, second] = ['acme', 'beta'] as const;
const idOf = async (slug: string) =>
  (await database.admin.query<{ id: string }>('select id from organization where slug = $1', [slug])).rows[0]!
    .id;

test('a connection of which nothing is known is asked in a transaction, and every time after that in one statement', async () => {
  const { proxy, db } = await openThrough();
  const acme = await idOf(first);
  expect(await mail(db, acme, members.get(acme)!)).toEqual(['ana@acme.test']);
  proxy.flights.length = 0;
  expect(await mail(db, acme, members.get(acme)!)).toEqual(['ana@acme.test']);
  expect(proxy.flights).toHaveLength(1);
  expect(proxy.flights[0]).not.toContain('begin');
});

test('what belongs to another organization is not there', async () => {
  const db = open();
  const [acme, beta] = [await idOf(first), await idOf(second)];
  expect(await mail(db, beta, members.get(beta)!)).toEqual(['ana@beta.test']);
  for (let again = 0; again < 3; again++) expect(await mail(db, acme, members.get(beta)!)).toEqual([]);
  await expect(mail(db, '', members.get(beta)!)).rejects.toMatchObject({ code: 'ORGANIZATION_REQUIRED' });
  expect(await mail(db, `${acme}' or true --`, members.get(acme)!)).toEqual([]);
});

test('the policy judges and not only the predicate: with one that is true for everybody nothing more comes', async () => {
  const db = open();
  const acme = await idOf(first);
  const everybody: Lookup = { ...member(''), name: 'test_everybody', key: { true: true } };
  for (let again = 0; again < 3; again++) {
    const rows = await db.lookUp<{ organization: string }>(acme, everybody);
    expect(rows.map(({ organization }) => organization)).toEqual([acme]);
  }
});

test('nothing of it stays on the connection', async () => {
  const db = open();
  const acme = await idOf(first);
  for (let again = 0; again < 2; again++) await mail(db, acme, members.get(acme)!);
  const settings = "current_setting('dartwing.org', true) as org";
  const { rows: left } = await db.asPerson('PERSON-NOBODY', (tx) => tx.query(`select ${settings}`));
  expect(left).toEqual([{ org: '' }]);
  const { rows } = await db.asOrg(await idOf(second), (tx) =>
    tx.query('select person_email from org_member'),
  );
  expect(rows).toEqual([{ person_email: 'ana@beta.test' }]);
});

test('a connection on which somebody set another organization is asked in a transaction of its own', async () => {
  const { proxy, db } = await openThrough();
  const [acme, beta] = [await idOf(first), await idOf(second)];
  await mail(db, acme, members.get(acme)!);
  await db.asOrg(acme, (tx) => tx.query(`set dartwing.org = '${beta}'`));
  proxy.flights.length = 0;
  expect(await mail(db, acme, members.get(beta)!)).toEqual([]);
  expect(proxy.flights.join('')).toContain('dartwing_reset_all');
});

test('many organizations on one connection, at the same time: to each its own', async () => {
  const db = open();
  const wanted = [...members].flatMap(([organization]) =>
    [...members].map(([other, id]) => ({ organization, id, own: other === organization })),
  );
  const rounds = Array.from({ length: 20 }, () => wanted).flat();
  const found = await Promise.all(rounds.map(({ organization, id }) => mail(db, organization, id)));
  expect(found.map(({ length }) => length === 1)).toEqual(rounds.map(({ own }) => own));
});

test('whatever order the planner chooses, what is there is found', async () => {
  const acme = await idOf(first);
  for (const off of ['enable_nestloop', 'enable_indexscan', 'enable_hashjoin', 'enable_mergejoin']) {
    await database.admin.query(`alter role dartwing_app in database ${database.name} set ${off} = off`);
    try {
      const db = open();
      for (let again = 0; again < 3; again++)
        expect(await mail(db, acme, members.get(acme)!)).toEqual(['ana@acme.test']);
    } finally {
      await database.admin.query(`alter role dartwing_app in database ${database.name} reset ${off}`);
    }
  }
});

test('a connection that breaks is replaced, and the read is made again', async () => {
  const { proxy, db } = await openThrough();
  const acme = await idOf(first);
  await mail(db, acme, members.get(acme)!);
  proxy.cutAt('test_member_alone', { delivered: false });
  expect(await mail(db, acme, members.get(acme)!)).toEqual(['ana@acme.test']);
  expect(proxy.cuts).toBe(1);
});
