/** Arguments and flags that verbs of jobs and dead letters have in common. */
import type { ArgumentSpec, FlagSpec } from '../spec.js';

export const jobArgument: ArgumentSpec = {
  name: 'id',
  summary: 'Id of the job: JOB-2026-00042',
  required: true,
};
export const jobsArgument: ArgumentSpec = {
  name: 'id',
  summary: 'Ids of jobs; - reads them from stdin, one a line',
  required: true,
  variadic: true,
};
export const allFlag: FlagSpec = { name: 'all', summary: 'Everything that the filters find, instead of ids' };
export const rateFlag: FlagSpec = { name: 'rate', value: 'n/s', summary: 'At most so many: 50/s, 100/m' };
