/** Runs the examples in docstrings and in the README: every `ts` block, and each `await x; // value` line checked. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import * as weft from '../src/index.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const scratch = join(root, 'test', '.examples');

interface Example {
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

/** The `ts` blocks of a file; in TypeScript files those inside docstrings. */
function examplesIn(file: string): Example[] {
  const text = readFileSync(file, 'utf8');
  const docstring = file.endsWith('.ts');
  const pattern = docstring ? /^ *\* ```ts\n([\s\S]*?)^ *\* ```/gm : /^```ts\n([\s\S]*?)^```/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    file: relative(root, file),
    line: text.slice(0, match.index).split('\n').length,
    code: docstring ? match[1]!.replaceAll(/^ *\* ?/gm, '') : match[1]!,
  }));
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(path) : entry.name.endsWith('.ts') ? [path] : [];
  });
}

/** What examples in docstrings may use without making it. */
const prelude = `
const model = new Sequential({ dense: new Dense(4, 3) });
const optimizer = new Adam(model.parameters());
const [w, b] = [new Parameter(randn([64, 8])), new Parameter(zeros([8]))];
`;

/** An example as a module: names from weft in scope, checks in place of `// value` comments. */
function moduleOf({ code, file }: Example): string {
  const checked = code.replaceAll(
    /^(\s*)await (.+); \/\/ ([[{"\d-].*)$/gm,
    (_, indent: string, expression: string, value: string) =>
      `${indent}check(await ${expression}, ${value});`,
  );
  const index = JSON.stringify(join(root, 'src/index.ts'));
  const imported = checked.replaceAll(/from 'weft'/g, `from ${index}`);
  const names = Object.keys(weft).filter(
    (name) => !new RegExp(`\\b(const|let|function|class) ${name}\\b`).test(code),
  );
  const free = file.endsWith('.md') ? '' : `import { ${names.join(', ')} } from ${index};\n${prelude}`;
  return `${free}const check = (got: unknown, wanted: unknown) => { checks.push([got, wanted]); };
export const checks: [unknown, unknown][] = [];\n${imported}`;
}

describe('examples', () => {
  mkdirSync(scratch, { recursive: true });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  const examples = [...sources(join(root, 'src')), join(root, 'README.md')].flatMap(examplesIn);

  it('exist', () => {
    expect(examples.length).toBeGreaterThan(2);
  });

  examples.forEach((example, index) => {
    it(`${example.file}:${example.line} runs`, async () => {
      const path = join(scratch, `example${index}.ts`);
      writeFileSync(path, moduleOf(example));
      const { checks } = (await import(pathToFileURL(path).href)) as { checks: [unknown, unknown][] };
      for (const [got, wanted] of checks) expect(got).toEqual(wanted);
    });
  });
});
