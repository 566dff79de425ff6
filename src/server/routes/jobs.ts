/** Background jobs of organizations, and the queues, schedules and workers of the installation. */
import { z } from 'zod';
import { priorities, queueNames } from '../../core/jobs/index.js';
import { moment, page, text } from '../input.js';
import { type Route, route } from '../route.js';

const org = { org: text.min(1).describe('Id or slug') };
const one = z.object({ ...org, job: text.min(1).describe('JOB-2026-00001') });
const doctype = 'Background Job';
const tag = 'Jobs';

/** Filters of a list of dead letters. */
const letters = {
  type: text.optional(),
  error: text.optional(),
  queue: text.optional(),
  since: moment.optional(),
  until: moment.optional(),
};

export const jobRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/organizations/{org}/jobs',
    id: 'job.list',
    tag,
    summary: 'List the jobs of an organization, the newest first',
    params: z.object(org),
    query: z.strictObject({
      ...page,
      queue: text.optional(),
      state: text.optional(),
      type: text.optional(),
      owner: text.optional().describe('Who submitted it'),
      since: moment.optional(),
      until: moment.optional(),
    }),
    kind: 'Job',
    shape: 'page',
    run: async ({ dartwing, path, query, call }) => {
      const { items, total } = await dartwing.jobs.list({ ...query, organization: path.org }, call);
      return { page: { items, total_count: total } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/jobs',
    id: 'job.submit',
    tag,
    summary: 'Submit a job; an equal one that waits is a conflict that names it',
    params: z.object(org),
    body: z.strictObject({
      type: z.string().describe('As a program defined it: report.monthly'),
      input: z.unknown().optional(),
      priority: z.enum(priorities).optional(),
      queue: z.enum(queueNames).optional(),
      depends_on: z.string().optional().describe('Id of a job that has to be completed first'),
      run_at: moment.optional().describe('Not before this time'),
      if_not_exists: z.boolean().optional().describe('An equal job that waits is the answer'),
    }),
    status: 202,
    kind: 'Job',
    shape: 'data',
    run: async ({ dartwing, path, body, call }) => {
      const { type, input, priority, queue } = body;
      const options = {
        priority,
        queue,
        dependsOn: body.depends_on,
        runAt: body.run_at,
        ifNotExists: body.if_not_exists,
      };
      const { job, created } = await dartwing.jobs.submit(path.org, type, input, options, call);
      return { data: job, meta: { created } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/jobs/metrics',
    id: 'job.metrics',
    tag,
    summary: 'Count the jobs of an organization, and say how long they take and how often they fail',
    params: z.object(org),
    kind: 'JobMetrics',
    shape: 'body',
    run: async ({ dartwing, path, call }) => ({
      body: await dartwing.jobs.metrics({ organization: path.org }, call),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/jobs/{job}',
    id: 'job.show',
    tag,
    summary: 'Show a job with its progress',
    params: one,
    kind: 'Job',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.jobs.show(path.job, { organization: path.org }, call),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/jobs/{job}/cancel',
    id: 'job.cancel',
    tag,
    summary: 'Cancel a job; a running one is asked to stop',
    params: one,
    kind: 'Job',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.jobs.cancel(path.job, { organization: path.org }, call),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/jobs/{job}/retry',
    id: 'job.retry',
    tag,
    summary: 'Let a failed job try again now, or replay a dead letter',
    params: one,
    kind: 'Job',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.jobs.retry(path.job, { organization: path.org }, call),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/dead-letters',
    id: 'dlq.list',
    tag,
    summary: 'Group the dead letters of an organization by error and type',
    params: z.object(org),
    query: z.strictObject(letters),
    kind: 'DeadLetterList',
    shape: 'body',
    run: async ({ dartwing, path, query, call }) => ({
      body: await dartwing.jobs.deadLetters.list({ ...query, organization: path.org }, call),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/dead-letters/{job}/resolve',
    id: 'dlq.resolve',
    tag,
    summary: 'Mark a dead letter as resolved, with a note',
    params: one,
    body: z.strictObject({ note: z.string() }),
    kind: 'Job',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body, call }) => ({
      data: await dartwing.jobs.deadLetters.resolve(path.job, body.note, { organization: path.org }, call),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/dead-letters/{job}/discard',
    id: 'dlq.discard',
    tag,
    summary: 'Discard a dead letter; needs a reason',
    params: one,
    kind: 'Job',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.jobs.deadLetters.discard(path.job, { organization: path.org }, call),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/queues',
    id: 'queue.list',
    tag,
    summary: 'List the queues with what waits and runs in them',
    kind: 'Queue',
    shape: 'page',
    run: async ({ dartwing, call }) => {
      const { items } = await dartwing.jobs.queues.list(call);
      return { page: { items, total_count: items.length } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/schedules',
    id: 'schedule.list',
    tag,
    summary: 'List the schedules and when they run next',
    kind: 'Schedule',
    shape: 'page',
    run: async ({ dartwing, call }) => {
      const items = await dartwing.jobs.schedules.list(call);
      return { page: { items, total_count: items.length } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workers',
    id: 'worker.list',
    tag,
    summary: 'List the processes that run jobs',
    kind: 'Worker',
    shape: 'page',
    run: async ({ dartwing, call }) => {
      const items = await dartwing.jobs.workers(call);
      return { page: { items, total_count: items.length } };
    },
  }),
];
