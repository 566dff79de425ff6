/**
 * A store in one file, for Node: `dartwing/client/file`.
 *
 * Each batch is a line with a checksum, appended and flushed before `commit` resolves. What a crash left of a last line
 * is cut off when the file is opened; damage anywhere else is refused, not skipped. One process at a time.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { bounds } from './bounds.js';
import { ClientFault } from './fault.js';
import type { Store, StoreChange } from './store.js';

/** Files this process has open: its own id in a lock is otherwise one of a process before it. */
const opened = new Set<string>();

/**
 * Opens a file, made when it is missing. Its folder has to exist.
 * @throws ClientFault STORE_LOCKED, STORE_DAMAGED
 */
export async function fileStore(file: string): Promise<Store> {
  const path = resolve(file);
  lock(path);
  try {
    return await openLog(path);
  } catch (error) {
    unlock(path);
    throw error;
  }
}

async function openLog(path: string): Promise<Store> {
  const records = new Map<string, string>();
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  let end = replay(path, bytes, records);
  let handle = await open(path, 'a+').then(async (created) => {
    await created.close();
    return open(path, 'r+');
  });
  await handle.truncate(end);
  await syncFolder(path);
  let compactAt = end * 2 + bounds.logSlackBytes;
  let failed: unknown;

  const append = async (changes: readonly StoreChange[]): Promise<void> => {
    const line = lineOf(changes);
    try {
      await writeAll(handle, line, end);
      await handle.datasync();
    } catch (error) {
      // After a failed flush nobody knows what the disk holds: only opening the file again tells.
      failed = error;
      throw new ClientFault('STORE_FAILED', path, { cause: error });
    }
    end += line.length;
  };

  const compact = async (): Promise<void> => {
    const fresh = `${path}.new`;
    const line = lineOf([...records].map(([key, text]) => [key, JSON.parse(text) as unknown] as const));
    const next = await open(fresh, 'w');
    await writeAll(next, line, 0);
    await next.datasync();
    await rename(fresh, path);
    await syncFolder(path);
    await handle.close();
    handle = next;
    end = line.length;
    compactAt = end * 2 + bounds.logSlackBytes;
  };

  return {
    load: async () => [...records].map(([key, text]) => [key, JSON.parse(text) as unknown] as const),
    commit: async (changes) => {
      if (failed !== undefined) throw new ClientFault('STORE_FAILED', path, { cause: failed });
      await append(changes);
      take(records, changes);
      if (end > compactAt)
        await compact().catch((error: unknown) => {
          failed = error;
        });
    },
    erase: async () => {
      records.clear();
      await compact();
    },
    close: async () => {
      await handle.close();
      unlock(path);
    },
  };
}

function lineOf(changes: readonly StoreChange[]): Buffer {
  // undefined is not JSON: a change without a value removes its record.
  const text = JSON.stringify(changes.map(([key, value]) => (value === undefined ? [key] : [key, value])));
  return Buffer.from(`${checksum(Buffer.from(text))} ${text}\n`);
}

function checksum(bytes: Buffer): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}

/** Applies every whole line. @returns the length of the good part of the file */
function replay(path: string, bytes: Buffer, records: Map<string, string>): number {
  let at = 0;
  while (at < bytes.length) {
    const newline = bytes.indexOf(0x0a, at);
    const changes = newline === -1 ? undefined : changesOf(bytes.subarray(at, newline));
    if (changes === undefined) {
      if (hasLineAfter(bytes, newline)) throw new ClientFault('STORE_DAMAGED', `${path}, byte ${at}`);
      return at;
    }
    take(records, changes);
    at = newline + 1;
  }
  return at;
}

function hasLineAfter(bytes: Buffer, newline: number): boolean {
  for (let at = newline + 1; newline !== -1 && at < bytes.length; ) {
    const next = bytes.indexOf(0x0a, at);
    if (next === -1) return false;
    if (changesOf(bytes.subarray(at, next)) !== undefined) return true;
    at = next + 1;
  }
  return false;
}

function changesOf(line: Buffer): StoreChange[] | undefined {
  const text = line.subarray(9);
  if (line.length < 11 || line.toString('latin1', 0, 9) !== `${checksum(text)} `) return undefined;
  return JSON.parse(text.toString()) as StoreChange[];
}

function take(records: Map<string, string>, changes: readonly StoreChange[]): void {
  for (const [key, value] of changes) {
    if (value === undefined) records.delete(key);
    else records.set(key, JSON.stringify(value));
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** A new name in a folder is durable only when the folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r').catch(() => undefined);
  // Windows opens no folders, and needs no flush of them.
  if (folder === undefined) return;
  await folder.sync().catch(() => {});
  await folder.close();
}

function lock(path: string): void {
  if (opened.has(path)) throw new ClientFault('STORE_LOCKED', path);
  if (!tryLock(path)) {
    if (ownerLives(path)) throw new ClientFault('STORE_LOCKED', path);
    rmSync(`${path}.lock`, { force: true });
    if (!tryLock(path)) throw new ClientFault('STORE_LOCKED', path);
  }
  opened.add(path);
}

/** The lock appears with its owner in it: an empty one could not be told from one of a dead process. */
function tryLock(path: string): boolean {
  const own = `${path}.lock.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, `${path}.lock`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own);
  }
}

function ownerLives(path: string): boolean {
  try {
    const owner = Number(readFileSync(`${path}.lock`, 'utf8'));
    if (owner === process.pid || !(owner > 0)) return false;
    process.kill(owner, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function unlock(path: string): void {
  rmSync(`${path}.lock`, { force: true });
  opened.delete(path);
}
