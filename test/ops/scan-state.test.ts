/** State that goes from one training step to the next, while its loss is built on the outputs: each step stays as small as the first. */
import { expect, it } from 'vitest';
import {
  add,
  matmul,
  memory,
  Parameter,
  SGD,
  scan,
  square,
  stopGradient,
  sum,
  type Tensor,
  tanh,
  zeros,
} from '../../src/index.ts';
import { expectClose, values } from '../nn/support.ts';

it('a carry that nobody awaits is computed along with the step it belongs to', async () => {
  const [x, w] = [values([2, 5, 16]), new Parameter(values([16, 16], 3).mul(0.1), 'w')];
  const optimizer = new SGD([w], { learningRate: 0.01 });
  let carry: Tensor = zeros([2, 16]);
  const arenas: number[] = [];
  for (let step = 0; step < 12; step++) {
    const before = carry;
    const loop = scan(
      (h, xt) => {
        const next = tanh(add(xt, matmul(h, w)));
        return { carry: next, output: next };
      },
      { initial: before, inputs: x },
    );
    sum(square(loop.outputs)).backward();
    await optimizer.step();
    carry = stopGradient(loop.carry);
    arenas.push(memory().arenaBytes);
    // It is the value of the step it was built in, although w has changed since.
    if (step === 11) await expectClose(carry, await loop.outputs.slice(null, -1).data());
  }
  expect(arenas[11]).toBe(arenas[3]);
});
