/** Checks of what is done in the background: jobs and those who run them, schedules, mail. */
import type { Dartwing } from '../../core/index.js';
import { type Check, outcomeOf, type Trouble } from './check.js';

/** Where a line is too long, by queue; `default` for those that are not named (requirements §14.4). */
const depthMax: Readonly<Record<string, number>> = { critical: 100, default: 1_000, bulk: 10_000 };
const oldestSecondsMax: Readonly<Record<string, number>> = { critical: 900, default: 900 };
const deadLettersMax = 50;
const mailSecondsMax = 900;

export const queues: Check = {
  id: 'queues',
  needs: ['migrations', 'keys'],
  isPrivate: true,
  run: async ({ core, readings }) => {
    const dartwing = await core();
    const read = await readings();
    const troubles: Trouble[] = [];
    const { items } = await dartwing.jobs.queues.list();
    const { lines } = await dartwing.alerts.causes();
    let waiting = 0;
    for (const { name, queued, paused } of items) {
      waiting += queued;
      const seconds = read('dartwing_job_oldest_seconds', { queue: name });
      const isLong =
        queued > (depthMax[name] ?? depthMax.default!) ||
        seconds > (oldestSecondsMax[name] ?? Number.POSITIVE_INFINITY);
      const found = lines
        .filter(({ queue }) => queue === name)
        .map(({ organization, count }) => `${name}: ${count} of ${organization}`);
      if (isLong)
        troubles.push({
          status: 'warn',
          what: `${queued} jobs wait in ${name}, the oldest for ${Math.round(seconds)} s`,
          found,
          fix: [paused ? `dartwing queue resume ${name}` : `dartwing worker --queue ${name}`],
        });
      else if (paused && queued > 0)
        troubles.push({
          status: 'warn',
          what: `${name} is paused and ${queued} jobs wait`,
          found,
          fix: [`dartwing queue resume ${name}`],
        });
      const full = read('dartwing_job_organizations_at_limit', { queue: name });
      if (full > 0)
        troubles.push({
          status: 'warn',
          what: `The lines of ${full} organizations in ${name} are full`,
          found,
          fix: [`dartwing queue show ${name}`, `dartwing queue set ${name} --per-org 1000`],
        });
    }
    const dead = read('dartwing_job_dead_letters');
    if (dead > deadLettersMax)
      troubles.push({
        status: 'warn',
        what: `${dead} dead letters wait for a decision`,
        fix: ['dartwing dlq list --by error', 'dartwing dlq replay --all'],
      });
    return outcomeOf(`${waiting} jobs wait, ${dead} dead letters`, troubles);
  },
};

export const jobs: Check = {
  id: 'jobs',
  needs: ['migrations', 'keys'],
  isPrivate: true,
  run: async ({ core, readings }) => {
    const dartwing = await core();
    const read = await readings();
    const stuck = await dartwing.jobs.stuck();
    const lost = read('dartwing_job_lost_runs');
    const troubles: Trouble[] = [];
    if (stuck.length > 0)
      troubles.push({
        status: 'fail',
        what: `${stuck.length} jobs take more than twice their time`,
        found: stuck.map(({ id, type, org, started_at: at }) => `${id} ${type} of ${org} since ${at}`),
        fix: stuck.slice(0, 3).map(({ id }) => `dartwing job cancel ${id}`),
      });
    if (lost > 1)
      troubles.push({
        status: 'fail',
        what: `Jobs have cost ${lost} workers their life`,
        found: await costlyTypes(dartwing),
        fix: ['dartwing dlq list --by type', 'dartwing job disable <type> --reason "…"'],
      });
    return outcomeOf('None is stuck, and none costs workers their life', troubles);
  },
};

async function costlyTypes({ jobs: { deadLetters } }: Dartwing): Promise<string[]> {
  const { items } = await deadLetters.list({ by: ['type', 'org'] });
  return items.slice(0, 5).map(({ type, org, count }) => `${count} of ${type} in ${org}`);
}

export const workers: Check = {
  id: 'workers',
  needs: ['migrations', 'keys'],
  isPrivate: true,
  run: async ({ core, readings }) => {
    const all = await (await core()).jobs.workers();
    const read = await readings();
    const waits = read('dartwing_job_oldest_seconds') > 60;
    const silent = all.filter(({ state }) => state === 'silent');
    const live = all.length - silent.length;
    const troubles: Trouble[] = [];
    if (live === 0 && waits)
      troubles.push({
        status: 'fail',
        what: 'No worker runs, and jobs wait',
        fix: ['dartwing worker'],
      });
    if (silent.length > 0)
      troubles.push({
        status: 'warn',
        what: silent.length === 1 ? '1 worker is silent' : `${silent.length} workers are silent`,
        found: silent.map(({ name, host, pid, seen_at: at }) => `${name} (${host}, ${pid}) since ${at}`),
        fix: ['dartwing worker list', 'dartwing worker'],
      });
    return outcomeOf(
      live === 0
        ? 'No worker runs; nothing waits for one'
        : live === 1
          ? '1 worker tells of itself'
          : `${live} workers tell of themselves`,
      troubles,
    );
  },
};

export const schedules: Check = {
  id: 'schedules',
  needs: ['migrations', 'keys'],
  isPrivate: true,
  run: async ({ core }) => {
    const all = await (await core()).jobs.schedules.list();
    const failed = all.filter(({ last_ok: ok }) => ok === false);
    return outcomeOf(
      `${all.length} schedules, and none failed when it ran last`,
      failed.map(({ name, last_error: error, last_at: at }) => ({
        status: 'warn',
        what: `${name} failed`,
        found: [`${name} at ${at}: ${error}`],
        fix: [`dartwing schedule run ${name}`],
      })),
    );
  },
  repair: {
    question: (_, { found = [] }) => `Run again what failed (${found.length} schedules)?`,
    run: async ({ core }) => {
      const { jobs: own } = await core();
      for (const { name, last_ok: ok } of await own.schedules.list())
        if (ok === false) await own.schedules.run(name);
    },
  },
};

export const mail: Check = {
  id: 'mail',
  needs: ['migrations', 'keys'],
  isPrivate: true,
  run: async ({ core, readings }) => {
    const read = await readings();
    const waiting = read('dartwing_mail_queued');
    const seconds = read('dartwing_mail_oldest_seconds');
    if (seconds <= mailSecondsMax) return { what: `${waiting} mails wait` };
    const { mail: causes } = await (await core()).alerts.causes();
    return {
      status: 'warn',
      what: `${waiting} mails wait, the oldest for ${Math.round(seconds)} s`,
      found: causes.map(
        ({ organization, count, error }) =>
          `${count} of ${organization}${error === null ? '' : `: ${error}`}`,
      ),
      fix: ['dartwing config show --origin', 'dartwing schedule run mail.delivery'],
    };
  },
  repair: {
    question: (_, { what }) => `Try again to send it (${what})?`,
    run: async ({ core }) => (await core()).mail.sendDue(),
  },
};
