/** The ledger of erasures: a database that is put back from a backup serves nobody before it has erased again. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { createDartwing, type Dartwing } from '../../src/core/index.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { atEnd } from '../support/ending.js';
import { operatorOf } from '../support/operator.js';
import { addressOf } from '../support/server.js';

const folder = mkdtempSync(join(tmpdir(), 'dartwing-ledger-'));
atEnd(() => rmSync(folder, { recursive: true, force: true }));
const place = join(folder, 'archive');
const because = { reason: 'asked for' };
const ids: Record<string, string> = {};
let live: TestDatabase;

/** Works with dartwing on a database, and closes it. */
async function during<T>(
  { url }: { url: string },
  work: (dartwing: Dartwing) => Promise<T>,
  more: { background?: boolean; place?: string } = {},
): Promise<T> {
  const dartwing = await createDartwing({
    ...testOptions({ url } as TestDatabase),
    background: more.background ?? false,
    audit: { archive: { place: more.place ?? place } },
  });
  try {
    return await work(dartwing);
  } finally {
    await dartwing.close();
  }
}

/** A copy of the database as it is now; nobody may be connected to it meanwhile. */
async function backUp(name: string): Promise<{ url: string; ask: (text: string) => Promise<unknown[]> }> {
  const copy = `${live.name}_${name}`;
  const admin = new pg.Client({ connectionString: addressOf(live.url, 'postgres') });
  await admin.connect();
  await live.admin.end();
  await admin.query(`create database ${copy} template ${live.name}`);
  const url = addressOf(live.url, copy);
  const client = new pg.Client({ connectionString: url, options: '-c search_path=dartwing,public' });
  await client.connect();
  const fresh = new pg.Client({ connectionString: live.url, options: '-c search_path=dartwing,public' });
  await fresh.connect();
  live.admin = fresh;
  atEnd(async () => {
    await client.end();
    await fresh.end();
    await admin.query(`drop database if exists ${copy} with (force)`);
    await admin.end();
  });
  return { url, ask: async (text) => (await client.query(text)).rows };
}

const lines = () =>
  readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && file.parentPath.includes('erasures'))
    .map((file) => join(file.parentPath, file.name));

beforeAll(async () => {
  live = await createTestDatabase();
  await during(live, async ({ tenancy, people }) => {
    for (const slug of ['acme', 'bolt'])
      await tenancy.create({ slug, type: 'company', owner: `owner@${slug}.test` });
    for (const name of ['Mara', 'Otto', 'Lea']) {
      const { after } = await people.person.create({
        primary_email: `${name}@acme.test`,
        first_name: name,
        last_name: 'Quizzical',
        source: 'import',
      });
      ids[name] = after!.id;
      await people.member.add('acme', after!.id, 'Employee');
    }
  });
});

test('who was erased after a backup is erased again before the backup serves anybody', async () => {
  const backup = await backUp('first');
  const erased = await during(live, async (dartwing) => {
    await dartwing.privacy.erase(ids.Mara!, because);
    await dartwing.privacy.erase(ids.Otto!, because);
    expect(await dartwing.privacy.ledger.status()).toMatchObject({ late: 0, pending: [] });
    return dartwing.privacy.ledger.write();
  });
  expect(erased).toEqual({ written: 0, refused: [] });
  expect(lines()).toHaveLength(2);
  // Nothing of the persons but their ids and two moments.
  for (const line of lines())
    expect(Object.keys(JSON.parse(readFileSync(line, 'utf8')))).toEqual([
      'person',
      'created_at',
      'erased_at',
    ]);
  await during(live, async (dartwing) => dartwing.ready(), { background: true });

  const start = () => during(backup, async (dartwing) => dartwing.ready(), { background: true });
  await expect(start()).rejects.toMatchObject({
    code: 'ERASURES_PENDING',
    message: expect.stringContaining('back: 2'),
  });
  await during(backup, async ({ privacy }) => {
    const { pending } = await privacy.ledger.status();
    expect(pending.map(({ person }) => person)).toEqual([ids.Mara, ids.Otto]);
    await expect(privacy.ledger.replay(pending[0]!)).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
    const stranger = { ...pending[0]!, person: ids.Lea! };
    await expect(privacy.ledger.replay(stranger, because)).rejects.toMatchObject({
      code: 'ERASURE_NOT_FOUND',
    });
    await privacy.ledger.replay(pending[0]!, { ...because, dryRun: true });
    // Twice at once: one does it.
    const both = await Promise.allSettled([1, 2].map(() => privacy.ledger.replay(pending[0]!, because)));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: expect.stringMatching(/^(PERSON_ERASED|PERSON_NOT_FOUND|ERASURE_NOT_FOUND)$/) },
    });
  });
  await expect(start()).rejects.toMatchObject({ message: expect.stringContaining('back: 1') });

  const operator = operatorOf(backup);
  const env = { DARTWING_AUDIT_ARCHIVE: place };
  const before = await operator.ask('doctor --only erasures', { env });
  expect(JSON.stringify(before.document)).toContain(ids.Otto);
  expect(await operator.fail('person replay --reason restored', { env })).toMatchObject({
    code: 'CONFIRMATION_REQUIRED',
  });
  const rehearsed = await operator.ask('person replay --reason restored --dry-run', { env });
  expect(rehearsed.document).toMatchObject({ kind: 'Bulk', done: [{ ref: ids.Otto }] });
  const replayed = await operator.ask('person replay --reason restored --confirm again', { env });
  expect(replayed).toMatchObject({ code: 0, document: { done: [{ ref: ids.Otto }], failed: [] } });
  await start();
  expect(
    await backup.ask("select 1 from person where last_name = 'Quizzical' and first_name <> 'Lea'"),
  ).toEqual([]);
  // The moment of the first erasure stands, so the ledger has no second line.
  await during(backup, async ({ privacy }) => privacy.ledger.write());
  expect(lines()).toHaveLength(2);
  const nothing = await operator.ask('person replay --reason restored', { env });
  expect(nothing.document).toMatchObject({ kind: 'Bulk', done: [], failed: [] });
});

test('somebody else who was given the id of an erased person stays', async () => {
  const backup = await backUp('second');
  const created = await during(live, async ({ people, privacy }) => {
    const { after } = await people.person.create({
      primary_email: 'late@acme.test',
      first_name: 'Late',
      last_name: 'Comer',
      source: 'import',
    });
    await privacy.erase(after!.id, because);
    return after!.id;
  });
  await during(backup, async ({ people, privacy }) => {
    const { after } = await people.person.create({
      primary_email: 'innocent@acme.test',
      first_name: 'Inno',
      last_name: 'Cent',
      source: 'import',
    });
    expect(after!.id).toBe(created);
    const { pending } = await privacy.ledger.status();
    expect(pending).toEqual([]);
    const line = JSON.parse(readFileSync(lines().find((path) => path.includes(created))!, 'utf8')) as never;
    await expect(privacy.ledger.replay(line, because)).rejects.toMatchObject({ code: 'ERASURE_NOT_FOUND' });
  });
  await during(backup, async (dartwing) => dartwing.ready(), { background: true });
});

test('an erasure whose process died before the ledger had it is written by the clock', async () => {
  await live.admin.query('update erasure set ledgered_at = null');
  const [line] = lines();
  const text = readFileSync(line!, 'utf8');
  chmodSync(line!, 0o600);
  rmSync(line!);
  await during(live, async ({ privacy }) => {
    expect(await privacy.ledger.write()).toEqual({ written: 3, refused: [] });
    expect(await privacy.ledger.write()).toEqual({ written: 0, refused: [] });
  });
  expect(readFileSync(line!, 'utf8')).toBe(text);
});

test('a ledger that cannot be reached keeps no erasure back, is told as late, and keeps nobody from starting', async () => {
  const nowhere = join(folder, 'file');
  writeFileSync(nowhere, '');
  await during(live, async ({ privacy }) => privacy.erase(ids.Lea!, because), { place: nowhere });
  await during(live, async (dartwing) => dartwing.ready(), { place: nowhere, background: true });
  await live.admin.query(
    `update erasure set erased_at = erased_at - interval '2 hours' where person = '${ids.Lea}'`,
  );
  await during(live, async ({ privacy }) => {
    expect(await privacy.ledger.status()).toMatchObject({ late: 1 });
    expect(await privacy.ledger.write()).toEqual({ written: 1, refused: [] });
    expect(await privacy.ledger.status()).toMatchObject({ late: 0, pending: [] });
  });
});

test('a member sees nothing of the ledger and replays nothing', async () => {
  await during(live, async ({ privacy, people }) => {
    const { items } = await people.person.list({ email: 'owner@bolt.test' });
    const call = { principal: { type: 'person', id: items[0]!.id } as const, ...because };
    const denied = { code: 'PERMISSION_DENIED' };
    await expect(privacy.ledger.status(call)).rejects.toMatchObject(denied);
    await expect(privacy.ledger.write(call)).rejects.toMatchObject(denied);
    const line = JSON.parse(readFileSync(lines()[0]!, 'utf8')) as never;
    await expect(privacy.ledger.replay(line, call)).rejects.toMatchObject(denied);
  });
});
