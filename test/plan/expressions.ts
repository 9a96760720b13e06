/** Random expressions: seeded, over small shapes, the same each time they are built from the same recipe number. */
import {
  add,
  cast,
  concat,
  cumulativeSum,
  equal,
  flip,
  full,
  gather,
  less,
  matmul,
  max,
  maximum,
  minimum,
  multiply,
  pad,
  permute,
  reshape,
  sigmoid,
  sin,
  slice,
  softmax,
  subtract,
  sum,
  type Tensor,
  tanh,
  tensor,
  transpose,
  where,
} from '../../src/index.ts';
import { dilate } from '../../src/ops/movement.ts';
import { Numbers } from '../support/numbers.ts';

/** What every expression starts from. */
export function leavesOf(recipe: number): Tensor[] {
  const numbers = new Numbers(recipe);
  const shapes = [[3, 4], [4], [2, 3, 4], [3, 1], [1, 4], [5], [2, 2]];
  return numbers
    .shuffled(shapes)
    .slice(0, 4)
    .map((shape) => numbers.real(shape, -2, 2));
}

/** Everything that was made from the leaves, float32, in creation order. */
export function expression(recipe: number, leaves: readonly Tensor[]): Tensor[] {
  const numbers = new Numbers(recipe + 7919);
  const made: Tensor[] = [...leaves];
  const steps = numbers.whole(10, 40);
  for (let step = 0; step < steps; step++) {
    const grow = numbers.pick(growers);
    const result = grow(numbers, made);
    if (result && result.size > 0 && result.size <= 200 && result.rank <= 4) made.push(result);
  }
  return made.slice(leaves.length);
}

/** A few of those, the last one among them. */
export function chosen(recipe: number, made: readonly Tensor[]): Tensor[] {
  const numbers = new Numbers(recipe + 104729);
  const count = numbers.whole(1, 6);
  return [made.at(-1)!, ...Array.from({ length: count - 1 }, () => numbers.pick(made))];
}

type Grower = (numbers: Numbers, made: readonly Tensor[]) => Tensor | undefined;

/** Recent values are likelier, so that chains grow. */
function recent(numbers: Numbers, made: readonly Tensor[]): Tensor {
  const back = Math.floor(numbers.next() ** 2 * made.length);
  return made[made.length - 1 - back];
}

function axisOf(numbers: Numbers, x: Tensor): number {
  return numbers.whole(0, x.rank - 1);
}

/** A value that broadcasts with x: another one if some fits, else a part of x. */
function partner(numbers: Numbers, x: Tensor, made: readonly Tensor[]): Tensor {
  const fits = (other: Tensor) =>
    Array.from({ length: Math.min(x.rank, other.rank) }, (_, k) => [
      x.shape.at(-1 - k)!,
      other.shape.at(-1 - k)!,
    ]).every(([a, b]) => a === b || a === 1 || b === 1);
  const candidates = made.filter(fits);
  return candidates.length > 0 ? numbers.pick(candidates) : sum(x);
}

const binaries = [add, subtract, multiply, maximum, minimum] as const;
const unaries = [tanh, sigmoid, sin, (x: Tensor) => x.neg(), (x: Tensor) => x.abs(), (x: Tensor) => x.sign()];

const elementwise: Grower = (numbers, made) => numbers.pick(unaries)(recent(numbers, made));

const arithmetic: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  return numbers
    .pick(binaries)(x, partner(numbers, x, made))
    .mul(0.5);
};

const withNumber: Grower = (numbers, made) =>
  numbers.pick(binaries)(recent(numbers, made), numbers.whole(-2, 2) / 2);

const choice: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  const other = partner(numbers, x, made);
  const condition = numbers.pick([less, equal])(x, numbers.pick([0, other]));
  return where(condition, other, numbers.pick([x, 0.25]));
};

const integers: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  const whole = cast(multiply(x, 3), 'int32');
  return cast(numbers.pick([add(whole, 2), multiply(whole, -1), cast(whole, 'bool')]), 'float32').mul(0.25);
};

const permuted: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  return permute(x, numbers.shuffled(x.shape.map((_, axis) => axis)));
};

const reshaped: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  const factors: number[] = [];
  let rest = x.size;
  for (const prime of [2, 3, 5, 2]) {
    if (rest % prime !== 0 || rest === prime) continue;
    factors.push(prime);
    rest /= prime;
  }
  return reshape(
    x,
    numbers.pick([[-1], [...factors, rest].slice(0, 4).length <= 3 ? [...factors, rest] : [-1], [1, -1]]),
  );
};

const repeated: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  const target = x.shape.map((length) => (length === 1 ? numbers.whole(1, 3) : length));
  return x.broadcastTo(numbers.whole(0, 1) ? [2, ...target] : target);
};

const sliced: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  if (x.rank === 0) return undefined;
  const ranges = x.shape.map((length) => {
    const low = numbers.whole(0, Math.max(0, length - 2));
    const step = numbers.pick([1, 1, 2]);
    return numbers.pick([null, [low, null, step], [null, null, -step]] as const);
  });
  return slice(x, ...ranges);
};

const padded: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  if (x.rank === 0) return undefined;
  const widths = x.shape.map(() => [numbers.whole(0, 2), numbers.whole(0, 1)] as const);
  return pad(x, widths, numbers.pick([0, 0, 0.5, -0]));
};

const spread: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  if (x.rank === 0) return undefined;
  return dilate(
    x,
    x.shape.map(() => numbers.whole(0, 1)),
  );
};

const flipped: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  return x.rank === 0 ? undefined : flip(x, axisOf(numbers, x));
};

const reduced: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  if (x.rank === 0) return undefined;
  const keepDims = numbers.whole(0, 1) === 1;
  const axes = numbers.pick([axisOf(numbers, x), axisOf(numbers, x), undefined]);
  return numbers.pick([sum, max])(x, axes, { keepDims }).mul(0.5);
};

const scanned: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  if (x.rank === 0) return undefined;
  return cumulativeSum(x, axisOf(numbers, x), { reverse: numbers.whole(0, 1) === 1 }).mul(0.25);
};

const softened: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  return x.rank === 0 ? undefined : softmax(x, axisOf(numbers, x));
};

const product: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  if (x.rank < 2) return undefined;
  const depth = x.shape.at(-1)!;
  const other = made.filter((each) => each.rank === 2 && each.shape.includes(depth));
  if (other.length === 0) return matmul(x, transpose(x)).mul(0.25);
  const right = numbers.pick(other);
  return matmul(x, right.shape[0] === depth ? right : transpose(right)).mul(0.25);
};

const joined: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  if (x.rank === 0) return undefined;
  const axis = axisOf(numbers, x);
  const fits = made.filter(
    (each) => each.rank === x.rank && each.shape.every((length, k) => k === axis || length === x.shape[k]),
  );
  return concat([x, numbers.pick(fits)], axis);
};

const constant: Grower = (numbers) =>
  full(numbers.pick([[3, 4], [4], [1], []]), numbers.pick([1, 0, 0.1, -2]));

const looked: Grower = (numbers, made) => {
  const x = recent(numbers, made);
  if (x.rank === 0) return undefined;
  const rows = Int32Array.from({ length: numbers.whole(1, 4) }, () => numbers.whole(0, x.shape[0] - 1));
  return gather(x, tensor(rows));
};

const growers: readonly Grower[] = [
  elementwise,
  elementwise,
  arithmetic,
  arithmetic,
  arithmetic,
  withNumber,
  choice,
  integers,
  permuted,
  permuted,
  reshaped,
  reshaped,
  repeated,
  sliced,
  sliced,
  padded,
  padded,
  spread,
  flipped,
  reduced,
  reduced,
  scanned,
  softened,
  product,
  joined,
  looked,
  constant,
];
