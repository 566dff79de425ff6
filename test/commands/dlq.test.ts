import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../support/cli.js';
import { rowsHash } from '../support/operator.js';
import { type CommandWorld, openCommandWorld, start } from './job-world.js';

// Each test runs the program many times.
vi.setConfig({ testTimeout: 90_000 });

let world: CommandWorld;
beforeAll(async () => {
  world = await openCommandWorld();
  const { jobs } = world.dartwing;
  await jobs.submitMany(
    'acme',
    'mail.send',
    Array.from({ length: 12 }, (_, n) => ({ n })),
  );
  await jobs.submitMany('globex', 'mail.send', [{ n: 100 }, { n: 101 }]);
  await world.work();
});

const ids = async (organization?: string) =>
  (await world.dartwing.jobs.deadLetters.page({ organization })).items.map(({ id }) => id);

test('counts by class first, then one by one; too many are 6', async () => {
  const { operator } = world;
  const list = await operator.ask('dlq list');
  expect(list.document).toMatchObject({
    kind: 'DeadLetterList',
    total: 14,
    total_count: 2,
    items: [
      { count: 12, org: 'acme', type: 'mail.send', error: 'PermanentJobError' },
      { count: 2, org: 'globex' },
    ],
  });
  expect((await operator.ask('dlq list --by type --check --max 10')).code).toBe(6);
  expect(await operator.ask('dlq list --by error --check --max 14')).toMatchObject({
    code: 0,
    document: { items: [{ count: 14, type: null, org: null }] },
  });
  const each = await operator.run('dlq list --each --field id --org globex');
  expect(each.stdout.trim().split('\n')).toEqual(await ids('globex'));
  // What a program wrote into an error cannot move the cursor.
  const { stdout } = await operator.run(`dlq show ${(await ids('globex'))[0]}`);
  expect(stdout).toContain('no recipient\\u0007');
  expect(stdout).toContain('running → dead_letter');
});

test('more than ten, and every discarding, want a yes; all of them want the name typed', async () => {
  const { operator, database } = world;
  const before = await rowsHash(database);
  const [id] = await ids('acme');
  const lines = [
    ['dlq replay --all', 'CONFIRMATION_REQUIRED'],
    [`dlq discard ${id} --reason r`, 'CONFIRMATION_REQUIRED'],
    ['dlq discard --all --type mail.send --reason r --yes', 'CONFIRMATION_REQUIRED'],
    ['dlq discard --all --type mail.send --reason r --confirm all', 'CONFIRMATION_MISMATCH'],
    [`dlq discard ${id} --yes`, 'REASON_REQUIRED'],
    [`dlq resolve ${id}`, 'INPUT_REQUIRED'],
    ['dlq replay --type mail.send', 'INPUT_REQUIRED'],
    [`dlq replay ${id} --all`, 'VALIDATION_ERROR'],
    ['dlq replay --all --data-file x.json', 'VALIDATION_ERROR'],
    [`dlq replay ${id} --limit 1`, 'VALIDATION_ERROR'],
    ['dlq replay --all --limit 0', 'VALIDATION_ERROR'],
    // A dry run refuses what the run would refuse.
    ['dlq replay --all --yes --rate 99999/s --dry-run', 'VALIDATION_ERROR'],
  ] as const;
  await Promise.all(
    lines.map(async ([line, code]) => expect(await operator.fail(line)).toMatchObject({ code, exit: 2 })),
  );
  expect((await operator.ask('dlq replay --all --yes --dry-run')).document).toMatchObject({
    summary: { done: 14, failed: 0 },
    dry_run: true,
  });
  expect(await rowsHash(database)).toBe(before);
});

test('leaves jobs that killed their workers, says so, and replays them when they are asked for', async () => {
  const { operator, database } = world;
  const [id] = await ids('globex');
  const { rows } = await database.admin.query(
    'select organization, number, error from job_dead_letter where number = $1',
    [Number(id!.split('-')[2])],
  );
  const setError = (error: unknown) =>
    database.admin.query('update job_dead_letter set error = $3 where organization = $1 and number = $2', [
      rows[0].organization,
      rows[0].number,
      error,
    ]);
  await setError({ ...rows[0].error, code: 'JOB_WORKER_LOST' });
  const all = await operator.run('dlq replay --all --org globex --dry-run --json');
  const answer = JSON.parse(all.stdout);
  expect(answer).toMatchObject({ summary: { done: 1, failed: 0 }, left: [{ ref: id }] });
  const said = await operator.run('dlq replay --all --org globex --dry-run');
  expect(said.stderr).toContain('1 left as they were: their workers died of them');
  expect(said.stderr).toContain('dlq replay --all --error JOB_WORKER_LOST --org globex');
  for (const line of ['dlq replay --all --error JOB_WORKER_LOST', `dlq replay ${id}`])
    expect((await operator.ask(`${line} --dry-run`)).document.done).toEqual([{ ref: id }]);
  await setError(rows[0].error);
});

test('replays one with another input, which the trail keeps beside the former one', async () => {
  const { operator, work, dartwing } = world;
  const [id] = await ids('globex');
  const former = (await operator.ask(`dlq show ${id} --payload`)).document.input;
  expect([{ n: 100 }, { n: 101 }]).toContainEqual(former);
  const file = join(temporaryFolder(), 'input.json');
  writeFileSync(file, '{ "to": "ana@globex.test" }');
  const line = `dlq replay ${id} --data-file ${file} --to-queue bulk --reason "wrong address"`;
  const { document, code } = await operator.ask(line);
  expect({ code, document }).toMatchObject({ code: 0, document: { done: [{ ref: id }] } });
  await work();
  expect(await dartwing.jobs.show(id!)).toMatchObject({ state: 'completed', queue: 'bulk', replay_count: 1 });
  const audit = await operator.ask('audit query --org globex --action job.replay');
  expect(audit.document.items).toMatchObject([
    {
      ref: `Background Job/${id}`,
      reason: 'wrong address',
      old: { input: former },
      new: { input: { to: 'ana@globex.test' } },
    },
  ]);
  expect(await operator.fail(`dlq replay ${id}`)).toMatchObject({ code: 'JOB_STATE', exit: 5 });
});

test('a replay takes a few before the rest, the oldest first', async () => {
  const { operator, dartwing } = world;
  const { items } = await dartwing.jobs.deadLetters.page({ type: 'mail.send', organization: 'acme' });
  const few = await operator.ask('dlq replay --all --type mail.send --org acme --limit 2 --dry-run');
  expect(few.document).toMatchObject({
    done: items.slice(0, 2).map(({ id }) => ({ ref: id })),
    summary: { done: 2, failed: 0 },
  });
});

test('a replay can be interrupted, says how it goes on, and what failed is 8', async () => {
  const { operator, dartwing } = world;
  const line = 'dlq replay --all --type mail.send --org acme --rate 1/s --yes --json';
  const running = start(line, operator.env);
  await running.says(/"done":[2-9]/);
  running.child.kill('SIGINT');
  const { stdout, code } = await running.ended;
  const bulk = JSON.parse(stdout) as {
    summary: { done: number; failed: number };
    remaining: number;
    resume: string;
  };
  expect(code).toBe(130);
  expect(bulk.summary.done).toBeGreaterThanOrEqual(2);
  expect(bulk.summary.done + bulk.remaining).toBe(12);
  expect(bulk.resume).toMatch(
    /^dartwing dlq replay --all --type mail\.send --org acme --until \S+ --rate 1\/s$/,
  );
  expect(await ids('acme')).toHaveLength(bulk.remaining);

  // What was replayed fails again meanwhile; going on touches only what is left.
  await world.work();
  const again = bulk.resume.replace('dartwing ', '').replace('1/s', '500/s');
  const rest = await operator.ask(`${again} --yes`);
  expect(rest).toMatchObject({ code: 0, document: { summary: { done: bulk.remaining, failed: 0 } } });
  expect(rest.stderr).toContain('"type":"progress"');
  await world.work();
  const { items } = await dartwing.jobs.deadLetters.page({ organization: 'acme' });
  expect(items.map((job) => job.replay_count)).toEqual(items.map(() => 1));

  const [one, two] = items.map(({ id }) => id);
  const mixed = await operator.ask('dlq replay -', { input: `${one}\nJOB-2026-99999\n${two}\n` });
  expect(mixed).toMatchObject({
    code: 8,
    document: {
      done: [{ ref: one }, { ref: two }],
      failed: [{ ref: 'JOB-2026-99999', error: { code: 'JOB_NOT_FOUND' } }],
    },
  });
  await world.work();
});

test('resolves with a note and discards with a reason; both can be looked at and taken back', async () => {
  const { operator } = world;
  const [one, two, three] = await ids('acme');
  const resolved = await operator.ask(`dlq resolve ${one} ${two} --note "sent by hand"`);
  expect(resolved).toMatchObject({ code: 0, document: { summary: { done: 2, failed: 0 } } });
  expect((await operator.ask(`dlq show ${one}`)).document).toMatchObject({
    triage: { status: 'resolved', note: 'sent by hand' },
  });
  expect((await operator.ask(`job discard ${three} --reason "test data" --yes`)).code).toBe(0);
  const rest = await operator.ask(
    'dlq discard --all --type mail.send --reason "provider left" --confirm mail.send',
  );
  expect(rest.code).toBe(0);
  expect((await operator.ask('dlq list')).document).toMatchObject({ total: 0, items: [] });
  expect((await operator.ask('dlq list --state resolved')).document.total).toBe(2);
  expect((await operator.ask(`dlq replay ${three}`)).code).toBe(0);
});
