/**
 * Lines of a log on their way: those of a moment leave together, since writing each by itself costs more than making it.
 * What waits is written when the process ends, whatever ends it but a kill.
 */

/** As long as this a line waits at most, and so much of them at once. */
const waitMs = 10;
const charsMax = 65_536;

export function gathered(write: (text: string) => void): (line: string) => void {
  let waiting = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const text = waiting;
    waiting = '';
    if (text !== '') write(text);
  };
  process.once('exit', flush);
  return (line) => {
    waiting += line;
    if (waiting.length >= charsMax) flush();
    else timer ??= setTimeout(flush, waitMs).unref();
  };
}
