import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { createDartwing, systemClock } from '../../src/core/index.js';
import { temporaryFolder } from '../support/cli.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { type Operator, operatorOf } from '../support/operator.js';

let database: TestDatabase;
let operator: Operator;
beforeAll(async () => {
  database = await createTestDatabase();
  operator = operatorOf(database);
  const dartwing = await createDartwing(testOptions(database, { clock: systemClock }));
  await dartwing.alerts.setRule('job_stuck', { threshold: -1, forSeconds: 0 });
  const watch = dartwing.alerts.watch({ everyMs: 3_600_000 });
  await watch.round();
  await dartwing.close();
});

test('lists what fires, shows its rule, and says 6', async () => {
  const [list, shown, checked] = await Promise.all([
    operator.ask('alert list --check'),
    operator.ask('alert show job_stuck'),
    operator.ask('alert check job_stuck'),
  ]);
  expect(list.code).toBe(6);
  expect(list.document.items).toContainEqual(
    expect.objectContaining({ rule: 'job_stuck', state: 'firing', severity: 'critical', value: 0 }),
  );
  expect(shown.document).toMatchObject({
    kind: 'AlertRule',
    levels: [{ promql: 'max (dartwing_job_stuck) > -1' }],
    alerts: [{ rule: 'job_stuck' }],
  });
  expect(checked).toMatchObject({ code: 6, document: { items: [{ rule: 'job_stuck' }] } });
  expect(await operator.fail('alert show job_stuk')).toMatchObject({ code: 'ALERT_RULE_NOT_FOUND', exit: 3 });
});

test('changes a rule, silences it and takes both back', async () => {
  const change = await operator.ask('alert rule set queue_backlog --threshold 5 --for 1m --reason night');
  expect(change.document).toMatchObject({
    kind: 'Change',
    op: 'update',
    after: { levels: [{ threshold: 5, for_seconds: 60 }] },
    undo: 'dartwing alert rule reset queue_backlog',
  });
  expect((await operator.ask('alert rule reset queue_backlog')).document).toMatchObject({
    after: { levels: [{ threshold: 1000, for_seconds: 900 }] },
  });
  expect(await operator.fail('alert silence add rule=job_stuck')).toMatchObject({ code: 'REASON_REQUIRED' });
  const silence = await operator.ask('alert silence add rule=job_stuck --for 1h --reason known');
  const { id } = silence.document.after as { id: string };
  expect((await operator.ask('alert list')).document.items).toContainEqual(
    expect.objectContaining({ rule: 'job_stuck', quiet: `silenced by ${id}` }),
  );
  expect((await operator.ask(`alert silence end ${id}`)).document).toMatchObject({
    kind: 'Bulk',
    summary: { done: 1 },
  });
  expect(await operator.fail(`alert silence end ${id}`)).toMatchObject({
    code: 'SILENCE_NOT_FOUND',
    exit: 3,
  });
  const wrong = [
    'alert rule set queue_backlog',
    'alert rule set queue_backlog --threshold much',
    'alert silence add x --reason y',
  ];
  for (const failure of await Promise.all(wrong.map((line) => operator.fail(line))))
    expect(failure).toMatchObject({ code: 'VALIDATION_ERROR', exit: 2 });
});

test('tries a rule on series that are written as promtool writes them', async () => {
  const file = join(temporaryFolder(), 'series.yaml');
  writeFileSync(
    file,
    `interval: 1m
input_series:
  - { series: 'dartwing_job_queue_depth{queue="default",state="queued"}', values: '0x4 1200x20 10x5' }
`,
  );
  const { document } = await operator.ask(`alert rule test queue_backlog -f ${file}`);
  // From the fifth minute on there are too many; a quarter of an hour later it fires.
  expect(document).toMatchObject({ steps: 32, states: [{ from_seconds: 1_200, to_seconds: 1_500 }] });
  writeFileSync(file, 'input_series: [{ series: "x", values: "one" }]');
  expect(await operator.fail(`alert rule test queue_backlog -f ${file}`)).toMatchObject({
    code: 'BAD_FILE',
    exit: 2,
  });
});

test('exports rules and shows how metrics went', async () => {
  const [exported, history] = await Promise.all([
    operator.run('alert rule export'),
    operator.ask('metric query dartwing_job_queue_depth --where queue=default --where state=queued'),
  ]);
  const file = JSON.parse(exported.stdout) as { groups: { name: string; rules: { alert: string }[] }[] };
  expect(file.groups.map(({ name }) => name)).toEqual(['dartwing_operations', 'dartwing_objectives']);
  expect(history.document).toMatchObject({
    kind: 'MetricHistory',
    series: [
      {
        labels: { queue: 'default', state: 'queued', instance: 'installation' },
        points: [[expect.any(String), 0]],
      },
    ],
  });
  const shown = await operator.run('metric query dartwing_job_workers', { tty: true });
  expect(shown.stdout).toMatch(/COURSE/);
  expect(shown.stdout).toMatch(/state=live,instance.*▁/);
  expect(await operator.fail('metric query dartwing_job_queue_depht')).toMatchObject({
    code: 'METRIC_NOT_FOUND',
    exit: 3,
  });
});
