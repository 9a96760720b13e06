/** Loops over time on the GPU against cpu: results and gradients, whatever their length, and training through one. */
import { describe, expect, it, test } from 'vitest';
import { Adam, compile, matmul, Parameter, scan, setDevice, type Tensor, zeros } from '../../src/index.ts';
import { errorOf, firstDifference, planTensors, runOnCpu } from '../support/devices.ts';
import { loopCases } from '../support/loops.ts';
import { Numbers } from '../support/numbers.ts';
import { backend, gpuDevice, runOnGpu } from './support.ts';

describe.each(Object.entries(loopCases))('%s', (_, build) => {
  it.each([1, 2, 33])('agrees with cpu in %d steps', async (steps) => {
    const planned = planTensors(build(steps));
    const expected = await runOnCpu(planned);
    for (const segments of steps === 33 ? [1, 3] : [1]) {
      const actual = await runOnGpu(planned, { segments });
      for (const [at, { dtype }] of planned.plan.outputs.entries()) {
        const where = `output ${at}, in ${segments} segments`;
        if (dtype === 'float32') expect(errorOf(actual[at], expected[at]), where).toBeLessThan(1e-4);
        else expect(firstDifference(actual[at], expected[at]), where).toBe(-1);
      }
    }
  });
});

it('compiles as many functions for many steps as for few, but for those that join them', async () => {
  const device = await gpuDevice();
  const compiledFor = async (steps: number): Promise<number> => {
    const { plan, inputs } = planTensors(loopCases['rnn'](steps));
    const executable = device.prepare(plan);
    const before = device.counters.compiled;
    await executable.run({ inputs, variables: [] });
    const after = device.counters.compiled;
    await executable.run({ inputs, variables: [] });
    expect(device.counters.compiled).toBe(after);
    executable.release();
    return after - before;
  };
  const [few, many] = [await compiledFor(5), await compiledFor(50)];
  // Four stacks of two kinds: two levels more.
  expect(many - few).toBeLessThanOrEqual(6);
});

/** The losses of a few steps of training a cell by sequences of two lengths in turn, and its weight after them. */
async function train(): Promise<readonly number[]> {
  const numbers = new Numbers(29);
  const w = new Parameter(numbers.real([5, 5], -0.3, 0.3), 'w');
  const state = new Parameter(zeros([2, 5]), 'state');
  const optimizer = new Adam([w], { learningRate: 0.01 });
  const step = compile(
    (x: Tensor, y: Tensor) => {
      const { carry } = scan((h, xt) => ({ carry: matmul(h, w).add(xt).tanh() }), {
        initial: state,
        inputs: x,
      });
      const loss = carry.sub(y).square().mean();
      loss.backward();
      void optimizer.step();
      state.assign(carry);
      return loss;
    },
    { requireFinite: true },
  );
  const losses: number[] = [];
  for (const steps of [3, 9, 3, 9, 9]) {
    const loss = await step(numbers.real([2, steps, 5]), numbers.real([2, 5]));
    losses.push(await loss.item());
  }
  return [...losses, ...(await w.data()), ...(await state.data())];
}

test('a cell that is trained by scan, whose state goes on, comes to the values of cpu', async () => {
  setDevice('cpu');
  const expected = Float32Array.from(await train());
  await setDevice('gpu', { backend });
  expect(errorOf(Float32Array.from(await train()), expected)).toBeLessThan(1e-3);
});
