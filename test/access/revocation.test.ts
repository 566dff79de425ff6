import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/core/db/index.js';
import { createDartwing, type Dartwing } from '../../src/core/index.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { atEnd } from '../support/ending.js';
import { as, openTestSession, type World, worldOf } from './world.js';

/** CI asks for 1,000 by DARTWING_REVOCATION_ROUNDS. */
const rounds = Number(process.env.DARTWING_REVOCATION_ROUNDS ?? 200);

let database: TestDatabase;
let dartwing: Dartwing;
let world: World;
let organization: string;

beforeAll(async () => {
  database = await createTestDatabase();
  dartwing = await createDartwing(testOptions(database));
  atEnd(() => dartwing.close());
  world = worldOf(database.admin);
  organization = await world.organization('acme');
  const boss = await world.person('boss');
  await world.join(boss, organization, 'Owner');
});

/** When a read began (nanoseconds of the machine's clock, the same in every process) and whether it gave anything. */
interface Read {
  began: bigint;
  ended: bigint;
  read: boolean;
}

const now = () => process.hrtime.bigint();

/** Takes access in turns and gives it back; tells between which moments there was none. */
async function takeInTurns(
  pools: Database,
  person: string,
  reads: readonly Read[],
): Promise<{ from: bigint; to: bigint }[]> {
  const set = (status: string) =>
    pools.asMachinery((tx) =>
      tx.query('update org_member set status = $2 where person = $1', [person, status]),
    );
  const spans: { from: bigint; to: bigint }[] = [];
  for (let round = 0; round < rounds; round++) {
    await set('inactive');
    const from = now();
    // Until a read that began in this span has ended: each round puts one to the test.
    while (!reads.some(({ began }, index) => index >= reads.length - 3 && began > from))
      await new Promise((resolve) => setImmediate(resolve));
    spans.push({ from, to: now() });
    await set('active');
  }
  return spans;
}

/** Reads that lie wholly in a span without access: one that ends later may have met the access that came back. */
function within(reads: readonly Read[], spans: readonly { from: bigint; to: bigint }[]): Read[] {
  return reads.filter(({ began, ended }) => spans.some(({ from, to }) => began > from && ended < to));
}

async function startReader(
  person: string,
): Promise<{ child: ChildProcess; reads: Read[]; end: () => Promise<void> }> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const folder = mkdtempSync(join(root, 'node_modules', '.revocation-'));
  const outfile = join(folder, 'child.mjs');
  const entry = fileURLToPath(new URL('./revocation-child.ts', import.meta.url));
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  const child = fork(outfile, [database.url, organization, person], { execArgv: [] });
  const reads: Read[] = [];
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => code !== 0 && reject(new Error(`the reader ended with ${code}`)));
    child.on('message', (message: 'ready' | { began: string; ended: string; read: boolean }) => {
      if (message === 'ready') resolve();
      else reads.push({ began: BigInt(message.began), ended: BigInt(message.ended), read: message.read });
    });
  });
  const end = async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.send('end');
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  return { child, reads, end };
}

describe('revocation', () => {
  it('lets no read succeed that began after the removal was acknowledged, here or in another process', async () => {
    const person = await world.person('bo');
    await world.join(person, organization, 'Employee');
    const other = await startReader(person);
    const reads: Read[] = [];
    let goesOn = true;
    const loop = (async () => {
      while (goesOn) {
        const began = now();
        const read = await dartwing.tenancy.show(organization, as(person)).then(
          () => true,
          () => false,
        );
        reads.push({ began, ended: now(), read });
      }
    })();
    const spans = await takeInTurns(openTestSession(database).pools, person, reads);
    goesOn = false;
    await loop;
    await other.end();
    for (const [place, seen] of [
      ['this process', reads],
      ['the other process', other.reads],
    ] as const) {
      const tried = within(seen, spans);
      expect(
        tried.filter(({ read }) => read),
        place,
      ).toEqual([]);
      expect(tried.length, `reads of ${place} that were put to the test`).toBeGreaterThan(
        place === 'this process' ? rounds - 1 : 0,
      );
      expect(
        seen.some(({ read }) => read),
        `reads of ${place} that were allowed`,
      ).toBe(true);
    }
  }, 120_000);

  it('never hands rows to work that began with rights of before', async () => {
    const { session, pools } = openTestSession(database);
    const person = await world.person('stale');
    await world.join(person, organization, 'Employee');
    const look = (seen: unknown[]) =>
      session.run('test', as(person), async (scope) => {
        const { rows } = await scope.tx.query('select id from org_member');
        seen.push(scope.access!.organizations.size);
        return rows.length;
      });
    await look([]);
    await pools.asMachinery(async (tx) => {
      await tx.query(`update org_member set status = 'inactive' where person = $1`, [person]);
    });
    const seen: number[] = [];
    await look(seen);
    expect(seen).toEqual([0]);
  });

  it('costs no statement more than the stamp while the rights stay', async () => {
    const { session } = openTestSession(database);
    const person = await world.person('warm');
    const stamps = async () =>
      (await database.admin.query(`select version from access_version where holder = $1`, [person])).rows;
    await session.run('test', as(person), async ({ tx }) => tx.query('select 1'));
    const before = await stamps();
    await session.run('test', as(person), async ({ tx }) => tx.query('select 1'));
    expect(await stamps()).toEqual(before);
  });

  it('moves no stamp for a change that concerns no right', async () => {
    const person = await world.person('still');
    await world.join(person, organization, 'Employee');
    const stamp = async () =>
      (await database.admin.query('select version from access_version where holder = $1', [person])).rows[0]
        .version;
    const before = await stamp();
    await database.admin.query(`update org_member set organization_name = 'Other' where person = $1`, [
      person,
    ]);
    expect(await stamp()).toBe(before);
    await database.admin.query(`update org_member set role = 'Manager' where person = $1`, [person]);
    expect(Number(await stamp())).toBe(Number(before) + 1);
  });

  it('tells whoever listens, after the commit and not after a dry run', async () => {
    const heard: (string | undefined)[] = [];
    const listening = dartwing.permissions.listen((person) => heard.push(person));
    await listening.ready;
    await dartwing.people.member.add('acme', 'heard@acme.test', 'Employee', {}, { dryRun: true });
    await dartwing.people.member.add('acme', 'heard@acme.test', 'Employee');
    const { rows } = await database.admin.query(
      `select id from person where primary_email = 'heard@acme.test'`,
    );
    await expect.poll(() => heard, { timeout: 5_000 }).toContain(rows[0].id);
    expect(heard[0]).toBeUndefined();
    await listening.close();
  });
});
