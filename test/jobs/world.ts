/** Two organizations and small conveniences for tests of jobs. */
import type { Dartwing, DartwingOptions } from '../../src/core/index.js';
import { createDartwing } from '../../src/core/index.js';
import type { JobDocument, JobState, JobWorker, WorkerOptions } from '../../src/core/jobs/index.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { atEnd } from '../support/ending.js';

export interface JobWorld {
  database: TestDatabase;
  dartwing: Dartwing;
  options: DartwingOptions;
  /** Ids of the organizations acme and globex. */
  acme: string;
  globex: string;
}

/** A database with two organizations. Jobs follow the database's clock, so nothing here is faked. */
export async function openJobWorld(more: Partial<DartwingOptions> = {}): Promise<JobWorld> {
  const database = await createTestDatabase();
  const options = testOptions(database, more);
  const dartwing = await createDartwing(options);
  atEnd(() => dartwing.close());
  const ids: string[] = [];
  for (const slug of ['acme', 'globex']) {
    const created = await dartwing.tenancy.create({
      slug,
      type: 'company',
      name: slug,
      owner: `ana@${slug}.test`,
    });
    ids.push(created.after!.id);
  }
  return { database, dartwing, options, acme: ids[0]!, globex: ids[1]! };
}

/** Runs a worker while `work` lasts. */
export async function withWorker<T>(
  { dartwing }: Pick<JobWorld, 'dartwing'>,
  options: WorkerOptions,
  work: (worker: JobWorker) => Promise<T>,
): Promise<T> {
  const worker = dartwing.jobs.work(options);
  await worker.ready;
  try {
    return await work(worker);
  } finally {
    await worker.stop({ drainMs: 1_000 });
  }
}

/** Waits until a job is in one of some states. */
export async function until(
  { dartwing }: Pick<JobWorld, 'dartwing'>,
  id: string,
  ...states: readonly JobState[]
): Promise<JobDocument> {
  return eventually(
    async () => {
      const job = await dartwing.jobs.show(id);
      return states.includes(job.state) ? job : undefined;
    },
    `${id} to be ${states.join(' or ')}`,
  );
}

/** Waits until something is there. */
export async function eventually<T>(
  look: () => Promise<T | undefined>,
  what: string,
  ms = 25_000,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Lets jobs that wait for a time be due now. */
export async function passTime({ database }: Pick<JobWorld, 'database'>): Promise<void> {
  await database.admin.query("update job set due_at = now() - interval '1 second' where due_at is not null");
}
