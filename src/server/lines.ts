/** NDJSON: one JSON value per line, written no faster than it is read. */
import { bounds } from './bounds.js';

/**
 * A stream of what `produce` writes. `write` waits while the reader is behind; it rejects when the reader has gone
 * away, so that what produces the lines ends too. When `produce` fails the stream is cut off: a reader that got a
 * whole answer sees its regular end.
 */
export function lineStream(
  produce: (write: (line: unknown) => Promise<void>) => Promise<void>,
  signal?: AbortSignal,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let wake: (() => void) | undefined;
  let gone = false;
  const leave = () => {
    gone = true;
    wake?.();
  };
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        signal?.addEventListener('abort', leave, { once: true });
        const write = async (line: unknown): Promise<void> => {
          while (!gone && (controller.desiredSize ?? 0) <= 0)
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          if (gone) throw new Error('the reader has gone away');
          controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`));
        };
        produce(write).then(
          () => {
            if (!gone) controller.close();
          },
          (error: unknown) => {
            if (!gone) controller.error(error);
          },
        );
      },
      pull: () => wake?.(),
      cancel: leave,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: bounds.streamBytesMax }),
  );
}
