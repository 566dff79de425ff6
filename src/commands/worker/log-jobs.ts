import type { JobEvent } from '../../core/index.js';
import type { Log } from '../../core/log.js';

/** Logs what happens to jobs, with the time that a run took; how far they are only for debugging. */
export function logJobs(log: Log): (event: JobEvent) => void {
  const begun = new Map<string, number>();
  /** Milliseconds since it began to run here, told once. */
  const timeOf = (id: string, event: JobEvent['event']): { ms?: number } => {
    if (event === 'progress') return {};
    const start = begun.get(id);
    if (event === 'running') begun.set(id, performance.now());
    else begun.delete(id);
    return event === 'running' || start === undefined ? {} : { ms: Math.round(performance.now() - start) };
  };
  return ({ event, id, type, organization, attempt, progress, error }) => {
    const fields = {
      job: id,
      type,
      organization,
      attempt,
      ...timeOf(id, event),
      ...(progress === undefined ? {} : { progress }),
      ...(error === undefined ? {} : { code: error.code, error: error.message }),
    };
    if (event === 'running' || event === 'progress') log.debug(fields, event);
    else if (event === 'failed' || event === 'timed_out' || event === 'dead_letter') log.warn(fields, event);
    else log.info(fields, event);
  };
}
