import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import { shownPath } from '../open.js';
import type { VerbRun } from '../spec.js';
import { startProgress } from '../ui/progress.js';
import { namedOrganization } from './named.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const to = textFlag(flags, 'to');
  if (to === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'Where to write', flag: '--to <dir> or --to -' });
  const directory = to === '-' ? undefined : resolve(context.cwd, to);
  if (directory !== undefined) requireEmpty(directory, shownPath(context.cwd, directory));
  const dartwing = await context.open();
  const { id, slug } = await dartwing.tenancy.show(namedOrganization(context, args.org));
  const call = context.global.reason === undefined ? {} : { reason: context.global.reason };
  if (directory === undefined) {
    await dartwing.export.organization(
      id,
      (row) => {
        context.signal.throwIfAborted();
        return context.io.out.write(`${JSON.stringify(exportRow(row))}\n`);
      },
      call,
    );
    return { nothing: true };
  }

  const progress = startProgress(context.io, { title: `Exporting ${slug}`, op: 'org.export' });
  const folder = openFolder(directory, context);
  let done = 0;
  try {
    const counts = await dartwing.export.organization(
      id,
      async ({ table, row }) => {
        context.signal.throwIfAborted();
        await folder.write(table, `${JSON.stringify(row)}\n`);
        progress.update(++done);
      },
      call,
    );
    const files = await folder.finish(counts);
    const manifest = {
      api_version: 'dartwing/v1' as const,
      kind: 'Export',
      org: id,
      slug,
      path: shownPath(context.cwd, directory),
      record_count: counts,
      files,
    };
    await folder.manifest(`${JSON.stringify(manifest, null, 2)}\n`);
    return {
      document: manifest,
      table: { columns: [], sentence: `${done} rows of ${slug} in ${manifest.path}` },
    };
  } catch (error) {
    // Half an export must not be taken for a whole one.
    await folder.discard();
    throw error;
  } finally {
    progress.end();
  }
};

function exportRow({ table, row }: { table: string; row: Record<string, unknown> }) {
  return { api_version: 'dartwing/v1', kind: 'ExportRow', table, row };
}

/** @throws DIRECTORY_NOT_EMPTY, BAD_FILE for something that is no folder */
function requireEmpty(directory: string, shown: string): void {
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

/** Lines that wait until a write is worth its while. */
const bufferCharsMax = 65_536;

interface File {
  handle: FileHandle;
  hash: ReturnType<typeof createHash>;
  bytes: number;
  waiting: string;
}

/** A new folder with one NDJSON file for each table. What the file system refuses is told with the folder's name. */
function openFolder(directory: string, { io, cwd }: Pick<CommandContext, 'io' | 'cwd'>) {
  const existed = existsSync(directory);
  const files = new Map<string, File>();
  const told = async <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: Error) => {
      const file = shownPath(cwd, directory);
      throw new DartwingError('BAD_FILE', { file, message: error.message }, { cause: error });
    });
  const openFile = async (table: string): Promise<File> => {
    await mkdir(directory, { recursive: true });
    const handle = await open(join(directory, `${table}.ndjson`), 'wx', 0o600);
    const file = { handle, hash: createHash('sha256'), bytes: 0, waiting: '' };
    files.set(table, file);
    return file;
  };
  const flush = async (file: File): Promise<void> => {
    const { waiting } = file;
    file.waiting = '';
    file.hash.update(waiting);
    file.bytes += Buffer.byteLength(waiting);
    await file.handle.appendFile(waiting);
  };
  const closeAll = () => Promise.allSettled([...files.values()].map(({ handle }) => handle.close()));
  return {
    write: async (table: string, line: string) => {
      const file = files.get(table) ?? (await told(openFile(table)));
      file.waiting += line;
      if (file.waiting.length >= bufferCharsMax) await told(flush(file));
    },
    finish: async (counts: Readonly<Record<string, number>>) => {
      const written = [];
      for (const [table, file] of files) {
        await told(flush(file));
        written.push({
          name: `${table}.ndjson`,
          rows: counts[table] ?? 0,
          size_bytes: file.bytes,
          sha256: file.hash.digest('hex'),
        });
      }
      await closeAll();
      return written;
    },
    manifest: (text: string) => told(writeFile(join(directory, 'manifest.json'), text, { mode: 0o600 })),
    discard: async () => {
      await closeAll();
      const made = existed
        ? [...files.keys()].map((table) => join(directory, `${table}.ndjson`))
        : [directory];
      // What cannot be removed must not hide why the export ended.
      await Promise.allSettled(made.map((path) => rm(path, { recursive: true, force: true })));
      io.detail('The unfinished export was removed');
    },
  };
}
