import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run, temporaryFolder } from '../support/cli.js';

/** Writes to the file named by LOADED, at the end, what was loaded: builtins and files. */
const recorder = `
const Module = require('node:module');
const loaded = new Set();
const load = Module._load;
Module._load = function (request, ...rest) {
  loaded.add(request);
  return load.call(this, request, ...rest);
};
process.on('exit', () => require('node:fs').writeFileSync(process.env.LOADED, [...loaded].join('\\n')));
`;

async function loadedBy(words: readonly string[]): Promise<string[]> {
  const folder = temporaryFolder();
  const preload = join(folder, 'recorder.cjs');
  const log = join(folder, 'loaded.txt');
  writeFileSync(preload, recorder);
  const { code, stderr } = await run(words, { node: ['-r', preload], env: { LOADED: log }, cwd: folder });
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  const { readFileSync } = await import('node:fs');
  return readFileSync(log, 'utf8').split('\n');
}

test.each([[['--help']], [['--version']], [['-V']], [[]]])(
  '%j loads nothing but the file system',
  async (words) => {
    const files = await loadedBy(words);
    expect(files.filter((name) => !name.endsWith('bin/dartwing'))).toEqual(expect.arrayContaining([]));
    expect(files.filter((name) => !/bin\/dartwing$|^node:fs$|package\.json$/.test(name))).toEqual([]);
  },
);

/** Everything that would make a start slow: the core, databases, schema and terminal libraries. */
const heavy =
  /open\.cjs|schemas?\/|packages\/|kysely|^pg$|zod|ink|react|hono|child_process|^(node:)?(net|http|tls|crypto)$/;

test.each([
  [['version']],
  [['help', 'config', 'show']],
  [['__complete', '--', 'config', 'sh']],
  [['explain', 'PLAN_STALE']],
])('%j loads only what it says', async (words) => {
  expect((await loadedBy(words)).filter((name) => heavy.test(name))).toEqual([]);
});

test('a file of configuration brings the YAML library, nothing else does', async () => {
  expect((await loadedBy(['config', 'get', 'port'])).filter((name) => /yaml/.test(name))).toEqual([]);
});
