/** The screen as lines of toned text, fitted to a terminal. Pure. */
import { formatDuration } from '../../core/duration.js';
import { sparkline } from '../ui/sparkline.js';
import { escapeControls, textWidth, truncate } from '../ui/width.js';
import { questionOf, selectedQueue, shownQueues, type TopState } from './model.js';
import type { TopQueue, TopSample } from './sample.js';

export type Tone = 'red' | 'yellow' | 'green' | 'dim' | 'bold' | 'plain' | 'chosen';
export type Line = readonly (readonly [text: string, tone: Tone])[];

export interface Frame {
  columns: number;
  rows: number;
  unicode: boolean;
  now: Date;
  intervalMs: number;
  /** `prod`, or the address of the database. */
  where: string;
}

/** Below this a screen is of no use. */
export const columnsMin = 60;
export const rowsMin = 12;

/** Numbers older than this, and two looks, are said to be old. */
const oldMs = 10_000;

/** Every line, none longer than the terminal, no more than it has rows. */
export function viewOf(state: TopState, frame: Frame): Line[] {
  const sample = state.samples.at(-1);
  const waiting: Line = [[` ${state.failure ?? 'looking …'}`, 'dim']];
  const body = sample === undefined ? [waiting] : bodyOf(state, sample, frame);
  const lines = [header(state, sample, frame), ...body.slice(0, frame.rows - 2), footer(state, frame)];
  return lines.map((line) => fitted(line, frame.columns));
}

/** One line for terminals that are too small, and what `--once` says to a person. */
export function summaryOf(sample: TopSample): string {
  const { queues = [], sync, tokens, alerts, database } = sample;
  const parts = [`db ${database.state === 'ok' ? `${database.ms}ms` : 'down'}`];
  for (const { name, queued, running, dead_letter: dead } of queues)
    parts.push(`${name} ${queued}/${running}/${dead}`);
  if (sync !== undefined) parts.push(`sync ${length(sync.p95_ms)}`);
  if (tokens !== undefined)
    parts.push(
      `tokens ${tokens.connected}, ${tokens.expiring} expiring, ${tokens.error + tokens.expired} lost`,
    );
  if (alerts !== undefined)
    parts.push(alerts.length === 0 ? 'no alerts' : `! ${alerts.map(({ rule }) => rule).join(' ')}`);
  return parts.join(' · ');
}

function bodyOf(state: TopState, sample: TopSample, frame: Frame): Line[] {
  if (state.mode === 'keys') return keyLines;
  const queue = selectedQueue(state);
  if (state.mode === 'show' && queue !== undefined) return queueLines(state, queue, frame);
  return [
    ...(state.only.includes('queues') ? queueTable(state, frame) : []),
    ...(state.only.includes('sync') ? syncLines(state, sample, frame) : []),
    ...(state.only.includes('tokens') ? tokenLines(sample) : []),
    ...(state.only.includes('alerts') ? alertLines(sample, frame) : []),
  ];
}

function header(
  state: TopState,
  sample: TopSample | undefined,
  { now, intervalMs, where, unicode }: Frame,
): Line {
  const ok = unicode ? '✓' : 'ok';
  const time = now.toISOString().slice(11, 19);
  const facts: Line = [
    [' dartwing top', 'bold'],
    [`  ${where} · ${sample?.org ?? 'all'} · ${time} UTC · ${formatDuration(intervalMs)}  `, 'dim'],
  ];
  if (sample === undefined) return facts;
  const age = now.getTime() - Date.parse(sample.at);
  if (state.failure !== undefined || age > oldMs + 2 * intervalMs)
    return [
      facts[0]!,
      [`  ! ${state.failure ?? 'no answer'}, ${length(Math.max(0, age))} old  `, 'yellow'],
      ...facts.slice(1),
    ];
  const { database, audit, workers } = sample;
  const isLate = audit.oldest_ms > 60_000;
  return [
    ...facts,
    [`${ok} db ${database.ms}ms`, 'green'],
    isLate ? [`  ! audit ${length(audit.oldest_ms)} old`, 'yellow'] : [`  ${ok} audit`, 'green'],
    workers.live === 0 ? ['  ! no worker', 'yellow'] : [`  ${workers.live} workers`, 'dim'],
  ];
}

const queueHeads = ['QUEUED', 'RUN', 'FAILED', 'DEAD', 'OLDEST', 'PER MIN'];

function queueTable(state: TopState, { columns, unicode }: Frame): Line[] {
  const chosen = selectedQueue(state)?.name;
  const rows = shownQueues(state).map((queue): Line => {
    const cells = [
      number(queue.queued),
      number(queue.running),
      number(queue.failed),
      number(queue.dead_letter),
      queue.queued === 0 ? '-' : length(queue.oldest_ms),
      number(queue.per_minute),
    ].map((text) => text.padStart(8));
    const tone: Tone = queue.name === chosen ? 'chosen' : queue.dead_letter > 0 ? 'yellow' : 'plain';
    return [
      [` ${queue.name.padEnd(10)}${cells.join('')}`, tone],
      [queue.paused ? (unicode ? '  ‖ paused' : '  = paused') : '', 'yellow'],
      [columns >= 76 ? `  ${sparkline(courseOf(state, queue.name), 12, !unicode)}` : '', 'dim'],
    ];
  });
  const head = ` ${'QUEUES'.padEnd(10)}${queueHeads.map((name) => name.padStart(8)).join('')}`;
  const none: Line = [[` no queue has "${state.filter}" in its name`, 'dim']];
  return [[[head, 'dim']], ...(rows.length === 0 ? [none] : rows), []];
}

function courseOf(state: TopState, name: string): number[] {
  return state.samples.map(({ queues }) => queues?.find((queue) => queue.name === name)?.queued ?? 0);
}

function syncLines(state: TopState, { sync }: TopSample, { unicode }: Frame): Line[] {
  if (sync === undefined) return [];
  const lags = state.samples.map((sample) => sample.sync?.p95_ms ?? 0);
  const lag = `p95 ${length(sync.p95_ms)}  max ${length(sync.max_ms)}`;
  const rest = `  clients ${sync.online}/${sync.total}  waiting ${number(sync.queue_depth)}  conflicts ${number(sync.conflicts)}  `;
  return [
    [
      [` ${'SYNC'.padEnd(10)}`, 'dim'],
      [lag, sync.p95_ms > 300_000 ? 'red' : 'plain'],
      [rest, 'plain'],
      [sparkline(lags, 12, !unicode), 'dim'],
    ],
  ];
}

function tokenLines({ tokens }: TopSample): Line[] {
  if (tokens === undefined) return [];
  const lost = tokens.expired + tokens.error;
  return [
    [
      [` ${'TOKENS'.padEnd(10)}`, 'dim'],
      [`${tokens.connected} connected`, 'plain'],
      [`  ${tokens.expiring} expiring`, tokens.expiring > 0 ? 'yellow' : 'plain'],
      [`  ${lost} error`, lost > 0 ? 'red' : 'plain'],
    ],
  ];
}

function alertLines({ alerts = [] }: TopSample, { unicode }: Frame): Line[] {
  const title: Line = [[` ${'ALERTS'.padEnd(10)}`, 'dim']];
  if (alerts.length === 0) return [[...title, [`${unicode ? '✓' : 'ok'} nothing fires`, 'green']]];
  return alerts.map(({ summary, severity, rule, labels, quiet }, index): Line => {
    const tone: Tone = quiet !== null ? 'dim' : severity === 'critical' ? 'red' : 'yellow';
    const which = [rule, ...Object.values(labels), ...(quiet === null ? [] : ['(quiet)'])].join(' ');
    return [
      ...(index === 0 ? title : [[' '.repeat(11), 'plain'] as const]),
      [`! ${summary}`, tone],
      [`  ${which}`, 'dim'],
    ];
  });
}

function queueLines(state: TopState, queue: TopQueue, { columns, unicode }: Frame): Line[] {
  const { name, queued, running, failed, dead_letter: dead, oldest_ms: oldest, per_minute } = queue;
  return [
    [[` ${name}${queue.paused ? ', paused' : ''}`, 'bold']],
    [[` ${number(queued)} in line, the oldest for ${length(oldest)}; ${number(running)} running`, 'plain']],
    [[` ${number(failed)} wait for another try, ${number(dead)} are dead letters`, 'plain']],
    [[` ${number(per_minute)} completed within a minute`, 'plain']],
    [[` ${sparkline(courseOf(state, name), columns - 2, !unicode)}`, 'dim']],
    [[` dartwing queue show ${name}`, 'dim']],
    [[' dartwing dlq list', 'dim']],
    [[' any key goes back', 'dim']],
  ];
}

const keyLines: Line[] = [
  ['up, down', 'select a queue'],
  ['enter', 'show it'],
  ['p', 'pause or resume it, after a question'],
  ['r', 'replay its dead letters, after a question'],
  ['/', 'show only queues with this in their names'],
  ['o', 'an organization, for sync and tokens; empty for all'],
  ['q', 'quit'],
].map(([key, what]) => [
  [` ${key!.padEnd(10)}`, 'bold'],
  [what!, 'plain'],
]);

function footer(state: TopState, { unicode }: Frame): Line {
  if (state.mode === 'filter') return [[` / ${state.input}`, 'bold']];
  if (state.mode === 'org') return [[` organization: ${state.input}`, 'bold']];
  if (state.mode === 'confirm' && state.asked !== undefined)
    return [[` ${questionOf(state.asked, selectedQueue(state)?.dead_letter ?? 0)}`, 'yellow']];
  if (state.said !== undefined) return [[` ${state.said}`, 'bold']];
  const keys = 'enter show  p pause/resume  r replay dead  / filter  o org  ? keys  q quit';
  return [[` ${unicode ? '↑↓' : 'up/down'} select  ${keys}`, 'dim']];
}

/** Shortened to the width; what data says moves no cursor. */
function fitted(line: Line, columns: number): Line {
  const result: (readonly [string, Tone])[] = [];
  let left = columns;
  for (const [text, tone] of line) {
    if (left <= 0) break;
    const shown = truncate(escapeControls(text), left);
    left -= textWidth(shown);
    result.push([shown, tone]);
  }
  return result;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function length(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)}ms` : formatDuration(ms);
}
