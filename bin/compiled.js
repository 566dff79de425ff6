'use strict';

// Keeps what V8 makes of the bundles beside them, because compiling them is half of a short command: the first run
// writes it, later ones read it. Node does this by itself from version 22 on. V8 refuses code that was made by another
// version or with other flags and then compiles as usual; where the folder cannot be written nothing is kept.
const Module = require('node:module');
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const { dirname, sep } = require('node:path');
const vm = require('node:vm');

const suffix = `.${process.version}-${process.arch}`;

/** Takes over the compilation of files under `folder`. */
function useCompiled(folder) {
  const fresh = [];
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename, ...rest) {
    if (!filename.startsWith(folder + sep)) return compile.call(this, content, filename, ...rest);
    const cachedData = read(filename + suffix);
    const script = new vm.Script(Module.wrap(content), {
      filename,
      cachedData,
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    if (cachedData === undefined || script.cachedDataRejected) fresh.push([filename + suffix, script]);
    // All that bundles ask of it: a whole one for each of some fifty took 6 ms of a command that takes 250.
    const require = (id) => this.require(id);
    return script
      .runInThisContext()
      .call(this.exports, this.exports, require, this, filename, dirname(filename));
  };
  // At the end, when the functions that a command needs are compiled too.
  process.on('exit', () => {
    for (const [file, script] of fresh) if (!write(file, script.createCachedData())) break;
  });
}

function read(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Whole or not at all: another command may read it at this moment. */
function write(file, data) {
  try {
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, data);
    renameSync(draft, file);
    return true;
  } catch {
    return false;
  }
}

module.exports = { useCompiled };
