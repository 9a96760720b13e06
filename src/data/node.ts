/**
 * What only Node has: its built-in modules, and pngjs, which is built on them. Each is loaded when it is first used, so
 * that importing weft takes no time for them, and works in a browser, where only files cannot be read and written.
 */
import type { PNG } from 'pngjs';
import { WeftError } from '../errors.ts';
import { hasNodeModules, nodeModule, nodeVersion } from '../node.ts';

/** The modules of Node. Where there is no Node, using one throws a WeftError that says so. */
export const node = {
  get crypto() {
    requireNode();
    return nodeModule('node:crypto');
  },
  get fs() {
    requireNode();
    return nodeModule('node:fs');
  },
  get os() {
    requireNode();
    return nodeModule('node:os');
  },
  get path() {
    requireNode();
    return nodeModule('node:path');
  },
  get url() {
    requireNode();
    return nodeModule('node:url');
  },
  get zlib() {
    requireNode();
    return nodeModule('node:zlib');
  },
  /** Encodes PNG files. */
  get pngjs(): { readonly PNG: typeof PNG } {
    requireNode();
    return nodeModule('node:module').createRequire(import.meta.url)('pngjs');
  },
};

function requireNode(): void {
  if (hasNodeModules()) return;
  const version = nodeVersion();
  throw new WeftError({
    where: 'reading or writing files',
    got: version === undefined ? 'no Node' : `Node ${version}`,
    expected: 'Node 20.16, 22.3 or later',
    cure:
      version === undefined
        ? 'In a browser, fetch the data and make tensors or a data set from it.'
        : 'Update Node.',
  });
}
