/** Answers that come line by line: parts of a stream, news for listeners, and one last line. */
import { limits } from '../limits.js';

/** One line: `part` of a stream, `hear` with `args` for a listener, `value` or `error` at the end, or a `beat`. */
export type Part = Readonly<Record<string, unknown>>;

/**
 * The lines of a body as they come. Whoever stops reading ends the call.
 * @param silence aborted when nothing came for as long as a server that lives never keeps silent
 * @param ended by whoever made the call
 * @param cut the error of a body that broke off
 */
export async function* partsOf(
  body: ReadableStream<Uint8Array> | null,
  silence: AbortController,
  ended: AbortSignal,
  cut: (error: unknown) => unknown,
): AsyncGenerator<Part> {
  if (body === null) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  const leave = () => void reader.cancel().catch(() => {});
  ended.addEventListener('abort', leave, { once: true });
  try {
    if (ended.aborted) throw cut(ended.reason);
    for (;;) {
      const timer = setTimeout(() => silence.abort(new Error('it fell silent')), limits.remoteSilenceMs);
      const { done, value } = await reader
        .read()
        .catch((error: unknown) => {
          throw cut(error);
        })
        .finally(() => clearTimeout(timer));
      if (ended.aborted) throw cut(ended.reason);
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield JSON.parse(line) as Part;
    }
  } finally {
    ended.removeEventListener('abort', leave);
    await reader.cancel().catch(() => {});
  }
}
