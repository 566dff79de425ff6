/**
 * Workers that are killed at any moment, and connections that are cut. DARTWING_LONG=1 takes 10,000 jobs, waits for real
 * leases and lets PostgreSQL crash and start again: run it alone, since all databases of the server go down with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { beforeAll, expect, it } from 'vitest';
import { atEnd } from '../support/ending.js';
import { bundleChild } from '../support/killed.js';
import { eventually, type JobWorld, openJobWorld } from './world.js';

const isLong = process.env.DARTWING_LONG !== undefined;
const jobsPerLine = isLong ? 2_500 : 150;
const kills = isLong ? 20 : 2;
const processes = 4;
/** Long enough that every kill meets jobs that run. */
const pauseMs = isLong ? 80 : undefined;

let world: JobWorld;
let bundle = '';
/** The one of the world, until its server crashes. */
let admin: pg.Client;
const children = new Set<ChildProcess>();
const deaths = new Map<number, Date>();
const crashes: number[] = [];

beforeAll(async () => {
  world = await openJobWorld();
  admin = world.database.admin;
  // What is told to be committed has to outlive a crash.
  await admin.query(`alter database ${world.database.name} set synchronous_commit = on`);
  const { file, remove } = await bundleChild(new URL('./worker-child.ts', import.meta.url));
  bundle = file;
  atEnd(remove);
  await admin.query(`
    create table effect (organization text not null, job text not null, primary key (organization, job));
    create table run (organization text not null, job text not null, pid integer not null, attempt integer not null, began timestamptz not null, ended timestamptz);
    do $$
    declare name text;
    begin
      foreach name in array array['effect', 'run'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format($policy$create policy dartwing_tenant on %I to dartwing_app
          using (organization = nullif(current_setting('dartwing.org', true), ''))
          with check (organization = nullif(current_setting('dartwing.org', true), ''))$policy$, name);
        execute format('grant select, insert, update on %I to dartwing_app', name);
      end loop;
    end $$`);
});

atEnd(() => {
  for (const child of children) child.kill('SIGKILL');
});

async function startChild(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [bundle], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.add(child);
  child.stdin!.end(JSON.stringify({ options: world.options, concurrency: 5, pauseMs }));
  const [code] = (await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')])) as unknown[];
  if (typeof code === 'number') throw new Error(`a worker ended with ${code}`);
  return child;
}

/** Kills one and starts another. Unless there is time to wait for it, the silence of the dead is made long. */
async function replaceOne(): Promise<void> {
  const [victim] = children;
  const gone = once(victim!, 'exit');
  victim!.kill('SIGKILL');
  await gone;
  const { rows } = await admin.query<{ now: Date }>('select clock_timestamp() as now');
  deaths.set(victim!.pid!, rows[0]!.now);
  children.delete(victim!);
  if (!isLong)
    await admin.query("update job_worker set seen_at = seen_at - interval '1 minute' where pid = $1", [
      victim!.pid,
    ]);
  await startChild();
}

/** One killed server process makes PostgreSQL end all others and recover, as after a crash of its own. */
async function crashServer(): Promise<void> {
  const { rows } = await admin.query<{ pid: number }>(
    'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() limit 1',
  );
  crashes.push(Date.now());
  process.kill(rows[0]!.pid, 'SIGKILL');
  admin = await eventually(
    async () => {
      const client = new pg.Client({
        connectionString: world.database.url,
        options: '-c search_path=dartwing,public',
      });
      client.on('error', () => {});
      return client.connect().then(
        () => client,
        () => undefined,
      );
    },
    'the server to come back',
    60_000,
  );
  const { end } = admin;
  atEnd(end.bind(admin));
}

it(
  'completes every job exactly once, with exactly one effect, through kills and cut connections',
  async () => {
    const { jobs } = world.dartwing;
    for (const type of ['effect.exact', 'effect.plain'])
      jobs.define(type, {
        queue: 'critical',
        deduplicationMs: 0,
        delaysMs: [50, 50, 50, 50, 50, 50],
        handler: () => null,
      });
    await Promise.all(Array.from({ length: processes }, startChild));
    for (const organization of ['acme', 'globex']) {
      for (const type of ['effect.exact', 'effect.plain']) {
        for (let first = 0; first < jobsPerLine; first += 500) {
          const inputs = Array.from({ length: Math.min(500, jobsPerLine - first) }, (_, n) => ({
            n: first + n,
          }));
          await jobs.submitMany(organization, type, inputs);
        }
      }
    }
    for (let kill = 0; kill < kills; kill++) {
      await setTimeout(isLong ? 1_000 + 2_000 * Math.random() : 100 + 200 * Math.random());
      await replaceOne();
      if (kill === 0) {
        // As when the server restarts: every connection of the workers ends in the middle of something.
        await admin.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        );
      }
      if (isLong && kill % 8 === 4) await crashServer();
    }
    const total = 4 * jobsPerLine;
    await eventually(
      async () => {
        // Whoever was killed twice with its worker waits for a decision; an operator replays it.
        await jobs.deadLetters.replayMany({ error: 'JOB_WORKER_LOST' }).catch(() => undefined);
        const { rows } = await admin.query<{ count: number }>(
          'select count(*)::int as count from job_history',
        );
        return rows[0]!.count === total ? true : undefined;
      },
      'every job to be completed',
      isLong ? 600_000 : 60_000,
    );
    const { rows: ends } = await admin.query(
      `select state, count(*)::int as rows, count(distinct number)::int as jobs from job_history group by state`,
    );
    expect(ends).toEqual([{ state: 'completed', rows: total, jobs: total }]);
    expect((await admin.query('select from job')).rowCount).toBe(0);
    expect((await admin.query('select from effect')).rowCount).toBe(total / 2);

    // No two runs of one job at the same time; a run of a killed process ended when that was killed.
    const { rows: runs } = await admin.query<{
      job: string;
      pid: number;
      began: Date;
      ended: Date | null;
    }>('select job, pid, began, ended from run order by job, began');
    expect(new Set(runs.map(({ job }) => job)).size).toBe(total / 2);
    const overlaps = runs.filter((run, index) => {
      const before = runs[index - 1];
      if (before?.job !== run.job) return false;
      const ended = before.ended ?? deaths.get(before.pid);
      return ended !== undefined && ended > run.began;
    });
    expect(overlaps).toEqual([]);
    if (isLong) {
      // Whoever waits for real leases waits for at most 20 s of silence and one more heartbeat.
      const waits = runs.flatMap((run, index) => {
        const before = runs[index - 1];
        const died = before?.job === run.job && before.ended === null ? deaths.get(before.pid) : undefined;
        if (died === undefined) return [];
        const [from, to] = [died.getTime(), run.began.getTime()];
        // Nobody beats while the server is away.
        return crashes.some((at) => at > from - 5_000 && at < to) ? [] : [to - from];
      });
      process.stderr.write(`${waits.length} runs again, the last after ${Math.max(...waits)} ms\n`);
      expect(waits.length).toBeGreaterThan(kills / 2);
      expect(Math.max(...waits)).toBeLessThan(25_000);
    }
    expect(deaths.size).toBe(kills);
  },
  isLong ? 900_000 : 90_000,
);
