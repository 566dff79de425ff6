/** Tokens of a signed-in profile: one private file each, replaced as a whole, changed by one process at a time. */
import { linkSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readText, requirePrivate } from '../../core/config-files.js';
import { DartwingError } from '../../core/errors.js';
import { makeFolder, writePrivateDraft } from '../../core/folders.js';
import type { CommandContext } from '../context.js';

/** What the provider gave, and where it came from. */
export interface StoredTokens {
  issuer: string;
  client_id: string;
  /** Origin of the server that they are for, where they were made for one. */
  server?: string | undefined;
  /** They come from a password of our own, not from a provider. */
  lite?: true;
  access_token: string;
  refresh_token?: string | undefined;
  id_token?: string | undefined;
  /** RFC 3339; end of the access token. */
  expires_at: string;
}

export interface TokenFile {
  readonly profile: string;
  read(): StoredTokens | undefined;
  write(tokens: StoredTokens): void;
  remove(): void;
  /** Runs `work` while no other process changes the tokens. @throws BAD_FILE when it has to wait too long */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

const lockMs = 20_000;
/** Longer than any refresh: a lock this old was left by somebody who died. */
const lockAgeMsMax = 60_000;

/** The tokens of the profile of this command. @throws INPUT_REQUIRED (no home), CONFIG_PERMISSIONS */
export function openTokenFile({ configInput, config, global }: CommandContext): TokenFile {
  const profile = global.profile ?? config.values.profile ?? 'default';
  const { env, home, platform = 'linux' } = configInput;
  const state = env.XDG_STATE_HOME || (home === undefined ? undefined : join(home, '.local', 'state'));
  if (state === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'A folder for tokens', flag: 'XDG_STATE_HOME' });
  const file = join(state, 'dartwing', 'tokens', `${encodeURIComponent(profile)}.json`);
  const lock = `${file}.lock`;
  return Object.freeze({
    profile,
    read: () => {
      requirePrivate(file, platform);
      return parse(file);
    },
    write: (tokens: StoredTokens) => {
      makeFolder(dirname(file), { mode: 0o700 });
      renameSync(writePrivateDraft(file, `${JSON.stringify(tokens, null, 2)}\n`), file);
    },
    remove: () => rmSync(file, { force: true }),
    alone: async <T>(work: () => Promise<T>): Promise<T> => {
      makeFolder(dirname(file), { mode: 0o700 });
      await take(lock);
      try {
        return await work();
      } finally {
        rmSync(lock, { force: true });
      }
    },
  });
}

function parse(file: string): StoredTokens | undefined {
  const text = readText(file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as StoredTokens;
  } catch (cause) {
    throw new DartwingError('BAD_FILE', { file, message: 'it holds no JSON; sign in again' }, { cause });
  }
}

/** A complete file with our id is linked into place, so a lock is never seen half written. */
async function take(lock: string): Promise<void> {
  const draft = writePrivateDraft(lock, String(process.pid));
  try {
    for (let waitedMs = 0; ; waitedMs += 50) {
      try {
        linkSync(draft, lock);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      if (waitedMs >= lockMs)
        throw new DartwingError('BAD_FILE', { file: lock, message: 'another command holds it for too long' });
      if (isLeft(lock)) rmSync(lock, { force: true });
      else await pause(50);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

function isLeft(lock: string): boolean {
  try {
    if (Date.now() - statSync(lock).mtimeMs > lockAgeMsMax) return true;
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
