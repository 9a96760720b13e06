/**
 * Gradients of slices: what comes back to one value from many pieces of it, against a sum over elements written here; and
 * what that costs.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf } from '../../kernels/support/contract.ts';
import {
  arange,
  concat,
  flip,
  grad,
  gradCheck,
  matmul,
  pad,
  permute,
  reshape,
  setDevice,
  slice,
  split,
  stack,
  type Tensor,
  tensor,
  transpose,
  zeros,
} from '../../src/index.ts';
import { narrow } from '../../src/ops/movement.ts';
import { planOf } from '../../src/plan/explain.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import { Numbers } from '../support/numbers.ts';

/** Pieces of a tensor: only movement, so that where they come from shows when the tensor counts its elements. */
type Pieces = (x: Tensor) => Tensor[];

/** 0, 1, …, length - 1. */
const count = (length: number): number[] => [...new Array(length).keys()];

const cases: readonly (readonly [title: string, shape: Shape, pieces: Pieces])[] = [
  ['steps of a sequence', [2, 7, 3], (x) => count(7).map((t) => slice(x, null, t))],
  ['steps in another order, not all of them', [2, 9, 3], (x) => [6, 2, 3, 7].map((t) => slice(x, null, t))],
  ['more steps than one kernel reads', [300, 2], (x) => count(300).map((t) => slice(x, t))],
  ['one step, many times', [2, 5], (x) => count(4).map(() => slice(x, null, 3))],
  ['one step, and the whole', [2, 5], (x) => [slice(x, null, 3), x, slice(x, null, 1), x]],
  ['gates', [3, 8], (x) => split(x, 4, -1)],
  ['gates with gaps', [3, 8], (x) => split(x, 4, -1).filter((_, gate) => gate % 2 === 1)],
  ['halves', [6], (x) => split(x, 2)],
  ['uneven parts', [3, 10], (x) => split(x, [1, 0, 6, 3], 1)],
  ['windows that overlap', [12, 2], (x) => count(9).map((t) => narrow(x, 0, t, t + 4))],
  ['windows of many lengths', [12], (x) => count(12).map((t) => narrow(x, 0, 0, t + 1))],
  [
    'a deep place among long windows',
    [40],
    (x) => [
      ...count(9).map((t) => narrow(x, 0, 4 * t, 4 * t + 8)),
      ...count(7).map((t) => narrow(x, 0, 10 + (t % 3), 14)),
    ],
  ],
  [
    'the taps of a convolution',
    [2, 6, 6],
    (x) =>
      count(9).map((tap) =>
        slice(x, null, [tap % 3, (tap % 3) + 4], [Math.floor(tap / 3), Math.floor(tap / 3) + 4]),
      ),
  ],
  ['patches', [6, 8, 2], (x) => split(x, 3, 0).flatMap((row) => split(row, 2, 1))],
  [
    'patches, each from the whole',
    [6, 8],
    (x) =>
      count(6).map((k) =>
        slice(x, [2 * (k % 3), 2 * (k % 3) + 2], [(4 * (k >> 1)) % 8, ((4 * (k >> 1)) % 8) + 4]),
      ),
  ],
  ['places along the diagonal', [5, 5], (x) => count(5).map((k) => slice(x, k, k))],
  [
    'crops that overlap',
    [9, 9],
    (x) => count(12).map((k) => slice(x, [(5 * k) % 7, ((5 * k) % 7) + 2], [(3 * k) % 6, ((3 * k) % 6) + 3])),
  ],
  [
    'a slice of a slice',
    [4, 9, 2],
    (x) => count(3).flatMap((k) => count(3).map((t) => slice(slice(x, null, [3 * k, 3 * k + 3]), null, t))),
  ],
  ['an element of a row', [4, 3, 2], (x) => count(12).map((k) => slice(slice(x, k % 4), k % 3))],
  [
    'every second element, and the others',
    [3, 8],
    (x) => [slice(x, null, [0, null, 2]), slice(x, null, [1, null, 2])],
  ],
  [
    'every third element of a length that three does not divide',
    [10],
    (x) => count(3).map((k) => slice(x, [k, null, 3])),
  ],
  [
    'every second of every third',
    [14, 3],
    (x) => count(4).map((k) => slice(slice(x, [k % 3, null, 3]), [k >> 1, null, 2])),
  ],
  [
    'other distances on either axis',
    [6, 9],
    (x) => count(6).map((k) => slice(x, [k % 2, null, 2], [k % 3, null, 3])),
  ],
  [
    'backwards',
    [7, 2],
    (x) => [slice(x, [3, null, -1]), slice(x, [null, 3, -1]), slice(x, [null, null, -2])],
  ],
  [
    'steps of what is turned at every step',
    [4, 5, 2],
    (x) => count(5).map((t) => slice(transpose(x, 0, 1), t)),
  ],
  ['steps of what is reversed at every step', [4, 5], (x) => count(5).map((t) => slice(flip(x, 1), null, t))],
  [
    'rows of what is flat at every step',
    [4, 3, 2],
    (x) => count(4).map((t) => narrow(reshape(x, [12, 2]), 0, 3 * t, 3 * t + 3)),
  ],
  [
    'parts of what is flat that are no boxes',
    [4, 3],
    (x) => count(5).map((t) => narrow(reshape(x, [12]), 0, 2 * t, 2 * t + 4)),
  ],
  [
    'steps of what gets more axes at every step',
    [2, 5],
    (x) => count(5).map((t) => slice(reshape(x, [1, 2, 1, 5, 1]), 0, [t % 2, null], 0, t)),
  ],
  ['no elements', [4, 0], (x) => count(4).map((t) => slice(x, t))],
  ['pieces of no elements', [4], (x) => [narrow(x, 0, 2, 2), narrow(x, 0, 3, 3)]],
];

/** The gradient of Σ weights · pieces, from where each element of each piece comes from. */
async function byElements(shape: Shape, pieces: Pieces, weights: readonly Tensor[]): Promise<number[]> {
  const result = new Array<number>(sizeOf(shape)).fill(0);
  for (const [index, piece] of pieces(reshape(arange(sizeOf(shape)), shape)).entries()) {
    const [from, added] = [await piece.data(), await weights[index].data()];
    from.forEach((place, k) => {
      result[place] += added[k];
    });
  }
  return result;
}

/** Whole numbers, so that sums are exact in any order. */
function wholeNumbers(shape: Shape, numbers: Numbers): Tensor {
  return tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => numbers.whole(-9, 9)),
    { shape },
  );
}

function contracted(pieces: readonly Tensor[], weights: readonly Tensor[]): Tensor {
  return pieces.map((piece, k) => piece.mul(weights[k]).sum()).reduce((a, b) => a.add(b));
}

describe.each(['cpu', 'wasm'] as const)('the gradient of slices on %s', (device) => {
  beforeAll(() => setDevice(device));
  afterAll(() => setDevice('wasm'));

  it.each(cases)('%s', async (_, shape, pieces) => {
    const numbers = new Numbers(1);
    const x = wholeNumbers(shape, numbers);
    const weights = pieces(x).map((piece) => wholeNumbers(piece.shape, numbers));
    const gradient = await grad(contracted(pieces(x), weights), x).data();
    expect([...gradient]).toEqual(await byElements(shape, pieces, weights));
  });

  it('is right for any movement', async () => {
    const numbers = new Numbers(2);
    for (let round = 0; round < 60; round++) {
      const shape = count(numbers.whole(1, 3)).map(() => numbers.whole(1, 6));
      const moves = count(numbers.whole(2, 12)).map(() => anyMovement(numbers.whole(1, 1000)));
      const pieces: Pieces = (x) => moves.map((move) => move(x));
      const x = wholeNumbers(shape, numbers);
      const weights = pieces(x).map((piece) => wholeNumbers(piece.shape, numbers));
      const gradient = await grad(contracted(pieces(x), weights), x).data();
      expect([...gradient], `round ${round}`).toEqual(await byElements(shape, pieces, weights));
    }
  });
});

/** Some slices, one after the other, with other movement in between. */
function anyMovement(seed: number): (x: Tensor) => Tensor {
  return (x) => {
    const numbers = new Numbers(seed);
    let moved = x;
    for (let left = numbers.whole(1, 4); left > 0; left--) {
      const { shape, rank } = moved;
      const kind = numbers.whole(0, 5);
      if (kind === 0 && rank > 0) moved = flip(moved, numbers.whole(0, rank - 1));
      else if (kind === 1) moved = permute(moved, numbers.shuffled(count(rank)));
      else if (kind === 2) moved = reshape(moved, numbers.shuffled([...shape, 1]));
      else {
        const ranges = shape.map((length) => {
          const begin = numbers.whole(0, length - 1);
          const step = numbers.whole(1, 2);
          return [begin, numbers.whole(begin + 1, length), step] as const;
        });
        moved = slice(moved, ...ranges);
      }
    }
    return moved;
  };
}

describe('second derivatives', () => {
  const small = cases.filter(([, shape]) => sizeOf(shape) <= 60);
  it.each(small)('%s', async (_, shape, pieces) => {
    const f = (x: Tensor): Tensor[] => pieces(x).map((piece, k) => piece.mul(piece).mul(piece.add(k)));
    await gradCheck(f, [new Numbers(3).real(shape)], { order: 2 });
  });
});

describe('what the gradient of slices costs', () => {
  const kernels = (plan: Plan): string[] => plan.steps.map(({ contract }) => contract.name);
  /** What moves and what is computed; an addition of zeros counts as well. */
  const workOf = (plan: Plan): number =>
    plan.steps.reduce(
      (total, { contract, call }) => total + bytesOf(contract, call) + contract.flops(call),
      0,
    );
  /** The gradient of a function of pieces, where each piece has a cotangent of its own. */
  const gradientOf = (pieces: Pieces, shape: Shape): Promise<Plan> => {
    const lengths = pieces(zeros(shape)).map((piece) => piece.shape);
    const cotangents = lengths.map((length) => zeros(length).add(1));
    return planOf(
      (x: Tensor, ...given: Tensor[]) =>
        grad(
          pieces(x)
            .map((piece, k) => piece.mul(given[k]).sum())
            .reduce((a, b) => a.add(b)),
          x,
        ),
      zeros(shape),
      ...cotangents,
    );
  };

  it('joins steps, gates and halves at once', async () => {
    for (const pieces of [
      (x: Tensor) => count(7).map((t) => slice(x, t)),
      (x: Tensor) => split(x, 7, 0),
      (x: Tensor) => split(x, [1, 2, 4], 0),
      (x: Tensor) => count(7).map((t) => narrow(x, 0, t, t + 1)),
    ]) {
      expect(kernels(await gradientOf(pieces, [7, 3]))).toEqual(['concat']);
    }
  });

  it('counts what a kernel reads through its views', async () => {
    const x = zeros([2, 100, 4]).add(1);
    const bytesRead = async (y: Tensor): Promise<number> => {
      const { steps } = await planOf(() => y);
      const [{ contract, call }] = steps.slice(-1);
      return bytesOf(contract, call) - 4 * sizeOf(call.outputs[0].shape);
    };
    await x.data();
    expect(await bytesRead(slice(x, null, 3).exp())).toBe(4 * 8);
    expect(await bytesRead(slice(x, null, 3).sum())).toBe(4 * 8);
    expect(await bytesRead(slice(x, null, [0, 1]).broadcastTo([2, 100, 4]).exp())).toBe(4 * 8);
    expect(
      await bytesRead(
        pad(slice(x, null, [0, 1]), [
          [0, 0],
          [5, 5],
          [0, 0],
        ]).exp(),
      ),
    ).toBe(4 * 8);
    expect(
      await bytesRead(
        slice(x, null, [0, 60])
          .mul(slice(x, null, [40, 100]))
          .exp(),
      ),
    ).toBe(4 * 800);
  });

  it('adds the taps of a window in one kernel', async () => {
    const taps = (x: Tensor) => count(3).map((tap) => narrow(x, 0, tap, tap + 20));
    expect(kernels(await gradientOf(taps, [22]))).toEqual(['elementwise']);
  });

  it.each([
    ['steps', (length: number) => (x: Tensor) => count(length).map((t) => slice(x, t))],
    ['windows', (length: number) => (x: Tensor) => count(length - 4).map((t) => narrow(x, 0, t, t + 5))],
    [
      'rows of patches',
      (length: number) => (x: Tensor) => split(x, length / 2, 0).flatMap((row) => split(row, 4, 1)),
    ],
    [
      'slices of slices',
      (length: number) => (x: Tensor) =>
        count(length).map((t) => slice(narrow(x, 0, t - (t % 4), t - (t % 4) + 4), t % 4)),
    ],
  ])('in proportion to the number of %s', async (_, pieces) => {
    const [few, many] = [await gradientOf(pieces(20), [20, 8]), await gradientOf(pieces(200), [200, 8])];
    expect(workOf(many)).toBeLessThan(11 * workOf(few));
    expect(many.steps.length).toBeLessThan(11 * few.steps.length + 8);
  });

  /** A training step of a recurrent network that is written out, with a second layer that reads the stacked first one. */
  const loopOf = (length: number): Promise<Plan> =>
    planOf(
      (x: Tensor, w: Tensor, u: Tensor) => {
        const layer = (sequence: Tensor): Tensor => {
          let h: Tensor = zeros([2, 4]);
          const outputs = count(length).map((t) => {
            h = matmul(slice(sequence, null, t), w)
              .add(matmul(h, u))
              .tanh();
            return h;
          });
          return stack(outputs, 1);
        };
        return grad(layer(layer(x)).square().sum(), [x, w, u]);
      },
      zeros([2, length, 4]),
      zeros([4, 4]),
      zeros([4, 4]),
    );

  it('is linear in the length of a loop that is written out', async () => {
    const [short, long] = [await loopOf(10), await loopOf(50)];
    expect(workOf(long)).toBeLessThan(5.2 * workOf(short));
    expect(long.steps.length).toBeLessThan(5.2 * short.steps.length);
  });

  it('joins nothing that is only read step by step', async () => {
    const joined = (await loopOf(10)).steps.filter(({ contract }) => contract.name === 'concat');
    // What is squared as a whole, and the gradient of x.
    expect(joined).toHaveLength(2);
  });

  it('takes slices of joined parts from the parts', async () => {
    const parts = [zeros([2, 3]).add(1), zeros([0, 3]).add(1), zeros([300, 3]).add(2)];
    const joined = concat([...parts, ...count(300).map(() => parts[0])]);
    for (const taken of [
      slice(joined, 0),
      slice(joined, [2, 302]),
      slice(joined, [311, 309, -1]),
      slice(joined, [700, 700]),
    ]) {
      expect(kernels(await planOf(taken.exp()))).toEqual(['elementwise']);
    }
    expect(kernels(await planOf(slice(joined, [1, 3])))).toContain('concat');
  });
});
