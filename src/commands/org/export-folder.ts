/** The folder of an export: one file for each table, as JSON lines or CSV, plain or encrypted in age's format. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { makeFolder } from '../../core/folders.js';
import type { CommandContext } from '../context.js';
import { type ExportFile, encryptTo, openFile } from '../export-file.js';
import { shownPath } from '../open.js';

export interface FolderForm {
  format: 'json' | 'csv';
  /** Public keys (`age1…`); whoever has the identity of one can open the files. None: the files are plain. */
  recipients: readonly string[];
}

/** What the manifest says of a file; size and hash are of the bytes as they lie there. */
export interface WrittenFile {
  name: string;
  rows: number;
  size_bytes: number;
  sha256: string;
}

/** The file that lists the others. */
export interface Manifest {
  api_version: 'dartwing/v1';
  path: string;
  record_count: Readonly<Record<string, number>>;
  files: readonly WrittenFile[];
}

export interface FolderResult {
  /** Of all files. */
  size_bytes: number;
  /** Of the manifest, which names those of the others. */
  sha256: string;
  /** Nobody removes it. */
  expires_at: null;
}

export interface ExportFolder {
  write(table: string, row: Readonly<Record<string, unknown>>): Promise<void>;
  finish(counts: Readonly<Record<string, number>>): Promise<WrittenFile[]>;
  /** Writes the manifest, the last file. @returns what it says, and what becomes of the folder */
  manifest<M extends Manifest>(manifest: M): Promise<M & FolderResult>;
  /** A file besides, for whoever opens the folder. */
  note(name: string, text: string): Promise<void>;
  /** Removes everything that was written. */
  discard(): Promise<void>;
}

type RowText = (row: Readonly<Record<string, unknown>>, isFirst: boolean) => string;
/**
 * A new folder; made when the first row comes. What the file system refuses is told with the folder's name.
 * @throws VALIDATION_ERROR for a recipient that is none
 */
export async function openFolder(
  directory: string,
  { io, cwd }: Pick<CommandContext, 'io' | 'cwd'>,
  { format, recipients }: FolderForm,
): Promise<ExportFolder> {
  const rowText = format === 'csv' ? await csvText() : jsonText;
  const encrypt = recipients.length === 0 ? undefined : await encryptTo(recipients);
  const ending = `${format === 'csv' ? 'csv' : 'ndjson'}${encrypt === undefined ? '' : '.age'}`;
  const existed = existsSync(directory);
  const files = new Map<string, ExportFile>();
  const told = async <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: Error) => {
      const file = shownPath(cwd, directory);
      throw new DartwingError('BAD_FILE', { file, message: error.message }, { cause: error });
    });
  const openTable = async (table: string): Promise<ExportFile> => {
    makeFolder(directory);
    const file = await openFile(join(directory, `${table}.${ending}`), encrypt);
    files.set(table, file);
    return file;
  };
  return {
    write: async (table, row) => {
      const known = files.get(table);
      const file = known ?? (await told(openTable(table)));
      await told(file.write(rowText(row, known === undefined)));
    },
    finish: async (counts) => {
      const written: WrittenFile[] = [];
      for (const [table, file] of files)
        written.push({
          name: `${table}.${ending}`,
          rows: counts[table] ?? 0,
          ...(await told(file.finish())),
        });
      return written;
    },
    manifest: async (manifest) => {
      const text = `${JSON.stringify(manifest, null, 2)}\n`;
      await told(writeFile(join(directory, 'manifest.json'), text, { mode: 0o600 }));
      return {
        ...manifest,
        size_bytes: manifest.files.reduce((sum, { size_bytes: bytes }) => sum + bytes, 0),
        sha256: createHash('sha256').update(text).digest('hex'),
        expires_at: null,
      };
    },
    note: (name, text) => told(writeFile(join(directory, name), text, { mode: 0o600 })),
    discard: async () => {
      await Promise.allSettled([...files.values()].map((file) => file.close()));
      const made = existed
        ? [...files.keys()].map((table) => join(directory, `${table}.${ending}`))
        : [directory];
      // What cannot be removed must not hide why the export ended.
      await Promise.allSettled(made.map((path) => rm(path, { recursive: true, force: true })));
      io.detail('The unfinished export was removed');
    },
  };
}

const jsonText: RowText = (row) => `${JSON.stringify(row)}\n`;

/**
 * A header and a line for each row; what is no scalar is its JSON, no value is nothing, texts are quoted. A text that a
 * spreadsheet would take for a formula gets an apostrophe in front.
 */
async function csvText(): Promise<RowText> {
  const { stringify } = await import('csv-stringify/sync');
  const options = { quoted_string: true, escape_formulas: true, cast: { boolean: String } };
  const line = (values: readonly unknown[]): string => stringify([[...values]], options);
  return (row, isFirst) => (isFirst ? line(Object.keys(row)) : '') + line(Object.values(row));
}

/** @throws DIRECTORY_NOT_EMPTY, BAD_FILE for something that is no folder */
export function requireEmpty(directory: string, shown: string): void {
  if (!existsSync(directory)) return;
  if (!statSync(directory).isDirectory())
    throw new DartwingError('BAD_FILE', { file: shown, message: 'it is no folder' });
  if (readdirSync(directory).length > 0)
    throw new DartwingError(
      'DIRECTORY_NOT_EMPTY',
      { directory: shown },
      { fix: ['Choose another directory'] },
    );
}
