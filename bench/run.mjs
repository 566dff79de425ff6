/**
 * Runs benchmarks: `npm run bench` lists them, `npm run bench -- NAME` runs one, `--json` prints what it found as a
 * document. A benchmark is no test: it reports PASS and MISS and ends with 0.
 */
import { readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = join(here, '../node_modules/.cache/dartwing-bench');
const names = [
  'rls',
  'org-create',
  'audit',
  'start',
  'up',
  'authorize',
  'jobs',
  'http',
  'sync',
  'tokens',
  'realtime',
  'jobs-fair',
  'jobs-scale',
  'metrics',
  'top',
  'jobs-durable',
];

const words = process.argv.slice(2);
const json = words.includes('--json');
const name = words.find((word) => !word.startsWith('-'));

if (name === undefined) list();
else if (name !== 'all' && !names.includes(name)) {
  process.stderr.write(
    `There is no benchmark "${name}". There are ${names.join(', ')}; "all" runs every one.\n`,
  );
  process.exitCode = 2;
} else {
  for (const wanted of name === 'all' ? names : [name]) await run(wanted);
}

function list() {
  const width = Math.max(...names.map((each) => each.length)) + 2;
  for (const each of names) process.stdout.write(`${each.padEnd(width)}${purposeOf(each)}\n`);
  process.stdout.write('\nRun one with: npm run bench -- NAME [--json]\n');
}

/** The first sentence of the file's opening comment. */
function purposeOf(each) {
  const [comment = ''] = readFileSync(join(here, `${each}.ts`), 'utf8').split('*/', 1);
  const text = comment
    .replace(/^\/\*\*/, '')
    .replace(/\n \* ?/g, ' ')
    .trim();
  return text.split(/(?<=\.) /, 1)[0];
}

async function run(wanted) {
  const outfile = join(cache, `${wanted}-${process.pid}.mjs`);
  await mkdir(cache, { recursive: true });
  await build({
    entryPoints: [join(here, `${wanted}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  try {
    const { bench } = await import(pathToFileURL(outfile).href);
    await bench({ json, words });
  } finally {
    await rm(outfile, { force: true });
  }
}
