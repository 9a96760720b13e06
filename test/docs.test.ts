/** Runs the examples in docstrings and in the READMEs: every `ts` block, and each `await x; // value` line checked. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
    code: docstring ? match[1].replaceAll(/^ *\* ?/gm, '') : match[1],
  }));
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(path) : entry.name.endsWith('.ts') ? [path] : [];
  });
}

/** What examples in docstrings may use without making it: taken where a name is used and not declared. */
const prelude: readonly (readonly [name: string, code: string])[] = [
  ['model', 'const model = new Sequential({ dense: new Dense(4, 3) });'],
  ['x', 'const x = randn([2, 4]);'],
  ['y', "const y = tensor([0, 2], { dtype: 'int32' });"],
  ['w', 'const w = new Parameter(randn([64, 8]));'],
  ['b', 'const b = new Parameter(zeros([8]));'],
  ['loss', 'const loss = softmaxCrossEntropy(model.call(x), y);'],
  ['optimizer', 'const optimizer = new Adam(model.parameters());'],
];

function declares(code: string, name: string): boolean {
  return new RegExp(`\\b(const|let|function|class) ${name}\\b|\\b${name}: Tensor\\b`).test(code);
}

/** The prelude of an example: declarations of what it uses, and of what those use. */
function preludeOf(code: string): string {
  let needed = code;
  const chosen: string[] = [];
  for (const [name, declaration] of [...prelude].reverse()) {
    if (!new RegExp(`\\b${name}\\b`).test(needed) || declares(code, name)) continue;
    chosen.unshift(declaration);
    needed += declaration;
  }
  return chosen.join('\n');
}

/** An example as a module: names from weft in scope, checks in place of `// value` comments. */
function moduleOf({ code, file }: Example): string {
  const checked = code.replaceAll(
    /^(\s*)await (.+); \/\/ ([[{"\d-].*)$/gm,
    (_, indent: string, expression: string, value: string) =>
      `${indent}check(await ${expression}, ${value});`,
  );
  const index = "'../../src/index.ts'";
  const imported = checked
    .replaceAll(/from 'weft-nn'/g, `from ${index}`)
    .replaceAll(/from '\.\//g, `from '../../${dirname(file)}/`);
  const before = preludeOf(code);
  const used = (name: string) => new RegExp(`\\b${name}\\b`).test(before + code) && !declares(code, name);
  const names = ['Tensor', ...Object.keys(weft).filter((name) => name !== 'Tensor' && used(name))];
  const free = file.endsWith('.md') ? '' : `import { ${names.join(', ')} } from ${index};\n${before}\n`;
  return `${free}const check = (got: unknown, wanted: unknown) => { checks.push([got, wanted]); };
export const checks: [unknown, unknown][] = [];\n${imported}`;
}

describe('examples', () => {
  const documents = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const pages = ['README.md', 'kernels/README.md', ...documents.map((name) => `docs/${name}`)].map((page) =>
    join(root, page),
  );
  const examples = [...sources(join(root, 'src')), ...pages].flatMap(examplesIn);
  const paths = examples.map((_, index) => join(scratch, `example${index}.ts`));

  beforeAll(() => {
    mkdirSync(scratch, { recursive: true });
    examples.forEach((example, index) => {
      writeFileSync(paths[index], moduleOf(example));
    });
    const include = ['*.ts'];
    const compilerOptions = { noEmit: true, incremental: false, noUnusedLocals: false };
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include };
    writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(config));
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it('exist', () => {
    expect(examples.length).toBeGreaterThan(5);
  });

  it('have the right types', () => {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const result = spawnSync('node', [compiler, '-p', scratch], { encoding: 'utf8' });
    expect(result.stdout).toBe('');
  }, 400_000);

  examples.forEach(({ file, line }, index) => {
    it(`${file}:${line} runs`, async () => {
      const { checks } = (await import(pathToFileURL(paths[index]).href)) as { checks: [unknown, unknown][] };
      for (const [got, wanted] of checks) expect(got).toEqual(wanted);
    });
  });
});

describe('kernels/README.md', () => {
  const page = readFileSync(join(root, 'kernels', 'README.md'), 'utf8');
  const listed = new Map(
    [...page.matchAll(/^\| `(\w+)\/` \| (\d+) \|/gm)].map(([, name, lines]) => [name, Number(lines)]),
  );

  it.each([...listed.keys()])('says about the size of %s', (name) => {
    const files = sources(join(root, 'kernels', name)).filter((path) => !path.includes('operators'));
    const lines = files.map((path) => readFileSync(path, 'utf8').split('\n').length);
    const size = lines.reduce((sum, each) => sum + each, 0);
    const stated = listed.get(name) ?? 0;
    expect(Math.abs(stated - size), `${stated} lines stated, ${size} found`).toBeLessThan(0.25 * size);
  });
});

describe('ARCHITECTURE.md', () => {
  const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const { Parameter, explain, planOf, zeros } = weft;
  const w = new Parameter(zeros([64, 8]));
  const b = new Parameter(zeros([8]));
  const layer = (x: weft.Tensor): weft.Tensor => x.matmul(w).add(b).relu();
  const x = zeros([32, 64]);

  it('shows the plan that is printed', async () => {
    const [, section] = page.split('### A plan, read line by line\n');
    const shown = /(?:^ {4}.*\n|^\n(?= {4}))+/m.exec(section)?.[0].replaceAll(/^ {4}/gm, '').trim();
    expect(shown).toBe(await explain(layer, x));
  });

  it('says which of its steps join, and what is fused in another order', async () => {
    expect((await planOf(layer, x)).steps.map(({ joins }) => joins)).toEqual([false, true]);
    const transposed = (of: (x: weft.Tensor) => weft.Tensor) =>
      planOf((given: weft.Tensor) => of(given).transpose().add(1), x);
    expect((await transposed((given) => given.matmul(w).relu())).steps.length).toBe(2);
    expect((await transposed(layer)).steps.length).toBe(3);
  });
});

describe('docs/recurrence.md', () => {
  const page = readFileSync(join(root, 'docs', 'recurrence.md'), 'utf8');
  const { add, explain, LSTM, matmul, multiply, Parameter, scan, sigmoid, split, tanh, zeros } = weft;
  const [W, U, b] = [[28, 256], [64, 256], [256]].map((shape) => new Parameter(zeros(shape)));

  /** The LSTM of the page. */
  function lstm(x: weft.Tensor): weft.Tensor {
    const state = zeros([x.shape[0], 64]);
    const { carry } = scan(
      ({ h, c }, xt) => {
        const [i, f, g, o] = split(add(add(matmul(xt, W), b), matmul(h, U)), 4, -1);
        const next = add(multiply(sigmoid(f), c), multiply(sigmoid(i), tanh(g)));
        return { carry: { h: multiply(sigmoid(o), tanh(next)), c: next } };
      },
      { initial: { h: state, c: state }, inputs: x },
    );
    return carry.h;
  }

  /** The lines of a plan's table, without the totals. */
  function tableOf(plan: string): string[] {
    const lines = plan.split('\n').map((line) => line.trimEnd());
    return lines.slice(0, lines.indexOf(''));
  }

  it('shows the plans that are printed', async () => {
    const x = zeros([32, 28, 28]);
    const layer = new LSTM(28, 64);
    const plans = [await explain(lstm, x), await explain((given: weft.Tensor) => layer.call(given), x)];
    for (const plan of plans)
      expect(page).toContain(
        tableOf(plan)
          .map((line) => `    ${line}\n`)
          .join(''),
      );
  });
});
