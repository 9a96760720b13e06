/** The version of this package, from its package.json. */
import { createRequire } from 'node:module';

/** The package finds itself by its own name, from src/ as well as from dist/src/. */
const manifest = createRequire(import.meta.url)('weft-nn/package.json') as { readonly version: string };

export const version = manifest.version;
