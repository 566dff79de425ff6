'use strict';

// Code that is compiled with kept data (compiled.js) cannot import() on Node 20. This file is compiled by Node itself.
exports.importFile = (url) => import(url);
