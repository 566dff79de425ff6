import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  type WriteStream,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import { shownPath } from '../open.js';
import type { VerbRun } from '../spec.js';
import { startProgress } from '../ui/progress.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const to = textFlag(flags, 'to');
  if (to === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'Where to write', flag: '--to <dir> or --to -' });
  const directory = to === '-' ? undefined : resolve(context.cwd, to);
  if (directory !== undefined && existsSync(directory) && readdirSync(directory).length > 0) {
    throw new DartwingError(
      'DIRECTORY_NOT_EMPTY',
      { directory: shownPath(context.cwd, directory) },
      { fix: ['Choose another directory'] },
    );
  }
  const dartwing = await context.open();
  const { id, slug } = await dartwing.tenancy.show(String(args.org));
  const call = context.global.reason === undefined ? {} : { reason: context.global.reason };
  if (directory === undefined) {
    await dartwing.export.organization(
      id,
      (row) => context.io.out.write(`${JSON.stringify(exportRow(row))}\n`),
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
    writeFileSync(join(directory, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    return {
      document: manifest,
      table: { columns: [], sentence: `${done} rows of ${slug} in ${manifest.path}` },
    };
  } catch (error) {
    // Half an export must not be taken for a whole one.
    folder.discard();
    throw error;
  } finally {
    progress.end();
  }
};

function exportRow({ table, row }: { table: string; row: Record<string, unknown> }) {
  return { api_version: 'dartwing/v1', kind: 'ExportRow', table, row };
}

interface File {
  stream: WriteStream;
  hash: ReturnType<typeof createHash>;
  bytes: number;
}

/** A new folder with one NDJSON file for each table. */
function openFolder(directory: string, { io }: Pick<CommandContext, 'io'>) {
  mkdirSync(directory, { recursive: true });
  const files = new Map<string, File>();
  const open = (table: string): File => {
    const file = {
      stream: createWriteStream(join(directory, `${table}.ndjson`), { mode: 0o600 }),
      hash: createHash('sha256'),
      bytes: 0,
    };
    files.set(table, file);
    return file;
  };
  return {
    write: async (table: string, line: string) => {
      const file = files.get(table) ?? open(table);
      file.hash.update(line);
      file.bytes += Buffer.byteLength(line);
      if (!file.stream.write(line)) await once(file.stream, 'drain');
    },
    finish: async (counts: Readonly<Record<string, number>>) => {
      const written = [];
      for (const [table, { stream, hash, bytes }] of files) {
        stream.end();
        await once(stream, 'finish');
        written.push({
          name: `${table}.ndjson`,
          rows: counts[table] ?? 0,
          size_bytes: bytes,
          sha256: hash.digest('hex'),
        });
      }
      return written;
    },
    discard: () => {
      for (const { stream } of files.values()) stream.destroy();
      rmSync(directory, { recursive: true, force: true });
      io.detail('The unfinished export was removed');
    },
  };
}
