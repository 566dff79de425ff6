'use strict';

// Loaded with `node -r`: ends the process at the moment when the code of a verb is loaded and could run.
const Module = require('node:module');

const load = Module._load;
Module._load = function (request, ...rest) {
  const exports = load.call(this, request, ...rest);
  if (/^\.\/(config|meta|org)\/[\w-]+\.cjs$/.test(request)) process.exit(0);
  return exports;
};
