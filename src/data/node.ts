/**
 * What only Node has: its built-in modules, and pngjs, which is built on them. Each is loaded when it is first used, so
 * that importing weft takes no time for them, and works in a browser, where only files cannot be read and written.
 */
import type { PNG } from 'pngjs';
import { WeftError } from '../errors.ts';

/** The modules of Node. Where there is no Node, using one throws a WeftError that says so. */
export const node = {
  get crypto() {
    return runningNode().getBuiltinModule('node:crypto');
  },
  get fs() {
    return runningNode().getBuiltinModule('node:fs');
  },
  get path() {
    return runningNode().getBuiltinModule('node:path');
  },
  get url() {
    return runningNode().getBuiltinModule('node:url');
  },
  get zlib() {
    return runningNode().getBuiltinModule('node:zlib');
  },
  /** Decodes and encodes PNG files. */
  get pngjs(): { readonly PNG: typeof PNG } {
    const { createRequire } = runningNode().getBuiltinModule('node:module');
    return createRequire(import.meta.url)('pngjs');
  },
};

/** The process, asked for modules in a way that no bundler follows into a page, as it would an import. */
function runningNode(): NodeJS.Process {
  const process: Partial<NodeJS.Process> | undefined = globalThis.process;
  if (process?.getBuiltinModule !== undefined) return globalThis.process;
  const version = process?.versions?.node;
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
