/** What a new project gets besides the files of its template: a repository, and a package that needs dartwing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { packageRoot, packageVersion } from '../../core/package-root.js';
import type { CommandContext } from '../context.js';

/** What nobody may commit: data and development keys, and what npm brings. */
const ignored = ['.dartwing/', 'node_modules/'];

/** Makes a git repository of the folder, unless it is one. Returns the files it made. @throws PROGRAM_FAILED */
export async function makeRepository(context: CommandContext, directory: string): Promise<string[]> {
  const made = existsSync(join(directory, '.gitignore')) ? [] : ['.gitignore'];
  if (context.global.dryRun) return made;
  if (made.length > 0) writeFileSync(join(directory, '.gitignore'), `${ignored.join('\n')}\n`);
  if (!existsSync(join(directory, '.git'))) await runProgram(context, directory, 'git', ['init', '--quiet']);
  return made;
}

/**
 * Writes a package.json that needs this dartwing and installs it. A dartwing that runs from its own repository is
 * linked; a published one is asked for by its version. Returns the files it made.
 * @throws PROGRAM_FAILED
 */
export async function installHere(context: CommandContext, directory: string): Promise<string[]> {
  const made = existsSync(join(directory, 'package.json')) ? [] : ['package.json'];
  if (context.global.dryRun) return made;
  const root = packageRoot();
  const wanted = existsSync(join(root, 'src')) ? `file:${root}` : `^${packageVersion()}`;
  if (made.length > 0) {
    const name = basename(directory)
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-');
    const manifest = { name, private: true, type: 'module', dependencies: { dartwing: wanted } };
    writeFileSync(join(directory, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  }
  context.io.note('npm install');
  await runProgram(context, directory, 'npm', ['install', '--no-fund', '--no-audit', '--loglevel=error']);
  return made;
}

/** Runs a program to its end. What it says is shown when it fails. @throws PROGRAM_FAILED */
async function runProgram(
  { env, signal }: CommandContext,
  cwd: string,
  program: string,
  words: readonly string[],
): Promise<void> {
  const line = [program, ...words].join(' ');
  const failed = (why: string, cause?: unknown) =>
    new DartwingError(
      'PROGRAM_FAILED',
      { line, why: why.trim().slice(-400) },
      { cause, fix: [`Run ${line} yourself`] },
    );
  const shell = process.platform === 'win32';
  const child = spawn(program, words, {
    cwd,
    env: { ...env },
    signal,
    shell,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const [code] = (await once(child, 'close').catch((error: Error) => {
    throw failed(error.message, error);
  })) as [number | null];
  if (code !== 0) throw failed(said === '' ? `it ended with ${code ?? 'a signal'}` : said);
}
