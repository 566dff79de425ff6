/** The folder of an export: one file for each table, as JSON lines or CSV, plain or encrypted in age's format. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
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

export interface ExportFolder {
  write(table: string, row: Readonly<Record<string, unknown>>): Promise<void>;
  finish(counts: Readonly<Record<string, number>>): Promise<WrittenFile[]>;
  manifest(text: string): Promise<void>;
  /** Removes everything that was written. */
  discard(): Promise<void>;
}

/** Text that waits until a write is worth its while. */
const bufferCharsMax = 65_536;

type RowText = (row: Readonly<Record<string, unknown>>, isFirst: boolean) => string;
/** Gives the bytes of a file, from the text that is written to it. */
type Encrypt = (text: ReadableStream<Uint8Array>) => Promise<ReadableStream<Uint8Array>>;

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
  const files = new Map<string, TableFile>();
  const told = async <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: Error) => {
      const file = shownPath(cwd, directory);
      throw new DartwingError('BAD_FILE', { file, message: error.message }, { cause: error });
    });
  const openTable = async (table: string): Promise<TableFile> => {
    await mkdir(directory, { recursive: true });
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
    manifest: (text) => told(writeFile(join(directory, 'manifest.json'), text, { mode: 0o600 })),
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

/** @throws VALIDATION_ERROR */
async function encryptTo(recipients: readonly string[]): Promise<Encrypt> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      const message = `--encrypt-to "${recipient.slice(0, 80)}" is no public key of age (age1…)`;
      throw new DartwingError('VALIDATION_ERROR', { message }, { cause: error });
    }
  }
  return (text) => encrypter.encrypt(text);
}

interface TableFile {
  write(text: string): Promise<void>;
  /** Writes what is left. */
  finish(): Promise<{ size_bytes: number; sha256: string }>;
  close(): Promise<void>;
}

async function openFile(path: string, encrypt: Encrypt | undefined): Promise<TableFile> {
  const handle = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let bytes = 0;
  const append = async (chunk: Uint8Array): Promise<void> => {
    hash.update(chunk);
    bytes += chunk.length;
    await handle.appendFile(chunk);
  };
  const sink = encrypt === undefined ? plainSink(append) : encryptedSink(append, encrypt);
  let waiting = '';
  const flush = (): Promise<void> => {
    const text = waiting;
    waiting = '';
    return sink.write(Buffer.from(text));
  };
  return {
    write: async (text) => {
      waiting += text;
      if (waiting.length >= bufferCharsMax) await flush();
    },
    finish: async () => {
      await flush();
      await sink.end();
      await handle.close();
      return { size_bytes: bytes, sha256: hash.digest('hex') };
    },
    close: () => closeQuietly(handle),
  };
}

interface Sink {
  write(chunk: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

function plainSink(append: (chunk: Uint8Array) => Promise<void>): Sink {
  return { write: append, end: async () => {} };
}

function encryptedSink(append: (chunk: Uint8Array) => Promise<void>, encrypt: Encrypt): Sink {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const written = encrypt(readable).then(async (encrypted) => {
    for await (const chunk of encrypted) await append(chunk);
  });
  // A disk that is full ends the reading side; whoever writes hears of it instead of waiting for ever.
  written.catch((error: unknown) => writer.abort(error).catch(() => {}));
  return {
    write: async (chunk) => {
      await Promise.race([writer.write(chunk), written.then(() => {})]);
    },
    end: async () => {
      await Promise.all([writer.close(), written]);
    },
  };
}

async function closeQuietly(handle: FileHandle): Promise<void> {
  await handle.close().catch(() => {});
}
