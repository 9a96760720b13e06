/**
 * What only Node has: its built-in modules, and the files that lie where the code does. Each module is loaded when it is first
 * used, so that importing weft takes no time for them, and works in a browser, where only files cannot be read and written.
 */
import { WeftError } from '../errors.ts';
import { hasNodeModules, nodeModule, nodeVersion, programFile } from '../node-modules.ts';

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
};

/**
 * What `look` finds from where the code lies: from this file (a bundle in CommonJS has no import.meta.url), or from the
 * program that was started, since some bundlers leave the path on the machine that built it. Undefined if nothing is found.
 */
export function fromCode<Found>(look: (require: NodeJS.Require, file: string) => Found): Found | undefined {
  const { createRequire } = nodeModule('node:module');
  const { url } = import.meta as { readonly url?: string };
  const own = url?.startsWith('file:') ? node.url.fileURLToPath(url) : undefined;
  const bundle = typeof __filename === 'string' ? __filename : undefined;
  for (const file of [own, bundle, programFile()]) {
    if (file === undefined || !node.path.isAbsolute(file)) continue;
    try {
      return look(createRequire(file), file);
    } catch {
      // Not from there.
    }
  }
  return undefined;
}

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
