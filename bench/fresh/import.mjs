/** Imports the built library in a fresh process and prints how many milliseconds that took. */
const start = performance.now();
await import('../../dist/src/index.js');
console.log(performance.now() - start);
