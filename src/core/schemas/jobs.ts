/** Background jobs: jobs, queues, dead letters, workers, schedules. */
import { z } from 'zod';
import { anything, document, list, row, time } from './base.js';

const failure = z.looseObject({
  code: z.string(),
  class: z.string().describe('transient, permanent, canceled or timeout'),
  message: z.string(),
  at: z.string().optional().describe('where in the handler'),
});

const transition = {
  from_state: z.string().nullable(),
  to_state: z.string(),
  at: time,
  actor: z.string().nullable().describe('null: the system'),
  message: z.string().nullable(),
  attempt: z.int(),
};

const job = {
  id: z.string().describe('JOB-2026-00042'),
  org: z.string().describe('slug'),
  organization: z.string(),
  queue: z.string().describe('critical, default or bulk'),
  type: z.string(),
  state: z
    .string()
    .describe('pending, queued, running, completed, failed, timed_out, canceled or dead_letter'),
  priority: z.string().describe('critical, high, normal or low'),
  progress: z.number().describe('percent'),
  progress_message: z.string().nullable(),
  attempt: z.int(),
  retry_count: z.int(),
  max_retries: z.int(),
  next_retry_at: time.nullable(),
  run_at: time.nullable(),
  error: failure.nullable(),
  owner: z.string(),
  depends_on: z.string().nullable(),
  timeout_seconds: z.number(),
  hash: z.string().nullable(),
  created_at: time,
  queued_at: time.nullable(),
  started_at: time.nullable(),
  completed_at: time.nullable(),
  canceled_at: time.nullable(),
  canceled_by: z.string().nullable(),
  is_canceling: z.boolean(),
  replay_count: z.int(),
  triage: z
    .looseObject({
      status: z.string().describe('pending, replayed, resolved or ignored'),
      note: z.string().nullable(),
      by: z.string().nullable(),
      at: time.nullable(),
    })
    .nullable(),
  output: anything,
  input: anything.optional().describe('only when asked for'),
  history: z.array(row(transition)).optional().describe('only when asked for'),
};

const queue = {
  name: z.string(),
  paused: z.boolean(),
  paused_until: time.nullable(),
  paused_reason: z.string().nullable(),
  paused_by: z.string().nullable(),
  concurrency: z.int().describe('slots of each worker'),
  timeout_seconds: z.number(),
  queued_max: z.int().nullable().describe('waiting jobs of one organization; null: unlimited'),
  per_minute: z.int().nullable().describe('starts of one organization; null: unlimited'),
  retry_delays_seconds: z.array(z.number()),
  pending: z.int(),
  queued: z.int(),
  running: z.int(),
  failed: z.int().describe('wait for another attempt'),
  dead_letter: z.int(),
  oldest_ms: z.number().nullable().describe('how long the oldest job has stood in line'),
  throughput_1m: z.int(),
  orgs_at_limit: z.int(),
};

const jobType = {
  name: z.string(),
  description: z.string(),
  queue: z.string(),
  priority: z.string(),
  timeout_ms: z.number().nullable().describe('null: that of the queue'),
  delays_ms: z.array(z.number()).nullable().describe('pauses between attempts; null: those of the queue'),
  deduplication_ms: z.number(),
  rate: z.looseObject({ count: z.int(), window_ms: z.number() }).nullable(),
  permission: z.string().nullable(),
  is_enabled: z.boolean(),
  is_defined: z.boolean().describe('the process that was asked can run it'),
};

const deadLetterClass = {
  type: z.string().nullable(),
  error: z.string().nullable(),
  message: z.string().nullable().describe('of one of them'),
  organization: z.string().nullable(),
  org: z.string().nullable(),
  count: z.int(),
  oldest: time,
  newest: time,
  sample: z.string().describe('id of the newest'),
};

const typeRate = { type: z.string(), ended: z.int(), failed: z.int(), rate: z.number() };

const schedule = {
  name: z.string(),
  description: z.string(),
  cron: z.string(),
  time_zone: z.string(),
  paused: z.boolean(),
  paused_by: z.string().nullable(),
  next_at: time.nullable(),
  last_at: time.nullable(),
  last_ok: z.boolean().nullable(),
  last_outcome: anything,
  last_error: z.string().nullable(),
};

const worker = {
  id: z.string(),
  name: z.string(),
  host: z.string(),
  pid: z.int(),
  state: z.string().describe('alive, draining or silent'),
  slots: z.record(z.string(), z.number()),
  started_at: time,
  seen_at: time,
  stats: z.record(z.string(), anything),
};

export const jobs = {
  Job: document('Job', job),
  JobList: list('JobList', row(job)),
  JobType: document('JobType', jobType),
  JobTypeList: list('JobTypeList', row(jobType)),
  JobMetrics: document('JobMetrics', {
    job_count_by_status: z.record(z.string(), z.int()),
    queue_depth_by_priority: z.record(z.string(), z.int()),
    processing_time: z.looseObject({
      average_seconds: z.number().nullable(),
      p95_seconds: z.number().nullable(),
    }),
    failure_rate_by_type: z.array(row(typeRate)),
    timestamp: time,
  }),
  JobTypeRateList: list('JobTypeRateList', row(typeRate)),
  Queue: document('Queue', queue),
  QueueList: list('QueueList', row(queue)),
  DeadLetterList: list('DeadLetterList', row(deadLetterClass)).extend({
    total: z.int().describe('dead letters in all classes'),
    is_alert: z.boolean().describe('there are more than may wait'),
  }),
  Schedule: document('Schedule', schedule),
  ScheduleList: list('ScheduleList', row(schedule)),
  Worker: document('Worker', worker),
  WorkerList: list('WorkerList', row(worker)),
  WorkerExit: document('WorkerExit', {
    reason: z.string().describe('SIGTERM, SIGINT, or empty: nothing was left to do'),
    completed: z.int(),
    failed: z.int(),
    released: z.int().describe('put back unfinished'),
    dead_letter: z.int(),
  }),
};
