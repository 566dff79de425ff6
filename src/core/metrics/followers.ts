/** Counts what happens to jobs of this process. */
import type { Clock } from '../clock.js';
import type { JobEvent } from '../jobs/index.js';
import type { Meter } from './meter.js';

/** Runs whose beginning is remembered; a worker has far fewer at a time. */
const runsMax = 10_000;
const ends = new Set(['completed', 'failed', 'timed_out', 'canceled', 'dead_letter', 'released']);

export function followJobs(meter: Meter, clock: Clock): (event: JobEvent) => void {
  const begun = new Map<string, number>();
  return ({ event, organization, id, type, attempt }) => {
    const run = `${organization} ${id} ${attempt}`;
    if (event === 'running') {
      if (begun.size >= runsMax) begun.delete(begun.keys().next().value!);
      begun.set(run, clock.monotonicMs());
      if (attempt > 1) meter.count('dartwing_jobs_retried_total', { type });
      return;
    }
    const startedAt = begun.get(run);
    // A dead letter is told after the failure that made it one: one run, one end.
    if (!ends.has(event) || startedAt === undefined) return;
    begun.delete(run);
    meter.count('dartwing_jobs_finished_total', { type, outcome: event });
    meter.observe('dartwing_job_duration_seconds', { type }, (clock.monotonicMs() - startedAt) / 1_000);
  };
}
