/** Two-dimensional pooling in WebAssembly: rows of results, four channels at a time. */
export { maxPool2dWasm } from './wasm-maximum.ts';
export { sumPool2dInputGradientWasm, sumPool2dWasm } from './wasm-sum.ts';
