/** States of a job and the moves between them (requirements §12.2). Pure. */
export const jobStates = [
  'pending',
  'queued',
  'running',
  'completed',
  'failed',
  'timed_out',
  'canceled',
  'dead_letter',
] as const;
export type JobState = (typeof jobStates)[number];

/** States that nothing leads out of by itself. */
export const finalStates: readonly JobState[] = ['completed', 'canceled', 'dead_letter'];

const moves: Readonly<Record<JobState, readonly JobState[]>> = {
  pending: ['queued', 'canceled', 'dead_letter'],
  queued: ['running', 'pending', 'canceled', 'dead_letter'],
  // Back to queued: its worker died or put it back unstarted.
  running: ['completed', 'failed', 'timed_out', 'canceled', 'dead_letter', 'queued'],
  failed: ['queued', 'canceled', 'dead_letter'],
  timed_out: ['queued', 'canceled', 'dead_letter'],
  dead_letter: ['queued'],
  completed: [],
  canceled: [],
};

/** Whether a job may go from one state to another. */
export function mayMove(from: JobState, to: JobState): boolean {
  return moves[from].includes(to);
}

/** One line of the execution log. */
export interface Transition {
  from_state: JobState | null;
  to_state: JobState;
  at: string;
  /** Who caused it; null is the system. */
  actor: string | null;
  message: string | null;
  /** Number of the attempt, from 1; 0 before the first. */
  attempt: number;
}

/** What a stored job tells of its moves. */
export interface Moved {
  state: JobState;
  owner: string;
  attempt: number;
  created_at: Date;
  queued_at: Date | null;
  started_at: Date | null;
  ended_at: Date | null;
  canceled_by: string | null;
  error: { message?: string } | null;
  log: Transition[] | null;
}

/**
 * The whole execution log: the creation, what is stored, and what the times of the present attempt say. A job that
 * succeeds at once stores nothing.
 */
export function transitionsOf(job: Moved): Transition[] {
  const created: Transition = {
    from_state: null,
    to_state: 'pending',
    at: job.created_at.toISOString(),
    actor: job.owner,
    message: null,
    attempt: 0,
  };
  // PostgreSQL keeps the fields of what is stored in an order of its own.
  const stored = (job.log ?? []).map(({ from_state, to_state, at, actor, message, attempt }): Transition => {
    return { from_state, to_state, at, actor, message, attempt };
  });
  return [created, ...stored, ...openTransitions(job)];
}

/** The moves that only the times of the present attempt tell: to be stored before these are overwritten. */
export function openTransitions(job: Moved): Transition[] {
  const list: Transition[] = [];
  let from: JobState = job.log?.at(-1)?.to_state ?? 'pending';
  const add = (
    to: JobState,
    at: Date | null,
    attempt: number,
    actor: string | null,
    message: string | null,
  ) => {
    if (at === null || from === to) return;
    list.push({ from_state: from, to_state: to, at: at.toISOString(), actor, message, attempt });
    from = to;
  };
  const before = job.started_at === null ? job.attempt : job.attempt - 1;
  // Without the time it was queued, the attempt is stored already.
  if (job.queued_at !== null) {
    add('queued', job.queued_at, before, null, null);
    add('running', job.started_at, job.attempt, null, null);
  }
  if (finalStates.includes(job.state) && job.ended_at !== null) {
    const message = job.state === 'dead_letter' ? (job.error?.message ?? null) : null;
    add(job.state, job.ended_at, job.attempt, job.state === 'canceled' ? job.canceled_by : null, message);
  }
  return list;
}
