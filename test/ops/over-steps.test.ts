/**
 * Every row of the primitive table over all steps of a loop: what comes out is the stack of what the steps give one by one,
 * for each choice of the operands that are stacked; what is called additive is, and what is not is not.
 */
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { allocate } from '../../kernels/support/contract.ts';
import { gradCheck, setDevice, type Tensor, tensor } from '../../src/index.ts';
import { apply, applyAll } from '../../src/ops/apply.ts';
import { conv2dPrimitive, conv2dWeightGradientPrimitive } from '../../src/ops/convolution.ts';
import { add, cast } from '../../src/ops/elementwise.ts';
import { matmulPrimitive } from '../../src/ops/matmul.ts';
import { isAdditive, overSteps, type StepOperand, sumOverSteps } from '../../src/ops/over-steps.ts';
import { primitiveTable } from '../../src/ops/table.ts';
import type { Primitive } from '../../src/tensor/primitive.ts';
import { runtime } from '../../src/tensor/runtime.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { type Sample, samples } from '../conformance/samples.ts';
import { errorOf, planTensors } from '../support/devices.ts';
import { Numbers } from '../support/numbers.ts';
import { type Pooling, positionsInWindows } from '../support/pooling.ts';

/** Rows without a rule, and why. */
const withoutRule: Readonly<Record<string, string>> = {
  input: 'a leaf: it is applied to nothing',
  variable: 'a leaf: it is applied to nothing',
  fill: 'no operands: it is the same at all steps',
  iota: 'no operands: it is the same at all steps',
  random: 'its counter is claimed for every step by the loop itself',
  ...Object.fromEntries(
    ['lstm', 'lstmGradient', 'gru', 'gruGradient', 'linearRecurrence', 'scan'].map((name) => [
      name,
      'a loop of its own: it stays where it is',
    ]),
  ),
  conv2dWeightGradient: 'the kernel sums over the images; the sum over the steps has a form',
};

/** Rows whose rule leaves some choices of stacked operands undone, and which. */
const partly: Readonly<Record<string, string>> = {
  conv2d: 'another weight at each step',
  conv2dInputGradient: 'another weight at each step',
  gather: 'other indices into another table at each step, along an inner axis',
  scatterAdd: 'other indices at each step, along an inner axis',
};

/** Rows of which sums over steps have a form of their own. */
const summed = [
  'multiply',
  'divide',
  'where',
  'gather',
  'scatterAdd',
  'matmul',
  'conv2d',
  'conv2dInputGradient',
  'conv2dWeightGradient',
  'maxPool2dInputGradient',
];

/** Rows that would be additive for all their samples, but are not said to be, and why. */
const couldBe: Readonly<Record<string, string>> = {
  equal: 'of the operands in its samples as many are equal as their sums are',
};

/** Rows whose results do not depend on how many of them are computed together. */
const isExact = ({ kind, name }: Primitive) =>
  ['elementwise', 'movement'].includes(kind) ||
  ['concat', 'gather', 'argSort', 'argMax', 'max'].includes(name);

beforeAll(() => {
  setDevice('cpu');
});
afterAll(() => {
  setDevice('wasm');
});

const callable = primitiveTable.filter(({ name }) => samples[name].some(({ inputs }) => inputs.length > 0));
const named = callable.map((row) => [row.name, row] as const);

/** A call at every step: the operands with the steps of those that are stacked, and the inputs of each step. */
interface Loop {
  readonly operands: readonly StepOperand[];
  readonly inputsAt: readonly (readonly Tensor[])[];
}

const numbers = new Numbers(11);

/** An operand as it is at step t: the sample's values in another order, which keeps them in their range. */
function operandAt(row: Primitive, { inputs, attributes }: Sample, position: number, step: number): Tensor {
  const { node, shape, dtype, size } = inputs[position];
  if (row.name === 'maxPool2dInputGradient' && position === 1) {
    const pooling = attributes as Pooling & { readonly shape: Shape };
    return positionsInWindows(numbers, { ...pooling, x: pooling.shape, y: shape });
  }
  const values = node.values[0]!;
  return tensor(
    values.map((_, k) => values[(k + step) % size]),
    { shape, dtype },
  );
}

function loopOf(row: Primitive, sample: Sample, stacked: readonly boolean[], steps: number): Loop {
  const all = sample.inputs.map((input, position) =>
    Array.from({ length: steps }, (_, step) =>
      stacked[position] ? operandAt(row, sample, position, step) : input,
    ),
  );
  const operands = sample.inputs.map((input, position): StepOperand => {
    if (!stacked[position]) return { tensor: input, stacked: false };
    return { tensor: stackOf(all[position], input), stacked: true };
  });
  const inputsAt = Array.from({ length: steps }, (_, step) => all.map((operand) => operand[step]));
  return { operands, inputsAt };
}

/** Host data as one tensor [T, …], each like `one`. */
function stackOf(parts: readonly Tensor[], { shape, dtype, size }: Tensor): Tensor {
  const data = allocate(dtype, parts.length * size);
  parts.forEach((part, step) => {
    data.set(part.node.values[part.output]!, step * size);
  });
  return tensor(data, { shape: [parts.length, ...shape], dtype });
}

/** Choices of the operands that are stacked: all there are, or, of many, each alone, all but one, and all. */
function choices(count: number): boolean[][] {
  const positions = Array.from({ length: count }, (_, k) => k);
  if (count <= 3) {
    return Array.from({ length: 2 ** count - 1 }, (_, bits) =>
      positions.map((k) => (((bits + 1) >> k) & 1) === 1),
    );
  }
  const alone = positions.map((k) => positions.map((other) => other === k));
  return [...alone, ...alone.map((choice) => choice.map((each) => !each)), positions.map(() => true)];
}

/** Every choice for every sample of a row. */
function* loopsOf(row: Primitive, steps: number) {
  for (const sample of samples[row.name]) {
    for (const stacked of sample.inputs.length > 0 ? choices(sample.inputs.length) : []) {
      const names = stacked.map((each) => (each ? 'stacked' : 'one')).join(', ');
      const loop = loopOf(row, sample, stacked, steps);
      yield { ...loop, sample, title: `${sample.title} (${names})`, isWhole: stacked.every(Boolean) };
    }
  }
}

/** Exactly equal, or equal within 1e-5 of the largest value. */
function expectEqual(actual: Tensor, expected: Tensor, exactly: boolean, title: string): void {
  expect(actual.shape, title).toEqual(expected.shape);
  expect(actual.dtype, title).toBe(expected.dtype);
  const [values, wanted] = [actual, expected].map(({ node, output }) => node.values[output]!);
  if (exactly) expect(values, title).toEqual(wanted);
  else expect(errorOf(values, wanted), title).toBeLessThan(1e-5);
}

/** The results of every step, stacked on the host. */
function stackedResults(results: readonly (readonly Tensor[])[], like: readonly Tensor[]): Tensor[] {
  return like.map((each, output) =>
    stackOf(
      results.map((step) => step[output]),
      each,
    ),
  );
}

describe.each(named)('%s', (name, row) => {
  it.each([3, 1, 0])('all of %i steps at once are the stack of each', async (steps) => {
    const undone = new Set<string>();
    let done = 0;
    for (const { operands, inputsAt, sample, title, isWhole } of loopsOf(row, steps)) {
      if (steps !== 3 && !isWhole) continue;
      const outputs = overSteps(row, operands, sample.attributes, steps);
      if (outputs === undefined) {
        undone.add(title);
        continue;
      }
      done++;
      const atSteps = inputsAt.map((inputs) => applyAll(row, inputs, sample.attributes));
      await runtime().evaluate([...outputs, ...atSteps.flat()]);
      const expected = stackedResults(atSteps, applyAll(row, sample.inputs, sample.attributes));
      outputs.forEach((output, k) => {
        expectEqual(output, expected[k], isExact(row), title);
      });
    }
    if (steps !== 3) return;
    expect(done > 0, 'has a rule').toBe(!(name in withoutRule));
    expect(undone.size > 0, [...undone].join('\n')).toBe(name in withoutRule || name in partly);
  });

  it('has a form of its own for the sum over the steps, or none', async () => {
    let done = 0;
    for (const { operands, inputsAt, sample, title } of loopsOf(row, 3)) {
      const total = sumOverSteps(row, operands, sample.attributes, 3);
      if (total === undefined) continue;
      done++;
      const atSteps = inputsAt.map((inputs) => apply(row, inputs, sample.attributes));
      const expected = atSteps.reduce(add);
      await runtime().evaluate([total, expected]);
      expectEqual(total, expected, false, title);
    }
    expect(done > 0).toBe(summed.includes(name));
  });

  const calls = samples[name].filter(({ inputs }) => inputs.every(({ dtype }) => dtype === 'float32'));
  if (calls.length > 0) {
    it('is additive, or is not', async () => {
      let same = 0;
      for (const sample of calls) {
        const whole = sample.inputs.map(() => true);
        const { inputsAt } = loopOf(row, sample, whole, 3);
        const sums = sample.inputs.map((_, position) =>
          inputsAt.map((inputs) => inputs[position]).reduce(add),
        );
        const ofSums = apply(row, sums, sample.attributes);
        const sumOf = inputsAt
          .map((inputs) => cast(apply(row, inputs, sample.attributes), 'float32'))
          .reduce(add);
        const both = [cast(ofSums, 'float32'), sumOf];
        await runtime().evaluate(both);
        const [values, wanted] = both.map(({ node, output }) => node.values[output]!);
        const isSame = errorOf(values, wanted) < 1e-5;
        if (isAdditive(row, sample.attributes)) expect(isSame, sample.title).toBe(true);
        same += Number(isSame || isAdditive(row, sample.attributes));
      }
      const isAlways = calls.every(({ attributes }) => isAdditive(row, attributes));
      if (!isAlways) expect(same < calls.length, 'is not additive').toBe(!(name in couldBe));
    });
  }
});

test('every row has a rule, or its reason stands here', () => {
  const rows = primitiveTable.map(({ name }) => name);
  for (const name of [...Object.keys({ ...withoutRule, ...partly, ...couldBe }), ...summed]) {
    expect(rows).toContain(name);
  }
  for (const row of primitiveTable) {
    if (!callable.includes(row)) expect(withoutRule, row.name).toHaveProperty(row.name);
  }
});

describe('gradients', () => {
  it.each([
    'multiply',
    'broadcast',
    'concat',
    'gather',
    'scatterAdd',
    'matmul',
    'conv2d',
    'conv2dWeightGradient',
    'maxPool2d',
    'sumPool2dInputGradient',
  ])('%s', async (name) => {
    const row = primitiveTable.find((each) => each.name === name)!;
    let remaining = 6;
    for (const { operands, sample } of loopsOf(row, 2)) {
      const isFloat = ({ tensor: { dtype } }: StepOperand) => dtype === 'float32';
      const floats = operands.filter(isFloat).map((operand) => operand.tensor);
      const given = (tensors: readonly Tensor[]) => {
        const rest = [...tensors];
        return operands.map((each) => (isFloat(each) ? { ...each, tensor: rest.shift()! } : each));
      };
      const all = (...tensors: Tensor[]) => overSteps(row, given(tensors), sample.attributes, 2)!;
      const total = (...tensors: Tensor[]) => sumOverSteps(row, given(tensors), sample.attributes, 2)!;
      for (const f of [all, total]) {
        if (f(...floats) === undefined || remaining-- <= 0) continue;
        await gradCheck(f, floats);
      }
    }
    expect(remaining).toBeLessThan(6);
  });
});

test('matmul of any sizes, flags and stacks', async () => {
  const row = matmulPrimitive as Primitive;
  for (let trial = 0; trial < 150; trial++) {
    const length = () => numbers.pick([1, 2, 3, 5]);
    const [batch, rows, depth, columns, steps] = [length(), length(), length(), length(), length()] as const;
    const [sharedA, sharedB] = numbers.pick([
      [false, false],
      [true, false],
      [false, true],
    ] as const);
    const attributes = { transposeA: numbers.pick([true, false]), transposeB: numbers.pick([true, false]) };
    const a = numbers.real([sharedA ? 1 : batch, ...(attributes.transposeA ? [depth, rows] : [rows, depth])]);
    const b = numbers.real([
      sharedB ? 1 : batch,
      ...(attributes.transposeB ? [columns, depth] : [depth, columns]),
    ]);
    const stacked = numbers.pick(choices(2));
    const title = `${a.shape} · ${b.shape} ${JSON.stringify(attributes)}, stacked ${stacked}, T = ${steps}`;
    const { operands, inputsAt } = loopOf(row, { title, inputs: [a, b], attributes }, stacked, steps);
    const [y] = overSteps(row, operands, attributes, steps)!;
    const total = sumOverSteps(row, operands, attributes, steps);
    const atSteps = inputsAt.map((inputs) => apply(row, inputs, attributes));
    const expected = atSteps.reduce(add);
    await runtime().evaluate([y, ...atSteps, expected, ...(total ? [total] : [])]);
    expectEqual(y, stackOf(atSteps, atSteps[0]), false, title);
    if (total) expectEqual(total, expected, false, title);
  }
});

describe('without copies', () => {
  const stack = (...shape: number[]): StepOperand => ({ tensor: numbers.real(shape), stacked: true });
  const one = (...shape: number[]): StepOperand => ({ tensor: numbers.real(shape), stacked: false });
  const matmul = matmulPrimitive as Primitive;
  const flags = (transposeA: boolean, transposeB: boolean) => ({ transposeA, transposeB });
  /** What a plan runs: each kernel with the shapes of its operands. */
  const kernelsOf = (result: Tensor) =>
    planTensors([result]).plan.steps.map(({ contract, call }) => [
      contract.name,
      ...call.inputs.map(({ shape }) => shape),
    ]);

  it.each([
    ['a is rows', stack(5, 1, 2, 3), one(1, 3, 4), flags(false, false), [1, 10, 3], [1, 3, 4]],
    ['a is rows of a batch', stack(5, 6, 2, 3), one(1, 4, 3), flags(false, true), [1, 60, 3], [1, 4, 3]],
    [
      'one transposed row is a row',
      stack(5, 1, 3, 1),
      one(1, 3, 4),
      flags(true, false),
      [1, 5, 3],
      [1, 3, 4],
    ],
    ['a transposed is batch', stack(5, 1, 3, 2), one(1, 3, 4), flags(true, false), [5, 3, 2], [1, 3, 4]],
    ['b is batch', one(1, 2, 3), stack(5, 1, 3, 4), flags(false, false), [1, 2, 3], [5, 3, 4]],
    ['b is columns of one row', one(1, 1, 3), stack(5, 1, 4, 3), flags(false, true), [1, 1, 3], [1, 20, 3]],
    [
      'b is rows where it is columns',
      one(1, 4, 3),
      stack(5, 1, 3, 1),
      flags(false, false),
      [1, 5, 3],
      [1, 4, 3],
    ],
    ['the batch of a is rows', one(6, 2, 3), stack(5, 1, 3, 4), flags(false, false), [1, 12, 3], [5, 3, 4]],
    ['both are batch', stack(5, 6, 2, 3), stack(5, 6, 3, 4), flags(false, false), [30, 2, 3], [30, 3, 4]],
    [
      'b of each step, batch of a',
      stack(5, 6, 2, 3),
      stack(5, 1, 3, 4),
      flags(false, false),
      [5, 12, 3],
      [5, 3, 4],
    ],
  ])('matmul, %s', (_, a, b, attributes, left, right) => {
    const [y] = overSteps(matmul, [a, b], attributes, 5)!;
    expect(kernelsOf(y)).toEqual([['matmul', left, right]]);
  });

  it('copies the smaller side where the batch is in both and the steps are in one', () => {
    // 6 matrices of 30 × 40 for all steps, and a row for each at every step: the rows move, the matrices stay.
    const [y] = overSteps(matmul, [stack(5, 6, 1, 30), one(6, 30, 40)], flags(false, false), 5)!;
    expect(kernelsOf(y).filter(([name]) => name === 'matmul')).toEqual([['matmul', [6, 5, 30], [6, 30, 40]]]);
  });

  it('sums the products of all steps as one of more depth', () => {
    const total = sumOverSteps(matmul, [stack(5, 1, 8, 3), stack(5, 1, 8, 4)], flags(true, false), 5)!;
    expect(kernelsOf(total)).toEqual([['matmul', [1, 40, 3], [1, 40, 4]]]);
    const outer = sumOverSteps(matmul, [stack(5, 1, 3, 1), stack(5, 1, 1, 4)], flags(false, false), 5)!;
    expect(kernelsOf(outer)).toEqual([['matmul', [1, 5, 3], [1, 5, 4]]]);
    // To bring the depth to the front would copy more than the products of the steps take.
    const deep = [stack(5, 1, 2, 100), stack(5, 1, 100, 2)];
    expect(sumOverSteps(matmul, deep, flags(false, false), 5)).toBeUndefined();
  });

  it('has the images of all steps as one batch', () => {
    const attributes = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 };
    const [x, weight, dY] = [stack(5, 2, 4, 4, 3), one(3, 3, 3, 2), stack(5, 2, 2, 2, 2)];
    const [y] = overSteps(conv2dPrimitive as Primitive, [x, weight], attributes, 5)!;
    expect(kernelsOf(y)).toEqual([['conv2d', [10, 4, 4, 3], [3, 3, 3, 2]]]);
    const dWeight = sumOverSteps(
      conv2dWeightGradientPrimitive as Primitive,
      [x, dY],
      { ...attributes, shape: [3, 3, 3, 2] },
      5,
    )!;
    expect(kernelsOf(dWeight)).toEqual([['conv2dWeightGradient', [10, 4, 4, 3], [10, 2, 2, 2]]]);
  });
});
