import { render } from 'ink-testing-library';
import { createElement } from 'react';
import { describe, expect, test } from 'vitest';
import type { Frame } from '../../src/commands/top/frame.js';
import {
  beginning,
  type Key,
  press,
  samplesMax,
  type TopState,
  withFailure,
  withSample,
} from '../../src/commands/top/model.js';
import { Screen } from '../../src/commands/top/panels.js';
import { panels, type TopSample } from '../../src/commands/top/sample.js';
import { summaryOf, viewOf } from '../../src/commands/top/view.js';
import { textWidth } from '../../src/commands/ui/width.js';

const queue = {
  queued: 0,
  running: 1,
  failed: 0,
  dead_letter: 0,
  oldest_ms: 0,
  per_minute: 12,
  paused: false,
};
const sample = (more: Partial<TopSample> = {}): TopSample => ({
  api_version: 'dartwing/v1',
  kind: 'TopSample',
  at: '2026-11-23T14:02:11.000Z',
  org: null,
  database: { state: 'ok', ms: 3 },
  redis: { state: 'ok', ms: 1 },
  audit: { staged: 0, oldest_ms: 0 },
  workers: { live: 2, silent: 0 },
  queues: [
    { ...queue, name: 'critical' },
    {
      ...queue,
      name: 'default',
      queued: 1_120,
      failed: 3,
      dead_letter: 2,
      oldest_ms: 5_300,
      per_minute: 880,
    },
    { ...queue, name: 'bulk', paused: true },
  ],
  sync: {
    p95_ms: 800,
    max_ms: 4_100,
    online: 8,
    total: 9,
    queue_depth: 12,
    conflicts: 0,
    doctypes: [
      { doctype: 'Task', per_minute: 12 },
      { doctype: 'Note', per_minute: 1 },
    ],
  },
  tokens: { connected: 41, expiring: 2, expired: 0, error: 1 },
  alerts: [
    {
      kind: 'Alert',
      rule: 'dead_letters',
      severity: 'warning',
      state: 'firing',
      summary: 'Jobs that failed for good wait for a decision',
      labels: { queue: 'default' },
      value: 51,
      since: '2026-11-23T14:00:00.000Z',
      resolved_at: null,
      quiet: null,
      runbook: 'docs/runbooks/dead_letters.md',
    },
  ],
  ...more,
});
const frame: Frame = {
  columns: 80,
  rows: 24,
  unicode: true,
  now: new Date('2026-11-23T14:02:11.000Z'),
  intervalMs: 2_000,
  where: 'prod',
};
const textOf = (state: TopState, more: Partial<Frame> = {}) =>
  viewOf(state, { ...frame, ...more }).map((line) =>
    line
      .map(([text]) => text)
      .join('')
      .trimEnd(),
  );
const keys = (state: TopState, ...pressed: Key[]) =>
  pressed.reduce<ReturnType<typeof press>>(({ state: now }, key) => press(now, key), { state });
const begun = withSample(beginning(panels), sample());

test('shows every part within 80 columns and 24 rows', () => {
  const lines = textOf(begun);
  expect(lines).toEqual([
    ' dartwing top  prod · all · 14:02:11 UTC         ✓ db 3ms  ✓ redis 1ms  ✓ audit',
    ' QUEUES      QUEUED     RUN  FAILED    DEAD  OLDEST PER MIN',
    ' critical         0       1       0       0       –      12  ▁',
    ' default      1,120       1       3       2    5.3s     880  █',
    ' bulk             0       1       0       0       –      12  ‖ paused  ▁',
    '',
    ' SYNC      p95 800ms  max 4.1s  clients 8/9  waiting 12  conflicts 0  █',
    '           Task       █      12/min   Note       █      1/min',
    ' TOKENS    41 connected  2 expiring  1 error',
    ' ALERTS    ! Jobs that failed for good wait for a decision  dead_letters default',
    ' ↑↓ select  enter show  p pause  r replay dead  / filter  o org  ? keys  q quit',
  ]);
  expect(lines.every((line) => textWidth(line) <= 80)).toBe(true);
});

test('shows sync and tokens beside the queues where there is room', () => {
  const calm = sample({ redis: { state: 'failed', ms: null }, audit: { staged: 9, oldest_ms: 120_000 } });
  const lines = textOf(withSample(beginning(panels), calm), { columns: 150 });
  expect(lines[0]).toMatch(/every 2s +✓ db 3ms {2}! redis down {2}! audit 2m old {2}2 workers$/);
  expect(lines[1]).toMatch(/PER MIN +SYNC +p95 800ms/);
  expect(lines[2]).toMatch(/critical .* Task +█ +12\/min/);
  expect(lines[3]).toMatch(/default .* TOKENS +41 connected/);
  expect(lines.every((line) => textWidth(line) <= 150)).toBe(true);
});

test('fits any terminal, with letters of any width and bytes that would move the cursor', () => {
  const many = Array.from({ length: 60 }, () => ({
    ...sample().alerts![0]!,
    summary: '日本語\u001b[2J\u202e🚨 '.repeat(9),
  }));
  for (const [columns, rows] of [
    [60, 12],
    [80, 24],
    [200, 50],
  ] as const) {
    const lines = textOf(withSample(beginning(panels), sample({ alerts: many })), { columns, rows });
    expect(lines.length).toBeLessThanOrEqual(rows);
    expect(lines.every((line) => textWidth(line) <= columns)).toBe(true);
    expect(lines.join('')).not.toMatch(/\p{Cc}|\u202e/u);
  }
});

test('shows one part where only one is wanted', () => {
  const only = textOf(withSample(beginning(['tokens']), sample())).join('\n');
  expect(only).toContain('41 connected');
  expect(only).not.toContain('QUEUES');
});

test('keeps the numbers and says how old they are when nobody answers', () => {
  const down = sample({ database: { state: 'failed', ms: null } });
  const gone = withSample(withFailure(begun, 'no answer'), down);
  const [header, ...rest] = textOf(gone, { now: new Date('2026-11-23T14:02:41.000Z') });
  expect(header).toContain('! the database does not answer, 30s old');
  expect(rest.join('\n')).toContain('1,120');
  expect(textOf(withSample(gone, sample()))[0]).toContain('✓ db 3ms');
});

test('remembers a bounded history', () => {
  let state = beginning(panels);
  for (let index = 0; index < 300; index++) state = withSample(state, sample());
  expect(state.samples).toHaveLength(samplesMax);
});

describe('keys', () => {
  test('select a queue, ask, and act only on y', () => {
    const pause = { kind: 'pause', queue: 'default' };
    expect(keys(begun, 'down', 'p').state).toMatchObject({ mode: 'confirm', asked: pause });
    expect(textOf(keys(begun, 'down', 'p').state).at(-1)).toBe(' Pause default? y/N');
    expect(keys(begun, 'down', 'p', 'y').effect).toEqual({ kind: 'act', action: pause });
    for (const other of ['n', 'enter', 'escape', 'p']) {
      expect(keys(begun, 'down', 'p', other).effect).toBeUndefined();
      expect(keys(begun, 'down', 'p', other).state.mode).toBe('look');
    }
    const bulk = { kind: 'resume', queue: 'bulk' };
    expect(keys(begun, 'down', 'down', 'down', 'p').state.asked).toEqual(bulk);
    expect(keys(begun, 'up', 'r').state.said).toBe('critical has no dead letters');
    expect(textOf(keys(begun, 'down', 'r').state).at(-1)).toBe(' Replay 2 dead letters of default? y/N');
  });

  test('filter, choose an organization, show a queue, tell the keys, quit', () => {
    const filtered = keys(begun, '/', 'b', 'u', 'x', 'backspace', 'enter').state;
    expect(filtered.filter).toBe('bu');
    expect(textOf(filtered).join('\n')).not.toContain('1,120');
    expect(keys(filtered, 'p').state.asked).toEqual({ kind: 'resume', queue: 'bulk' });
    expect(textOf(keys(begun, '/', 'q', 'enter').state).join('\n')).toContain('no queue has "q"');
    const chosen = keys(begun, 'o', 'a', 'c', 'm', 'e', 'enter');
    expect(chosen.effect).toEqual({ kind: 'org', org: 'acme' });
    expect(keys(begun, 'o', 'a', 'escape').state).toMatchObject({ mode: 'look', input: '' });
    expect(textOf(keys(begun, 'down', 'enter').state).join('\n')).toContain('dartwing queue show default');
    expect(textOf(keys(begun, '?').state).join('\n')).toContain('pause or resume it');
    expect(keys(begun, '?', 'q').effect).toBeUndefined();
    expect(keys(begun, 'q').effect).toEqual({ kind: 'quit' });
    expect(keys(begun, 'suspend').effect).toEqual({ kind: 'suspend' });
  });
});

test('is drawn by ink, without colour with a sign for the chosen line', () => {
  const element = createElement(Screen, { lines: viewOf(begun, frame), colour: false });
  const { lastFrame, unmount } = render(element);
  expect(lastFrame()).toContain('>critical');
  expect(lastFrame()).not.toContain(String.fromCharCode(27));
  unmount();
});

test('says everything in one line where there is no screen', () => {
  expect(summaryOf(sample())).toBe(
    'db 3ms · redis 1ms · critical 0/1/0 · default 1120/1/2 · bulk 0/1/0 · sync 800ms · tokens 41, 2 expiring, 1 lost · ! dead_letters',
  );
});
