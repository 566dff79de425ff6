/** Finding and reading the two files of configuration: dartwing.yaml of the project, config.yaml of the user. */
import { readFileSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DartwingError, type FieldError, nearest } from './errors.js';

/** One scalar of a YAML file and where it stands (lines and columns from 1). */
export interface FileValue {
  text: string;
  line: number;
  column: number;
}

/** A YAML mapping: scalars by key, and nested mappings by key. */
export interface FileMapping {
  scalars: Map<string, FileValue>;
  mappings: Map<string, FileMapping>;
}

const fileBytesMax = 1_048_576;

/**
 * Looks for a file or folder in `start` and above it, up to the root of the repository. What belongs neither to
 * the current user, nor to root, nor to the owner of `start` is passed over: in a shared folder such as /tmp
 * anybody could have put it there.
 */
export function findUpwards(name: string, start: string, uid: number | undefined): string | undefined {
  const trusted = uid === undefined ? undefined : new Set([uid, 0, statOf(start)?.uid ?? uid]);
  let directory = start;
  for (;;) {
    const candidate = join(directory, name);
    const found = statOf(candidate);
    if (found !== undefined && (trusted === undefined || trusted.has(found.uid))) return candidate;
    const parent = dirname(directory);
    if (parent === directory || statOf(join(directory, '.git')) !== undefined) return undefined;
    directory = parent;
  }
}

/** Text of a file, or undefined when there is none. Other failures are BAD_FILE. */
export function readText(file: string): string | undefined {
  try {
    if (statSync(file).size > fileBytesMax) throw new Error(`it is larger than ${fileBytesMax} bytes`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new DartwingError('BAD_FILE', { file, message: reasonOf(error) }, { cause: error });
  }
}

/** Refuses a file of secrets that others could read (CONFIG_PERMISSIONS). Windows has no such modes. */
export function requirePrivate(file: string, platform: string): void {
  const stats = statOf(file);
  if (stats === undefined || platform === 'win32') return;
  const mode = stats.mode & 0o777;
  if ((mode & 0o077) !== 0) throw new DartwingError('CONFIG_PERMISSIONS', { file, mode: mode.toString(8) });
}

/**
 * Reads a YAML file of scalars and mappings with their places; problems name it as `file`. The YAML library is
 * loaded only when a file exists.
 */
export async function readMapping(
  path: string,
  file: string,
  problems: FieldError[],
): Promise<FileMapping | undefined> {
  const source = readText(path);
  if (source === undefined) return undefined;
  const { isMap, isScalar, LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    problems.push({ path: '', message: error.message, file, line, column: col });
  }
  const empty = (): FileMapping => ({ scalars: new Map(), mappings: new Map() });
  const walk = (node: unknown, path: string): FileMapping => {
    const mapping = empty();
    if (node === null || (isScalar(node) && node.value === null)) return mapping;
    if (!isMap(node)) {
      problems.push({ path, message: 'must be a mapping of keys to values', file, line: 1, column: 1 });
      return mapping;
    }
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const name = String(key.value);
      const { line, col } = lines.linePos(key.range?.[0] ?? 0);
      if (isScalar(value)) mapping.scalars.set(name, { text: String(value.value ?? ''), line, column: col });
      else if (isMap(value)) mapping.mappings.set(name, walk(value, name));
      else problems.push({ path: name, message: 'must be one value', file, line, column: col });
    }
    return mapping;
  };
  return document.errors.length > 0 ? empty() : walk(document.contents, '');
}

/** Says "unknown key", with the nearest known one. */
export function unknownKey(name: string, known: Iterable<string>): string {
  const suggestion = nearest(name, known);
  return `"${name}" is not a key${suggestion === undefined ? '' : `; did you mean "${suggestion}"?`}`;
}

function statOf(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
