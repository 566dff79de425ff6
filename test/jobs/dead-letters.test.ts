import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventually, type JobWorld, openJobWorld, withWorker } from './world.js';

let world: JobWorld;
let jobs: JobWorld['dartwing']['jobs'];
let broken = true;
const operator = { principal: { type: 'operator' as const, id: 'kim' } };

beforeAll(async () => {
  world = await openJobWorld();
  ({ jobs } = world.dartwing);
  const handler = (input: unknown) => {
    if (broken && (input as { address?: string }).address !== 'good@x.test')
      throw Object.assign(new Error('550 no such mailbox'), { code: 'EMAIL_REFUSED', permanent: true });
    return 'sent';
  };
  jobs.define('email.send', { deduplicationMs: 0, input: z.object({ address: z.string() }), handler });
  jobs.define('crm.push', { deduplicationMs: 0, handler });
  for (let n = 0; n < 5; n++) await jobs.submit('acme', 'email.send', { address: `${n}@x.test` });
  for (let n = 0; n < 2; n++) await jobs.submit('globex', 'email.send', { address: `${n}@y.test` });
  await jobs.submit('acme', 'crm.push', {});
  await withWorker(world, {}, () =>
    eventually(async () => ((await jobs.deadLetters.list()).total === 8 ? true : undefined), 'dead letters'),
  );
});

describe('dead letters', () => {
  it('are seen by class: error, type and organization', async () => {
    const all = await jobs.deadLetters.list();
    expect(all.items.map(({ type, error, org, count }) => `${count} ${type} ${error} ${org}`)).toEqual([
      '5 email.send EMAIL_REFUSED acme',
      '2 email.send EMAIL_REFUSED globex',
      '1 crm.push EMAIL_REFUSED acme',
    ]);
    expect(all.items[0]).toMatchObject({
      message: '550 no such mailbox',
      sample: expect.stringMatching(/^JOB-/),
    });
    expect(all.is_alert).toBe(false);
    const byType = await jobs.deadLetters.list({ by: ['type'] });
    expect(byType.items.map(({ type, count, org }) => [type, count, org])).toEqual([
      ['email.send', 7, null],
      ['crm.push', 1, null],
    ]);
    await expect(jobs.deadLetters.list({ by: ['colour'] })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    // Of one organization nobody sees another's.
    const own = await jobs.deadLetters.list({ organization: 'globex' });
    expect(own.items.map(({ org }) => org)).toEqual(['globex']);
    expect(own.total).toBe(2);
  });

  it('are replayed with their id and history, and the trail says who did it', async () => {
    const { items } = await jobs.deadLetters.page({ organization: 'acme', type: 'crm.push' });
    const [dead] = items;
    broken = false;
    const replayed = await jobs.deadLetters.replay(dead!.id, {}, { ...operator, reason: 'mended' });
    expect(replayed).toMatchObject({ id: dead!.id, state: 'queued', attempt: 0, replay_count: 1 });
    expect(replayed.triage).toMatchObject({ status: 'replayed', by: 'kim' });
    await expect(jobs.deadLetters.replay(dead!.id, {}, operator)).rejects.toMatchObject({
      code: 'JOB_STATE',
    });
    await withWorker(world, {}, (worker) => worker.empty());
    expect((await jobs.show(dead!.id)).state).toBe('completed');
    const { items: moves } = await jobs.history(dead!.id);
    expect(moves.map(({ from_state, to_state, actor }) => [from_state, to_state, actor])).toEqual([
      [null, 'pending', 'library'],
      ['pending', 'queued', null],
      ['queued', 'running', null],
      ['running', 'dead_letter', null],
      ['dead_letter', 'queued', 'kim'],
      ['queued', 'running', null],
      ['running', 'completed', null],
    ]);
    await world.dartwing.audit.sequence();
    const { items: trail } = await world.dartwing.audit.query({
      organization: world.acme,
      action: 'job.replay',
    });
    expect(JSON.stringify(trail)).toContain(dead!.id);
    expect(JSON.stringify(trail)).toContain('mended');
    broken = true;
  });

  it('are replayed with another input only when the type takes it, and the trail keeps both', async () => {
    const { items } = await jobs.deadLetters.page({ organization: 'globex' });
    const id = items[0]!.id;
    await expect(
      jobs.deadLetters.replay(id, { input: { adress: 'good@x.test' } }, operator),
    ).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    await jobs.deadLetters.replay(id, { input: { address: 'good@x.test' }, queue: 'bulk' }, operator);
    await withWorker(world, {}, (worker) => worker.empty());
    const job = await jobs.show(id, { withInput: true });
    expect(job).toMatchObject({ state: 'completed', queue: 'bulk', input: { address: 'good@x.test' } });
  });

  it('are resolved with a note or discarded with a reason, and no longer counted', async () => {
    const { items } = await jobs.deadLetters.page({ organization: 'acme', type: 'email.send' });
    const [first, second] = items;
    await expect(jobs.deadLetters.resolve(first!.id, '  ')).rejects.toMatchObject({
      code: 'REASON_REQUIRED',
    });
    await expect(jobs.deadLetters.discard(second!.id)).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
    const resolved = await jobs.deadLetters.resolve(first!.id, 'called them', {}, operator);
    expect(resolved.triage).toMatchObject({ status: 'resolved', note: 'called them', by: 'kim' });
    // Again it is one decision; another note has the former one in the trail.
    const other = { principal: { type: 'operator', id: 'lee' } as const };
    const again = await jobs.deadLetters.resolve(first!.id, 'called them', {}, other);
    expect(again.triage).toEqual(resolved.triage);
    const corrected = await jobs.deadLetters.resolve(first!.id, 'wrote to them', {}, other);
    expect(corrected.triage).toMatchObject({ note: 'wrote to them', by: 'lee' });
    const { items: told } = await world.dartwing.audit.query({
      action: 'job.resolve',
      doctype: 'Background Job',
      name: first!.id,
    });
    expect(told.map(({ old, new: now }) => [old, now])).toEqual([
      [
        { triage: 'resolved', note: 'called them' },
        { triage: 'resolved', note: 'wrote to them' },
      ],
      [
        { triage: 'pending', note: null },
        { triage: 'resolved', note: 'called them' },
      ],
    ]);
    await jobs.deadLetters.discard(second!.id, {}, { ...operator, reason: 'obsolete' });
    expect((await jobs.deadLetters.list({ organization: 'acme' })).total).toBe(3);
    const ignored = await jobs.deadLetters.page({ triage: 'ignored' });
    expect(ignored.items.map(({ id }) => id)).toEqual([second!.id]);
    // Deleted a week after the decision; those without one stay for ever.
    await jobs.schedules.run('jobs.dead_letter_cleanup');
    expect((await jobs.show(first!.id)).state).toBe('dead_letter');
    await world.database.admin.query(
      "update job_dead_letter set triage_at = now() - interval '8 days', ended_at = now() - interval '400 days'",
    );
    await jobs.schedules.run('jobs.dead_letter_cleanup');
    await expect(jobs.show(first!.id)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    expect((await jobs.deadLetters.list({ organization: 'acme' })).total).toBe(3);
  });

  it('are replayed many at a rate, can be interrupted, and a second run goes on with the rest', async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const first = await jobs.deadLetters.replayMany(
      { type: 'email.send' },
      {
        perSecond: 500,
        signal: stop.signal,
        onEach: (done) => seen.push(done) && done === 2 && stop.abort(),
      },
      operator,
    );
    expect(first.done).toHaveLength(2);
    const trial = await jobs.deadLetters.replayMany(
      { type: 'email.send' },
      { limit: 1 },
      { ...operator, dryRun: true },
    );
    expect(trial.done).toHaveLength(1);
    for (const limit of [0, -1, 1.5, Number.NaN])
      await expect(jobs.deadLetters.replayMany({}, { limit })).rejects.toMatchObject({
        code: 'VALIDATION_ERROR',
      });
    const rest = await jobs.deadLetters.replayMany({ type: 'email.send' }, { perSecond: 500 }, operator);
    expect(rest.done).toHaveLength(2);
    expect((await jobs.deadLetters.list()).total).toBe(0);
    const again = await jobs.deadLetters.replayMany(
      rest.done.map(({ id }) => id),
      {},
      operator,
    );
    expect(again.failed.map(({ error }) => error.code)).toEqual(['JOB_STATE', 'JOB_STATE']);
    for (const perSecond of [0, -1, Number.NaN, 1e9])
      await expect(jobs.deadLetters.replayMany([], { perSecond })).rejects.toMatchObject({
        code: 'VALIDATION_ERROR',
      });
  });

  it('T-J14 are an alert from the 51st on', async () => {
    await world.database.admin.query(
      `insert into job_dead_letter (organization, number, queue, type, state, priority, attempt, attempts_max, losses, timeout_ms, principal,
         owner, input, has_children, created_at, ended_at, error, replays, triage)
       select $1, 900000 + n, 'default', 'old', 'dead_letter', 2, 1, 1, 0, 1000, '{"type":"service","id":"library"}', 'library', '{}', false,
         now(), now(), '{"code":"X","class":"permanent","message":"x"}', 0, 'pending' from generate_series(1, 51) n`,
      [world.acme],
    );
    expect((await jobs.deadLetters.list()).is_alert).toBe(true);
    const alert = await jobs.schedules.run('jobs.dead_letter_alert');
    expect(alert.last_outcome).toEqual({ pending: 51, is_alert: true });
    await world.database.admin.query('delete from job_dead_letter where number = 900001');
    expect((await jobs.deadLetters.list()).is_alert).toBe(false);
  });
});
