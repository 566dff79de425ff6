import type { QueryResultRow } from 'pg';
import { beforeAll, expect, it } from 'vitest';
import type { Tx } from '../../src/core/db/index.js';
import { claimJobs, claimWithin } from '../../src/core/jobs/claim-queries.js';
import { completeJobs, releaseChildren } from '../../src/core/jobs/engine-queries.js';
import { type JobWorld, openJobWorld } from './world.js';

let world: JobWorld;
const worker = '00000000-0000-4000-8000-000000000001';

/** One organization with a line of 20,000 jobs, of whom the planner has seen none run. */
beforeAll(async () => {
  world = await openJobWorld();
  const { jobs } = world.dartwing;
  jobs.define('work', { queue: 'critical', deduplicationMs: 0, handler: () => undefined });
  await jobs.submit('acme', 'work');
  await world.database.admin.query(
    `insert into job select made.* from job j cross join generate_series(1, 20000) n cross join lateral
       jsonb_populate_record(j, jsonb_build_object('number', j.number + n, 'turn', j.turn + n)) made`,
  );
  await world.database.admin.query('analyze job');
});

/** What the planner would do for a statement. */
function plannedBy(plans: string[]): Tx {
  const query = async <Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) => {
    const { rows } = await world.database.admin.query(`explain ${text}`, [...values]);
    plans.push(rows.map((row) => row['QUERY PLAN'] as string).join('\n'));
    return { rows: [] as Row[], rowCount: 0 };
  };
  return { query, finish: query } as unknown as Tx;
}

it('takes and ends jobs by their keys, however long the line of one organization is', async () => {
  const plans: string[] = [];
  const tx = plannedBy(plans);
  const picks = { organizations: [world.acme], priorities: [2], wanted: [20], marks: [0] };
  await claimJobs(tx, 'critical', worker, picks, false);
  await claimWithin(tx, 'critical', worker, picks, [5]);
  const ended = Array.from({ length: 20 }, (_, n) => ({
    organization: world.acme,
    number: String(n + 1),
    attempt: 1,
    output: null,
  }));
  await completeJobs(tx, worker, ended);
  await releaseChildren(tx, ended);
  expect(plans).toHaveLength(4);
  for (const plan of plans) expect(plan).not.toMatch(/Seq Scan on job\b/);
});
