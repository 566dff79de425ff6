/**
 * A worker process for crash tests: writes effects until it is killed. Reads what to do from stdin, says `ready`.
 * `effect.exact` completes in its own transaction; `effect.plain` writes down when it began and ended.
 */
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { createDartwing, type DartwingOptions } from '../../src/core/index.js';

async function work(): Promise<void> {
  const { options, concurrency, pauseMs } = JSON.parse(await text(process.stdin)) as {
    options: DartwingOptions;
    concurrency: number;
    /** How long a job takes; undefined for as little as possible. */
    pauseMs?: number;
  };
  const dartwing = await createDartwing({ ...options, background: false });
  const settings = { queue: 'critical', deduplicationMs: 0, delaysMs: [50, 50, 50, 50, 50, 50] } as const;
  dartwing.jobs.define('effect.exact', {
    ...settings,
    handler: (_input, job) =>
      job.transaction(async (scope) => {
        await scope.tx.query('insert into effect (organization, job) values ($1, $2)', [
          job.organization,
          job.id,
        ]);
        await setTimeout(pauseMs ?? 2);
        await job.complete(scope);
      }),
  });
  dartwing.jobs.define('effect.plain', {
    ...settings,
    handler: async (_input, job) => {
      const values = [job.organization, job.id, process.pid, job.attempt];
      const write = (statement: string) =>
        dartwing.asOrg(job.organization, (tx) => tx.query(statement, values));
      try {
        await write(
          'insert into run (organization, job, pid, attempt, began) values ($1, $2, $3, $4, clock_timestamp())',
        );
        await setTimeout(pauseMs ?? 5);
      } finally {
        // Also when the connection was cut meanwhile: only a killed process leaves no end.
        const end =
          'update run set ended = clock_timestamp() where organization = $1 and job = $2 and pid = $3 and attempt = $4';
        while (
          !(await write(end).then(
            () => true,
            () => false,
          ))
        )
          await setTimeout(20);
      }
    },
  });
  await dartwing.jobs.work({ queues: ['critical'], concurrency }).ready;
  process.stdout.write('ready\n');
}

void work();
