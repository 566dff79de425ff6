/** An installation with organizations and jobs for benchmarks. */
import type pg from 'pg';
import { createDartwing, type Dartwing, type DartwingOptions } from '../src/core/index.js';
import { withDatabase, withServer } from './server.js';

export interface BenchWorld {
  dartwing: Dartwing;
  options: DartwingOptions;
  admin: pg.Client;
  slugs: readonly string[];
}

/** A type that takes `ms` and whose jobs may repeat. */
export function tickOf(ms: number) {
  return {
    queue: 'critical' as const,
    deduplicationMs: 0,
    handler: () => (ms === 0 ? undefined : new Promise<void>((resolve) => setTimeout(resolve, ms))),
  };
}

export async function withJobs<T>(
  organizations: number,
  work: (world: BenchWorld) => Promise<T>,
  { durable = false, ...more }: { durable?: boolean; poolConnectionsMax?: number } = {},
): Promise<T> {
  return withServer(durable, (server) =>
    withDatabase(server, 'jobs', async (options, admin) => {
      const dartwing = await createDartwing({ ...options, ...more, background: false });
      const slugs = Array.from({ length: organizations }, (_, n) => `org-${n}`);
      for (const slug of slugs)
        await dartwing.tenancy.create({ slug, type: 'company', owner: `ana@${slug}.test` });
      dartwing.jobs.define('noop', tickOf(0));
      dartwing.jobs.define('tick', tickOf(5));
      dartwing.jobs.define('call', tickOf(20));
      dartwing.jobs.define('slow', tickOf(1_000));
      try {
        return await work({ dartwing, options, admin, slugs });
      } finally {
        await dartwing.close();
      }
    }),
  );
}

/** Jobs of one type, the same number for each organization. */
export async function addJobs(
  { dartwing }: BenchWorld,
  slugs: readonly string[],
  type: string,
  count: number,
): Promise<void> {
  const share = Math.ceil(count / slugs.length);
  for (const slug of slugs) {
    for (let first = 0; first < share; first += 1_000) {
      const length = Math.min(1_000, share - first);
      await dartwing.jobs.submitMany(
        slug,
        type,
        Array.from({ length }, (_, n) => ({ n: first + n })),
      );
    }
  }
}

/** Resolves after `count` calls of `hear`. */
export function countdown(count: number): { hear: () => void; done: Promise<void> } {
  let left = count;
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return {
    hear: () => {
      left -= 1;
      if (left === 0) finish();
    },
    done,
  };
}

/** Works until `count` jobs are completed, and says how long that took after the worker stood ready. */
export async function workOff({ dartwing }: BenchWorld, count: number, concurrency: number): Promise<number> {
  const { hear, done } = countdown(count);
  const unhear = dartwing.jobs.observe(({ event }) => {
    if (event === 'completed') hear();
  });
  const started = performance.now();
  const worker = dartwing.jobs.work({ queues: ['critical'], concurrency });
  await done;
  const ms = performance.now() - started;
  unhear();
  await worker.stop();
  return ms;
}

/** Copies of the first organization, each with jobs that take no time, or as long as those of `type`. */
export async function fillCrowd(
  { admin, dartwing }: BenchWorld,
  organizations: number,
  each: number,
  type = 'noop',
): Promise<void> {
  await dartwing.jobs.submit('org-0', type, {});
  await admin.query(
    `insert into organization select made.* from organization o cross join generate_series(1, $1) n cross join lateral
       jsonb_populate_record(o, jsonb_build_object('id', 'ORG-2020-' || lpad(n::text, 5, '0'), 'slug', 'crowd-' || n,
         'linked_name', 'crowd-' || n)) made where o.slug = 'org-0' on conflict do nothing`,
    [organizations],
  );
  await admin.query(
    `insert into job select made.* from (select * from job limit 1) j cross join generate_series(1, $1) n
       cross join (select id from organization where slug like 'crowd-%') o cross join lateral
       jsonb_populate_record(null::job, to_jsonb(j) || jsonb_build_object('organization', o.id, 'number', nextval('job_series'),
         'turn', nextval('job_turn'), 'replays', 0 * n)) made`,
    [each],
  );
  await admin.query('analyze job');
}
