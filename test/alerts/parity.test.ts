/** Our evaluator and promtool fire at the same steps, for every exported rule, each in many random worlds. */
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
import { type GivenSeries, randomSeries, seeded, seriesText } from './series.js';

const rules = readRules();
const levels = rules.flatMap((rule) => rule.levels.map((level) => ({ rule, level })));
type Ruled = (typeof levels)[number];
/** CI plays 200: two minutes of promtool, which needs a quarter of a millisecond for a rule and step. */
const worlds = Number(process.env.DARTWING_PARITY_WORLDS ?? 3);
const seed = Number(process.env.DARTWING_PARITY_SEED ?? 20261123);
const steps = 40;

/** How often rules are looked at and series are scraped. Fine ones suit short windows, coarse ones hold long ones. */
const paces = [
  { stepSeconds: 30, scrapeSeconds: 30 },
  { stepSeconds: 60, scrapeSeconds: 60 },
  { stepSeconds: 150, scrapeSeconds: 150 },
  { stepSeconds: 2_700, scrapeSeconds: 450 },
  { stepSeconds: 7_200, scrapeSeconds: 7_200 },
];
type Pace = (typeof paces)[number];

/** The finest pace at which a world lasts longer than what the rule looks back on and waits for. */
function paceOf({ rule, level }: Ruled): Pace {
  const { over } = readsOf(conditionOf(rule, level));
  return paces.find(({ stepSeconds }) => stepSeconds * steps >= 1.1 * (over + level.forSeconds))!;
}

const nameOf = (rule: Rule, level: Level) => `${rule.id} ${level.severity}`;

test.skipIf(!installed('promtool'))(
  `every rule fires as in Prometheus in ${worlds} random worlds`,
  () => {
    const folder = temporaryFolder();
    const fired = new Map(levels.map(({ rule, level }) => [nameOf(rule, level), 0]));
    const files = paces.map((pace, index) => {
      const own = levels.filter((one) => paceOf(one) === pace);
      const tests = Array.from({ length: worlds }, (_, number) =>
        worldOf(own, pace, seeded(seed + number * paces.length + index), fired),
      );
      const interval = durationText(pace.stepSeconds);
      const ruled = rules.map((rule) => ({
        ...rule,
        levels: own.filter((one) => one.rule === rule).map(({ level }) => level),
      }));
      const rulesFile = ruleFile(ruled, interval);
      // Nothing is asked about words for people, and filling them in is a fifth of promtool's time.
      for (const group of rulesFile.groups) for (const alert of group.rules) alert.annotations = {} as never;
      writeFileSync(join(folder, `${interval}.rules.yaml`), JSON.stringify(rulesFile));
      const file = join(folder, `${interval}.test.yaml`);
      const content = { rule_files: [`${interval}.rules.yaml`], evaluation_interval: interval, tests };
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
    // What never fires would prove little; in few worlds some rules don't.
    const idle = [...fired].filter(([, count]) => count === 0).map(([name]) => name);
    expect(idle.length, idle.join()).toBeLessThanOrEqual(worlds < 100 ? levels.length / 3 : 0);
  },
  600_000,
);

/** One world as a unit test of promtool: what fires at any step in one of both is looked for in the other. */
function worldOf(own: readonly Ruled[], pace: Pace, random: () => number, fired: Map<string, number>) {
  const { stepSeconds, scrapeSeconds } = pace;
  const reads = own.map(({ rule, level }) => ({
    condition: conditionOf(rule, level),
    threshold: level.threshold,
  }));
  const scrapes = ((steps - 1) * stepSeconds) / scrapeSeconds + 1;
  const series = randomSeries(reads, scrapes, scrapeSeconds, random);
  const expected = own.flatMap(({ rule, level }) => expectedOf(rule, level, series, pace, fired));
  const whole = `[${durationText((steps - 1) * stepSeconds)}:${durationText(stepSeconds)}]`;
  const ours = '(expected == 1)';
  const theirs = 'ALERTS{alertstate="firing"}';
  const without = (one: string, other: string) => ({
    expr: `count_over_time((${one} unless ignoring (alertstate) ${other})${whole})`,
    eval_time: `${(steps - 1) * stepSeconds}s`,
    exp_samples: [],
  });
  return {
    interval: durationText(scrapeSeconds),
    input_series: [
      ...series.map((one) => ({ series: seriesText(one), values: one.values.join(' ') })),
      ...expected,
    ],
    promql_expr_test: [without(ours, theirs), without(theirs, ours)],
  };
}

/** What our evaluator says of a level, as series that are 1 while it fires. */
function expectedOf(
  rule: Rule,
  level: Level,
  series: readonly GivenSeries[],
  { stepSeconds, scrapeSeconds }: Pace,
  fired: Map<string, number>,
) {
  const firing = firingsOf(rule, level, series, steps, stepSeconds);
  const name = nameOf(rule, level);
  fired.set(name, fired.get(name)! + firing.filter((labels) => labels.length > 0).length);
  const rows = new Map<string, number[]>();
  for (const [step, found] of firing.entries())
    for (const own of found) {
      const labels = { alertname: rule.id, group: rule.group, severity: level.severity, ...own };
      const text = seriesText({ name: 'expected', labels });
      const row = rows.get(text) ?? Array.from({ length: steps }, () => 0);
      rows.set(text, row);
      row[step] = 1;
    }
  // Each step until the next one.
  const scrapes = stepSeconds / scrapeSeconds;
  return [...rows].map(([text, row]) => ({
    series: text,
    values: row.flatMap((value) => Array(scrapes).fill(value)).join(' '),
  }));
}

test.skipIf(!installed('promtool'))('exports a file that promtool takes', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'rules.json');
  writeFileSync(file, JSON.stringify(ruleFile(rules)));
  const { status, stdout } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
  expect(stdout).toContain(`SUCCESS: ${levels.length} rules found`);
  expect(status).toBe(0);
});
