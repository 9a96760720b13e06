/** How the page is built: for any static server, at any path, under a policy that allows no evaluated text. */
import { defineConfig } from 'vite';

/** What the built page may do. Only WebAssembly is compiled, and the threads of weft are workers from a blob. */
const policy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "img-src 'self' blob: data:",
].join('; ');

/** Threads need them. Without them, on a server that does not send them, weft computes on one thread. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** weft prints the names of classes: in tables of kernels, and in messages. */
const rolldownOptions = { output: { keepNames: true } } as const;

export default defineConfig({
  base: './',
  // Next to the page's folder lie the library and the digits, which it imports.
  server: { headers, fs: { allow: ['..'] } },
  preview: { headers },
  build: { target: 'es2022', rolldownOptions },
  worker: { format: 'es', rolldownOptions },
  plugins: [
    {
      name: 'content-security-policy',
      // While developing, Vite itself puts scripts and styles into the page.
      apply: 'build',
      transformIndexHtml: () => [
        {
          tag: 'meta',
          attrs: { 'http-equiv': 'Content-Security-Policy', content: policy },
          injectTo: 'head-prepend',
        },
      ],
    },
  ],
});
