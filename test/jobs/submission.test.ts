import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type JobWorld, openJobWorld, until, withWorker } from './world.js';

let world: JobWorld;
let jobs: JobWorld['dartwing']['jobs'];

beforeAll(async () => {
  world = await openJobWorld();
  ({ jobs } = world.dartwing);
  const handler = async () => 'done';
  jobs.define('report.monthly', { handler });
  jobs.define('free.repeats', { deduplicationMs: 0, handler });
  jobs.define('fax.send', { queue: 'critical', deduplicationMs: 0, handler });
  jobs.define('import.rows', { queue: 'bulk', deduplicationMs: 0, handler });
  jobs.define('typed', { input: z.object({ count: z.int().min(1) }), handler });
  jobs.define('limited', { deduplicationMs: 0, rate: { count: 3, windowMs: 60_000 }, handler });
  jobs.define('off', { isEnabled: false, handler });
});

/** A fresh organization, so that limits of one test do not meet those of another. */
async function organization(slug: string): Promise<string> {
  const { after } = await world.dartwing.tenancy.create({ slug, type: 'company', owner: `ana@${slug}.test` });
  return after!.id;
}

describe('submission', () => {
  it('T-J1 answers within a second that the job is queued', async () => {
    await jobs.submit('acme', 'report.monthly', { month: 0 });
    const startedAt = performance.now();
    const { job } = await jobs.submit('acme', 'report.monthly', { month: 1 });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(job.state).toBe('queued');
  });

  it('T-J2 refuses the same request while the first has not ended, and names it', async () => {
    const { job } = await jobs.submit('acme', 'report.monthly', { a: 1, b: [1, 2] });
    await expect(jobs.submit('acme', 'report.monthly', { b: [1, 2], a: 1 })).rejects.toMatchObject({
      code: 'JOB_DUPLICATE',
      params: { existing_job_id: job.id, state: 'queued' },
    });
    const again = await jobs.submit('acme', 'report.monthly', { a: 1, b: [1, 2] }, { ifNotExists: true });
    expect(again).toMatchObject({ created: false, job: { id: job.id } });
    // Of another organization, another type or with another input it is another job.
    await jobs.submit('globex', 'report.monthly', { a: 1, b: [1, 2] });
    await jobs.submit('acme', 'free.repeats', { a: 1, b: [1, 2] });
    await jobs.submit('acme', 'report.monthly', { a: 1, b: [2, 1] });
  });

  it('T-J2 accepts it again after the first has ended, and after the window', async () => {
    const first = await jobs.submit('acme', 'report.monthly', { month: 2 });
    await withWorker(world, {}, () => until(world, first.job.id, 'completed'));
    const second = await jobs.submit('acme', 'report.monthly', { month: 2 });
    expect(second.job.id).not.toBe(first.job.id);
    await world.database.admin.query("update job set created_at = created_at - interval '6 minutes'");
    expect((await jobs.submit('acme', 'report.monthly', { month: 2 })).created).toBe(true);
  });

  it('T-J2 makes one job of 20 identical submissions at once', async () => {
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => jobs.submit('acme', 'report.monthly', { month: 3 })),
    );
    const made = answers.filter(({ status }) => status === 'fulfilled');
    expect(made).toHaveLength(1);
    for (const answer of answers)
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'JOB_DUPLICATE' });
  });

  it('T-J2 knows dates and large numbers as the same however they are given', async () => {
    const at = new Date('2026-01-02T03:04:05.678Z');
    await jobs.submit('acme', 'report.monthly', { at, amount: 12_345_678_901_234_567_890n });
    await expect(
      jobs.submit('acme', 'report.monthly', { amount: '12345678901234567890', at: at.toISOString() }),
    ).rejects.toMatchObject({ code: 'JOB_DUPLICATE' });
  });

  it('takes a key for a single job: the first answer again, from however many at once', async () => {
    const call = { idempotencyKey: 'invoice-7' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => jobs.submit('acme', 'free.repeats', { n: 7 }, {}, call)),
    );
    expect(new Set(answers.map(({ job }) => job.id)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    await expect(jobs.submit('acme', 'free.repeats', { n: 8 }, {}, call)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
    // The key of one organization is nothing to another.
    expect((await jobs.submit('globex', 'free.repeats', { n: 8 }, {}, call)).created).toBe(true);
  });

  it('T-J19 leaves no job behind when the surrounding transaction is rolled back', async () => {
    const before = await jobs.list({ organization: 'acme' });
    const enqueue = (keep: boolean) =>
      world.dartwing.asOrg('acme', async (tx) => {
        const { job } = await jobs.enqueue(tx, 'acme', 'free.repeats', { within: true });
        if (!keep) throw new Error('changed my mind');
        return job;
      });
    await expect(enqueue(false)).rejects.toThrow('changed my mind');
    expect((await jobs.list({ organization: 'acme' })).total).toBe(before.total);
    const kept = await enqueue(true);
    expect((await jobs.show(kept.id)).state).toBe('queued');
    // The transaction of one organization makes no job of another.
    await expect(
      world.dartwing.asOrg('acme', (tx) => jobs.enqueue(tx, 'globex', 'free.repeats', {})),
    ).rejects.toMatchObject({ code: 'ORGANIZATION_NOT_FOUND' });
  });

  it('names what is wrong with a submission', async () => {
    const refusals: [() => Promise<unknown>, string][] = [
      [() => jobs.submit('acme', 'reprot.monthly'), 'JOB_TYPE_UNKNOWN'],
      [() => jobs.submit('acme', 'off'), 'JOB_TYPE_DISABLED'],
      [() => jobs.submit('acme', 'typed', { count: 0 }), 'VALIDATION_ERROR'],
      [() => jobs.submit('acme', 'free.repeats', { text: 'a\u0000b' }), 'VALIDATION_ERROR'],
      [() => jobs.submit('acme', 'free.repeats', { text: 'x'.repeat(300_000) }), 'VALIDATION_ERROR'],
      [() => jobs.submit('acme', 'free.repeats', () => {}), 'VALIDATION_ERROR'],
      [() => jobs.submit('acme', 'free.repeats', {}, { priority: 'urgent' as never }), 'VALIDATION_ERROR'],
      [() => jobs.submit('acme', 'free.repeats', {}, { dependsOn: 'JOB-2026-99999' }), 'JOB_NOT_FOUND'],
      [() => jobs.submit('acme', 'free.repeats', {}, { dependsOn: 'yesterday' }), 'JOB_NOT_FOUND'],
      [() => jobs.submit('nobody', 'free.repeats'), 'ORGANIZATION_NOT_FOUND'],
      [() => jobs.submit('ORG-2020-00001', 'free.repeats'), 'ORGANIZATION_NOT_FOUND'],
      [() => jobs.submitMany('acme', 'free.repeats', []), 'VALIDATION_ERROR'],
    ];
    for (const [refusal, code] of refusals) await expect(refusal(), code).rejects.toMatchObject({ code });
    await expect(
      jobs.submit('acme', 'free.repeats', {}, {}, { principal: { type: 'person', id: '' } }),
    ).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  it('accepts nothing for an organization that is suspended or dissolved', async () => {
    await organization('asleep');
    await world.dartwing.tenancy.suspend('asleep', {}, { reason: 'unpaid' });
    await expect(jobs.submit('asleep', 'free.repeats')).rejects.toMatchObject({ code: 'ORGANIZATION_STATE' });
    await world.dartwing.tenancy.restore('asleep', { reason: 'paid' });
    await world.dartwing.tenancy.dissolve('asleep', {}, { reason: 'over' });
    await expect(jobs.submit('asleep', 'free.repeats')).rejects.toMatchObject({ code: 'ORGANIZATION_STATE' });
  });

  it('keeps to the rate of a type, of each organization by itself', async () => {
    for (let n = 0; n < 3; n++) await jobs.submit('acme', 'limited', { n });
    const refusal = await jobs.submit('acme', 'limited', { n: 4 }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'JOB_RATE_LIMITED', kind: 'limited' });
    expect((refusal as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(0);
    expect((refusal as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(20_000);
    await jobs.submit('globex', 'limited', { n: 1 });
  });

  it('T-J11 refuses the 501st waiting default job of an organization; others and critical ones notice nothing', async () => {
    await organization('crowd');
    const inputs = Array.from({ length: 500 }, (_, n) => ({ n }));
    await jobs.submitMany('crowd', 'free.repeats', inputs);
    await expect(jobs.submit('crowd', 'free.repeats', { n: 501 })).rejects.toMatchObject({
      code: 'QUEUE_FULL',
      kind: 'limited',
      params: { slug: 'crowd', queue: 'default', max: 500, waiting: 500 },
    });
    expect((await jobs.submit('crowd', 'fax.send', { n: 1 })).job.queue).toBe('critical');
    expect((await jobs.submit('globex', 'free.repeats', { n: 501 })).created).toBe(true);
    await jobs.submitMany('crowd', 'import.rows', inputs.slice(0, 100));
    await expect(jobs.submit('crowd', 'import.rows')).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    // Later ones wait too.
    await expect(
      jobs.submit('crowd', 'free.repeats', { n: 502 }, { runAt: new Date(Date.now() + 60_000) }),
    ).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  });

  it('T-J12 puts a fax into the critical queue, and a type that only another process knows where that one said', async () => {
    expect((await jobs.submit('acme', 'fax.send', { to: 'x' })).job).toMatchObject({
      queue: 'critical',
      timeout_seconds: 60,
      max_retries: 3,
    });
    await withWorker(world, { queues: ['critical'] }, async () => {});
    const { createDartwing } = await import('../../src/core/index.js');
    const other = await createDartwing(world.options);
    try {
      expect((await other.jobs.submit('acme', 'import.rows', { n: 1 })).job).toMatchObject({
        queue: 'bulk',
        max_retries: 2,
      });
      expect((await other.jobs.types()).map(({ name }) => name)).toContain('fax.send');
    } finally {
      await other.close();
    }
  });

  it('says in a dry run what would be, and does nothing', async () => {
    const before = await jobs.list({ organization: 'acme' });
    const { job } = await jobs.submit('acme', 'free.repeats', {}, {}, { dryRun: true });
    expect(job.state).toBe('queued');
    expect((await jobs.list({ organization: 'acme' })).total).toBe(before.total);
  });
});
