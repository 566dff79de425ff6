import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, requireFolder, writePrivateDraft } from '../src/core/folders.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dartwing-folders-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('making a folder', () => {
  it('makes what is missing above it, with its mode, and again does nothing', () => {
    const path = join(root, 'a/b/c');
    makeFolder(path, { mode: 0o700 });
    makeFolder(path, { mode: 0o755 });
    expect(['a', 'a/b', 'a/b/c'].map((name) => statSync(join(root, name)).mode & 0o777)).toEqual([
      0o700, 0o700, 0o700,
    ]);
  });

  it('ends with an error where a file is in the way', () => {
    writeFileSync(join(root, 'file'), '');
    for (const name of ['file', 'file/below'])
      expect(() => requireFolder(join(root, name))).toThrow(
        expect.objectContaining({ code: 'FOLDER_UNUSABLE' }),
      );
  });

  it.runIf(existsSync('/proc/self'))('ends where the system takes no folders', () => {
    expect(() => requireFolder('/proc/nope/x')).toThrow(expect.objectContaining({ code: 'FOLDER_UNUSABLE' }));
  });
});

it('writes a draft beside a file that only its owner may read, whatever the umask', () => {
  const file = join(root, 'secret');
  const before = process.umask(0);
  try {
    const drafts = [writePrivateDraft(file, 'one'), writePrivateDraft(file, 'two')];
    expect(drafts.map((draft) => statSync(draft).mode & 0o777)).toEqual([0o600, 0o600]);
    expect(new Set([file, ...drafts]).size).toBe(3);
    expect(existsSync(file)).toBe(false);
  } finally {
    process.umask(before);
  }
});
