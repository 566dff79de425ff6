/** The screen as lines of toned text, fitted to a terminal. Pure. */
import { sparkline } from '../ui/sparkline.js';
import { escapeControls, textWidth, truncate } from '../ui/width.js';
import { type Frame, type Line, length, type Tone } from './frame.js';
import { headOf } from './head.js';
import { questionOf, selectedQueue, shownQueues, type TopState } from './model.js';
import type { TopQueue, TopSample } from './sample.js';

/** Below this a screen is of no use. */
export const columnsMin = 60;
export const rowsMin = 12;

/** Every line, none longer than the terminal, no more than it has rows. */
export function viewOf(state: TopState, frame: Frame): Line[] {
  const sample = state.samples.at(-1);
  const waiting: Line = [[` ${state.failure ?? 'looking …'}`, 'dim']];
  const body = sample === undefined ? [waiting] : bodyOf(state, sample, frame);
  const lines = [headOf(state, sample, frame), ...body.slice(0, frame.rows - 2), footer(state, frame)];
  return lines.map((line) => fitted(line, frame.columns));
}

/** One line for terminals that are too small, and what `--once` says to a person. */
export function summaryOf(sample: TopSample): string {
  const { queues = [], sync, tokens, alerts, database, redis } = sample;
  const parts = [`db ${database.state === 'ok' ? `${database.ms}ms` : 'down'}`];
  if (redis !== null) parts.push(`redis ${redis.state === 'ok' ? `${redis.ms}ms` : 'down'}`);
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
  const wants = (panel: TopState['only'][number]) => state.only.includes(panel);
  const queues = wants('queues') ? queueTable(state, frame) : [];
  const others = [
    ...(wants('sync') ? syncLines(state, sample, frame) : []),
    ...(wants('tokens') ? tokenLines(sample) : []),
  ];
  const isWide = frame.columns >= columnsBeside && queues.length > 0;
  const upper = isWide ? beside(queues, others) : [...queues, ...(queues.length > 0 ? [[]] : []), ...others];
  return [
    ...upper,
    ...(isWide && wants('alerts') ? [[]] : []),
    ...(wants('alerts') ? alertLines(sample, frame) : []),
  ];
}

/** From so many columns on sync and tokens stand to the right of the queues. */
const columnsBeside = 140;
const columnsLeft = 84;

function beside(left: readonly Line[], right: readonly Line[]): Line[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, row): Line => {
    const own = left[row] ?? [];
    const width = textWidth(own.map(([text]) => text).join(''));
    const gap = ' '.repeat(Math.max(1, columnsLeft - width));
    return [...own, [gap, 'plain'], ...(right[row] ?? [])];
  });
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
      queue.queued === 0 ? (unicode ? '–' : '-') : length(queue.oldest_ms),
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
  return [[[head, 'dim']], ...(rows.length === 0 ? [none] : rows)];
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
    ...doctypeLines(state, sync.doctypes ?? [], unicode),
  ];
}

const doctypesInLine = 2;

/** Who is busy, each with its course of changes; several in a line. */
function doctypeLines(
  { samples }: TopState,
  doctypes: NonNullable<NonNullable<TopSample['sync']>['doctypes']>,
  unicode: boolean,
): Line[] {
  const cells = doctypes.map(({ doctype, per_minute: count }) => {
    const course = samples.map(
      ({ sync }) => sync?.doctypes?.find((one) => one.doctype === doctype)?.per_minute ?? 0,
    );
    const text = `${truncate(escapeControls(doctype), 10).padEnd(10)} ${sparkline(course, 6, !unicode).padEnd(6)}`;
    return `${text} ${`${number(count)}/min`.padEnd(9)}`;
  });
  return Array.from({ length: Math.ceil(cells.length / doctypesInLine) }, (_, row): Line => {
    const own = cells.slice(row * doctypesInLine, (row + 1) * doctypesInLine);
    return [
      [' '.repeat(11), 'plain'],
      [own.join('').trimEnd(), 'plain'],
    ];
  });
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

function footer(state: TopState, { unicode, columns }: Frame): Line {
  if (state.mode === 'filter') return [[` / ${state.input}`, 'bold']];
  if (state.mode === 'org') return [[` organization: ${state.input}`, 'bold']];
  if (state.mode === 'confirm' && state.asked !== undefined)
    return [[` ${questionOf(state.asked, selectedQueue(state)?.dead_letter ?? 0)}`, 'yellow']];
  if (state.said !== undefined) return [[` ${state.said}`, 'bold']];
  const pause = columns < 84 ? 'p pause' : 'p pause/resume';
  const keys = `enter show  ${pause}  r replay dead  / filter  o org  ? keys  q quit`;
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
