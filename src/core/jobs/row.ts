/** A stored job, wherever it lies, and how jobs move between the three tables. */
import type { KeyBounds, Principal } from '../access/index.js';
import type { QueueName } from './definition.js';
import type { JobFailure } from './retry.js';
import type { JobState, Transition } from './states.js';

export interface StoredPrincipal {
  type: Principal['type'];
  id: string;
  key?: KeyBounds;
}

export interface JobRow {
  organization: string;
  /** Digits of a bigint. */
  number: string;
  queue: QueueName;
  type: string;
  state: JobState;
  priority: number;
  turn: string | null;
  attempt: number;
  attempts_max: number;
  losses: number;
  worker: string | null;
  claim: string | null;
  due_at: Date | null;
  timeout_ms: number;
  principal: StoredPrincipal;
  owner: string;
  input: unknown;
  hash: Buffer | null;
  parent: string | null;
  has_children: boolean;
  cancel_requested_at: Date | null;
  canceled_by: string | null;
  created_at: Date;
  queued_at: Date | null;
  started_at: Date | null;
  ended_at: Date | null;
  output: unknown;
  error: JobFailure | null;
  log: Transition[] | null;
  replays: number;
  triage: 'pending' | 'replayed' | 'resolved' | 'ignored' | null;
  triage_note: string | null;
  triage_by: string | null;
  triage_at: Date | null;
  request_id: string | null;
  traceparent: string | null;
}

/** Every column, in the order of the tables. */
export const columnNames = [
  'organization',
  'number',
  'queue',
  'type',
  'state',
  'priority',
  'turn',
  'attempt',
  'attempts_max',
  'losses',
  'worker',
  'claim',
  'due_at',
  'timeout_ms',
  'principal',
  'owner',
  'input',
  'hash',
  'parent',
  'has_children',
  'cancel_requested_at',
  'canceled_by',
  'created_at',
  'queued_at',
  'started_at',
  'ended_at',
  'output',
  'error',
  'log',
  'replays',
  'triage',
  'triage_note',
  'triage_by',
  'triage_at',
  'request_id',
  'traceparent',
] as const satisfies readonly (keyof JobRow)[];

/** The columns as SQL. */
export const columns = columnNames.join(', ');

/** The columns of `gone` as SQL, some of them replaced. */
export function movedColumns(replaced: Partial<Record<keyof JobRow, string>>): string {
  return columnNames.map((name) => replaced[name] ?? `gone.${name}`).join(', ');
}

/** Which job: its organization and the number of its id. */
export interface JobKey {
  organization: string;
  number: string;
}
