/** Runs in a process of its own: loads every bundle of a folder once and keeps what V8 made of it beside it. */
const { readdirSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { suffix, useCompiled } = require('../bin/compiled.js');

const folder = resolve(process.argv[2]);
const scripts = useCompiled(folder);
const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.cjs'));

// The entry runs the line it is given; the others only define what they export.
process.argv = [process.argv[0], join(folder, 'main.cjs'), 'version', '--quiet', '--output', 'ndjson'];
for (const file of files) require(join(folder, file));

process.on('exit', () => {
  for (const [file, script] of scripts) writeFileSync(file + suffix, script.createCachedData());
});
