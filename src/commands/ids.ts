/** Ids of a line: as words, or with `-` from stdin, one a line. */
import { DartwingError } from '../core/errors.js';
import { limits } from '../core/limits.js';
import type { CommandContext } from './context.js';

const stdinBytesMax = 4_194_304;

/** Each id once, in the order given; none when the line has none. @throws VALIDATION_ERROR */
export async function readIds({ io }: Pick<CommandContext, 'io'>, words: unknown): Promise<string[]> {
  const given = typeof words === 'string' ? [words] : Array.isArray(words) ? words.map(String) : [];
  const ids = new Set<string>();
  for (const word of given) {
    const lines = word === '-' ? (await io.readStdin(stdinBytesMax)).split(/\s+/) : [word];
    for (const id of lines) if (id !== '') ids.add(id);
  }
  if (ids.size > limits.replaysMax)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `At most ${limits.replaysMax} ids are taken at once`,
    });
  return [...ids];
}
