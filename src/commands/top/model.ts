/** What the screen knows and what keys do to it. Pure: no terminal, no clock. */
import type { Panel, TopQueue, TopSample } from './sample.js';

/** Samples that are remembered, for the courses. */
export const samplesMax = 120;

export type Action = { kind: 'pause' | 'resume' | 'replay'; queue: string };

/** What the screen has to do after a key. */
export type Effect =
  | { kind: 'quit' }
  | { kind: 'suspend' }
  | { kind: 'org'; org: string }
  | { kind: 'act'; action: Action };

export interface TopState {
  samples: readonly TopSample[];
  only: readonly Panel[];
  selected: number;
  filter: string;
  mode: 'look' | 'filter' | 'org' | 'confirm' | 'keys' | 'show';
  /** What is being typed. */
  input: string;
  /** What is being asked about. */
  asked: Action | undefined;
  /** What was done last, or why it was not. */
  said: string | undefined;
  /** Why the last look failed; the sample before it stays. */
  failure: string | undefined;
}

export function beginning(only: readonly Panel[]): TopState {
  return {
    samples: [],
    only,
    selected: 0,
    filter: '',
    mode: 'look',
    input: '',
    asked: undefined,
    said: undefined,
    failure: undefined,
  };
}

/** A look has succeeded; one that found no database keeps the numbers before it. */
export function withSample(state: TopState, sample: TopSample): TopState {
  if (sample.database.state === 'failed') return withFailure(state, 'the database does not answer');
  return { ...state, samples: [...state.samples, sample].slice(-samplesMax), failure: undefined };
}

export function withFailure(state: TopState, failure: string): TopState {
  return { ...state, failure };
}

export function withWords(state: TopState, said: string): TopState {
  return { ...state, said };
}

/** Queues that the filter leaves. */
export function shownQueues(state: TopState): readonly TopQueue[] {
  const queues = state.samples.at(-1)?.queues ?? [];
  return queues.filter(({ name }) => name.includes(state.filter));
}

export function selectedQueue(state: TopState): TopQueue | undefined {
  const queues = shownQueues(state);
  return queues[Math.min(state.selected, queues.length - 1)];
}

/** What the footer asks before something is changed. */
export function questionOf({ kind, queue }: Action, dead: number): string {
  if (kind === 'replay') return `Replay ${dead} dead letters of ${queue}? y/N`;
  return `${kind === 'pause' ? 'Pause' : 'Resume'} ${queue}? y/N`;
}

export type Key = 'up' | 'down' | 'enter' | 'escape' | 'backspace' | 'suspend' | (string & {});

/** The next state, and what has to be done. */
export function press(state: TopState, key: Key): { state: TopState; effect?: Effect } {
  if (key === 'suspend') return { state, effect: { kind: 'suspend' } };
  if (state.mode === 'filter' || state.mode === 'org') return typed(state, key);
  if (state.mode === 'confirm') {
    const { asked } = state;
    const next: TopState = { ...state, mode: 'look', asked: undefined };
    const isMeant = key === 'y' && asked !== undefined;
    return isMeant ? { state: next, effect: { kind: 'act', action: asked } } : { state: next };
  }
  if (state.mode !== 'look') return { state: { ...state, mode: 'look' } };
  return look(state, key);
}

function look(state: TopState, key: Key): { state: TopState; effect?: Effect } {
  const last = shownQueues(state).length - 1;
  const queue = selectedQueue(state);
  switch (key) {
    case 'q':
      return { state, effect: { kind: 'quit' } };
    case 'up':
      return { state: { ...state, selected: Math.max(0, Math.min(state.selected, last) - 1) } };
    case 'down':
      return { state: { ...state, selected: Math.max(0, Math.min(last, state.selected + 1)) } };
    case 'enter':
      return { state: queue === undefined ? state : { ...state, mode: 'show' } };
    case '/':
      return { state: { ...state, mode: 'filter', input: state.filter } };
    case 'o':
      return { state: { ...state, mode: 'org', input: '' } };
    case '?':
      return { state: { ...state, mode: 'keys' } };
    case 'p':
      if (queue === undefined) return { state };
      return { state: asking(state, { kind: queue.paused ? 'resume' : 'pause', queue: queue.name }) };
    case 'r':
      if (queue === undefined) return { state };
      if (queue.dead_letter === 0) return { state: withWords(state, `${queue.name} has no dead letters`) };
      return { state: asking(state, { kind: 'replay', queue: queue.name }) };
    default:
      return { state };
  }
}

function asking(state: TopState, asked: Action): TopState {
  return { ...state, mode: 'confirm', asked, said: undefined };
}

const inputMax = 60;

function typed(state: TopState, key: Key): { state: TopState; effect?: Effect } {
  const { input, mode } = state;
  if (key === 'escape') return { state: { ...state, mode: 'look', input: '' } };
  if (key === 'backspace') return { state: { ...state, input: input.slice(0, -1) } };
  if (key === 'enter') {
    const next: TopState = { ...state, mode: 'look', input: '' };
    return mode === 'filter'
      ? { state: { ...next, filter: input, selected: 0 } }
      : { state: next, effect: { kind: 'org', org: input.trim() } };
  }
  const isText = key.length === 1 && key >= ' ';
  return { state: isText && input.length < inputMax ? { ...state, input: input + key } : state };
}
