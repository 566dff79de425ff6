/** YAML or JSON that a line names by a file, or `-` for stdin. */
import { parseAllDocuments } from 'yaml';
import { DartwingError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
import { readAs } from '../data-file.js';

/** The mappings of a file: each document of it, or each item of a list. @throws INPUT_REQUIRED, BAD_FILE */
export async function readMappings(
  place: Pick<CommandContext, 'io' | 'cwd'>,
  file: string | undefined,
  what: string,
): Promise<Record<string, unknown>[]> {
  if (file === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what, flag: '--file <file>, or - for stdin' });
  const name = file === '-' ? 'stdin' : file;
  const bad = (message: string, cause?: unknown) =>
    new DartwingError('BAD_FILE', { file: name, message }, cause === undefined ? {} : { cause });
  const text = await readAs(place, file, String);
  const documents = parseAllDocuments(text, { maxAliasCount: 100 } as never);
  const mappings: unknown[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined) throw bad(error.message.split('\n')[0]!, error);
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    mappings.push(...(Array.isArray(value) ? value : [value]));
  }
  const wrong = mappings.findIndex(
    (each) => typeof each !== 'object' || each === null || Array.isArray(each),
  );
  if (wrong >= 0 || mappings.length === 0) throw bad(`item ${Math.max(wrong, 0) + 1} is no mapping`);
  return mappings as Record<string, unknown>[];
}
