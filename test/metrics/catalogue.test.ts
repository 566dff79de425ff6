import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { definitionOf, metricCatalogue } from '../../src/core/metrics/index.js';
import { openMeter } from '../../src/core/metrics/meter.js';
import { installed } from '../support/cli.js';

test('names say unit and kind', () => {
  const wrong = metricCatalogue.filter(
    ({ name, type, unit, labels }) =>
      !/^dartwing_[a-z_]+$/.test(name) ||
      (type === 'counter') !== name.endsWith('_total') ||
      (unit === 'seconds') !== /_seconds(_total)?$/.test(name) ||
      (unit === 'bytes') !== name.endsWith('_bytes') ||
      labels.some((label) => /^(org|organization|person|user|path|le)$/.test(label)),
  );
  expect(wrong).toEqual([]);
  expect(metricCatalogue.every(({ help }) => help.length > 10 && !help.endsWith('.'))).toBe(true);
  expect(metricCatalogue.length).toBeGreaterThan(60);
});

test('samples are kept only under labels that a metric has', () => {
  for (const { labels, kept = [] } of metricCatalogue)
    for (const label of kept) expect(labels).toContain(label);
  expect(definitionOf('dartwing_http_request_duration_seconds_bucket')?.type).toBe('histogram');
  expect(definitionOf('dartwing_http_active_requests_bucket')).toBeUndefined();
});

test('counts what comes after the last series as other, and says so', async () => {
  const meter = openMeter();
  for (let index = 0; index < 2_010; index++)
    meter.count('dartwing_http_requests_total', { method: 'GET', route: `/made/up/${index}`, status: 200 });
  const text = await meter.text();
  expect(text).toContain(
    'dartwing_http_requests_total{method="__other__",route="__other__",status="__other__"} 10',
  );
  expect(text).toContain('dartwing_metrics_dropped_series_total{metric="dartwing_http_requests_total"} 10');
  expect(text.match(/^dartwing_http_requests_total\{/gm)).toHaveLength(2_001);
});

test('adds up what sources say, and forgets what they no longer say', async () => {
  const meter = openMeter();
  const read = (value: number) => () => [{ name: 'dartwing_realtime_connections', value }] as const;
  meter.source(read(2));
  const remove = meter.source(read(3));
  meter.source(() => Promise.reject(new Error('gone')));
  expect(await meter.text()).toContain('\ndartwing_realtime_connections 5\n');
  remove();
  expect(await meter.text()).toContain('\ndartwing_realtime_connections 2\n');
  // What nobody has read is absent, not nothing.
  expect(await meter.text()).not.toContain('\ndartwing_job_stuck 0');
});

test.skipIf(!installed('promtool'))('is what promtool takes for metrics', async () => {
  const meter = openMeter();
  for (const { name, type, labels } of metricCatalogue) {
    const some = Object.fromEntries(labels.map((label) => [label, 'x']));
    if (type === 'histogram') meter.observe(name, some, 1);
    else meter.source(() => [{ name, labels: some, value: 1 }]);
  }
  const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], {
    input: await meter.text(),
    encoding: 'utf8',
  });
  expect({ status, said: stderr + stdout }).toEqual({ status: 0, said: '' });
});
