/** JSON, or a document, that a line names by a file, or `-` for stdin. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DartwingError } from '../core/errors.js';
import type { CommandContext } from './context.js';

const bytesMax = 1_048_576;

/** @throws BAD_FILE for what cannot be read, is too large or is no JSON */
export async function readData(
  { io, cwd }: Pick<CommandContext, 'io' | 'cwd'>,
  file: string | undefined,
): Promise<unknown> {
  if (file === undefined) return undefined;
  try {
    return JSON.parse(file === '-' ? await io.readStdin(bytesMax) : readSmall(resolve(cwd, file))) as unknown;
  } catch (error) {
    if (error instanceof DartwingError) throw error;
    const name = file === '-' ? 'stdin' : file;
    throw new DartwingError('BAD_FILE', { file: name, message: (error as Error).message }, { cause: error });
  }
}

/** The document of a YAML file, of which JSON is a part. @throws BAD_FILE */
export async function readDocument(
  { io, cwd }: Pick<CommandContext, 'io' | 'cwd'>,
  file: string,
): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    return parse(file === '-' ? await io.readStdin(bytesMax) : readSmall(resolve(cwd, file)));
  } catch (error) {
    if (error instanceof DartwingError) throw error;
    const name = file === '-' ? 'stdin' : file;
    throw new DartwingError('BAD_FILE', { file: name, message: (error as Error).message }, { cause: error });
  }
}

function readSmall(path: string): string {
  if (statSync(path).size > bytesMax) throw new Error(`it is larger than ${bytesMax} bytes`);
  return readFileSync(path, 'utf8');
}
