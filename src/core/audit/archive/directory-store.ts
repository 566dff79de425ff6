/**
 * The archive in a folder, for development. Files are written once and made read-only, but whoever owns the folder can
 * change them: it is not immutable, and everything that tells of it says so.
 */
import { chmod, link, open, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { DartwingError } from '../../errors.js';
import { makeFolder } from '../../folders.js';
import { uuidv7 } from '../../ids.js';
import type { ArchiveStore, ListedObject } from './store.js';

/** Opens nothing; the folder is made with the first object. */
export function directoryStore(root: string): ArchiveStore {
  const pathOf = (key: string) => join(root, ...key.split('/'));
  return {
    name: `directory:${root}`,
    isImmutable: false,
    put: (key, bytes) => whenReachable(root, () => writeOnce(pathOf(key), bytes)),
    get: (key) =>
      whenReachable(root, async () => {
        try {
          return await readFile(pathOf(key));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
          throw error;
        }
      }),
    list: (prefix, behind) => listFiles(root, prefix, behind),
    protection: async () => ({ mode: 'none', retainUntil: undefined, legalHold: false }),
    check: async () => [
      {
        severity: 'warn',
        what: `The archive is the folder ${root}, which is not immutable`,
        fix: 'Set audit_archive to a bucket with Object Lock: s3://bucket/prefix',
      },
    ],
    close: () => {},
  };
}

/** A complete file is linked into place, so that neither half a file nor another content can stand there. */
async function writeOnce(path: string, bytes: Buffer): Promise<null> {
  makeFolder(dirname(path));
  const draft = `${path}.${uuidv7(new Date(0))}.draft`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(draft, 0o400);
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const kept = await readFile(path);
    if (!kept.equals(bytes))
      throw new DartwingError('ARCHIVE_REFUSED', { place: path, message: 'another object has this name' });
  } finally {
    await rm(draft, { force: true });
  }
  return null;
}

async function* listFiles(root: string, prefix: string, behind = ''): AsyncGenerator<ListedObject> {
  const files = await readdir(root, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw unreachable(root, error);
    },
  );
  const keys = files
    .filter((file) => file.isFile() && !file.name.endsWith('.draft'))
    .map((file) => relative(root, join(file.parentPath, file.name)).split(sep).join('/'))
    .filter((key) => key.startsWith(prefix) && key > behind)
    .sort();
  for (const key of keys) yield { key, versions: [{ versionId: null, isDeleteMarker: false }] };
}

async function whenReachable<T>(root: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DartwingError) throw error;
    throw unreachable(root, error as NodeJS.ErrnoException);
  }
}

function unreachable(root: string, error: NodeJS.ErrnoException): DartwingError {
  return new DartwingError(
    'ARCHIVE_UNAVAILABLE',
    { place: root, message: String(error.code) },
    { cause: error },
  );
}
