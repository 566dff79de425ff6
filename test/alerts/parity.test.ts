/** Our evaluator and promtool fire at the same steps, for every exported rule, on random series. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ruleFile } from '../../src/core/alerts/export.js';
import { readsOf } from '../../src/core/alerts/expression.js';
import { durationText } from '../../src/core/alerts/promql.js';
import { conditionOf, type Level, type Rule, readRules } from '../../src/core/alerts/rules.js';
import { firingsOf } from '../../src/core/alerts/trial.js';
import { installed, temporaryFolder } from '../support/cli.js';
import { randomSeries, seeded, seriesText } from './series.js';

const rules = readRules();
const levels = rules.flatMap((rule) => rule.levels.map((level) => ({ rule, level })));
const cases = Number(process.env.DARTWING_PARITY_CASES ?? 200);
const seed = Number(process.env.DARTWING_PARITY_SEED ?? 20261123);
const steps = 40;

interface Group {
  rule: Rule;
  level: Level;
  stepSeconds: number;
  tests: unknown[];
}

test.skipIf(!installed('promtool'))(
  `fires as Prometheus does on ${cases} random cases`,
  () => {
    const folder = temporaryFolder();
    const groups = new Map<string, Group>();
    let fired = 0;
    for (let number = 0; number < cases; number++) {
      const random = seeded(seed + number);
      const { rule, level } = levels[number % levels.length]!;
      const condition = conditionOf(rule, level);
      // Windows of days have few samples and long steps, or a case would hold a million.
      const { over } = readsOf(condition);
      const stepSeconds = Math.max(15, Math.ceil(Math.max(over / 20, level.forSeconds / 10) / 15) * 15);
      const series = randomSeries(condition, level.threshold, steps, stepSeconds, random);
      const expected = firingsOf(rule, level, series, steps, stepSeconds);
      fired += expected.filter((labels) => labels.length > 0).length;
      const name = `${rule.id}-${level.severity}`;
      const group = groups.get(name) ?? { rule, level, stepSeconds, tests: [] };
      groups.set(name, group);
      group.tests.push({
        interval: durationText(stepSeconds),
        input_series: series.map((one) => ({ series: seriesText(one), values: one.values.join(' ') })),
        promql_expr_test: expected.map((labels, index) => ({
          expr: `ALERTS{alertname="${rule.id}",severity="${level.severity}",alertstate="firing"}`,
          eval_time: `${index * stepSeconds}s`,
          exp_samples: labels.map((own) => {
            const all = {
              alertname: rule.id,
              alertstate: 'firing',
              group: rule.group,
              severity: level.severity,
              ...own,
            };
            const pairs = Object.entries(all).map(([label, value]) => `${label}="${value}"`);
            return { labels: `ALERTS{${pairs.join(',')}}`, value: 1 };
          }),
        })),
      });
    }
    // Each level with a file of rules that holds it alone: promtool evaluates every rule of a file.
    const files = [...groups].map(([name, { rule, level, stepSeconds, tests }]) => {
      const interval = durationText(stepSeconds);
      writeFileSync(
        join(folder, `${name}.rules.yaml`),
        JSON.stringify(ruleFile([{ ...rule, levels: [level] }], interval)),
      );
      const file = join(folder, `${name}.test.yaml`);
      const content = { rule_files: [`${name}.rules.yaml`], evaluation_interval: interval, tests };
      writeFileSync(file, JSON.stringify(content));
      return file;
    });
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', ...files], {
      // It lives for seconds: sweeping its memory less often spares a sixth of its time.
      env: { ...process.env, GOGC: '400' },
      encoding: 'utf8',
      maxBuffer: 64 * 1_048_576,
    });
    const failed = (stdout + stderr).split(/(?=Unit Testing: )/).filter((one) => one.includes('FAILED'));
    expect({ status, failed: failed.map((one) => one.slice(0, 3_000)).join('\n') }).toEqual({
      status: 0,
      failed: '',
    });
    // Cases in which nothing ever fires would prove nothing.
    expect(fired).toBeGreaterThan(cases);
  },
  120_000,
);

test.skipIf(!installed('promtool'))('exports a file that promtool takes', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'rules.json');
  writeFileSync(file, JSON.stringify(ruleFile(rules)));
  const { status, stdout } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
  expect(stdout).toContain(`SUCCESS: ${levels.length} rules found`);
  expect(status).toBe(0);
});
