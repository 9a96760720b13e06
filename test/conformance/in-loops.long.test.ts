/** Every row of the primitive table in the body of a loop: forward and back, what the plain loop gives, on any number of threads. */
import { describe, expect, it } from 'vitest';
import { backpropagate } from '../../src/autograd/grad.ts';
import { multiply, scan, type Tensor } from '../../src/index.ts';
import { applyAll } from '../../src/ops/apply.ts';
import { primitiveTable } from '../../src/ops/table.ts';
import type { Primitive } from '../../src/tensor/primitive.ts';
import { flattenTree } from '../../src/tensor/tree.ts';
import { errorOf, planTensors, runOnCpu } from '../support/devices.ts';
import { Numbers } from '../support/numbers.ts';
import { type UnrolledBody, unrolled } from '../support/unrolled.ts';
import { expectAgreement } from './agreement.ts';
import type { Sample } from './sample.ts';
import { samples } from './samples.ts';

const rows = primitiveTable.filter(({ kind, name }) => kind !== 'leaf' && name !== 'scan');

/** Which inputs of a call change from step to step: all that are float32, or only the first of those. */
type Carried = 'all' | 'first';

/** Three steps of a loop that calls the row at each, with the gradients of its inputs. */
function looped(
  run: 'scan' | 'unrolled',
  row: Primitive,
  { inputs, attributes }: Sample,
  carried: Carried,
): Tensor[] {
  const floats = inputs.flatMap(({ dtype }, k) => (dtype === 'float32' ? [k] : []));
  const places = carried === 'all' ? floats : floats.slice(0, 1);
  const body = (carry: readonly Tensor[]) => {
    const given = inputs.map((input, k) => (places.includes(k) ? carry[places.indexOf(k)] : input));
    // Nearly the same at every step, so that it stays in the range of the sample.
    return { carry: carry.map((each) => multiply(each, 0.999)), output: applyAll(row, given, attributes) };
  };
  const options = { initial: places.map((k) => inputs[k]), steps: 3, axis: 0 };
  const { carry, outputs } =
    run === 'scan' ? scan(body, options) : unrolled(body as UnrolledBody, options as never);
  const results = [...flattenTree(carry).tensors, ...flattenTree(outputs).tensors];
  const differentiable = results.filter(({ dtype }) => dtype === 'float32');
  const numbers = new Numbers(4);
  const cotangents = differentiable.map(({ shape }) => numbers.real(shape));
  const targets = floats.map((k) => inputs[k]);
  const gradients = backpropagate(differentiable, cotangents, targets);
  return [...results, ...gradients.map((gradient, k) => gradient ?? multiply(targets[k], 0))];
}

describe.each(rows.map((row) => [row.name, row] as const))('%s', (name, row) => {
  it.each(['all', 'first'] as const)('%s of its float32 inputs are carries', async (carried) => {
    for (const each of samples[name]) {
      const title = `${each.title}, in a loop, ${carried}`;
      const planned = planTensors(looped('scan', row, each, carried));
      const plain = planTensors(looped('unrolled', row, each, carried));
      const [found, expected] = [await runOnCpu(planned), await runOnCpu(plain)];
      expect(found.length).toBe(expected.length);
      for (const [k, values] of found.entries()) {
        expect(errorOf(values, expected[k]), `${name}, ${title}, ${k}`).toBeLessThan(2e-5);
      }
      await expectAgreement(name, title, planned);
    }
  });
});
