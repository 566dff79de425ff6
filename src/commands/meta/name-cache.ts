/** Names that completion found, kept for a minute in the cache folder of the user, who alone may read them. */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../core/folders.js';
import type { Candidate } from './candidates.js';

const keptMs = 60_000;

/** What was found. */
export interface KeptNames {
  candidates: readonly Candidate[];
  /** There are no others. */
  complete: boolean;
}

export interface NameCache {
  /** Undefined when nothing fresh is there. */
  read(): KeptNames | undefined;
  /** Where the folder cannot be written nothing is kept. */
  write(names: KeptNames): void;
}

/** The cache of one question: what is asked for, and of which database. A password in the address does not count. */
export function openNameCache(
  env: Readonly<Record<string, string | undefined>>,
  question: readonly string[],
): NameCache {
  const folder = cacheFolder(env);
  const key = createHash('sha256')
    .update(JSON.stringify(question.map(withoutPassword)))
    .digest('hex');
  const file = folder === undefined ? undefined : join(folder, `completion-${key.slice(0, 16)}.json`);
  return {
    read: () => {
      if (file === undefined) return undefined;
      try {
        const { at, ...names } = JSON.parse(readFileSync(file, 'utf8')) as KeptNames & { at: number };
        const age = Date.now() - at;
        return age >= 0 && age < keptMs && Array.isArray(names.candidates) ? names : undefined;
      } catch {
        return undefined;
      }
    },
    write: (names) => {
      if (folder === undefined || file === undefined) return;
      const draft = `${file}.${process.pid}`;
      try {
        makeFolder(folder, { mode: 0o700 });
        writeFileSync(draft, JSON.stringify({ at: Date.now(), ...names }), { mode: 0o600, flag: 'wx' });
        renameSync(draft, file);
      } catch {
        rmSync(draft, { force: true });
      }
    },
  };
}

/** `$XDG_CACHE_HOME/dartwing`, or what the platform has in its place. */
function cacheFolder(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const home = env.HOME ?? env.USERPROFILE;
  const base = env.XDG_CACHE_HOME || env.LOCALAPPDATA || (home && join(home, '.cache'));
  return base ? join(base, 'dartwing') : undefined;
}

function withoutPassword(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  url.password = '';
  return url.href;
}
