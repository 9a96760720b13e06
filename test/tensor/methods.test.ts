/** Which functions are methods of tensors: the rule of tensor-methods.ts, held over everything that src/ops exports. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as weft from '../../src/index.ts';
import { shortNames, tensorMethods } from '../../src/tensor-methods.ts';

/** Why a function is no method: by the name of its module, or by its own. */
const reasons: Readonly<Record<string, string>> = {
  creation: 'makes tensors',
  sampling: 'makes tensors',
  convolution: 'wants weights',
  pooling: 'wants images',
  'adaptive-pooling': 'wants images',
  upsampling: 'wants images',
  attention: 'takes several tensors of one kind',
  unfold: 'wants images',
  normalization: 'is a part of layers',
  dropout: 'is a part of layers',
  'linear-recurrence': 'is a part of layers',
  embedding: 'wants weights',
  concat: 'takes several tensors of one kind',
  stack: 'takes several tensors of one kind',
  einsum: 'takes several tensors of one kind',
  scan: 'takes a function',
};

/** Modules of functions that operations are made with, and such functions beside operations. */
const helperModules = [
  ...['apply', 'elementwise-operation', 'flat-at-zero', 'operation', 'recurrent-composed'],
  ...['loop-body', 'loop-motion', 'over-steps'],
];
const helpers = [
  ...[
    'asNumber',
    'attentionWeights',
    'besideSteps',
    'broadcastTogether',
    'checkLabels',
    'dilate',
    'iota',
    'keepAxes',
    'makeScan',
    'maskSteps',
    'narrow',
  ],
  ...[
    'normalizeWith',
    'padWith',
    'reducedAxes',
    'reorder',
    'requirePadding',
    'requirePair',
    'requireRank',
    'requireSteps',
  ],
  ...['requireUpsampling', 'resolvePadding', 'withoutAxes', 'checkInputs', 'checkStep', 'loopInBlocks'],
];

const folder = new URL('../../src/ops/', import.meta.url);
const publicNames = new Set(Object.keys(weft));
const operations: { name: string; module: string }[] = [];
const hidden: string[] = [];
for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
  const exported: object = await import(new URL(file, folder).href);
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value !== 'function') continue;
    const module = file.replace('.ts', '');
    if (publicNames.has(name)) operations.push({ name, module });
    else if (!helperModules.includes(module)) hidden.push(name);
  }
}

const shortened = new Map<string, string>(Object.entries(shortNames).map(([short, name]) => [name, short]));

it('every operation is exported by src/index.ts, or is a helper that this test names', () => {
  expect(hidden.sort()).toEqual(helpers.sort());
});

describe('methods of tensors', () => {
  it.each(operations)('$name of $module is one, or has a reason not to be', ({ name, module }) => {
    const method = shortened.get(name) ?? name;
    const reason = reasons[module] ?? reasons[name];
    expect(method in weft.Tensor.prototype, `a method ${method}, or a reason in this test`).toBe(
      reason === undefined,
    );
  });

  it('hand over to public functions', () => {
    const names = new Set(operations.map(({ name }) => shortened.get(name) ?? name));
    const others = Object.keys(tensorMethods).filter((name) => !names.has(name));
    expect(others).toEqual(['backward']);
  });

  it('take no more arguments than their functions, the tensor not counted', () => {
    const x = weft.tensor([1, 2]);
    const call = (name: string, ...given: unknown[]): unknown => Reflect.apply(x[name as 'exp'], x, given);
    expect(() => call('exp', 1)).toThrow(/exp.*1 arguments.*none/);
    expect(() => call('clamp', 0, 1, 2)).toThrow(/at most 2/);
    expect(() => call('squeeze', 0, 1)).toThrow(/at most 1/);
    expect(() => call('leakyRelu', 0.1, 0.2)).toThrow(/at most 1/);
    expect(() => call('slice', 0)).not.toThrow();
  });
});
