/** Looking at jobs. */
import { authorize, isAuthorized, requireSignedIn, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { parseChoice, parsePage } from '../input.js';
import { limits } from '../limits.js';
import { queueNames } from './definition.js';
import { type JobDocument, type JobWithProgress, jobDocument, jobId, jobNumber } from './document.js';
import { priorities } from './priority.js';
import {
  countPriorities,
  countStates,
  findCreation,
  findJob,
  listStuck,
  measureDurations,
  measureTypes,
  pageJobs,
} from './read-queries.js';
import { maySee } from './rights.js';
import { jobStates, type Transition, transitionsOf } from './states.js';

/** The document `JobList`. */
export interface JobList {
  api_version: 'dartwing/v1';
  kind: 'JobList';
  items: JobDocument[];
  /** Counted up to 10,000. */
  total: number;
  limit: number;
  offset: number;
}

export interface ListJobsInput {
  queue?: string | undefined;
  state?: string | undefined;
  type?: string | undefined;
  /** Of one person or program. */
  owner?: string | undefined;
  /** By the time they were submitted. */
  since?: Date | undefined;
  until?: Date | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
}

/** The document `JobHistory`. */
export interface JobHistory {
  api_version: 'dartwing/v1';
  kind: 'JobHistory';
  id: string;
  items: Transition[];
}

/** The document `JobMetrics`. */
export interface JobMetrics {
  api_version: 'dartwing/v1';
  kind: 'JobMetrics';
  job_count_by_status: Record<string, number>;
  queue_depth_by_priority: Record<string, number>;
  /** Of what was completed within a day. */
  processing_time: { average_seconds: number | null; p95_seconds: number | null };
  failure_rate_by_type: { type: string; ended: number; failed: number; rate: number }[];
  timestamp: string;
}

/** A job that exists and may be seen; what may not be seen does not exist. @throws JOB_NOT_FOUND */
export async function requireJob(
  scope: Scope,
  id: string,
  organization: string | undefined,
): Promise<JobWithProgress> {
  requireSignedIn(scope);
  const row = await findJob(scope.tx, jobNumber(id), organization);
  if (row === undefined || jobId(row) !== id || !maySee(scope, row))
    throw new DartwingError('JOB_NOT_FOUND', { id });
  return row;
}

export async function showJob(
  scope: Scope,
  id: string,
  organization: string | undefined,
  withInput: boolean,
): Promise<JobDocument> {
  const row = await requireJob(scope, id, organization);
  const parentAt =
    row.parent === null
      ? undefined
      : await findCreation(scope.tx, { organization: row.organization, number: row.parent });
  return jobDocument(row, withInput, parentAt);
}

/** Newest first. One who may not see all jobs of the organization sees their own. */
export async function listJobs(
  scope: Scope,
  organization: string | undefined,
  input: ListJobsInput = {},
): Promise<JobList> {
  requireSignedIn(scope);
  const { limit, offset } = parsePage(input);
  if (limit > limits.jobPageMax)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `limit is a whole number from 1 to ${limits.jobPageMax}`,
    });
  const all = { doctype: 'Background Job', name: '*', organization };
  const mayAll = isAuthorized(scope, 'read', all);
  // Over all organizations only those may look who may look at anything.
  if (!mayAll) authorize(scope, 'read', { ...all, owner: scope.principal.id });
  const filter = {
    organization,
    queue: parseChoice('queue', input.queue, queueNames),
    state: parseChoice('state', input.state, jobStates),
    type: input.type,
    owner: mayAll ? input.owner : scope.principal.id,
    since: input.since,
    until: input.until,
  };
  const { rows, total } = await pageJobs(scope.tx, filter, { limit, offset });
  const items = rows.map((row) => jobDocument(row));
  return { api_version: 'dartwing/v1', kind: 'JobList', items, total, limit, offset };
}

export async function showHistory(
  scope: Scope,
  id: string,
  organization: string | undefined,
): Promise<JobHistory> {
  const row = await requireJob(scope, id, organization);
  return { api_version: 'dartwing/v1', kind: 'JobHistory', id, items: transitionsOf(row) };
}

/** Running jobs that have taken twice their time. */
export async function listStuckJobs(scope: Scope): Promise<JobDocument[]> {
  authorize(scope, 'administer', { doctype: 'Background Job', name: '*' });
  return (await listStuck(scope.tx)).map((row) => jobDocument(row));
}

/** @param organization its id; without one the whole installation, for operators */
export async function measureJobs(scope: Scope, organization: string | undefined): Promise<JobMetrics> {
  authorize(scope, organization === undefined ? 'administer' : 'read', {
    doctype: 'Background Job',
    name: '*',
    organization,
  });
  const [states, depths, durations, types] = await Promise.all([
    countStates(scope.tx, organization),
    countPriorities(scope.tx, organization),
    measureDurations(scope.tx, organization),
    measureTypes(scope.tx, organization),
  ]);
  const byState = new Map(states.map(({ state, count }) => [state, count]));
  const byPriority = new Map(depths.map(({ priority, count }) => [priority, count]));
  return {
    api_version: 'dartwing/v1',
    kind: 'JobMetrics',
    job_count_by_status: Object.fromEntries(jobStates.map((state) => [state, byState.get(state) ?? 0])),
    queue_depth_by_priority: Object.fromEntries(
      priorities.map((name, rank) => [name, byPriority.get(rank) ?? 0]),
    ),
    processing_time: { average_seconds: durations.average, p95_seconds: durations.p95 },
    failure_rate_by_type: types.map(({ type, ended, failed }) => ({
      type,
      ended,
      failed,
      rate: failed / ended,
    })),
    timestamp: scope.clock.now().toISOString(),
  };
}
