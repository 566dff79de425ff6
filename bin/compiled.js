'use strict';

// Loads the bundles of the command line with the machine code that was kept beside them when they were built:
// compiling them anew is half of a short command. V8 refuses code of another version or other flags, and then
// compiles as usual. From Node 22 on Node does this by itself.
const Module = require('node:module');
const { readFileSync } = require('node:fs');
const { dirname, sep } = require('node:path');
const vm = require('node:vm');

const suffix = '.compiled';

/** Takes over the compilation of files under `folder`. Returns the scripts it compiled, by file. */
function useCompiled(folder) {
  const scripts = new Map();
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename, ...rest) {
    if (!filename.startsWith(folder + sep)) return compile.call(this, content, filename, ...rest);
    const script = new vm.Script(Module.wrap(content), {
      filename,
      cachedData: read(filename + suffix),
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    scripts.set(filename, script);
    const require = Module.createRequire(filename);
    return script
      .runInThisContext()
      .call(this.exports, this.exports, require, this, filename, dirname(filename));
  };
  return scripts;
}

function read(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

module.exports = { useCompiled, suffix };
