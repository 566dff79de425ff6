/** Reads the files of `-f`: a file, every .yaml, .yml and .json of a folder, or stdin. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import type { SourceFile } from '../../core/index.js';
import type { CommandContext } from '../context.js';

const filesMax = 1_000;
const fileBytesMax = 1_048_576;

/** @throws INPUT_REQUIRED without a file, BAD_FILE for one that cannot be read */
export async function readSources(
  { io, cwd }: Pick<CommandContext, 'io' | 'cwd'>,
  names: readonly string[],
): Promise<SourceFile[]> {
  if (names.length === 0)
    throw new DartwingError('INPUT_REQUIRED', { what: 'A file with documents', flag: '-f <file>' });
  const files: SourceFile[] = [];
  for (const name of names) {
    if (name === '-') files.push({ name: 'stdin', text: await io.readStdin(fileBytesMax) });
    else for (const path of await expand(cwd, name)) files.push(await readSource(cwd, path));
  }
  return files;
}

async function expand(cwd: string, name: string): Promise<string[]> {
  const facts = await stat(resolve(cwd, name)).catch((error: NodeJS.ErrnoException) => {
    throw new DartwingError('BAD_FILE', {
      file: name,
      message: error.code === 'ENOENT' ? 'there is no such file' : error.message,
    });
  });
  if (!facts.isDirectory()) return [name];
  const entries = (await readdir(resolve(cwd, name))).filter((entry) => /\.(ya?ml|json)$/.test(entry)).sort();
  if (entries.length === 0)
    throw new DartwingError('BAD_FILE', {
      file: name,
      message: 'the folder has no .yaml, .yml or .json file',
    });
  if (entries.length > filesMax)
    throw new DartwingError('BAD_FILE', {
      file: name,
      message: `the folder has more than ${filesMax} files`,
    });
  return entries.map((entry) => join(name, entry));
}

async function readSource(cwd: string, name: string): Promise<SourceFile> {
  const path = resolve(cwd, name);
  try {
    const { size } = await stat(path);
    if (size > fileBytesMax) throw new Error(`it is larger than ${fileBytesMax} bytes`);
    return { name, text: await readFile(path, 'utf8') };
  } catch (error) {
    throw new DartwingError('BAD_FILE', { file: name, message: (error as Error).message }, { cause: error });
  }
}
