/** Every row of the primitive table: shapes, first and second derivatives, composed forms, kernels. */
import { describe, expect, it, test } from 'vitest';
import { kernels } from '../../kernels/index.ts';
import { backpropagate } from '../../src/autograd/grad.ts';
import { gradCheck, setDevice, type Tensor, zeros } from '../../src/index.ts';
import { applyAll } from '../../src/ops/apply.ts';
import { cast } from '../../src/ops/elementwise.ts';
import { primitiveTable } from '../../src/ops/table.ts';
import { captureGraph } from '../../src/plan/capture.ts';
import { makePlan } from '../../src/plan/planner.ts';
import type { NumericArray } from '../../src/tensor/dtype.ts';
import type { Primitive } from '../../src/tensor/primitive.ts';
import { runtime } from '../../src/tensor/runtime.ts';
import { sizeOf } from '../../src/tensor/shape.ts';
import { Numbers } from '../support/numbers.ts';
import { runInRubbish } from '../support/plan-runner.ts';
import { type Sample, samples } from './samples.ts';

/** Rows whose derivative is declared to be 0 although their value changes with their input. */
const declaredZero = new Set(['stopGradient']);
/** |analytic - numeric| / max(1, |either|). */
const tolerance = { first: 1e-3, second: 1e-3 };

function isFloat({ dtype }: Tensor): boolean {
  return dtype === 'float32';
}

/** Runs a row on tensors. */
function call(row: Primitive, { attributes }: Sample, inputs: readonly Tensor[]): Tensor[] {
  return applyAll(row, inputs, attributes);
}

/** Leaves have nothing to call. */
const callable = primitiveTable.filter(({ kind }) => kind !== 'leaf');
const leaves = primitiveTable.filter(({ kind }) => kind === 'leaf');

/** Whether finite differences say anything about a call: a float32 result and a float32 input. */
function isDifferentiable(row: Primitive, each: Sample): boolean {
  const results = call(row, each, each.inputs);
  return !declaredZero.has(row.name) && results.some(isFloat) && each.inputs.some(isFloat);
}

test('every row has samples and every sample belongs to a row', () => {
  expect(Object.keys(samples).sort()).toEqual(primitiveTable.map(({ name }) => name).sort());
  for (const { name } of callable) expect(samples[name].length, name).toBeGreaterThan(1);
});

test('names in the table are unique', () => {
  expect(new Set(primitiveTable.map(({ name }) => name)).size).toBe(primitiveTable.length);
});

test('every kernel is a row of the table of kernels, and computes a primitive or what is fused', () => {
  const named = primitiveTable.flatMap(({ contract }) => (contract ? [contract.name] : []));
  expect(Object.keys(kernels).sort()).toEqual([...new Set(named), 'elementwise', 'reduce'].sort());
  for (const [name, { contract }] of Object.entries(kernels)) expect(contract.name).toBe(name);
  for (const { name, kind, contract } of primitiveTable) {
    if (kind === 'kernel') expect(contract, name).toBeDefined();
  }
});

describe.each(leaves.map((row) => [row.name, row] as const))('leaf %s', (_, row) => {
  it('has no gradient, no shape rule and no kernel', () => {
    expect(row.gradient).toBeUndefined();
    expect(row.contract).toBeUndefined();
    expect(() => row.outputs([], {})).toThrow('leaf');
    expect(samples[row.name]).toEqual([]);
  });
});

describe.each(callable.map((row) => [row.name, row] as const))('%s', (name, row) => {
  const calls = samples[name] ?? [];
  const differentiable = calls.filter((each) => isDifferentiable(row, each));
  const constant = calls.filter((each) => !isDifferentiable(row, each));

  it.each(calls.map((each) => [each.title, each] as const))('shape rule: %s', async (_, each) => {
    const results = call(row, each, each.inputs);
    const expected = each.shapes ?? [each.inputs[0].shape];
    expect(results.map(({ shape }) => shape)).toEqual(expected);
    const { graph, bindings } = captureGraph(results);
    const plan = makePlan(graph);
    expect(plan.outputs.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual(
      results.map(({ shape, dtype }) => ({ shape, dtype })),
    );
    const inputs = bindings.inputs.map((source) => {
      if (source.kind !== 'data') throw new Error('samples are host data');
      return source.data;
    });
    const once = runInRubbish(plan, inputs, 77);
    const again = runInRubbish(plan, inputs, 99);
    setDevice('cpu');
    await runtime().evaluate(results);
    setDevice('wasm');
    for (const [k, result] of results.entries()) {
      const data = await result.data();
      expect(data.length).toBe(sizeOf(expected[k]));
      expect(data.every((value: number) => Number.isFinite(value))).toBe(true);
      if (result.dtype === 'bool')
        expect(data.every((value: number) => value === 0 || value === 1)).toBe(true);
      expect(again[k]).toEqual(once[k]);
      if (result.dtype === 'float32') expect(relativeError(data, once[k])).toBeLessThan(1e-5);
      else expect(data).toEqual(once[k]);
    }
  });

  if (differentiable.length > 0) {
    it('has a gradient rule or a composed form', () => {
      expect(row.gradient ?? row.composed).toBeDefined();
    });
    it.each(differentiable.map((each) => [each.title, each] as const))('derivatives: %s', async (_, each) => {
      const f = (...inputs: Tensor[]) => call(row, each, inputs);
      await gradCheck(f, each.inputs, { tolerance: tolerance.first });
      await gradCheck(f, each.inputs, { tolerance: tolerance.second, order: 2 });
    });
  }

  if (constant.length > 0) {
    it.each(constant.map((each) => [each.title, each] as const))('passes no gradient: %s', (_, each) => {
      const results = call(row, each, each.inputs);
      const floats = results.map((result) => cast(result, 'float32'));
      const ones = floats.map((result) => new Numbers(2).real(result.shape));
      for (const gradient of backpropagate(floats, ones, each.inputs)) expect(gradient).toBeUndefined();
    });
  }

  // Of every row, also of those that are differentiable in another input.
  it('passes no gradient to integers and booleans', () => {
    for (const each of calls) {
      const results = call(row, each, each.inputs);
      const floats = results.map((result) => cast(result, 'float32'));
      const ones = floats.map((result) => new Numbers(2).real(result.shape));
      const gradients = backpropagate(floats, ones, each.inputs);
      each.inputs.forEach((input, k) => {
        if (!isFloat(input)) expect(gradients[k]).toBeUndefined();
      });
    }
  });

  if (row.composed) {
    it.each(calls.map((each) => [each.title, each] as const))('fused = composed: %s', async (_, each) => {
      const fused = call(row, each, each.inputs);
      const composed = row.composed!(each.inputs, each.attributes);
      await expectClose(fused, composed);
      const numbers = new Numbers(3);
      const cotangents = fused.map((result) => numbers.real(result.shape));
      const floats = each.inputs.filter(isFloat);
      // An input without influence (the states of a gradient row with one step) has no cotangent at all.
      const orZeros = (gradient: Tensor | undefined, k: number) => gradient ?? zeros(floats[k].shape);
      const direct = backpropagate(fused, cotangents, floats).map(orZeros);
      const through = backpropagate(composed, cotangents, floats).map(orZeros);
      await expectClose(direct, through);
    });
  }
});

/** Equal within 1e-5 of the largest value. */
async function expectClose(actual: readonly Tensor[], expected: readonly Tensor[]): Promise<void> {
  expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  await runtime().evaluate([...actual, ...expected]);
  for (const [k, each] of actual.entries()) {
    expect(relativeError(await each.data(), await expected[k].data())).toBeLessThan(1e-5);
  }
}

function relativeError(actual: NumericArray, expected: NumericArray): number {
  let [largest, worst] = [1, 0];
  for (let k = 0; k < expected.length; k++) {
    largest = Math.max(largest, Math.abs(expected[k]));
    worst = Math.max(worst, Math.abs(actual[k] - expected[k]));
  }
  return worst / largest;
}

describe('second derivatives through a whole fused sequence', () => {
  // The inputs of the gradient row depend on each other here: c and the gates come from the weight.
  it.each(['lstm', 'gru'])('%s', async (name) => {
    const row = primitiveTable.find((each) => each.name === name)!;
    const each = samples[name].find(({ title }) => title.startsWith('[N=2, T=3, H=2]'))!;
    const [z, ...rest] = each.inputs as [Tensor, ...Tensor[]];
    const f = (...inputs: Tensor[]) => call(row, each, inputs).map((result) => result.square());
    expect((await gradCheck(f, [z, ...rest], { order: 2 })).maxError).toBeLessThan(1e-3);
  });
});
