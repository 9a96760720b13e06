/** Lets gpu.js find the package gl in the folder that WEFT_GL names: in weft's own installation an empty one stands for it. */
const { Module } = require('node:module');

const original = Module._resolveFilename;
Module._resolveFilename = function resolveFilename(request, ...rest) {
  return original.call(this, request === 'gl' ? process.env.WEFT_GL : request, ...rest);
};
