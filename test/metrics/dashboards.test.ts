import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dashboardNames, dashboardOf, definitionOf, metricCatalogue } from '../../src/core/metrics/index.js';
import { installed, temporaryFolder } from '../support/cli.js';

const panels = dashboardNames.flatMap((name) => dashboardOf(name).panels);
const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

test('every expression asks for metrics and labels that there are', () => {
  expect(expressions.length).toBeGreaterThan(50);
  for (const expr of expressions) {
    const names = expr.match(/dartwing_\w+/g) ?? [];
    expect(names.length, expr).toBeGreaterThan(0);
    for (const name of names) {
      const metric = definitionOf(name.replace(/_bucket$/, ''));
      expect(metric, name).toBeDefined();
      const labels = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? [];
      expect([...metric!.labels, 'le']).toEqual(expect.arrayContaining(labels));
    }
  }
});

test('all that is measured of jobs, sync, sockets, integrations and security has a panel', () => {
  const shown = new Set(panels.map(({ description }) => description));
  const groups = ['jobs', 'sync', 'realtime', 'integrations', 'security'];
  const missing = metricCatalogue.filter(({ name, group }) => groups.includes(group) && !shown.has(name));
  expect(missing).toEqual([]);
});

test('no panel lies on another, and each asks for the data source that is chosen at import', () => {
  for (const name of dashboardNames) {
    const places = dashboardOf(name).panels.map(({ gridPos: { x, y } }) => `${x} ${y}`);
    expect(new Set(places).size).toBe(places.length);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as Grafana writes it
    for (const { datasource } of dashboardOf(name).panels) expect(datasource.uid).toBe('${DS_PROMETHEUS}');
  }
});

test.skipIf(!installed('promtool'))('Prometheus reads every expression', () => {
  const rules = expressions.map((expr, index) => ({
    record: `panel:${index}`,
    expr: expr.replaceAll('$__rate_interval', '5m'),
  }));
  const file = join(temporaryFolder(), 'panels.yaml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
  expect(stdout + stderr).toContain(`SUCCESS: ${rules.length} rules found`);
  expect(status).toBe(0);
});
