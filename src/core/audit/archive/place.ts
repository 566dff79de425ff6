import { resolve } from 'node:path';
import { directoryStore } from './directory-store.js';
import { s3Store } from './s3-store.js';
import type { ArchiveOptions, ArchiveStore } from './store.js';

/** The archive at a place: a bucket, else a folder. @throws CONFIG_INVALID */
export function openArchive(options: ArchiveOptions): ArchiveStore {
  return options.place.startsWith('s3://') ? s3Store(options) : directoryStore(resolve(options.place));
}
