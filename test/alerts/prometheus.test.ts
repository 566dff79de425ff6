/** The way of those who have Prometheus: it scrapes dartwing, fires one of our rules, and Alertmanager tells somebody. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/core/index.js';
import { listenForMetrics } from '../../src/server/index.js';
import { installed } from '../support/cli.js';
import { openTestDartwing } from '../support/database.js';
import { atEnd } from '../support/ending.js';
import { freePort } from '../support/port.js';
import { openReceiver } from './world.js';

const programs = ['prometheus', 'prometheus-alertmanager'];
const missing = programs.filter((name) => !installed(name));

test.skipIf(missing.length > 0)(
  `Prometheus scrapes, fires our rule, and Alertmanager delivers it${missing.length > 0 ? ` (not installed: ${missing.join(', ')})` : ''}`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dartwing-prometheus-'));
    atEnd(() => rmSync(folder, { recursive: true, force: true }));
    const { dartwing, database } = await openTestDartwing({ clock: systemClock });
    const receiver = await openReceiver();
    const token = 'an-operator-token-of-this-test';
    const metrics = await listenForMetrics(dartwing, { port: 0, token });
    atEnd(metrics.close);
    const [managerPort, prometheusPort] = [await freePort(), await freePort()];

    await dartwing.alerts.setRule('dead_letters', { threshold: 0 });
    const write = (name: string, content: object) => {
      const file = join(folder, name);
      writeFileSync(file, JSON.stringify(content));
      return file;
    };
    // JSON is YAML; the file is what `dartwing alert rule export` prints, but for how often it is evaluated.
    const rules = await dartwing.alerts.exportRules();
    for (const group of rules.groups) group.interval = '1s';
    const ruleFile = write('rules.json', rules);
    const route = { receiver: 'test', group_wait: '0s', group_interval: '1s', repeat_interval: '1h' };
    const manager = write('alertmanager.yml', {
      route: { ...route, group_by: ['alertname'] },
      receivers: [{ name: 'test', webhook_configs: [{ url: `${receiver.url}/hook`, send_resolved: true }] }],
    });
    const prometheus = write('prometheus.yml', {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [ruleFile],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${managerPort}`] }] }] },
      scrape_configs: [
        {
          job_name: 'dartwing',
          authorization: { credentials: token },
          static_configs: [{ targets: [new URL(metrics.url).host] }],
        },
      ],
    });
    start('prometheus-alertmanager', [
      `--config.file=${manager}`,
      `--storage.path=${join(folder, 'manager')}`,
      `--web.listen-address=127.0.0.1:${managerPort}`,
      '--cluster.listen-address=',
    ]);
    start('prometheus', [
      `--config.file=${prometheus}`,
      `--storage.tsdb.path=${join(folder, 'series')}`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
    ]);

    const sent = (status: string) =>
      receiver.received
        .flatMap(({ body }) => body.alerts as { status: string; labels: Record<string, string> }[])
        .filter(({ labels, status: is }) => labels.alertname === 'dead_letters' && is === status);
    await database.admin.query(
      `insert into job_dead_letter (organization, number, queue, type, state, priority, attempt, attempts_max, timeout_ms,
         principal, owner, input, ended_at, triage, created_at, has_children, replays, losses)
       values ('ORG-2026-00001', 1, 'default', 'test', 'dead_letter', 2, 1, 1, 1000, '{}', 'x', '{}', now(), 'pending', now(),
         false, 0, 0)`,
    );
    const patience = { timeout: 45_000, interval: 200 };
    await expect.poll(() => sent('firing').length, patience).toBeGreaterThan(0);
    expect(sent('firing')[0]).toMatchObject({
      labels: { alertname: 'dead_letters', severity: 'warning', group: 'jobs', queue: 'default' },
      annotations: { runbook: 'docs/runbooks/dead_letters.md' },
    });
    const targets = await askPrometheus(prometheusPort, 'targets?state=active');
    expect(targets).toMatchObject({ activeTargets: [{ health: 'up', lastError: '' }] });
    await database.admin.query('truncate job_dead_letter');
    await expect.poll(() => sent('resolved').length, patience).toBeGreaterThan(0);
  },
  120_000,
);

async function askPrometheus(port: number, path: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
  return ((await response.json()) as { data: unknown }).data;
}

/** Runs until the test has ended. */
function start(program: string, words: readonly string[]): ChildProcess {
  const child = spawn(program, words, { stdio: 'ignore' });
  onTestFinished(async () => {
    const gone = once(child, 'exit');
    if (child.exitCode === null && child.kill('SIGKILL')) await gone;
  });
  return child;
}
