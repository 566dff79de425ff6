import { createHmac, randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { createDartwing, type Dartwing, systemClock } from '../../src/core/index.js';
import { ahead } from '../support/ahead.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { letPass, openReceiver } from './world.js';

const secret = randomBytes(32);
/** Rounds are what a test asks for: one by the clock would take its turn. */
const byHand = { everyMs: 3_600_000 };
let database: TestDatabase;
let dartwing: Dartwing;
let other: Dartwing;
let receiver: Awaited<ReturnType<typeof openReceiver>>;
/** Two processes that watch. */
let watches: ReturnType<Dartwing['alerts']['watch']>[];

beforeAll(async () => {
  database = await createTestDatabase();
  receiver = await openReceiver();
  const alerts = {
    installation: 'test',
    pagerDutyKey: 'routing-key',
    pagerDutyUrl: `${receiver.url}/pagerduty`,
    slackUrl: `${receiver.url}/slack`,
    webhook: { url: `${receiver.url}/webhook`, secret: `whsec_${secret.toString('base64')}` },
  };
  // Numbers of the installation are remembered for a second: nobody waits for it to pass.
  const open = () => createDartwing(testOptions(database, { clock: ahead(systemClock), alerts }));
  [dartwing, other] = await Promise.all([open(), open()]);
  watches = [dartwing.alerts.watch(byHand), other.alerts.watch(byHand)];
  return () => Promise.all([dartwing.close(), other.close()]);
});

beforeEach(async () => {
  receiver.received.length = 0;
  receiver.answer.status = 200;
  await database.admin.query(
    'truncate alert_instance, alert_group, alert_notification, alert_silence, alert_rule, metric_sample, job_dead_letter',
  );
  await database.admin.query('update alert_watch set evaluated_at = null');
});

const deadLetters = (count: number) =>
  database.admin.query(
    `insert into job_dead_letter (organization, number, queue, type, state, priority, attempt, attempts_max, timeout_ms,
       principal, owner, input, ended_at, triage, created_at, has_children, replays, losses)
     select 'ORG-2026-00001', n, 'default', 'test', 'dead_letter', 2, 1, 1, 1000, '{}', 'x', '{}', now(), 'pending', now(), false, 0, 0
     from generate_series(1, $1) n`,
    [count],
  );

/** Both processes look, when so many seconds have passed. */
const round = async (seconds = 0) => {
  await letPass(database, seconds);
  const evaluated = await Promise.all(watches.map((watch) => watch.round()));
  return evaluated.filter((did) => did).length;
};
const of = (path: string) => receiver.received.filter((one) => one.path === path);

test('one of two processes evaluates; both keep their samples', async () => {
  expect(await round()).toBe(1);
  // Both are asked again at once: nobody is due.
  expect(await round()).toBe(0);
  expect(await round(15)).toBe(1);
  const { rows } = await database.admin.query(
    'select instance, count(*)::int from metric_sample where not is_coarse group by 1 order by 1',
  );
  const ofProcess = { instance: expect.stringContaining(':'), count: 3 };
  expect(rows).toEqual([{ instance: 'installation', count: 2 }, ofProcess, ofProcess]);
});

test('an alert fires, is told of once after half a minute, goes on, and is over', async () => {
  await deadLetters(51);
  await round();
  const { items } = await dartwing.alerts.list();
  const fired = items.find(({ rule }) => rule === 'dead_letters');
  expect(fired).toMatchObject({
    state: 'firing',
    severity: 'warning',
    labels: { queue: 'default' },
    value: 51,
    quiet: null,
  });
  expect(receiver.received).toEqual([]);
  await round(30);
  // A warning wakes nobody.
  expect(of('/pagerduty')).toEqual([]);
  const slack = of('/slack').filter(({ text }) => text.includes('dead_letters'));
  expect(slack).toHaveLength(1);
  expect(slack[0]!.body.text).toBe(
    '[WARNING] Jobs that failed for good wait for a decision (dead_letters, test)',
  );
  const [hook] = of('/webhook').filter(({ text }) => text.includes('dead_letters'));
  expect(hook!.body).toMatchObject({
    version: '4',
    status: 'firing',
    groupLabels: { alertname: 'dead_letters' },
    alerts: [
      {
        labels: { queue: 'default', severity: 'warning' },
        annotations: { runbook: 'docs/runbooks/dead_letters.md' },
      },
    ],
  });
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = hook!.headers;
  const signed = createHmac('sha256', secret)
    .update(`${String(id)}.${String(at)}.${hook!.text}`)
    .digest('base64');
  expect(signature).toBe(`v1,${signed}`);
  await round(300);
  expect(of('/slack').filter(({ text }) => text.includes('dead_letters'))).toHaveLength(1);
  await round(14_400);
  expect(of('/slack').filter(({ text }) => text.includes('dead_letters'))).toHaveLength(2);
  await database.admin.query('truncate job_dead_letter');
  await round(15);
  const last = of('/slack')
    .filter(({ text }) => text.includes('dead_letters'))
    .at(-1);
  expect(last!.body.text).toMatch(/^\[RESOLVED\]/);
  expect((await dartwing.alerts.list()).items.filter(({ rule }) => rule === 'dead_letters')).toEqual([]);
  const since = new Date(Date.now() - 60_000);
  expect((await dartwing.alerts.list({ since })).items).toContainEqual(
    expect.objectContaining({ rule: 'dead_letters', state: 'resolved' }),
  );
});

test('a silence, a worse alert and a dead database keep others quiet', async () => {
  await deadLetters(51);
  const call = { reason: 'year end' };
  const silence = await dartwing.alerts.silence(
    { matchers: { rule: 'dead_letters' }, forMs: 3_600_000 },
    call,
  );
  await round();
  await round(31);
  expect(of('/slack').filter(({ text }) => text.includes('dead_letters'))).toEqual([]);
  expect((await dartwing.alerts.list()).items).toContainEqual(
    expect.objectContaining({ rule: 'dead_letters', quiet: `silenced by ${silence.id}` }),
  );
  await dartwing.alerts.endSilence(silence.id);
  await round(15);
  await round(31);
  expect(of('/slack').filter(({ text }) => text.includes('dead_letters'))).toHaveLength(1);
  await expect(dartwing.alerts.endSilence(silence.id)).rejects.toMatchObject({ code: 'SILENCE_NOT_FOUND' });
  await expect(dartwing.alerts.silence({ matchers: {}, forMs: 1_000 }, call)).rejects.toMatchObject({
    code: 'VALIDATION_ERROR',
  });
  await expect(
    dartwing.alerts.silence({ matchers: { rule: 'dead_letters' }, forMs: 1_000 }),
  ).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
});

test('a message that nobody takes is sent again; one that is refused is given up', async () => {
  await deadLetters(51);
  receiver.answer.status = 503;
  await round();
  await round(31);
  const pending = async () =>
    (
      await database.admin.query(
        `select channel, attempts, error, given_up_at is not null as given_up, sent_at is not null as sent
         from alert_notification where rule = 'dead_letters' order by channel`,
      )
    ).rows;
  expect(await pending()).toEqual([
    { channel: 'slack', attempts: 1, error: 'it answered 503', given_up: false, sent: false },
    { channel: 'webhook', attempts: 1, error: 'it answered 503', given_up: false, sent: false },
  ]);
  receiver.answer.status = 200;
  await round(60);
  expect(await pending()).toMatchObject([{ sent: true }, { sent: true }]);
  const [first, second] = of('/webhook').filter(({ text }) => text.includes('dead_letters'));
  expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
  receiver.answer.status = 400;
  await round(14_400);
  expect((await pending()).filter(({ given_up }) => given_up)).toHaveLength(2);
});

test('thresholds, spans and switches are the installation’s, and on record', async () => {
  await dartwing.alerts.setRule('dead_letters', { threshold: 10, forSeconds: 60 });
  await deadLetters(11);
  await round();
  expect((await dartwing.alerts.list()).items).toContainEqual(
    expect.objectContaining({ rule: 'dead_letters', state: 'pending', value: 11 }),
  );
  const since = (await dartwing.alerts.list()).items.find(({ rule }) => rule === 'dead_letters')!.since;
  expect(await dartwing.alerts.check('dead_letters')).toMatchObject([{ value: 11, state: 'pending', since }]);
  await round(60);
  expect((await dartwing.alerts.list()).items).toContainEqual(
    expect.objectContaining({ rule: 'dead_letters', state: 'firing' }),
  );
  await dartwing.alerts.setRule('dead_letters', { isEnabled: false });
  await round(15);
  expect((await dartwing.alerts.list()).items.filter(({ rule }) => rule === 'dead_letters')).toEqual([]);
  const { after } = await dartwing.alerts.resetRule('dead_letters');
  expect(after).toMatchObject({ enabled: true, levels: [{ threshold: 50, for_seconds: 0 }] });
  await expect(dartwing.alerts.setRule('dead_leters', { threshold: 1 })).rejects.toMatchObject({
    code: 'ALERT_RULE_NOT_FOUND',
    fix: expect.arrayContaining(['dartwing alert show dead_letters']),
  });
  await expect(dartwing.alerts.setRule('disk_full', { threshold: 0.2 })).rejects.toMatchObject({
    code: 'VALIDATION_ERROR',
  });
  const { items } = await dartwing.audit.query({ action: 'alert.rule.set' });
  expect(items).toHaveLength(2);
});

test('nobody but operators sees or changes them', async () => {
  const { owner } = await dartwing.tenancy
    .create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' })
    .then(() => ({ owner: { type: 'person', id: 'ana@acme.test' } as const }));
  const call = { principal: owner };
  for (const act of [
    () => dartwing.alerts.list({}, call),
    () => dartwing.alerts.rules(call),
    () => dartwing.alerts.setRule('dead_letters', { threshold: 1 }, call),
    () => dartwing.alerts.silences(call),
    () => dartwing.alerts.exportRules(call),
  ])
    await expect(act()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
});

test('a process that cannot reach the database says so by itself, once', async () => {
  const alerts = { installation: 'test', pagerDutyKey: 'key', pagerDutyUrl: `${receiver.url}/pagerduty` };
  let monotonic = 0;
  const clock = { ...systemClock, monotonicMs: () => monotonic };
  const lonely = await createDartwing(testOptions(database, { clock, alerts }));
  const watch = lonely.alerts.watch(byHand);
  await watch.round();
  await database.admin.query(`alter database ${database.name} connection limit 0`);
  await database.admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename like 'dartwing%'`,
    [database.name],
  );
  try {
    for (monotonic of [10_000, 40_000, 75_000, 90_000]) await watch.round();
    expect(of('/pagerduty').map(({ body }) => body.event_action)).toEqual(['trigger']);
    expect(of('/pagerduty')[0]!.body).toMatchObject({
      routing_key: 'key',
      payload: { severity: 'critical', class: 'database_down', source: 'test' },
    });
  } finally {
    await database.admin.query(`alter database ${database.name} connection limit -1`);
  }
  await watch.round();
  expect(of('/pagerduty').map(({ body }) => body.event_action)).toEqual(['trigger', 'resolve']);
  expect(of('/pagerduty')[1]!.body.dedup_key).toBe(of('/pagerduty')[0]!.body.dedup_key);
  await lonely.close();
});
