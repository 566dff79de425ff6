import { spawnSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { hasRedis, startRedis } from '../realtime/redis.js';
import { installed, program } from '../support/cli.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';
import { type Operator, operatorOf } from '../support/operator.js';

let database: TestDatabase;
let operator: Operator;
beforeAll(async () => {
  const opened = await openTestDartwing();
  ({ database } = opened);
  operator = operatorOf(database);
  await opened.dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
});

test('is one sample where there is no terminal, and for one organization', async () => {
  const [all, one] = await Promise.all([
    operator.ask('top'),
    operator.ask('top --once --panel sync --org acme'),
  ]);
  expect(all.document).toMatchObject({ kind: 'TopSample', org: null, alerts: [], tokens: { connected: 0 } });
  const names = (all.document.queues as { name: string }[]).map(({ name }) => name);
  expect(names).toEqual(['critical', 'default', 'bulk']);
  expect(one.document).toMatchObject({ org: 'acme', sync: { online: 0 } });
  expect(one.document.queues).toBeUndefined();
  expect(one.document).toMatchObject({ redis: null });
  expect(await operator.fail('top --interval 10ms')).toMatchObject({ code: 'VALIDATION_ERROR', exit: 2 });
});

test.skipIf(!hasRedis)('asks Redis, and counts what devices do by doctype', async () => {
  const sent = (count: number) =>
    `{"dartwing_sync_deltas_total{doctype=\\"Task\\",operation=\\"sent\\"}": ${count}}`;
  await database.admin.query(
    `insert into metric_sample (is_coarse, at, instance, series)
     values (false, now() - interval '40 seconds', 'one', $1), (false, now() - interval '10 seconds', 'one', $2)`,
    [sent(5), sent(17)],
  );
  const { url, kill } = await startRedis();
  const ask = async () => (await operator.ask('top', { env: { REDIS_URL: url } })).document;
  const { redis, sync } = await ask();
  expect(redis).toMatchObject({ state: 'ok' });
  expect(sync).toMatchObject({ doctypes: [{ doctype: 'Task', per_minute: 12 }] });
  await kill();
  expect(await ask()).toMatchObject({ redis: { state: 'failed', ms: null }, database: { state: 'ok' } });
});

/** A terminal of its own, by tmux. */
function openTerminal(columns: number, rows: number, more: Record<string, string> = {}) {
  const socket = `dartwing-top-${process.pid}-${columns}-${Object.keys(more).length}`;
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', LANG: 'C.UTF-8', ...operator.env, ...more };
  const tmux = (...words: string[]) =>
    spawnSync('tmux', ['-L', socket, '-f', '/dev/null', ...words], { encoding: 'utf8', env }).stdout;
  tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), 'bash --norc');
  onTestFinished(() => void tmux('kill-server'));
  const screen = () => tmux('capture-pane', '-p');
  return {
    type: (text: string) => void tmux('send-keys', '-l', text),
    key: (name: string) => void tmux('send-keys', name),
    shows: async (text: string | RegExp) => {
      for (let look = 0; look < 200; look++) {
        const now = screen();
        if (typeof text === 'string' ? now.includes(text) : text.test(now)) return now;
        await setTimeout(100);
      }
      throw new Error(`the terminal does not show ${text}:\n${screen()}`);
    },
  };
}

const line = `${process.execPath} ${program} top --interval 500ms`;

test.skipIf(!installed('tmux'))(
  'is a screen that acts, and is left and come back to',
  async () => {
    const terminal = openTerminal(80, 24);
    terminal.type(`PS1='ready> '; clear; ${line}`);
    terminal.key('Enter');
    const first = await terminal.shows('QUEUES');
    expect(first).toContain('nothing fires');
    terminal.key('Down');
    terminal.type('p');
    await terminal.shows('Pause default? y/N');
    terminal.type('y');
    await terminal.shows('paused; p resumes it');
    const { rows } = await database.admin.query("select paused_reason from job_queue where name = 'default'");
    expect(rows).toEqual([{ paused_reason: 'dartwing top' }]);
    terminal.key('C-z');
    await terminal.shows('ready>');
    terminal.type('fg');
    terminal.key('Enter');
    await terminal.shows('QUEUES');
    terminal.type('q');
    const after = await terminal.shows(/ready> *\n*$/);
    expect(after).not.toContain('QUEUES');
  },
  60_000,
);

test.skipIf(!installed('tmux'))(
  'leaves the screen on Ctrl-C, and is one line in a small terminal',
  async () => {
    const terminal = openTerminal(80, 24, { NO_COLOR: '1' });
    terminal.type(`PS1='ready> '; clear; ${line}`);
    terminal.key('Enter');
    await terminal.shows('>critical');
    terminal.key('C-c');
    await terminal.shows('ready>');
    terminal.type('echo "left with $?"');
    terminal.key('Enter');
    expect(await terminal.shows('left with 130')).not.toContain('QUEUES');
    const small = openTerminal(50, 10);
    small.type(`${line}; echo end''ed`);
    small.key('Enter');
    expect(await small.shows('ended')).toContain('db ');
  },
  60_000,
);
