import type { JobEvent } from '../../core/index.js';
import type { Log } from '../../core/log.js';

/** Logs what happens to jobs; how far they are only for debugging. */
export function logJobs(log: Log): (event: JobEvent) => void {
  return ({ event, id, type, organization, attempt, progress, error }) => {
    const fields = {
      job: id,
      type,
      organization,
      attempt,
      ...(progress === undefined ? {} : { progress }),
      ...(error === undefined ? {} : { code: error.code, error: error.message }),
    };
    if (event === 'running' || event === 'progress') log.debug(fields, event);
    else if (event === 'failed' || event === 'timed_out' || event === 'dead_letter') log.warn(fields, event);
    else log.info(fields, event);
  };
}
