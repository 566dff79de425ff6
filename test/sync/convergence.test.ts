/**
 * Convergence of clients that were offline, on a real PostgreSQL and through the door that programs use. A failure names
 * the seed of its history, which `dartwing sync simulate --seed` plays again, and the fewest steps of it that fail.
 *
 * DARTWING_TEST_RUNS=10000 asks for so many histories, whatever time they take, DARTWING_TEST_STEPS=200 for longer ones,
 * DARTWING_TEST_SEED=… for others, DARTWING_TEST_KILLS=20 for so many deaths of the server process. CI plays 1,000.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type Dartwing, systemClock } from '../../src/core/index.js';
import {
  clearedGround,
  type Ground,
  groundsOf,
  type History,
  historyOf,
  play,
  randomDoctypes,
  shortened,
  stepsDefault,
  treatmentsOf,
} from '../../src/simulation/index.js';
import { openTestDartwing, type TestDatabase, testOptions } from '../support/database.js';
import { bundleChild } from '../support/killed.js';
import { killableDoor } from './killable-door.js';

const given = process.env.DARTWING_TEST_RUNS;
const runs = Number(given ?? 1_000);
const stepsMax = Number(process.env.DARTWING_TEST_STEPS ?? stepsDefault);
const budgetMs = given === undefined ? 12_000 : 24 * 3_600_000;
// The same histories in each landing.
const seed = Number(process.env.DARTWING_TEST_SEED ?? 20_261_123);
/** Histories that are played at once: while the database works for one, this process works for another. */
const lanes = 4;
const doctypes = randomDoctypes.map(({ doctype }) => doctype);

let dartwing: Dartwing;
let database: TestDatabase;

beforeAll(async () => {
  ({ dartwing, database } = await openTestDartwing({ clock: systemClock }));
  for (const definition of randomDoctypes) dartwing.documents.doctypes.register(definition);
});

/** Plays random histories in lanes until enough were played or the time is over; returns how many. */
async function playLanes(
  label: string,
  plan: { lanes: number; runs: number; budgetMs: number; stepsMax: number },
  how: { door?: Ground['door']; disturb?: () => void },
): Promise<number> {
  const results = await Promise.all(
    Array.from({ length: plan.lanes }, async (_, lane) => {
      const made = await groundsOf(dartwing, `${label}-${lane}`)(doctypes, how.door);
      const treatment = await treatmentsOf(made);
      const { disturb } = how;
      let ground: Ground = made;
      const problemsOf = async (history: History) => {
        const { problems } = await play(ground, history, {
          treatment,
          counts: true,
          ...(disturb && { disturb }),
        });
        ground = await clearedGround(ground);
        return problems;
      };
      const result = await fc.check(
        fc.asyncProperty(fc.noBias(fc.nat(2 ** 31 - 1)), async (one) => {
          const history = historyOf(one, plan.stepsMax);
          const problems = await problemsOf(history);
          if (problems.length === 0) return;
          const few = await shortened(history, async (each) => (await problemsOf(each)).length > 0, 60);
          throw new Error(
            [
              `dartwing sync simulate --seed ${one} --steps ${plan.stepsMax}`,
              ...problems,
              JSON.stringify(few, null, 1),
            ].join('\n'),
          );
        }),
        {
          numRuns: Math.ceil(plan.runs / plan.lanes),
          interruptAfterTimeLimit: plan.budgetMs,
          endOnFailure: true,
          seed: seed + lane,
        },
      );
      if (result.failed && result.counterexample !== null)
        throw result.errorInstance ?? new Error(fc.defaultReportMessage(result));
      return result.numRuns;
    }),
  );
  return results.reduce((sum, count) => sum + count, 0);
}

test(
  'clients that were away, revoked and badly connected end with what the server has, each edit counted once',
  async () => {
    const started = Date.now();
    const played = await playLanes('run', { lanes, runs, budgetMs, stepsMax }, {});
    expect(played).toBeGreaterThanOrEqual(given === undefined ? 1 : runs);
    console.log(`${played} histories converged in ${Date.now() - started} ms`);
  },
  budgetMs + 60_000,
);

const killsWanted = Number(process.env.DARTWING_TEST_KILLS ?? 3);

test(
  'clients end with what the server has although it is killed under them',
  async () => {
    const child = await bundleChild(new URL('./door-child.ts', import.meta.url));
    const killable = killableDoor(child.file, testOptions(database));
    // All lanes call one process: each death meets all of them, somewhere before, in or after a transaction.
    const width = 12;
    let steps = 0;
    const disturb = () => {
      if (++steps % 60 === 0 && killable.kills < killsWanted) killable.killIn(steps % 40);
    };
    try {
      const plan = { lanes: width, runs: Math.max(width, killsWanted * 3), budgetMs: 300_000, stepsMax };
      const played = await playLanes('killed', plan, { door: killable.door, disturb });
      console.log(`${played} histories converged, ${killable.kills} kills`);
      expect(killable.kills).toBeGreaterThan(0);
    } finally {
      killable.stop();
      child.remove();
    }
  },
  60_000 + killsWanted * 20_000,
);
