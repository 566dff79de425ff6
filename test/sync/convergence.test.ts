/**
 * Convergence of clients that were offline, on a real PostgreSQL and through the door that programs use. Every failure
 * prints the seed and path of fast-check, which replay it:
 *
 *     DARTWING_TEST_SEED=… DARTWING_TEST_PATH=… npx vitest run test/sync/convergence.test.ts
 *
 * DARTWING_TEST_RUNS=1000 asks for more and longer histories, DARTWING_TEST_KILLS=20 for so many histories in which the
 * server process is killed again and again.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type Dartwing, systemClock } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase, testOptions } from '../support/database.js';
import { bundleChild } from '../support/killed.js';
import { type Ground, type Person, play, steps } from './convergence.js';
import { definitions } from './convergence-doctypes.js';
import { killableDoor } from './killable-door.js';

const given = process.env.DARTWING_TEST_RUNS;
const runs = Number(given ?? 25);
const budgetMs = given === undefined ? 18_000 : 24 * 3_600_000;
// The same histories in each landing; longer modes look for new ones.
const seed = process.env.DARTWING_TEST_SEED ?? (given === undefined ? '20261123' : undefined);
const path = process.env.DARTWING_TEST_PATH;

let dartwing: Dartwing;
let database: TestDatabase;
let owner: Person;
let member: Person;

beforeAll(async () => {
  ({ dartwing, database } = await openTestDartwing({ clock: systemClock }));
  for (const definition of definitions) dartwing.documents.doctypes.register(definition);
  owner = await person('ana@acme.test');
  member = await person('emil@acme.test');
});

async function person(email: string): Promise<Person> {
  const { after } = await dartwing.people.person.create({
    primary_email: email,
    first_name: email.slice(0, 3),
    last_name: 'Test',
    source: 'import',
  });
  return { id: after!.id, email };
}

let run = 0;

async function newGround(): Promise<Ground> {
  run++;
  const { after } = await dartwing.tenancy.create({
    slug: `run-${run}`,
    type: 'company',
    owner: owner.email,
  });
  await dartwing.people.member.add(after!.id, member.email, 'Employee');
  return {
    dartwing,
    door: dartwing.sync,
    admin: database.admin,
    organization: after!.id,
    owner,
    member,
    run,
  };
}

test(
  'clients that were away, revoked and badly connected end with what the server has, each edit counted once',
  async () => {
    const history = given === undefined ? steps(60) : steps(200);
    const result = await fc.check(
      fc.asyncProperty(
        fc.integer({ min: 3, max: given === undefined ? 6 : 10 }),
        history,
        async (count, list) => play(await newGround(), count, list),
      ),
      {
        numRuns: runs,
        interruptAfterTimeLimit: budgetMs,
        // Shrinking takes minutes: it is for longer modes.
        endOnFailure: given === undefined || path !== undefined,
        ...(seed === undefined ? {} : { seed: Number(seed) }),
        ...(path === undefined ? {} : { path }),
      },
    );
    if (result.failed && result.counterexample !== null)
      throw new Error(fc.defaultReportMessage(result), { cause: result.errorInstance });
    expect(result.numRuns).toBeGreaterThan(0);
    console.log(`${result.numRuns} histories converged`);
  },
  budgetMs + 60_000,
);

const killRuns = Number(process.env.DARTWING_TEST_KILLS ?? 0);

test.skipIf(killRuns === 0)(
  'clients end with what the server has although it is killed under them',
  async () => {
    const child = await bundleChild(new URL('./door-child.ts', import.meta.url));
    const killable = killableDoor(child.file, testOptions(database));
    try {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 3, max: 10 }), steps(60), async (count, list) => {
          const ground = { ...(await newGround()), door: killable.door };
          let calls = 0;
          await play(ground, count, list, () => {
            // Most calls take some milliseconds: somewhere before, in or after the transaction.
            if (++calls % 6 === 0) killable.killIn(calls % 40);
          });
        }),
        { numRuns: killRuns, endOnFailure: true },
      );
      console.log(`${killRuns} histories converged, ${killable.kills} kills`);
      expect(killable.kills).toBeGreaterThan(0);
    } finally {
      killable.stop();
      child.remove();
    }
  },
  killRuns * 120_000,
);
