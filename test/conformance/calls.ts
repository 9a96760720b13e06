/** Calls of a row of the primitive table with the gradients of its results, on dense inputs and on views. */
import { backpropagate } from '../../src/autograd/grad.ts';
import type { Tensor } from '../../src/index.ts';
import { applyAll } from '../../src/ops/apply.ts';
import type { Primitive } from '../../src/tensor/primitive.ts';
import { Numbers } from '../support/numbers.ts';
import type { Sample } from './samples.ts';
import { layoutNames, viewWith } from './variants.ts';

/** Results of a call, and the gradients of its float32 results in the given leaves. */
function withGradients(results: readonly Tensor[], leaves: readonly Tensor[]): Tensor[] {
  const numbers = new Numbers(4);
  const floats = results.filter(({ dtype }) => dtype === 'float32');
  const targets = leaves.filter(({ dtype }) => dtype === 'float32');
  const cotangents = floats.map(({ shape }) => numbers.real(shape));
  const gradients = backpropagate(floats, cotangents, targets);
  return [...results, ...gradients.filter((gradient) => gradient !== undefined)];
}

/** A call on dense leaves. */
export function onLeaves(row: Primitive, { inputs, attributes }: Sample): Tensor[] {
  return withGradients(applyAll(row, inputs, attributes), inputs);
}

/** The same call on views, each input of another kind: `first` is that of the first input. */
export function onViews(row: Primitive, { inputs, attributes }: Sample, first: number): Tensor[] {
  const views = inputs.map((input, at) => viewWith(layoutNames[(first + at) % layoutNames.length], input));
  const results = applyAll(
    row,
    views.map(({ view }) => view),
    attributes,
  );
  return withGradients(
    results,
    views.map(({ leaf }) => leaf),
  );
}
