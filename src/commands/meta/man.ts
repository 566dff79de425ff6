import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { makeFolder } from '../../core/folders.js';
import { packageVersion } from '../../core/package-root.js';
import { manualPages, pageMarkdown, pageName, pageRoff } from '../help/index.js';
import { commandPath, readLine } from '../line.js';
import type { VerbRun } from '../spec.js';
import { allNouns } from '../specs.js';

export const run: VerbRun = async ({ cwd, io }, { args, flags }) => {
  const path = Array.isArray(args.path) ? args.path : [];
  const files = flags.markdown === true ? markdownFiles() : roffFiles();
  if (typeof flags.dir === 'string') {
    const directory = resolve(cwd, flags.dir);
    await writeAll(directory, files);
    io.note(`${files.size} pages in ${flags.dir}`);
    return { nothing: true };
  }
  const name = flags.markdown === true ? `${path[0] ?? 'index'}.md` : `${pageName(commandOf(path))}.1`;
  const text = files.get(name);
  if (text === undefined)
    throw new DartwingError('UNKNOWN_COMMAND', { word: path.join(' '), suggestion: '' });
  return { text };
};

/** One page for each command, and one for dartwing. */
function roffFiles(): Map<string, string> {
  const version = packageVersion();
  return new Map(
    manualPages(allNouns()).map(({ page }) => [`${pageName(page.path)}.1`, pageRoff(page, version)]),
  );
}

/** One file for each noun, and an index. */
function markdownFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const { noun, page } of manualPages(allNouns())) {
    if (noun === undefined) continue;
    const name = `${noun.name}.md`;
    files.set(
      name,
      `${files.get(name) ?? `# dartwing ${noun.name}\n\n${noun.summary}.\n`}\n${pageMarkdown(page)}`,
    );
  }
  const links = [...files.keys()].map((name) => `- [${name.replace(/\.md$/, '')}](${name})\n`).join('');
  return files.set('index.md', `# Commands\n\n${links}`);
}

function commandOf(path: readonly string[]): string {
  const { noun, verb } = readLine(path);
  if (noun === undefined) return '';
  return verb === undefined ? noun.name : commandPath(noun, verb);
}

async function writeAll(directory: string, files: ReadonlyMap<string, string>): Promise<void> {
  try {
    makeFolder(directory);
    for (const [name, text] of files) await writeFile(join(directory, name), text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new DartwingError('BAD_FILE', { file: directory, message }, { cause: error });
  }
}
