/** Documents of jobs that were just inserted, from what is known of them without reading them back. */
import { seriesId } from '../ids.js';
import { type JobDocument, jobDocument } from './document.js';
import type { Inserted, NewJobs } from './submit-queries.js';

export function submittedDocuments(
  jobs: NewJobs,
  slug: string,
  inserted: readonly Inserted[],
): JobDocument[] {
  const { number, turn, created_at } = inserted[0]!;
  const later = jobs.isHeld || jobs.runAt !== null;
  const first = jobDocument({
    organization: jobs.organization,
    slug,
    number,
    queue: jobs.queue,
    type: jobs.type,
    state: later ? 'pending' : 'queued',
    priority: jobs.priority,
    turn,
    attempt: 0,
    attempts_max: jobs.attemptsMax,
    losses: 0,
    worker: null,
    claim: null,
    due_at: jobs.isHeld ? null : jobs.runAt,
    timeout_ms: jobs.timeoutMs,
    principal: jobs.principal,
    owner: jobs.owner,
    input: null,
    hash: null,
    parent: jobs.parent,
    has_children: false,
    cancel_requested_at: null,
    canceled_by: null,
    created_at,
    queued_at: later ? null : created_at,
    started_at: null,
    ended_at: null,
    output: null,
    error: null,
    log: null,
    replays: 0,
    triage: null,
    triage_note: null,
    triage_by: null,
    triage_at: null,
    request_id: jobs.requestId,
    traceparent: jobs.traceparent,
    percent: null,
    message: null,
  });
  return inserted.map((made, index) => ({
    ...first,
    id: seriesId('job', made.number, created_at),
    hash: jobs.hashes[index]?.toString('hex').slice(0, 16) ?? null,
  }));
}
