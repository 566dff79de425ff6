/**
 * Convergence of clients that were offline, on a real PostgreSQL and through the door that programs use. Every failure
 * prints the seed and path of fast-check, which replay it:
 *
 *     DARTWING_TEST_SEED=… DARTWING_TEST_PATH=… npx vitest run test/sync/convergence.test.ts
 *
 * DARTWING_TEST_RUNS=1000 asks for more and longer histories.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type Dartwing, systemClock } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';
import { definitions, type Ground, type Person, play, steps } from './convergence.js';

const given = process.env.DARTWING_TEST_RUNS;
const runs = Number(given ?? 25);
const budgetMs = given === undefined ? 18_000 : 24 * 3_600_000;
const seed = process.env.DARTWING_TEST_SEED;
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
  return { dartwing: () => dartwing, admin: database.admin, organization: after!.id, owner, member, run };
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
        ...(seed === undefined ? {} : { seed: Number(seed) }),
        ...(path === undefined ? {} : { path, endOnFailure: true }),
      },
    );
    if (result.failed && result.counterexample !== null)
      throw new Error(fc.defaultReportMessage(result), { cause: result.errorInstance });
    expect(result.numRuns).toBeGreaterThan(0);
    console.log(`${result.numRuns} histories converged`);
  },
  budgetMs + 60_000,
);
