/** JSON, or a document, that a line names by a file, or `-` for stdin. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DartwingError } from '../core/errors.js';
import type { CommandContext } from './context.js';

const bytesMax = 1_048_576;

type Place = Pick<CommandContext, 'io' | 'cwd'>;

/** @throws BAD_FILE for what cannot be read, is too large or is no JSON */
export async function readData(place: Place, file: string | undefined): Promise<unknown> {
  if (file === undefined) return undefined;
  return readAs(place, file, (text) => JSON.parse(text) as unknown);
}

/** The document of a YAML file, of which JSON is a part. @throws BAD_FILE */
export async function readDocument(place: Place, file: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return readAs(place, file, (text) => parse(text) as unknown);
}

/** What `read` makes of a text; whatever it throws is the file's fault. @throws BAD_FILE */
export async function readAs<T>(
  { io, cwd }: Place,
  file: string,
  read: (text: string) => T,
  max: number = bytesMax,
): Promise<T> {
  try {
    return read(file === '-' ? await io.readStdin(max) : readSmall(resolve(cwd, file), max));
  } catch (error) {
    if (error instanceof DartwingError) throw error;
    const name = file === '-' ? 'stdin' : file;
    throw new DartwingError('BAD_FILE', { file: name, message: (error as Error).message }, { cause: error });
  }
}

function readSmall(path: string, max: number): string {
  if (statSync(path).size > max) throw new Error(`it is larger than ${max} bytes`);
  return readFileSync(path, 'utf8');
}
