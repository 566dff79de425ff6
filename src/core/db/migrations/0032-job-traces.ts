import type { Migration } from './index.js';

/** A job goes on with the trace of whoever submitted it: `traceparent` as W3C Trace Context writes it. */
export const jobTraces: Migration = {
  id: 32,
  name: 'job-traces',
  breaking: false,
  sql: `
alter table job add column traceparent text;
alter table job_dead_letter add column traceparent text;
alter table job_history add column traceparent text;
`,
};
