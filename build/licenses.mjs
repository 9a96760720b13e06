/** The licenses of the packages whose code is in a bundle, as text that is published with it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The text of the licenses of all packages that `modules` (paths of files) belong to, each package named with its version. */
export function licensesOf(modules) {
  const folders = new Set(modules.filter((path) => path.includes('node_modules')).map(packageFolder));
  const byText = new Map();
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} comes without the text of its license`);
    const text = readFileSync(join(folder, file), 'utf8').trim().replaceAll('\r\n', '\n');
    byText.set(text, [...(byText.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const parts = [...byText].map(([text, packages]) => `${packages.join('\n')}\n\n${text}\n`);
  return ['The command weft contains code of these packages.\n', ...parts].join(`\n${'-'.repeat(80)}\n\n`);
}

/** The folder with the package.json that names the package. */
function packageFolder(path) {
  let folder = dirname(path);
  while (!namesPackage(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** Packages have further files of this name, which only say what kind of modules lie there. */
function namesPackage(file) {
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name !== undefined;
}
