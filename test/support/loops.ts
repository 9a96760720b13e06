/** Loops over time for tests of devices: what they compute, and their gradients, for any number of steps. */
import {
  dropout,
  gather,
  grad,
  matmul,
  rand,
  type ScanOptions,
  scan,
  seed,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { Numbers } from './numbers.ts';

/** What a loop of so many steps computes. */
export type LoopCase = (steps: number) => readonly Tensor[];

const [batch, features, hidden] = [2, 3, 4];

/** Results, and the gradients of their sum, in which no two elements count the same. */
function withGradients(results: readonly Tensor[], targets: readonly Tensor[]): Tensor[] {
  const numbers = new Numbers(5);
  const sums = results.map((each) => each.mul(numbers.real(each.shape)).sum());
  const total = sums.reduce((a, b) => a.add(b));
  return [...results, ...grad(total, targets)];
}

function rnn(options: Pick<ScanOptions<Tensor, Tensor>, 'reverse' | 'recompute'> = {}): LoopCase {
  return (steps) => {
    const numbers = new Numbers(3);
    const x = numbers.real([batch, steps, features]);
    const [w, u] = [numbers.real([features, hidden]), numbers.real([hidden, hidden])];
    const initial = numbers.real([batch, hidden]);
    const { carry, outputs } = scan(
      (h, xt) => {
        const left = matmul(xt, w).add(matmul(h, u)).tanh();
        return { carry: left, output: { found: h, left } };
      },
      { initial, inputs: x, ...options },
    );
    return withGradients([carry, outputs.found, outputs.left], [x, w, u, initial]);
  };
}

/** Every third step of the second sequence is missing, and so on. */
function maskOf(steps: number): Tensor {
  const isReal = (k: number): boolean => k % (2 + Math.floor(k / steps)) !== 1;
  return tensor(
    Uint8Array.from({ length: batch * steps }, (_, k) => Number(isReal(k))),
    { shape: [batch, steps], dtype: 'bool' },
  );
}

/** With a mask, from the last step to the first. */
const lstm: LoopCase = (steps) => {
  const numbers = new Numbers(7);
  const x = numbers.real([batch, steps, features]);
  const [w, u] = [numbers.real([features, 4 * hidden]), numbers.real([hidden, 4 * hidden])];
  const initial = { h: numbers.real([batch, hidden]), c: numbers.real([batch, hidden]) };
  const { carry, outputs } = scan(
    ({ h, c }, xt) => {
      const z = matmul(xt, w).add(matmul(h, u));
      const gate = (part: number): Tensor => z.slice(null, [part * hidden, (part + 1) * hidden]);
      const cell = gate(1)
        .sigmoid()
        .mul(c)
        .add(gate(0).sigmoid().mul(gate(2).tanh()));
      const state = gate(3).sigmoid().mul(cell.tanh());
      return { carry: { h: state, c: cell }, output: state };
    },
    { initial, inputs: x, mask: maskOf(steps), reverse: true },
  );
  return withGradients([carry.h, carry.c, outputs], [x, w, u, initial.c]);
};

/** A loop in a loop, whose carry, sequence and constant are those of the loop around it. */
const nested: LoopCase = (steps) => {
  const numbers = new Numbers(11);
  const x = numbers.real([steps, 3, batch, hidden]);
  const w = numbers.real([hidden, hidden], -0.3, 0.3);
  const { carry, outputs } = scan(
    (h, rows) => {
      const inner = scan(
        (g, row) => {
          const next = matmul(g, w).add(row).tanh();
          return { carry: next, output: next.mul(h) };
        },
        { initial: h, inputs: rows, axis: 0 },
      );
      return { carry: h.mul(0.5).add(inner.carry), output: inner.outputs.sum(0) };
    },
    { initial: numbers.real([batch, hidden]), inputs: x, axis: 0 },
  );
  return withGradients([carry, outputs], [x, w]);
};

/** Numbers drawn in the body, an int32 carry, and a bool that is stacked. */
const random: LoopCase = (steps) => {
  seed(9);
  const { carry, outputs } = scan(
    ({ h, count }, _, t) => {
      const noise = rand([batch, hidden]);
      const next = dropout(h.mul(0.5).add(noise), 0.3);
      return {
        carry: { h: next, count: count.add(t).add(70_000) },
        output: { noise, isLarge: next.greater(0.8), count },
      };
    },
    {
      initial: {
        h: new Numbers(13).real([batch, hidden]),
        count: tensor([-5, 100_000], { dtype: 'int32' }),
      },
      steps,
      axis: 0,
    },
  );
  return [carry.h, carry.count, outputs.noise, outputs.isLarge, outputs.count];
};

/** Rows are looked up by a carry that changes, by a sequence, and by what the body computes. */
const lookup: LoopCase = (steps) => {
  const numbers = new Numbers(17);
  const table = numbers.real([5, hidden]);
  const picks = tensor(
    Int32Array.from({ length: 2 * steps }, (_, k) => (3 * k + 1) % 5),
    { shape: [steps, 2], dtype: 'int32' },
  );
  const { carry, outputs } = scan(
    ({ at, total }, pick) => {
      const computed = at.add(pick).mod(5);
      const found = gather(table, computed, 0).add(gather(table, at, 0).mul(gather(table, pick, 0)));
      return { carry: { at: computed, total: total.add(found) }, output: found };
    },
    {
      initial: { at: tensor([1, 4], { dtype: 'int32' }), total: numbers.real([2, hidden]) },
      inputs: picks,
      axis: 0,
    },
  );
  return [carry.at, carry.total, outputs];
};

/** Scalars: carries that change places, and one that nothing reads before it is stacked. */
const swaps: LoopCase = (steps) => {
  const { carry, outputs } = scan(
    ({ a, b, last }, x) => ({
      carry: { a: b, b: a.mul(0.5).sub(x), last: x },
      output: { last, a },
    }),
    {
      initial: { a: tensor(1), b: tensor(2), last: tensor(3) },
      inputs: new Numbers(19).real([steps]),
      axis: 0,
    },
  );
  return [carry.a, carry.b, carry.last, outputs.last, outputs.a];
};

/** What a loop reads is computed, and so is what reads it, a loop in the other direction. */
const chained: LoopCase = (steps) => {
  const numbers = new Numbers(23);
  const decay = numbers.real([hidden], 0.1, 0.9);
  const over = (inputs: Tensor, reverse: boolean) =>
    scan(
      (h, xt) => {
        const next = h.mul(decay).add(xt);
        return { carry: next, output: next };
      },
      { initial: numbers.real([batch, hidden]), inputs, reverse },
    );
  const first = over(numbers.real([batch, steps, hidden]).square(), false);
  const second = over(first.outputs.mul(2), true);
  return [second.outputs.add(first.outputs), second.carry];
};

export const loopCases: Readonly<Record<string, LoopCase>> = {
  rnn: rnn(),
  'rnn, in reverse': rnn({ reverse: true }),
  'rnn, computed again': rnn({ recompute: 4 }),
  lstm,
  nested,
  random,
  lookup,
  swaps,
  chained,
};
