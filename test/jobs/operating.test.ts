import { beforeAll, describe, expect, it } from 'vitest';
import { createDartwing } from '../../src/core/index.js';
import { eventually, type JobWorld, openJobWorld, until, withWorker } from './world.js';

let world: JobWorld;
let jobs: JobWorld['dartwing']['jobs'];

beforeAll(async () => {
  world = await openJobWorld();
  ({ jobs } = world.dartwing);
  jobs.define('work', { deduplicationMs: 0, handler: async () => 'ok' });
  jobs.define('slow', {
    deduplicationMs: 0,
    handler: () => new Promise((resolve) => setTimeout(resolve, 300)),
  });
  jobs.define('loud', { queue: 'critical', deduplicationMs: 0, handler: async () => 'ok' });
});

describe('queues', () => {
  it('are paused with a reason, by themselves only, and go on when they are resumed', async () => {
    await expect(jobs.queues.pause('default')).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
    await withWorker(world, {}, async () => {
      const paused = await jobs.queues.pause('default', {}, { reason: 'maintenance' });
      expect(paused).toMatchObject({ paused: true, paused_reason: 'maintenance' });
      await new Promise((resolve) => setTimeout(resolve, 150));
      const { job } = await jobs.submit('acme', 'work');
      const loud = await jobs.submit('acme', 'loud');
      await until(world, loud.job.id, 'completed');
      expect((await jobs.show(job.id)).state).toBe('queued');
      expect((await jobs.queues.resume('default')).paused).toBe(false);
      await until(world, job.id, 'completed');
    });
    const [system] = (
      await world.database.admin.query(
        "select body from audit_stage where organization = 'SYSTEM' and convert_from(body, 'UTF8') like '%queue.pause%'",
      )
    ).rows;
    expect(system).toBeDefined();
  });

  it('say what waits and runs, and take settings within bounds', async () => {
    for (const [settings, code] of [
      [{}, 'VALIDATION_ERROR'],
      [{ concurrency: 0 }, 'VALIDATION_ERROR'],
      [{ queuedMax: -1 }, 'VALIDATION_ERROR'],
      [{ speed: 1 }, 'VALIDATION_ERROR'],
    ] as const)
      await expect(
        jobs.queues.set('bulk', settings as object),
        JSON.stringify(settings),
      ).rejects.toMatchObject({ code });
    await expect(jobs.queues.show('express')).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' });
    const set = await jobs.queues.set('bulk', { concurrency: 3, queuedMax: null, perMinute: 60 });
    expect(set).toMatchObject({ concurrency: 3, queued_max: null, per_minute: 60 });
    await jobs.submit('acme', 'work');
    const list = await jobs.queues.list();
    expect(list.items.map(({ name }) => name)).toEqual(['critical', 'default', 'bulk']);
    expect(list.items[1]).toMatchObject({ queued: 1, running: 0, orgs_at_limit: 0 });
    expect(list.items[1]!.oldest_ms).toBeGreaterThanOrEqual(0);
    await withWorker(world, {}, (worker) => worker.empty());
  });

  it('keep an organization to its own limit of running jobs while others go on', async () => {
    await jobs.queues.limit('acme', 'default', { runningMax: 2 });
    let most = 0;
    let now = 0;
    const two = await createDartwing({ ...world.options, background: false });
    const define = (each: typeof jobs) =>
      each.define('counted', {
        deduplicationMs: 0,
        handler: async (_input, job) => {
          if (job.organization !== world.acme) return;
          now += 1;
          most = Math.max(most, now);
          await new Promise((resolve) => setTimeout(resolve, 10));
          now -= 1;
        },
      });
    define(jobs);
    define(two.jobs);
    try {
      await jobs.submitMany(
        'acme',
        'counted',
        Array.from({ length: 30 }, (_, n) => ({ n })),
      );
      await jobs.submitMany(
        'globex',
        'counted',
        Array.from({ length: 30 }, (_, n) => ({ n })),
      );
      const workers = [jobs.work(), two.jobs.work()];
      await Promise.all(workers.map((worker) => worker.empty()));
      await Promise.all(workers.map((worker) => worker.stop()));
    } finally {
      await two.close();
    }
    expect(most).toBe(2);
    expect((await jobs.list({ type: 'counted', state: 'completed' })).total).toBe(60);
    await jobs.queues.limit('acme', 'default', { runningMax: null });
  });

  it('start no more of an organization a minute than they may', async () => {
    await jobs.queues.limit('acme', 'default', { perMinute: 60 });
    await jobs.submitMany('acme', 'work', [{ n: 1 }, { n: 2 }, { n: 3 }]);
    const started = await withWorker(world, {}, async () => {
      const other = await jobs.submit('globex', 'work');
      await until(world, other.job.id, 'completed');
      await eventually(async () => {
        const { items } = await jobs.list({ organization: 'acme', type: 'work', limit: 3 });
        return items.every(({ state }) => state === 'completed') ? true : undefined;
      }, 'all three');
      return (await jobs.list({ organization: 'acme', type: 'work', limit: 3 })).items.map(({ started_at }) =>
        Date.parse(started_at!),
      );
    });
    const [third, second, first] = started;
    expect(second! - first!).toBeGreaterThan(900);
    expect(third! - second!).toBeGreaterThan(900);
    await jobs.queues.limit('acme', 'default', { perMinute: null });
  });
});

describe('workers', () => {
  it('are listed while they live, and let what runs finish when they stop', async () => {
    const worker = jobs.work({ name: 'one', concurrency: 3 });
    await worker.ready;
    const listed = await jobs.workers();
    expect(listed).toMatchObject([
      { name: 'one', state: 'alive', slots: { critical: 3, default: 3, bulk: 3 } },
    ]);
    const { job } = await jobs.submit('acme', 'slow');
    await until(world, job.id, 'running');
    const stats = await worker.stop();
    expect(stats).toMatchObject({ completed: 1, released: 0 });
    expect((await jobs.show(job.id)).state).toBe('completed');
    expect(await jobs.workers()).toEqual([]);
  });

  it('put back what does not finish in time, without counting the attempt', async () => {
    jobs.define('endless', {
      deduplicationMs: 0,
      handler: (_input, job) =>
        new Promise((_, reject) => job.signal.addEventListener('abort', () => reject(job.signal.reason))),
    });
    const worker = jobs.work({ drainMs: 50 });
    const { job } = await jobs.submit('acme', 'endless');
    await until(world, job.id, 'running');
    expect(await worker.stop()).toMatchObject({ released: 1, completed: 0, failed: 0 });
    expect(await jobs.show(job.id)).toMatchObject({ state: 'queued', attempt: 0 });
    await jobs.cancel(job.id);
  });

  it('take over from one that is silent: at once, and not a third time from a job that kills', async () => {
    const { job } = await jobs.submit('acme', 'slow');
    const die = (losses: number) =>
      world.database.admin.query(
        `with w as (insert into job_worker (id, name, host, pid, slots, seen_at)
           values (gen_random_uuid(), 'dead', 'gone', 1, '{}', now() - interval '21 seconds') returning id)
         update job set state = 'running', worker = w.id, attempt = attempt + 1, losses = $1, started_at = now() from w where state = 'queued'`,
        [losses],
      );
    await die(0);
    await withWorker(world, {}, async () => {
      const done = await until(world, job.id, 'completed');
      expect(done.attempt).toBe(2);
    });
    expect((await jobs.history(job.id)).items.map(({ to_state }) => to_state)).toEqual([
      'pending',
      'queued',
      'running',
      'queued',
      'running',
      'completed',
    ]);
    const poison = (await jobs.submit('acme', 'slow')).job.id;
    await die(1);
    await withWorker(world, {}, () => until(world, poison, 'dead_letter'));
    expect((await jobs.show(poison)).error).toMatchObject({
      code: 'JOB_WORKER_LOST',
      message: expect.stringContaining('2 times'),
    });
    // What kills workers comes back only for whoever asks for it.
    expect(await jobs.deadLetters.replayMany({}, { organization: 'globex' })).toMatchObject({ left: [] });
    expect(await jobs.deadLetters.replayMany({ type: 'slow' })).toMatchObject({
      done: [],
      failed: [],
      left: [poison],
    });
    expect(await jobs.deadLetters.replayMany({ error: 'JOB_WORKER_LOST' })).toMatchObject({
      done: [{ id: poison, state: 'queued' }],
      left: [],
    });
    await withWorker(world, {}, () => until(world, poison, 'completed'));
    // Also what was stored between the lines: the order of fields is part of a document.
    const orders = (await jobs.history(poison)).items.map((item) => Object.keys(item).join());
    expect([...new Set(orders)]).toEqual(['from_state,to_state,at,actor,message,attempt']);
    expect(await jobs.workers()).toEqual([]);
  }, 30_000);

  it('end a thread that would never end', async () => {
    const endless = 'data:text/javascript,export default () => { for (;;); }';
    const sums =
      'data:text/javascript,export default ({ to }) => { let sum = 0; for (let n = 1; n <= to; n++) sum += n; return sum; }';
    jobs.define('thread.endless', { deduplicationMs: 0, module: endless, timeoutMs: 400, delaysMs: [] });
    jobs.define('thread.sum', { deduplicationMs: 0, module: sums });
    await withWorker(world, {}, async () => {
      const bad = (await jobs.submit('acme', 'thread.endless')).job.id;
      const good = (await jobs.submit('acme', 'thread.sum', { to: 1_000 })).job.id;
      expect((await until(world, good, 'completed')).output).toBe(500_500);
      const dead = await until(world, bad, 'dead_letter');
      expect(dead.error).toMatchObject({ class: 'timeout' });
    });
  });

  it('hear again after their connections were cut', async () => {
    await withWorker(world, {}, async () => {
      await world.database.admin.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      );
      const { job } = await jobs.submit('acme', 'work').catch(() => jobs.submit('acme', 'work'));
      await until(world, job.id, 'completed');
    });
  });
});

describe('figures', () => {
  it('T-J15 count by state, priority and type, of one organization or, for operators, of all', async () => {
    await jobs.submit('globex', 'work', { n: 'last' }, { priority: 'high' });
    const own = await jobs.metrics({ organization: 'globex' });
    expect(own.job_count_by_status).toMatchObject({ queued: 1, running: 0 });
    expect(own.queue_depth_by_priority).toEqual({ critical: 0, high: 1, normal: 0, low: 0 });
    const all = await jobs.metrics();
    expect(all.job_count_by_status.completed).toBeGreaterThan(own.job_count_by_status.completed!);
    expect(all.processing_time.average_seconds).toBeGreaterThan(0);
    expect(all.failure_rate_by_type.find(({ type }) => type === 'thread.endless')).toMatchObject({
      rate: 1,
      failed: 1,
    });
    const member = await world.dartwing.people.member.add('globex', 'bo@globex.test', 'Employee');
    const principal = { type: 'person' as const, id: member.after!.person };
    await expect(jobs.metrics({}, { principal })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(jobs.list({}, { principal })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(jobs.queues.list({ principal })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(jobs.deadLetters.list({ organization: 'globex' }, { principal })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it('T-J16 forget what ended more than 30 days ago, and keep what runs', async () => {
    const before = (await jobs.list({ state: 'completed' })).total;
    const { rows } = await world.database.admin.query<{ number: string }>(
      "update job_history set ended_at = now() - interval '31 days' where number in (select number from job_history where state = 'completed' order by number limit 2) returning number",
    );
    expect(rows).toHaveLength(2);
    await world.database.admin.query("update job set created_at = now() - interval '90 days'");
    const kept = (await jobs.list({ state: 'queued' })).total;
    const outcome = (await jobs.schedules.run('jobs.retention')).last_outcome as { deleted: number };
    expect(outcome.deleted).toBe(2);
    expect((await jobs.list({ state: 'completed' })).total).toBe(before - 2);
    expect((await jobs.list({ state: 'queued' })).total).toBe(kept);
    // Days made ahead take what ends from now on, and are dropped whole.
    const { rows: days } = await world.database.admin.query(
      "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'job_history'::regclass",
    );
    expect(days.length).toBeGreaterThan(7);
    await world.database.admin.query("select ensure_job_history((now() - interval '40 days')::date, 3)");
    expect((await jobs.cleanup()).days_dropped).toBe(3);
  });
});

describe('schedules', () => {
  it('are taken once however many processes look', async () => {
    const runs: string[] = [];
    const processes = [world.dartwing, await createDartwing(world.options)];
    for (const [index, each] of processes.entries())
      each.jobs.schedules.define('test.tick', {
        cron: '* * * * * *',
        run: async (due) => void runs.push(`${due.toISOString()} ${index}`),
      });
    const schedulers = processes.map((each) => each.jobs.schedules.start());
    await eventually(async () => (runs.length >= 2 ? true : undefined), 'two ticks');
    await Promise.all(schedulers.map((scheduler) => scheduler.stop()));
    await processes[1]!.close();
    const dues = runs.map((run) => run.split(' ')[0]);
    expect(new Set(dues).size).toBe(dues.length);
  });

  it('of the installation do what their names say, as often as one likes', async () => {
    await world.dartwing.tenancy.create({ slug: 'old', type: 'company', owner: 'ana@old.test' });
    await world.dartwing.tenancy.dissolve('old', { purgeAfterDays: 0 }, { reason: 'over' });
    const names = (await jobs.schedules.list())
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('test.'));
    expect(names).toEqual([
      'audit.checkpoints',
      'audit.seal',
      'audit.verification',
      'compliance.agreements',
      'compliance.disabling',
      'compliance.drift',
      'documents.seal',
      'invitations.expiry',
      'invitations.guests',
      'invitations.reminders',
      'jobs.children',
      'jobs.dead_letter_alert',
      'jobs.dead_letter_cleanup',
      'jobs.depth',
      'jobs.due',
      'jobs.orphans',
      'jobs.retention',
      'jobs.stuck',
      'keys.rotation',
      'mail.delivery',
      'people.provisioning',
      'privacy.ledger',
      'realtime.sweep',
      'retention.run',
      'sync.compaction',
      'sync.conflicts',
      'tenancy.purge',
      'tenancy.reconciliation',
      'tokens.cleanup',
      'tokens.health',
      'tokens.refresh',
    ]);
    for (const round of [1, 2]) {
      for (const name of names) {
        const { last_ok, last_outcome } = await jobs.schedules.run(name);
        expect({ name, last_ok }).toEqual({ name, last_ok: true });
        if (name === 'tenancy.purge')
          expect(last_outcome).toEqual({ purged: round === 1 ? 1 : 0, refused: [] });
      }
    }
  });

  it('are listed with their next time, paused and run by hand', async () => {
    const list = await jobs.schedules.list();
    expect(list.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['jobs.retention', 'jobs.stuck', 'test.tick']),
    );
    expect(list.find(({ name }) => name === 'jobs.dead_letter_cleanup')).toMatchObject({
      cron: '0 3 * * *',
      paused: false,
    });
    expect(await jobs.schedules.pause('jobs.stuck')).toMatchObject({ paused: true, next_at: null });
    expect(await jobs.schedules.run('jobs.stuck')).toMatchObject({ last_ok: true, paused: true });
    expect((await jobs.schedules.resume('jobs.stuck')).next_at).not.toBeNull();
    await expect(jobs.schedules.show('jobs.stck')).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
    for (const [name, cron, timeZone] of [
      ['Wrong Name', '* * * * *', 'UTC'],
      ['wrong.pattern', 'every now and then', 'UTC'],
      ['wrong.zone', '* * * * *', 'Mars/Olympus'],
      ['jobs.stuck', '* * * * *', 'UTC'],
    ] as const)
      expect(() => jobs.schedules.define(name, { cron, timeZone, run: async () => {} }), name).toThrow(
        expect.objectContaining({ code: 'VALIDATION_ERROR' }),
      );
  });
});
