import type { JobEvent } from '../../core/index.js';
import type { Log } from '../../core/log.js';

/** Logs what happens to jobs, with their trace and the time that a run took; how far they are only for debugging. */
export function logJobs(log: Log): (event: JobEvent) => void {
  return ({ event, id, type, queue, organization, attempt, traceId, spanId, ms, progress, error }) => {
    const fields = {
      trace_id: traceId,
      span_id: spanId,
      job: id,
      type,
      queue,
      organization,
      attempt,
      ...(event === 'running' ? {} : { ms: Math.round(ms * 10) / 10 }),
      ...(progress === undefined ? {} : { progress }),
      ...(error === undefined ? {} : { code: error.code, error: error.message }),
    };
    if (event === 'running' || event === 'progress') log.debug(fields, event);
    else if (event === 'failed' || event === 'timed_out' || event === 'dead_letter') log.warn(fields, event);
    else log.info(fields, event);
  };
}
