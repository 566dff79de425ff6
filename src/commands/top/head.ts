/** The first line of the screen: where, for whom, when, and how the parts beneath do. */
import { formatDuration } from '../../core/duration.js';
import { textWidth, truncate } from '../ui/width.js';
import { type Frame, type Line, length } from './frame.js';
import type { TopState } from './model.js';
import type { TopSample } from './sample.js';

/** Numbers older than this, and two looks, are said to be old. */
const oldMs = 10_000;
const title = ' dartwing top';

/** Where the terminal is narrow, what only completes the line gives way first, then the time; never what is wrong. */
export function headOf(state: TopState, sample: TopSample | undefined, frame: Frame): Line {
  const { now, columns } = frame;
  const all = sample === undefined ? [] : statesOf(state, sample, frame);
  const who = `  ${frame.where} · ${sample?.org ?? 'all'}`;
  const time = ` · ${now.toISOString().slice(11, 19)} UTC`;
  const every = ` · every ${formatDuration(frame.intervalMs)}`;
  const states = all.filter(([, tone]) => tone !== 'dim');
  const left = (some: Line) => columns - 1 - textWidth(title + some.map(([text]) => text).join(''));
  const shown = textWidth(who + time + every) <= left(all) ? all : states;
  const room = left(shown);
  const facts =
    [who + time + every, who + time, who].find((text) => textWidth(text) <= room) ??
    truncate(who, Math.max(0, room));
  const gap = ' '.repeat(Math.max(0, room - textWidth(facts)));
  return [[title, 'bold'], [facts, 'dim'], [gap, 'plain'], ...shown];
}

function statesOf(state: TopState, sample: TopSample, { now, intervalMs, unicode }: Frame): Line {
  const age = now.getTime() - Date.parse(sample.at);
  if (state.failure !== undefined || age > oldMs + 2 * intervalMs)
    return [[`  ! ${state.failure ?? 'no answer'}, ${length(Math.max(0, age))} old`, 'yellow']];
  const { database, redis, audit, workers } = sample;
  const ok = unicode ? '✓' : 'ok';
  const isLate = audit.oldest_ms > 60_000;
  const said: Line[number][] = [[`  ${ok} db ${database.ms}ms`, 'green']];
  if (redis?.state === 'ok') said.push([`  ${ok} redis ${redis.ms}ms`, 'green']);
  if (redis?.state === 'failed') said.push(['  ! redis down', 'red']);
  said.push(isLate ? [`  ! audit ${length(audit.oldest_ms)} old`, 'yellow'] : [`  ${ok} audit`, 'green']);
  const { live } = workers;
  said.push(
    live === 0 ? ['  ! no worker', 'yellow'] : [`  ${live} ${live === 1 ? 'worker' : 'workers'}`, 'dim'],
  );
  return said;
}
