/** Acts upon many: one after another, with progress, until the end or an interruption; what succeeded stays. */
import { asDartwingError, type DartwingError } from '../core/errors.js';
import type { CallOptions } from '../core/index.js';
import { callOf } from './call.js';
import type { CommandContext } from './context.js';
import { requestId } from './request-id.js';
import type { VerbResult } from './spec.js';
import { errorEvent } from './ui/error.js';
import { startProgress } from './ui/progress.js';
import { escapeControls } from './ui/width.js';

/** More than so many at once want a yes. */
export const unaskedMax = 10;

/** What became of each. */
export interface Many {
  done: { id: string }[];
  failed: { id: string; error: DartwingError }[];
}

export interface ManyWords {
  /** Name of the operation in events: `job.cancel`. */
  op: string;
  /** `Replaying jobs`. */
  title: string;
  /** `replayed`. */
  past: string;
  /** How many were to be done. */
  total: number;
  /** Command that goes on after an interruption. */
  resume?: string;
}

/** What one of many is called with: an idempotency key cannot stand for several. */
export function callOfMany({ global }: Pick<CommandContext, 'global'>): CallOptions {
  return callOf({ global, idempotencyKey: () => undefined });
}

/** Acts upon each id in turn, at most `perSecond`. */
export async function actOnEach(
  context: CommandContext,
  ids: readonly string[],
  { op, title, perSecond }: Pick<ManyWords, 'op' | 'title'> & { perSecond?: number | undefined },
  act: (id: string) => Promise<unknown>,
): Promise<Many> {
  const { io, signal } = context;
  const many: Many = { done: [], failed: [] };
  const progress = ids.length > 1 ? startProgress(io, { title, total: ids.length, op }) : undefined;
  const startedAt = performance.now();
  try {
    for (const [index, id] of ids.entries()) {
      if (perSecond !== undefined) await until(startedAt + (index * 1_000) / perSecond, signal);
      if (signal.aborted) break;
      await act(id).then(
        () => many.done.push({ id }),
        (error: unknown) => many.failed.push({ id, error: asDartwingError(error) }),
      );
      progress?.update(many.done.length + many.failed.length);
    }
  } finally {
    progress?.end();
  }
  return many;
}

/** The answer: a document `Bulk`, exit 8 when some failed. The only one that was asked for fails as itself. */
export function bulkAnswer(context: CommandContext, many: Many, words: ManyWords): VerbResult {
  const { io, global, signal } = context;
  const { done, failed } = many;
  const [only] = failed;
  if (words.total === 1 && only !== undefined) throw only.error;
  const rest = words.total - done.length - failed.length;
  const interrupted = signal.aborted && rest > 0;
  if (interrupted && rest === words.total) signal.throwIfAborted();
  for (const line of groupsOf(failed)) io.note(line);
  if (interrupted) {
    io.note(`Interrupted: ${rest} of ${words.total} are left as they were`);
    if (words.resume !== undefined) io.note(`Go on: ${words.resume}`);
  }
  const dry = global.dryRun ? ' (dry run: nothing was written)' : '';
  return {
    document: {
      ...bulkDocument(
        done.map(({ id }) => ({ ref: id })),
        failed.map(({ id, error }) => ({ ref: id, error: errorEvent(error, requestId()).error })),
        global,
      ),
      ...(interrupted ? { remaining: rest, resume: words.resume ?? null } : {}),
    },
    partial: failed.length > 0,
    whole: !interrupted,
    table: { columns: [], sentence: `${done.length} ${words.past}, ${failed.length} failed${dry}` },
  };
}

/** The document `Bulk`. */
export function bulkDocument<Done, Failed>(
  done: readonly Done[],
  failed: readonly Failed[],
  { dryRun }: Pick<CommandContext['global'], 'dryRun'>,
) {
  return {
    api_version: 'dartwing/v1' as const,
    kind: 'Bulk',
    done,
    failed,
    summary: { done: done.length, failed: failed.length },
    dry_run: dryRun,
  };
}

/** Equal errors are said once, with one of their messages. */
function groupsOf(failed: Many['failed']): string[] {
  const groups = new Map<string, { count: number; first: DartwingError }>();
  for (const { error } of failed) {
    const group = groups.get(error.code);
    if (group === undefined) groups.set(error.code, { count: 1, first: error });
    else group.count += 1;
  }
  return [...groups].map(
    ([code, { count, first }]) => `  ${count} failed with ${code}: ${escapeControls(first.message)}`,
  );
}

function until(at: number, signal: AbortSignal): Promise<void> {
  const ms = at - performance.now();
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
