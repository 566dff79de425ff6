/**
 * Submission of jobs on a real disk: thirty producers at once whose workers are told after COMMIT, as they are here, and
 * inside the transaction, as other queues do. All commits with a NOTIFY wait for each other.
 */
import { withJobs } from './job-world.js';
import { compare, printReport, progress, ratioFigure, timed } from './measure.js';

const producers = 30;
const each = process.env.DARTWING_BENCH_FULL === undefined ? 15 : 100;

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const compared = await withJobs(
    producers,
    async ({ dartwing, admin, slugs }) => {
      progress(`${producers} producers on a real disk`);
      await admin.query(`create function bench_notify() returns trigger language plpgsql as $$
        begin perform pg_notify('bench', new.organization || ' ' || new.number); return null; end $$`);
      await admin.query(
        'create trigger bench_notify after insert on job for each row execute function bench_notify()',
      );
      const produce = timed(() =>
        Promise.all(
          slugs.map(async (slug) => {
            for (let n = 0; n < each; n++) await dartwing.jobs.submit(slug, 'noop', { n });
          }),
        ),
      );
      const inside = async () => {
        await admin.query('alter table job enable trigger bench_notify');
        return produce();
      };
      const after = async () => {
        await admin.query('alter table job disable trigger bench_notify');
        return produce();
      };
      return compare(inside, after, { count: 7, warmups: 2 });
    },
    { durable: true, poolConnectionsMax: producers },
  );
  const figures = [
    ratioFigure(`${producers * each} jobs of ${producers} producers, against NOTIFY inside`, compared, 0.33),
  ];
  const notes = [
    'Commits wait for the disk of the folder for temporary files; on a RAM disk they wait for nothing.',
  ];
  printReport({ bench: 'jobs-durable', figures, notes }, json);
}
