/** Where the package gl is (headless GL for Node), if it is. weft's own installation leaves it out: it builds for minutes. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const folder = process.env['WEFT_GL'];

/** The folder that holds the package, or undefined. */
export const glFolder =
  folder !== undefined && existsSync(resolve(folder, 'package.json')) ? resolve(folder) : undefined;
