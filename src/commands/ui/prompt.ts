/**
 * Questions to a person, on stderr. The prompt library hangs without a terminal, so every question is gated:
 * where nobody can answer, INPUT_REQUIRED names the flag to use instead.
 */
import { DartwingError } from '../../core/errors.js';
import type { Io } from './io.js';

/** A question with yes and no; the default is no. */
export async function askYesNo(io: Io, question: string, flag: string): Promise<boolean> {
  return ask(io, question, flag, async (prompts) =>
    prompts.confirm({ message: question, initialValue: false, output: process.stderr }),
  );
}

/** A line of text, trimmed by nobody. */
export async function askText(io: Io, question: string, flag: string, placeholder?: string): Promise<string> {
  return ask(io, question, flag, (prompts) =>
    prompts.text({
      message: question,
      output: process.stderr,
      ...(placeholder === undefined ? {} : { placeholder }),
    }),
  );
}

/** A secret, typed without echo. */
export async function askSecret(io: Io, question: string, flag: string): Promise<string> {
  return ask(io, question, flag, (prompts) =>
    prompts.password({ message: question, output: process.stderr }),
  );
}

/** One of a few values. */
export async function askChoice(
  io: Io,
  question: string,
  flag: string,
  choices: readonly { value: string; label: string }[],
): Promise<string> {
  return ask(io, question, flag, (prompts) =>
    prompts.select({ message: question, options: [...choices], output: process.stderr }),
  );
}

async function ask<T>(
  io: Io,
  question: string,
  flag: string,
  show: (prompts: typeof import('@clack/prompts')) => Promise<T>,
): Promise<Exclude<T, symbol>> {
  if (!io.interactive) throw new DartwingError('INPUT_REQUIRED', { what: question, flag });
  const prompts = await import('@clack/prompts');
  const answer = await show(prompts);
  if (prompts.isCancel(answer)) throw new DartwingError('CANCELED');
  return answer as Exclude<T, symbol>;
}
