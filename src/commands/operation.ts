/** The document `Operation`: what became of long work. */
import type { Document } from './spec.js';

export interface EndedWork {
  /** `org.export` */
  verb: string;
  /** What names this run: a job, a key; the verb where nothing else does. */
  id?: string | undefined;
  state?: 'running' | 'completed' | 'failed' | undefined;
  done: number;
  /** As many as were done, unless told. */
  total?: number | undefined;
  /** Command that goes on, where something is left. */
  resume?: string | undefined;
  dryRun?: boolean | undefined;
  result: Readonly<Record<string, unknown>>;
}

/** Work that nobody has to wait for any more: it has no time left to guess. */
export function operationDocument(work: EndedWork): Document {
  const { verb, id = verb, state = 'completed', done, total = done, resume, dryRun, result } = work;
  return {
    api_version: 'dartwing/v1',
    kind: 'Operation',
    id,
    verb,
    state,
    done,
    total,
    eta_ms: null,
    ...(resume === undefined ? {} : { resume }),
    ...(dryRun === undefined ? {} : { dry_run: dryRun }),
    result,
  };
}
