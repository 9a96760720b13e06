/**
 * The rules of names: a file and a type are called by what they alone are, in one spelling, and a file says at its top what
 * it is; and every kernel has a test of its own. Each exception stands here with its meaning.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** The names of files that each folder of some kind has, and what they are in it. */
const roles: Readonly<Record<string, string>> = {
  index: 'what a folder shows of itself; of a kernel, its contract',
  cpu: 'a kernel on the cpu device',
  wasm: 'a kernel on the wasm device',
  gpu: 'a kernel on the gpu device',
  device: 'a device, and the contract of all',
  open: 'what opens a device',
  storage: 'the memory of a variable on a device',
  executable: 'a plan that a device can run',
  errors: 'the errors that only this part raises',
};

/** Folders that may each have a file of one name, on one subject. */
const pairs: readonly (readonly [folder: string, other: string, meaning: string])[] = [
  ['src/ops', 'src/nn', 'operations, and the layers of them'],
  ['src/cli', 'src/plan', 'a command, and what it calls'],
  ['src/cli', 'src/train', 'a command, and what it calls'],
  [
    'kernels/elementwise/operators',
    'kernels/support/wasm/vector-math',
    'operators, and their code on vectors',
  ],
];

/** Types that stand twice for a reason: by name. */
const sameTypes: Readonly<Record<string, string>> = {};

/** Files of more lines than `mostLines`, and why each is one file. */
const longFiles: Readonly<Record<string, string>> = {};

const mostLines = 450;

/** The beginnings of words in British spelling; the code is written in American. */
const british =
  /(normal|optim|initial|serial|organ|recogn|summar|standard|maxim|minim|general|final|visual|parallel|vector|special)is(e|ing|ation)|colour|grey|centre|neighbour|behaviour|favour|analys(e(?!s\b)|ing)|licence|artefact/i;

/** Sources below a folder, as paths from the root. */
function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.name.startsWith('.') || entry.name === 'node_modules' || entry.name === 'dist') return [];
    if (entry.isDirectory()) return sources(path);
    return /\.(ts|js|mjs|cjs)$/.test(entry.name) ? [path] : [];
  });
}

const library = ['src', 'kernels'].flatMap(sources);
const all = [...library, ...['web', 'bench', 'test'].flatMap(sources)];
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Names with the paths they stand in, of those that stand in several. */
function severalOf(found: Iterable<readonly [name: string, path: string]>): [string, string[]][] {
  const places = new Map<string, Set<string>>();
  for (const [name, path] of found) places.set(name, (places.get(name) ?? new Set()).add(path));
  return [...places].flatMap(([name, paths]): [string, string[]][] =>
    paths.size > 1 ? [[name, [...paths]]] : [],
  );
}

const listed = (several: [string, string[]][]): string[] =>
  several.map(([name, paths]) => `${name}: ${paths.join(', ')}`);

function isPair(paths: readonly string[]): boolean {
  const folders = new Set(paths.map((path) => dirname(path)));
  return folders.size === 2 && pairs.some(([first, second]) => folders.has(first) && folders.has(second));
}

test('no two files of one name', () => {
  const several = severalOf(library.map((path) => [basename(path).replace(/\.\w+$/, ''), path]));
  const wrong = several.filter(([name, paths]) => !(name in roles) && !isPair(paths));
  expect(listed(wrong)).toEqual([]);
});

/** The names of all types that a file declares. What stands in `declare module` adds to the type of another file. */
function* typesOf(path: string): Iterable<string> {
  const file = ts.createSourceFile(path, textOf(path), ts.ScriptTarget.Latest);
  const open: ts.Node[] = [file];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (ts.isModuleDeclaration(node)) continue;
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isClassDeclaration(node)) {
      if (node.name) yield node.name.text;
    }
    ts.forEachChild(node, (child) => {
      open.push(child);
    });
  }
}

test('no two types of one name, exported or not', () => {
  const found = library.flatMap((path) => [...typesOf(path)].map((name) => [name, path] as const));
  const several = severalOf(found).filter(([name]) => !(name in sameTypes));
  expect(listed(several)).toEqual([]);
});

test('file names in kebab-case', () => {
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)+$/;
  expect(all.filter((path) => !kebab.test(basename(path)))).toEqual([]);
});

test('American spelling', () => {
  const own = 'test/house/names.test.ts';
  const wrong = all.flatMap((path) => {
    const found = path === own ? null : british.exec(textOf(path));
    return found ? [`${path}: ${found[0]}`] : [];
  });
  expect(wrong).toEqual([]);
});

test('each file says at its top what it is', () => {
  const said = /^(#!.*\n)?\/\*\*/;
  expect(all.filter((path) => !said.test(textOf(path)))).toEqual([]);
});

test(`no file of more than ${mostLines} lines`, () => {
  const long = library.filter((path) => textOf(path).split('\n').length - 1 > mostLines);
  expect(long.filter((path) => !(path in longFiles))).toEqual([]);
  expect(
    Object.keys(longFiles).filter((path) => !long.includes(path)),
    'excused without need',
  ).toEqual([]);
});

test('every kernel has a test of its own in test/kernels', () => {
  const tests = sources('test/kernels').map(textOf).join('\n');
  const folders = readdirSync(join(root, 'kernels'), { withFileTypes: true }).filter((each) =>
    each.isDirectory(),
  );
  const untested = folders.filter(({ name }) => !tests.includes(`/kernels/${name}/cpu.ts'`));
  expect(untested.map(({ name }) => name)).toEqual(['support']);
});

test('each constructor of a layer that takes something says what the layer is: editors show that text', () => {
  const families = [...textOf('src/nn/layers.ts').matchAll(/'\.\/(.+)'/g)].map(([, file]) =>
    textOf(`src/nn/${file}`),
  );
  const classes = families.flatMap((text) => text.split(/^(?=export class )/m).slice(1));
  const silent = classes.filter((text) => {
    const [, said] = /\/\*\*((?:(?!\*\/).)*)\*\/\n {2}constructor\((?!\))/s.exec(text) ?? [];
    return said === undefined ? /^ {2}constructor\((?!\))/m.test(text) : /^[\s*]*@/.test(said);
  });
  expect(silent.map((text) => /class (\w+)/.exec(text)![1])).toEqual([]);
});
