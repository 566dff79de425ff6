/** Where the installed package lies: its templates and its version are found from here. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let found: string | undefined;

/**
 * The folder of dartwing's own package.json, searched upwards from this file, so that it is the same from the
 * sources, from the built library and from the bundled command line.
 */
export function packageRoot(): string {
  found ??= search(dirname(fileURLToPath(import.meta.url)));
  return found;
}

/** The version of this dartwing. */
export function packageVersion(): string {
  return readManifest(packageRoot())?.version ?? '0.0.0';
}

function search(start: string): string {
  let directory = start;
  for (;;) {
    if (readManifest(directory)?.name === 'dartwing') return directory;
    const parent = dirname(directory);
    if (parent === directory) throw new Error(`no package.json of dartwing above ${start}`);
    directory = parent;
  }
}

function readManifest(directory: string): { name?: string; version?: string } | undefined {
  const file = join(directory, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}
