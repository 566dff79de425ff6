/** How calls of devices went, for logs and metrics: never a name or a content of a document. */
import type { Call } from '../access/index.js';
import type { Clock } from '../clock.js';
import { asDartwingError } from '../errors.js';
import type { Log } from '../log.js';
import { traceIdOf } from '../trace.js';

export interface SyncCourse {
  operation: 'feed' | 'push';
  ms: number;
  /** Code of the error that ended it. */
  code: string | undefined;
  /** Of a page. */
  bytes: number | undefined;
  /** Rows of a page, or operations of a batch, by doctype and by what was done; `several` where a page has many. */
  rows: readonly { doctype: string; operation: string; count: number }[];
}

/** What a call has to tell when it went well. */
export type Told = Pick<SyncCourse, 'bytes' | 'rows'>;

export interface CourseParts {
  clock: Clock;
  log: Log;
  onCourse: (course: SyncCourse) => void;
}

/** Runs a call, and writes a line about it. */
export async function followed<T>(
  { clock, log, onCourse }: CourseParts,
  facts: { operation: SyncCourse['operation']; organization: string; device: unknown; call: Call },
  work: () => Promise<T>,
  tell: (value: T) => Told,
): Promise<T> {
  const { operation, organization, device, call } = facts;
  const startedAt = clock.monotonicMs();
  let code: string | undefined;
  let told: Told = { bytes: undefined, rows: [] };
  try {
    const value = await work();
    told = tell(value);
    return value;
  } catch (error) {
    code = asDartwingError(error).code;
    throw error;
  } finally {
    const ms = clock.monotonicMs() - startedAt;
    onCourse({ operation, ms, code, ...told });
    const { bytes, rows } = told;
    const line = {
      trace_id: traceIdOf(call),
      request_id: call.requestId,
      operation,
      organization,
      actor: call.principal.id,
      device: typeof device === 'string' ? device.slice(0, 100) : undefined,
      rows: rows.map(({ doctype, operation: done, count }) => `${count} ${doctype} ${done}`),
      bytes,
      ms: Math.round(ms * 10) / 10,
      code,
    };
    if (code === undefined) log.info(line, 'sync');
    else log.warn(line, 'sync');
  }
}

/** Counts of equal ones. */
export function countsOf(rows: readonly { doctype: string; operation: string }[]): SyncCourse['rows'] {
  const counts = new Map<string, { doctype: string; operation: string; count: number }>();
  for (const { doctype, operation } of rows) {
    const key = `${doctype}\u0000${operation}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { doctype, operation, count: 1 });
    else known.count += 1;
  }
  return [...counts.values()];
}
