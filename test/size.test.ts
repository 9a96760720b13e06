/**
 * How much users download: bundles of a page, minified and compressed, and what npm unpacks. The bounds lie a few percent above
 * what was measured, so that growth is seen: whoever raises one says what it buys.
 */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type OutputFile } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { packFiles, root } from './support/packed.ts';

/** Bytes of a program that uses `names`, compressed, in thousands: the whole of it, and what a page loads before it runs. */
async function kilobytes(names: string): Promise<{ readonly whole: number; readonly first: number }> {
  const library = join(root, 'dist', 'src', 'index.js');
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export ${names} from ${JSON.stringify(library)};`, resolveDir: root },
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    external: ['node:*', 'gpu.js', '@cwasm/*'],
    outdir: 'out',
    write: false,
    metafile: true,
    logLevel: 'error',
  });
  const loaded = new Set<string>();
  const load = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: next, kind } of metafile.outputs[path]?.imports ?? []) {
      if (kind === 'import-statement') load(next);
    }
  };
  load('out/stdin.js');
  const size = (files: readonly OutputFile[]) =>
    files.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length / 1000, 0);
  const first = outputFiles.filter(({ path }) => loaded.has(path.slice(root.length + 1)));
  return { whole: size(outputFiles), first: size(first) };
}

describe('in a page, kilobytes after gzip, at most', () => {
  it.each([
    ['everything', '*', { whole: 290, first: 262 }],
    ['tensor and grad', '{ tensor, grad }', { whole: 153, first: 125 }],
    ['loadModel and predict', '{ loadModel, predict }', { whole: 198, first: 170 }],
  ])('%s', async (_, names, bounds) => {
    const { whole, first } = await kilobytes(names);
    console.info(`${names}: ${whole.toFixed(1)} kB, of which at first ${first.toFixed(1)} kB`);
    expect(whole).toBeLessThan(bounds.whole);
    expect(first).toBeLessThan(bounds.first);
  });
});

it('unpacks to at most 3.7 MB', () => {
  const { unpackedSize, files } = packFiles('--dry-run');
  console.info(`${(unpackedSize / 1e6).toFixed(2)} MB in ${files.length} files`);
  expect(unpackedSize).toBeLessThan(3.7e6);
});
