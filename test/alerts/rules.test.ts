import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { newsOf } from '../../src/core/alerts/news.js';
import { promqlOf } from '../../src/core/alerts/promql.js';
import { quietReason } from '../../src/core/alerts/quiet.js';
import { increaseOf, quantileOf } from '../../src/core/alerts/range.js';
import { conditionOf, type Rule, readRules } from '../../src/core/alerts/rules.js';
import { tryLevel } from '../../src/core/alerts/trial.js';

const rules = readRules();
const ruleOf = (id: string): Rule => rules.find((rule) => rule.id === id)!;

/** Steps of 15 s at which a rule fires on one gauge that keeps a value. */
const firesAt = (id: string, name: string, labels: Record<string, string>, value: number, level = 0) => {
  const rule = ruleOf(id);
  const samples = Array.from({ length: 200 }, (_, index) => [index * 15, value] as const);
  return tryLevel(rule, rule.levels[level]!, [{ name, labels, samples }], 200, 15)[0]?.from_seconds;
};

describe('the shipped rules', () => {
  // The figures of requirements §14.4, §12.9, §10.8: at the threshold nothing, beyond it after the span.
  test.each([
    ['critical_queue_backlog', 'dartwing_job_queue_depth', { queue: 'critical', state: 'queued' }, 100, 300],
    ['queue_backlog', 'dartwing_job_queue_depth', { queue: 'default', state: 'queued' }, 1_000, 900],
    ['dead_letters', 'dartwing_job_dead_letters', { queue: 'default' }, 50, 0],
    ['job_stuck', 'dartwing_job_stuck', {}, 0, 60],
    ['sync_queue', 'dartwing_sync_queue_depth', {}, 1_000, 300],
    ['realtime_degraded', 'dartwing_realtime_bus_degraded', {}, 0, 60],
    ['realtime_outbox', 'dartwing_realtime_outbox_depth', {}, 1_000, 300],
    ['tokens_expired', 'dartwing_integrations', { provider: 'google', status: 'expired' }, 0, 0],
    ['organizations_lost', 'dartwing_integration_organizations_lost', {}, 0, 0],
    ['refresh_failures', 'dartwing_integration_refreshes', { provider: 'google', result: 'failed' }, 5, 0],
  ] as const)('%s holds above its threshold', (id, name, labels, threshold, afterSeconds) => {
    expect(firesAt(id, name, labels, threshold)).toBeUndefined();
    expect(firesAt(id, name, labels, threshold + 1)).toBe(afterSeconds);
  });

  test('T-G5 sync lag warns after ten minutes and pages after thirty', () => {
    const at = { at: 'p95' };
    expect(firesAt('sync_lag', 'dartwing_sync_lag_seconds', at, 301, 1)).toBe(600);
    expect(firesAt('sync_lag', 'dartwing_sync_lag_seconds', at, 301, 0)).toBe(1_800);
    expect(firesAt('sync_lag', 'dartwing_sync_lag_seconds', at, 300, 1)).toBeUndefined();
  });

  test('an authorization that ends within the hour warns, one that has ended pages', () => {
    const google = { provider: 'google' };
    expect(firesAt('token_expiring', 'dartwing_integration_expiry_seconds', google, 3_500, 1)).toBe(900);
    expect(
      firesAt('token_expiring', 'dartwing_integration_expiry_seconds', google, 3_700, 1),
    ).toBeUndefined();
    expect(firesAt('token_expiring', 'dartwing_integration_expiry_seconds', google, -1, 0)).toBe(600);
  });

  test('a share of few requests is no share', () => {
    const rule = ruleOf('http_errors');
    const series = (pace: number) => [
      {
        name: 'dartwing_http_requests_total',
        labels: { status: '500' },
        samples: Array.from({ length: 80 }, (_, index) => [index * 15, Math.floor(index * pace)] as const),
      },
    ];
    expect(tryLevel(rule, rule.levels[0]!, series(0.5), 80, 15)).toEqual([]);
    expect(tryLevel(rule, rule.levels[0]!, series(4), 80, 15)).toHaveLength(1);
  });

  test('a burn rate looks at two windows', () => {
    const fast = ruleOf('budget_burns_fast');
    expect(promqlOf(conditionOf(fast, fast.levels[0]!))).toBe(
      '((sum (rate(dartwing_http_requests_total{status=~"5.."}[1h])) / sum (rate(dartwing_http_requests_total[1h]))) > 0.0144)' +
        ' and on () ((sum (rate(dartwing_http_requests_total{status=~"5.."}[5m])) / sum (rate(dartwing_http_requests_total[5m]))) > 0.0144)' +
        ' and on () (sum (increase(dartwing_http_requests_total[1h])) >= 200)',
    );
  });

  test('each is the worst level first, and inhibits only what there is', () => {
    const order = ['critical', 'warning', 'info'];
    for (const { levels, inhibits } of rules) {
      const places = levels.map(({ severity }) => order.indexOf(severity));
      expect(places).toEqual([...places].sort());
      for (const other of inhibits) expect(other === '*' || rules.some(({ id }) => id === other)).toBe(true);
    }
    expect(rules.length).toBeGreaterThan(40);
  });
});

test('a rule that reads what nobody keeps is refused when it is read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-rules-'));
  const refused = (text: string) => {
    writeFileSync(join(folder, 'operations.yaml'), text);
    try {
      readRules(folder);
    } catch (error) {
      return (error as Error).message;
    }
    return 'accepted';
  };
  const rule = (when: string) =>
    `a_rule: { summary: 'Something is wrong', group: jobs, when: ${when}, levels: [{ severity: info }] }`;
  expect(refused(rule('{ compare: { gauge: dartwing_job_stuck }, is: above, than: 1 }'))).toBe('accepted');
  expect(refused(rule('{ compare: { gauge: dartwing_job_stuk }, is: above, than: 1 }'))).toContain('a_rule');
  expect(refused(rule('{ compare: { rate: dartwing_job_stuck, over: 5m }, is: above, than: 1 }'))).toContain(
    'is a gauge, not a counter',
  );
  expect(
    refused(rule('{ compare: { gauge: dartwing_job_stuck, by: [queue] }, is: above, than: 1 }')),
  ).toContain('is not kept by queue');
});

test('rates and quantiles are those of Prometheus', () => {
  const samples = [0, 15, 30, 45, 60].map((at) => [at, at * 2] as const);
  expect(increaseOf(samples, 60, 60)).toBeCloseTo(120, 9);
  expect(increaseOf([[0, 5]], 60, 60)).toBeUndefined();
  // A restart: 10 before it, 4 after.
  expect(
    increaseOf(
      [
        [0, 0],
        [30, 10],
        [60, 4],
      ],
      60,
      60,
    ),
  ).toBeCloseTo(14, 9);
  expect(
    quantileOf(0.5, [
      [1, 5],
      [2, 10],
      [Number.POSITIVE_INFINITY, 10],
    ]),
  ).toBe(1);
  expect(
    quantileOf(0.99, [
      [1, 5],
      [2, 10],
      [Number.POSITIVE_INFINITY, 20],
    ]),
  ).toBe(2);
  expect(
    quantileOf(0.9, [
      [1, 0],
      [Number.POSITIVE_INFINITY, 0],
    ]),
  ).toBeNaN();
});

test('first words wait, news wait longer, the rest is repeated', () => {
  const group = { openedAt: 0, notifiedAt: null, told: [] };
  expect(newsOf(group, ['a'], 29_999)).toEqual({ tell: 'nothing' });
  expect(newsOf(group, ['a'], 30_000)).toEqual({ tell: 'firing', ended: [] });
  expect(newsOf(group, [], 10_000)).toEqual({ tell: 'forget' });
  const told = { openedAt: 0, notifiedAt: 30_000, told: ['a', 'b'] };
  expect(newsOf(told, ['a', 'c'], 300_000)).toEqual({ tell: 'nothing' });
  expect(newsOf(told, ['a', 'c'], 330_000)).toEqual({ tell: 'firing', ended: ['b'] });
  expect(newsOf(told, ['a', 'b'], 14_000_000)).toEqual({ tell: 'nothing' });
  expect(newsOf(told, ['a', 'b'], 14_430_000)).toEqual({ tell: 'firing', ended: [] });
  expect(newsOf(told, [], 31_000)).toEqual({ tell: 'resolved' });
});

test('a worse level, a rule that says more, and a silence keep quiet', () => {
  const alert = { rule: 'sync_lag', severity: 'warning' as const, labels: { at: 'p95' }, labels_text: 'x' };
  const none = [alert];
  expect(quietReason(alert, none, rules, [])).toBeUndefined();
  const worse = { ...alert, severity: 'critical' as const };
  expect(quietReason(alert, [alert, worse], rules, [])).toMatchObject({
    kind: 'inhibited',
    by: 'sync_lag (critical)',
  });
  expect(quietReason(worse, [alert, worse], rules, [])).toBeUndefined();
  const down = { rule: 'database_down', severity: 'critical' as const, labels: {}, labels_text: '' };
  expect(quietReason(alert, [alert, down], rules, [])).toMatchObject({ by: 'database_down' });
  const silence = (matchers: Record<string, string>) => [{ id: 's', matchers }];
  expect(quietReason(alert, none, rules, silence({ rule: 'sync_lag', at: 'p95' }))).toMatchObject({
    by: 's',
  });
  expect(quietReason(alert, none, rules, silence({ rule: 'sync_lag', at: 'most' }))).toBeUndefined();
});
