/** Secrets that a verb needs: typed without echo, or the lines of a private file or of stdin; never words of the line. */
import { readText, requirePrivate } from '../core/config-files.js';
import { DartwingError } from '../core/errors.js';
import type { CommandContext } from './context.js';
import { textFlag } from './flag-values.js';
import type { Parsed } from './spec.js';

const secretBytesMax = 8_192;

/**
 * The lines of `--<flag> <file>`, where `-` is stdin; undefined when the flag was not given. They are masked from now on.
 * @throws CONFIG_PERMISSIONS (others can read the file), BAD_FILE
 */
export async function secretLines(
  context: CommandContext,
  flags: Parsed['flags'],
  name: string,
): Promise<string[] | undefined> {
  const file = textFlag(flags, name);
  if (file === undefined) return undefined;
  const lines = (await contentOf(context, file)).split(/\r?\n/);
  context.io.conceal(lines.filter((line) => line !== ''));
  return lines;
}

/** A secret typed by a person, masked from now on. @throws INPUT_REQUIRED where nobody can be asked */
export async function typedSecret({ io }: CommandContext, question: string, flag: string): Promise<string> {
  const { askSecret } = await import('./ui/prompt.js');
  const secret = await askSecret(io, question, flag);
  if (secret !== '') io.conceal([secret]);
  return secret;
}

/** A new password: the first line of the file, or typed twice. @throws VALIDATION_ERROR (typed differently) */
export async function newPassword(
  context: CommandContext,
  lines: readonly string[] | undefined,
  flag: string,
): Promise<string> {
  if (lines !== undefined) return lines[0] ?? '';
  const password = await typedSecret(context, 'New password:', flag);
  if (password !== (await typedSecret(context, 'Again:', flag)))
    throw new DartwingError('VALIDATION_ERROR', { message: 'the two passwords differ' });
  return password;
}

async function contentOf({ io, configInput }: CommandContext, file: string): Promise<string> {
  if (file === '-') return io.readStdin(secretBytesMax);
  requirePrivate(file, configInput.platform ?? 'linux');
  const text = readText(file);
  if (text === undefined || text.length > secretBytesMax)
    throw new DartwingError('BAD_FILE', { file, message: 'it is not there, or too large for a secret' });
  return text;
}
