/**
 * Single kernels inside a compiled plan. Operands and result are variables, which live on the device, so that nothing
 * is copied in or out and what is timed is the kernel.
 */
import {
  compile,
  linearRecurrence,
  matmul,
  softmax,
  type Tensor,
  transpose,
  Variable,
  zeros,
} from '../../src/index.ts';
import { type Case, matmulFlops, type Step } from './case.ts';
import { examples } from './data.ts';

/** A step that computes `build` of variables of these shapes and keeps the result in a variable. */
function kernelStep(shapes: readonly (readonly number[])[], build: (...operands: Tensor[]) => Tensor): Step {
  const operands = shapes.map((shape) => new Variable(examples(shape), 'operand'));
  const { shape } = build(...operands);
  const result = new Variable(zeros(shape), 'result');
  const run = compile(() => {
    result.assign(build(...operands));
    return [];
  });
  return Object.assign(run, { kept: result });
}

/** [rows, depth, columns]. */
const products: readonly (readonly [rows: number, depth: number, columns: number])[] = [
  [512, 512, 512],
  [64, 64, 64],
  [128, 128, 128],
  [256, 256, 256],
  [1024, 1024, 1024],
  [2048, 2048, 2048],
  [127, 129, 131],
  [128, 512, 28],
  [4096, 10, 64],
];

/** `matmul-512` for 512³, `matmul-127x129x131` for others. */
export function matmulName(rows: number, depth: number, columns: number): string {
  const cube = rows === depth && depth === columns;
  return cube ? `matmul-${rows}` : `matmul-${rows}x${depth}x${columns}`;
}

const million = 1_000_000;

export const kernelCases: readonly Case[] = [
  ...products.map(([rows, depth, columns]): Case => {
    const name = matmulName(rows, depth, columns);
    return {
      name,
      suite: 'kernels',
      flops: matmulFlops(rows, depth, columns),
      shared: name === 'matmul-512',
      make: () =>
        kernelStep(
          [
            [rows, depth],
            [depth, columns],
          ],
          matmul,
        ),
    };
  }),
  {
    name: 'sigmoid-1M',
    suite: 'kernels',
    bytes: 2 * 4 * million,
    shared: true,
    make: () => kernelStep([[million]], (x) => x.sigmoid()),
  },
  {
    name: 'add-1M',
    suite: 'kernels',
    bytes: 3 * 4 * million,
    make: () => kernelStep([[million], [million]], (a, b) => a.add(b)),
  },
  {
    name: 'sum-1M',
    suite: 'kernels',
    bytes: 4 * million,
    make: () => kernelStep([[million]], (x) => x.sum()),
  },
  {
    name: 'softmax-1024x1024',
    suite: 'kernels',
    bytes: 2 * 4 * 1024 * 1024,
    make: () => kernelStep([[1024, 1024]], (x) => softmax(x)),
  },
  {
    name: 'transpose-1024x1024',
    suite: 'kernels',
    bytes: 2 * 4 * 1024 * 1024,
    make: () => kernelStep([[1024, 1024]], (x) => transpose(x)),
  },
  // Four times the steps take four times as long.
  ...[784, 3136].map((steps): Case => {
    const shape = [4, steps, 128];
    return {
      name: `linear-recurrence-${shape.join('x')}`,
      suite: 'kernels',
      bytes: 3 * 4 * 4 * steps * 128,
      make: () => kernelStep([shape, shape], (a, b) => linearRecurrence(a, b)),
    };
  }),
];
