import type { Migration } from './index.js';

/**
 * PostgreSQL reads the text of every check anew with each insert of one row, which took an eighth of the time of a
 * submission. What these four said is what the definition of a type is held to before it is stored. The check of the states
 * stays: it keeps what has ended out of the lines.
 */
export const jobChecks: Migration = {
  id: 35,
  name: 'job-checks',
  breaking: false,
  sql: `
alter table job
  drop constraint job_type_check,
  drop constraint job_priority_check,
  drop constraint job_attempts_max_check,
  drop constraint job_timeout_ms_check;
`,
};
