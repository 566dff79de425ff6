/** Jobs as callers see them. */
import { DartwingError } from '../errors.js';
import { seriesId } from '../ids.js';
import type { QueueName } from './definition.js';
import { type Priority, priorities } from './priority.js';
import type { JobFailure } from './retry.js';
import type { JobRow } from './row.js';
import type { JobState } from './states.js';

/** The document `Job`. Times are ISO 8601, UTC. */
export interface JobDocument {
  kind: 'Job';
  id: string;
  /** Slug of the organization. */
  org: string;
  /** Its id. */
  organization: string;
  queue: QueueName;
  type: string;
  state: JobState;
  priority: Priority;
  /** Percent. */
  progress: number;
  progress_message: string | null;
  attempt: number;
  retry_count: number;
  max_retries: number;
  next_retry_at: string | null;
  run_at: string | null;
  error: JobFailure | null;
  owner: string;
  depends_on: string | null;
  timeout_seconds: number;
  /** First 16 hex digits of the fingerprint of type, organization and input; null where repeats are allowed. */
  hash: string | null;
  created_at: string;
  queued_at: string | null;
  started_at: string | null;
  completed_at: string | null;
  canceled_at: string | null;
  canceled_by: string | null;
  /** A running job was asked to stop. */
  is_canceling: boolean;
  replay_count: number;
  triage: { status: string; note: string | null; by: string | null; at: string | null } | null;
  output: unknown;
  /** Only when asked for. */
  input?: unknown;
}

/** A row with what other tables add. */
export interface JobWithProgress extends JobRow {
  slug: string | null;
  percent: number | null;
  message: string | null;
}

const iso = (at: Date | null) => at?.toISOString() ?? null;

/** Id of a job: its number and the year it was created. */
export function jobId({ number, created_at }: Pick<JobRow, 'number' | 'created_at'>): string {
  return seriesId('job', number, created_at);
}

/** The number in the id of a job. @throws JOB_NOT_FOUND when it has not the form */
export function jobNumber(id: string): string {
  const number = /^JOB-\d{4}-(\d{5,18})$/.exec(id)?.[1];
  if (number === undefined) throw new DartwingError('JOB_NOT_FOUND', { id: id.slice(0, 80) });
  return String(BigInt(number));
}

/** @param parentAt when the job it depends on was created, for that one's id */
export function jobDocument(row: JobWithProgress, withInput = false, parentAt?: Date): JobDocument {
  const ended = iso(row.ended_at);
  const retrying = row.state === 'failed' || row.state === 'timed_out';
  return {
    kind: 'Job',
    id: jobId(row),
    org: row.slug ?? row.organization,
    organization: row.organization,
    queue: row.queue,
    type: row.type,
    state: row.state,
    priority: priorities[row.priority] ?? 'normal',
    progress: row.state === 'completed' ? 100 : (row.percent ?? 0),
    progress_message: row.message,
    attempt: row.attempt,
    retry_count: Math.max(0, row.attempt - 1),
    max_retries: row.attempts_max - 1,
    next_retry_at: retrying ? iso(row.due_at) : null,
    run_at: row.state === 'pending' ? iso(row.due_at) : null,
    error: row.error,
    owner: row.owner,
    depends_on:
      row.parent === null ? null : jobId({ number: row.parent, created_at: parentAt ?? row.created_at }),
    timeout_seconds: row.timeout_ms / 1_000,
    hash: row.hash === null ? null : row.hash.toString('hex').slice(0, 16),
    created_at: row.created_at.toISOString(),
    queued_at: iso(row.queued_at),
    started_at: iso(row.started_at),
    completed_at: row.state === 'canceled' ? null : ended,
    canceled_at: row.state === 'canceled' ? ended : null,
    canceled_by: row.canceled_by,
    is_canceling: row.state === 'running' && row.cancel_requested_at !== null,
    replay_count: row.replays,
    triage:
      row.triage === null
        ? null
        : { status: row.triage, note: row.triage_note, by: row.triage_by, at: iso(row.triage_at) },
    output: row.output ?? null,
    ...(withInput ? { input: row.input } : {}),
  };
}
