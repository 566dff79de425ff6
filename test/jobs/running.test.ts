import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PermanentJobError } from '../../src/core/index.js';
import type { JobContext } from '../../src/core/jobs/index.js';
import { mayMove } from '../../src/core/jobs/states.js';
import { eventually, type JobWorld, openJobWorld, passTime, until, withWorker } from './world.js';

let world: JobWorld;
let jobs: JobWorld['dartwing']['jobs'];
/** What handlers of a test do; set by the test. */
let act: (input: never, job: JobContext) => unknown = () => null;

beforeAll(async () => {
  world = await openJobWorld({ random: () => 0.5 });
  ({ jobs } = world.dartwing);
  const handler = (input: unknown, job: JobContext) => act(input as never, job);
  jobs.define('act', { deduplicationMs: 0, handler });
  jobs.define('act.short', { deduplicationMs: 0, timeoutMs: 100, handler });
  jobs.define('act.once', { deduplicationMs: 0, delaysMs: [], handler });
  jobs.define('act.members', { deduplicationMs: 0, permission: 'Equipment:create', handler });
  await world.database.admin.query(
    'create table dartwing.effect (organization text not null, job text not null)',
  );
  await world.database.admin.query(
    'alter table dartwing.effect enable row level security; grant select, insert on dartwing.effect to dartwing_app',
  );
  await world.database.admin.query(
    "create policy own on dartwing.effect to dartwing_app using (organization = nullif(current_setting('dartwing.org', true), '')) with check (organization = nullif(current_setting('dartwing.org', true), ''))",
  );
});

beforeEach(async () => {
  act = () => null;
  await world.database.admin.query('delete from job; delete from job_dead_letter');
});

const submit = async (type = 'act', organization = 'acme', input: unknown = {}) =>
  (await jobs.submit(organization, type, input)).job.id;

/** Every move of a job, each of which has to be legal. */
const moves = async (id: string) =>
  (await jobs.history(id)).items.map(({ from_state, to_state }) => {
    if (from_state !== null) expect(mayMove(from_state, to_state), `${from_state} ${to_state}`).toBe(true);
    return `${from_state} ${to_state}`;
  });

const effects = async (job: string) =>
  (await world.database.admin.query('select from dartwing.effect where job = $1', [job])).rowCount;

describe('failing', () => {
  it('T-J3 tries a transient failure again after 48 to 72 s, and the history shows each attempt', async () => {
    let failures = 2;
    act = () => {
      if (failures-- > 0) throw new Error('connect ECONNREFUSED');
      return 'at last';
    };
    const id = await submit();
    let attempt = 0;
    const done = await withWorker(world, {}, async () => {
      for (const [delayMin, delayMax] of [
        [48, 72],
        [240, 360],
      ] as const) {
        attempt += 1;
        const failed = await eventually(async () => {
          const job = await jobs.show(id);
          return job.state === 'failed' && job.attempt === attempt ? job : undefined;
        }, `attempt ${attempt} to fail`);
        const { rows } = await world.database.admin.query<{ s: number }>(
          'select extract(epoch from due_at - now())::float8 as s from job',
        );
        expect(rows[0]!.s).toBeGreaterThan(delayMin - 15);
        expect(rows[0]!.s).toBeLessThan(delayMax);
        expect(failed).toMatchObject({ error: { class: 'transient', message: 'connect ECONNREFUSED' } });
        expect(failed.next_retry_at).not.toBeNull();
        await passTime(world);
      }
      return until(world, id, 'completed');
    });
    expect(done).toMatchObject({ attempt: 3, retry_count: 2, output: 'at last', error: null });
    expect(await moves(id)).toEqual([
      'null pending',
      'pending queued',
      'queued running',
      'running failed',
      'failed queued',
      'queued running',
      'running failed',
      'failed queued',
      'queued running',
      'running completed',
    ]);
  });

  it('T-J4 does not try a permanent failure again', async () => {
    act = () => {
      throw new PermanentJobError('the address does not exist');
    };
    const id = await submit();
    const dead = await withWorker(world, {}, () => until(world, id, 'dead_letter'));
    expect(dead).toMatchObject({ attempt: 1, triage: { status: 'pending' }, error: { class: 'permanent' } });
    expect((await moves(id)).at(-1)).toBe('running dead_letter');
  });

  it('T-J5 is a dead letter when its attempts are used up, and whoever watches hears of it', async () => {
    act = () => {
      throw new Error('still down');
    };
    const heard: string[] = [];
    const unhear = jobs.observe(({ event, id }) => heard.push(`${event} ${id}`));
    const id = await submit('act.once');
    const dead = await withWorker(world, {}, () => until(world, id, 'dead_letter'));
    unhear();
    expect(dead.error).toMatchObject({ class: 'transient', message: 'still down' });
    expect(await moves(id)).toEqual([
      'null pending',
      'pending queued',
      'queued running',
      'running failed',
      'failed dead_letter',
    ]);
    expect(heard).toContain(`dead_letter ${id}`);
  });

  it.each([
    ['undefined', undefined],
    ['a megabyte', new Error('x'.repeat(1_000_000))],
    ['a NUL', new Error('a\u0000b')],
    ['half a character', new Error('\ud800')],
    ['an object without a text', Object.create(null)],
  ])('keeps its worker well when %s is thrown', async (_what, thrown) => {
    act = () => {
      throw thrown;
    };
    const id = await submit('act.once');
    const dead = await withWorker(world, {}, () => until(world, id, 'dead_letter'));
    expect(dead.error!.message.length).toBeLessThanOrEqual(2_000);
  });

  it.each([
    ['of functions and big integers', () => ({ fn: () => {}, big: 1n })],
    [
      'that goes round',
      () => {
        const round: Record<string, unknown> = {};
        round.self = round;
        return round;
      },
    ],
  ])('answers for an output %s', async (what, output) => {
    act = output;
    const id = await submit('act.once');
    const job = await withWorker(world, {}, () => until(world, id, 'dead_letter', 'completed'));
    expect(job.state).toBe(what.includes('round') ? 'dead_letter' : 'completed');
  });
});

describe('time', () => {
  it('T-J9 times out, tells the handler, and tries again', async () => {
    let told = false;
    let first = true;
    act = async (_input, job) => {
      if (!first) return 'in time';
      first = false;
      await new Promise((resolve) => job.signal.addEventListener('abort', resolve));
      told = true;
      return 'too late';
    };
    const id = await submit('act.short');
    const done = await withWorker(world, {}, async () => {
      const late = await until(world, id, 'timed_out');
      expect(late.error).toMatchObject({ code: 'JOB_TIMED_OUT', class: 'timeout' });
      await passTime(world);
      return until(world, id, 'completed');
    });
    expect(told).toBe(true);
    expect(done.output).toBe('in time');
    expect(await moves(id)).toContain('running timed_out');
  });

  it('T-J13 is a dead letter when it ran for twice its time, whoever still holds it', async () => {
    const id = await submit();
    await world.database.admin.query(
      "update job set state = 'running', worker = gen_random_uuid(), attempt = 1, started_at = now() - interval '11 minutes'",
    );
    expect((await jobs.stuck()).map((job) => job.id)).toEqual([id]);
    await jobs.schedules.run('jobs.stuck');
    expect(await jobs.show(id)).toMatchObject({ state: 'dead_letter', error: { code: 'JOB_STUCK' } });
    expect(await jobs.stuck()).toEqual([]);
  });

  it('waits for its time', async () => {
    const { job } = await jobs.submit('acme', 'act', {}, { runAt: new Date(Date.now() + 3_600_000) });
    expect(job).toMatchObject({ state: 'pending', queued_at: null });
    await withWorker(world, {}, async (worker) => {
      await worker.empty();
      expect((await jobs.show(job.id)).state).toBe('pending');
      await passTime(world);
      await until(world, job.id, 'completed');
    });
  });
});

describe('canceling', () => {
  it('T-J6 ends a waiting job at once and a running one at its checkpoint; one that ended stays', async () => {
    const waiting = await submit();
    expect(await jobs.cancel(waiting)).toMatchObject({ state: 'canceled', canceled_by: 'library' });
    await expect(jobs.cancel(waiting)).rejects.toMatchObject({ code: 'JOB_STATE' });

    act = async (_input, job) => {
      for (;;) {
        job.checkpoint();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    await withWorker(world, {}, async () => {
      const id = await submit();
      await until(world, id, 'running');
      const startedAt = performance.now();
      expect(await jobs.cancel(id)).toMatchObject({ state: 'running', is_canceling: true });
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      await until(world, id, 'canceled');
      expect((await moves(id)).at(-1)).toBe('running canceled');
    });
    act = () => 'done';
    const completed = await submit();
    await withWorker(world, {}, () => until(world, completed, 'completed'));
    await expect(jobs.cancel(completed)).rejects.toMatchObject({
      code: 'JOB_STATE',
      params: { state: 'completed' },
    });
    await expect(jobs.retry(completed)).rejects.toMatchObject({ code: 'JOB_STATE' });
  });

  it('is in the trail', async () => {
    const id = await submit();
    await jobs.cancel(id, {}, { principal: { type: 'operator', id: 'kim' } });
    await world.dartwing.audit.sequence();
    const { items } = await world.dartwing.audit.query({ organization: world.acme, action: 'job.cancel' });
    expect(items.some((entry) => entry.ref === `Background Job/${id}` && entry.actor === 'kim')).toBe(true);
  });
});

describe('waiting for another job', () => {
  it('T-J8 runs after its parent, and not before, however long that takes', async () => {
    let release = () => {};
    const parentRuns = new Promise<void>((resolve) => {
      release = resolve;
    });
    act = (input: { parent?: boolean }) => (input.parent ? parentRuns : 'child');
    await withWorker(world, {}, async (worker) => {
      const parent = await submit('act', 'acme', { parent: true });
      const child = (await jobs.submit('acme', 'act', {}, { dependsOn: parent })).job;
      expect(child).toMatchObject({ state: 'pending', depends_on: parent });
      await until(world, parent, 'running');
      await passTime(world);
      expect(worker.running).toBe(1);
      expect((await jobs.show(child.id)).state).toBe('pending');
      release();
      await until(world, child.id, 'completed');
      const late = (await jobs.submit('acme', 'act', {}, { dependsOn: parent })).job;
      await until(world, late.id, 'completed');
    });
  });

  it('T-J8 is a dead letter when its parent fails, down all generations, and canceled with it', async () => {
    act = () => {
      throw new PermanentJobError('no');
    };
    const family = async () => {
      const parent = await submit('act.once');
      const child = (await jobs.submit('acme', 'act', {}, { dependsOn: parent })).job.id;
      const grandchild = (await jobs.submit('acme', 'act', {}, { dependsOn: child })).job.id;
      return { parent, child, grandchild };
    };
    const failing = await family();
    await withWorker(world, {}, () => until(world, failing.grandchild, 'dead_letter'));
    const dead = await jobs.show(failing.child);
    expect(dead).toMatchObject({ state: 'dead_letter', error: { code: 'JOB_PARENT_FAILED' } });
    expect(dead.error!.message).toContain(failing.parent);
    await expect(jobs.submit('acme', 'act', {}, { dependsOn: failing.parent })).rejects.toMatchObject({
      code: 'JOB_STATE',
    });
    const canceled = await family();
    await jobs.cancel(canceled.parent);
    expect((await jobs.show(canceled.grandchild)).state).toBe('canceled');
  });

  it('cannot wait for a job of another organization', async () => {
    const parent = await submit('act', 'globex');
    await expect(jobs.submit('acme', 'act', {}, { dependsOn: parent })).rejects.toMatchObject({
      code: 'JOB_NOT_FOUND',
    });
  });
});

describe('the organization of a job', () => {
  it('T-J7 is all that its handler can reach, and all that others see of it is nothing', async () => {
    const seen: unknown[] = [];
    act = (_input, job) =>
      job.transaction(async ({ tx }) => {
        seen.push(job.organization, tx.organization);
        const members = await tx.query<{ organization: string }>(
          'select distinct organization from org_member',
        );
        seen.push(...members.rows.map(({ organization }) => organization));
        await expect(
          world.dartwing.asOrg(job.organization, (inner) =>
            inner.query('insert into dartwing.effect values ($1, $2)', [world.globex, job.id]),
          ),
        ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
      });
    const id = await submit('act.once');
    await withWorker(world, {}, () => until(world, id, 'completed'));
    expect(seen).toEqual([world.acme, world.acme, world.acme]);
    for (const look of [
      () => jobs.show(id, { organization: 'globex' }),
      () => jobs.history(id, { organization: 'globex' }),
      () => jobs.cancel(id, { organization: 'globex' }),
      () => jobs.retry(id, { organization: 'globex' }),
      () => jobs.deadLetters.replay(id, { organization: 'globex' }),
    ])
      await expect(look()).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    expect((await jobs.list({ organization: 'globex' })).items.map((job) => job.id)).not.toContain(id);
  });

  it('T-J10 lets jobs wait while it is suspended, and end when it is dissolved', async () => {
    await world.dartwing.tenancy.create({ slug: 'hooli', type: 'company', owner: 'ana@hooli.test' });
    const id = await submit('act', 'hooli');
    await world.dartwing.tenancy.suspend('hooli', {}, { reason: 'unpaid' });
    await withWorker(world, {}, async (worker) => {
      // Another organization's later job passes by.
      const other = await submit('act', 'acme');
      await until(world, other, 'completed');
      expect((await jobs.show(id)).state).toBe('queued');
      expect(worker.running).toBe(0);
    });
    await world.dartwing.tenancy.restore('hooli', { reason: 'paid' });
    await withWorker(world, {}, () => until(world, id, 'completed'));
    const last = await submit('act', 'hooli');
    await world.dartwing.tenancy.dissolve('hooli', {}, { reason: 'over' });
    await jobs.schedules.run('jobs.orphans');
    expect(await jobs.show(last)).toMatchObject({
      state: 'dead_letter',
      error: { message: 'Organization not found', class: 'permanent' },
    });
    await world.dartwing.tenancy.purge('hooli', { reason: 'over' });
    await expect(jobs.show(last)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });

  it('T-J10 fails for good when it is dissolved while the job runs', async () => {
    const { after } = await world.dartwing.tenancy.create({
      slug: 'enron',
      type: 'company',
      owner: 'ana@enron.test',
    });
    act = async (_input, job) => {
      await world.dartwing.tenancy.dissolve('enron', {}, { reason: 'over' });
      await job.transaction(({ tx }) =>
        tx.query('insert into dartwing.effect values ($1, $2)', [after!.id, job.id]),
      );
    };
    const id = await submit('act', 'enron');
    const dead = await withWorker(world, {}, () => until(world, id, 'dead_letter'));
    expect(dead.error).toMatchObject({ code: 'ORGANIZATION_NOT_FOUND', class: 'permanent' });
    expect(await effects(id)).toBe(0);
  });

  it('T-J10 asks again for the rights of whoever submitted it when it runs', async () => {
    const member = await world.dartwing.people.member.add('acme', 'bo@acme.test', 'Employee');
    const principal = { type: 'person' as const, id: member.after!.person };
    await expect(jobs.submit('globex', 'act', {}, {}, { principal })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    const allowed = (await jobs.submit('acme', 'act.members', {}, {}, { principal })).job.id;
    await withWorker(world, {}, () => until(world, allowed, 'completed'));
    const { job } = await jobs.submit('acme', 'act.members', {}, {}, { principal });
    // A member sees their own jobs only.
    const other = await submit();
    const mine = await jobs.list({ organization: 'acme' }, { principal });
    expect(mine.items.map(({ owner }) => owner)).toEqual(mine.items.map(() => principal.id));
    await expect(jobs.show(other, {}, { principal })).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    await world.dartwing.people.member.remove('acme', 'bo@acme.test');
    const dead = await withWorker(world, {}, () => until(world, job.id, 'dead_letter'));
    expect(dead.error).toMatchObject({ code: 'PERMISSION_DENIED', class: 'permanent' });
  });

  it('T-J10 runs nothing for a program whose API key was revoked meanwhile', async () => {
    const { apiKeys } = world.dartwing.identity;
    const permissions = ['Background Job:create'];
    const made = await apiKeys.create('acme', { name: 'importer', environment: 'sandbox', permissions });
    const id = made.change.after!.id;
    const principal = {
      type: 'service' as const,
      id: `apikey:${id}`,
      key: { organization: world.acme, permissions },
    };
    const submitAs = async () => (await jobs.submit('acme', 'act', {}, {}, { principal })).job.id;
    const allowed = await submitAs();
    await withWorker(world, {}, () => until(world, allowed, 'completed'));
    const late = await submitAs();
    await apiKeys.revoke('acme', id, { reason: 'lost' });
    const dead = await withWorker(world, {}, () => until(world, late, 'dead_letter'));
    expect(dead.error).toMatchObject({ code: 'PERMISSION_DENIED', class: 'permanent' });
    await expect(jobs.submit('globex', 'act', {}, {}, { principal })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });
});

describe('effects', () => {
  it('happen with the completion or not at all', async () => {
    let fail = true;
    act = async (_input, job) => {
      await job.transaction(async (scope) => {
        await scope.tx.query('insert into dartwing.effect values ($1, $2)', [job.organization, job.id]);
        await job.complete(scope, { wrote: 1 });
        if (fail) throw new Error('died before COMMIT');
      });
    };
    const id = await submit();
    await withWorker(world, {}, async () => {
      await until(world, id, 'failed');
      expect(await effects(id)).toBe(0);
      fail = false;
      await passTime(world);
      const done = await until(world, id, 'completed');
      expect(done.output).toEqual({ wrote: 1 });
    });
    expect(await effects(id)).toBe(1);
  });

  it('do not come from a worker that has lost the job', async () => {
    const tries: unknown[] = [];
    act = async (_input, job) => {
      await world.database.admin.query("update job set worker = gen_random_uuid() where state = 'running'");
      for (const complete of [true, false]) {
        const written = job.transaction(async (scope) => {
          await scope.tx.query('insert into dartwing.effect values ($1, $2)', [job.organization, job.id]);
          if (complete) await job.complete(scope);
        });
        tries.push(await written.catch((error: unknown) => (error as { code: string }).code));
      }
      return 'mine?';
    };
    const id = await submit();
    await withWorker(world, {}, async () => {
      await eventually(async () => (tries.length === 2 ? true : undefined), 'both tries');
    });
    expect(tries).toEqual(['JOB_LEASE_LOST', 'JOB_LEASE_LOST']);
    expect(await effects(id)).toBe(0);
    expect((await jobs.show(id)).state).toBe('running');
  });
});

describe('progress', () => {
  it('T-J18 is written down and told at most twice for a hundred reports within a second', async () => {
    const told: unknown[] = [];
    const unhear = jobs.observe((event) => {
      if (event.event === 'progress') told.push(event.progress);
    });
    let reported = false;
    act = async (_input, job) => {
      for (let percent = 1; percent <= 100; percent++) job.progress(percent, `step ${percent}`);
      reported = true;
      await eventually(async () => (told.length > 0 ? true : undefined), 'the first report');
    };
    const id = await submit();
    await withWorker(world, {}, () => until(world, id, 'completed'));
    unhear();
    expect(reported).toBe(true);
    expect(told.length).toBeLessThanOrEqual(2);
    expect(told.at(-1)).toEqual({ percent: 100, message: 'step 100' });
    const { rowCount } = await world.database.admin.query('select from job_progress');
    expect(rowCount).toBe(0);
  });

  it('T-J17 is told of the organization the job belongs to, whatever its input says', async () => {
    const organizations: string[] = [];
    const unhear = jobs.observe(({ organization }) => organizations.push(organization));
    act = () => 'ok';
    const id = await submit('act', 'acme', { organization: world.globex });
    await withWorker(world, {}, () => until(world, id, 'completed'));
    unhear();
    expect(new Set(organizations)).toEqual(new Set([world.acme]));
  });
});
