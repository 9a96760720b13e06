/** Where the package and its parts are: these files run from bench/ in tests and from dist/bench/ otherwise. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's root. */
export const packageRoot = rootAbove(dirname(fileURLToPath(import.meta.url)));

function rootAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootAbove(dirname(folder));
}

/** Sources and results of the benchmarks. */
export const benchFolder = join(packageRoot, 'bench');

/** The script that `main.ts` becomes. */
export const builtScript = join(packageRoot, 'dist', 'bench', 'main.js');

/** The folder of what a page loads. */
export const builtPage = join(packageRoot, 'dist', 'bench', 'page');
