/** Random loops: bodies that are random expressions, over random sequences, and the plain loops that they mean. */
import { expect } from 'vitest';
import { add, grad, mean, multiply, scan, square, sum, type Tensor, tanh } from '../../src/index.ts';
import type { TensorTree } from '../../src/tensor/runtime.ts';
import { sameShape } from '../../src/tensor/shape.ts';
import { flattenTree } from '../../src/tensor/tree.ts';
import { chosen, expression } from '../plan/expressions.ts';
import { errorOf } from '../support/devices.ts';
import { Numbers } from '../support/numbers.ts';
import { type UnrolledOptions, unrolled } from '../support/unrolled.ts';

/** A loop, and what it is differentiated by. */
export interface RandomLoop {
  readonly title: string;
  readonly body: (carry: readonly Tensor[], x: readonly Tensor[]) => { carry: Tensor[]; output: Tensor[] };
  readonly options: UnrolledOptions & { readonly recompute?: number };
  readonly leaves: readonly Tensor[];
}

/** The loop of a recipe: some of the leaves of a random expression are carries, some slices, the rest constants. */
export function randomLoop(recipe: number): RandomLoop {
  const numbers = new Numbers(recipe + 15485863);
  const n = 2;
  const pool = numbers.shuffled([[n, 4], [n], [n, 3, 4], [n, 1], [4, n], [n, 3], [n, n]]);
  // Some are of one shape, so that they may take each other's places.
  const shapes = Array.from({ length: 6 }, () => pool[numbers.whole(0, 3)]);
  const kinds = shapes.map((_, k) =>
    k === 0 ? 'carry' : numbers.pick(['carry', 'slice', 'slice', 'constant']),
  );
  const steps = numbers.pick([1, 2, 3, 4]);
  const axis = numbers.pick([0, 1]);
  const isMasked =
    kinds.every((kind, k) => kind !== 'carry' || shapes[k][0] === n) && numbers.whole(0, 2) === 0;
  const leafOf = (shape: readonly number[], kind: string): Tensor => {
    const whole = [...shape];
    if (kind === 'slice') whole.splice(axis, 0, steps);
    return numbers.real(whole, -1, 1);
  };
  const leaves = shapes.map((shape, k) => leafOf(shape, kinds[k]));
  const of = (kind: string): Tensor[] => leaves.filter((_, k) => kinds[k] === kind);
  const [initial, inputs, constants] = [of('carry'), of('slice'), of('constant')];
  const body: RandomLoop['body'] = (carry, x) => {
    const [carries, slices, rest] = [[...carry], [...x], [...constants]];
    const inside = kinds.map(
      (kind) => (kind === 'carry' ? carries : kind === 'slice' ? slices : rest).shift()!,
    );
    const made = expression(recipe, inside);
    if (recipe % 4 === 3) made.push(...innerLoop(recipe, [...inside, ...made]));
    const pick = new Numbers(recipe + 32452843);
    const next = carry.map((before) => {
      const fits = [...made, ...inside].filter(({ shape }) => sameShape(shape, before.shape));
      const found = pick.whole(0, 3) > 0 && fits.length > 0 ? pick.pick(fits) : undefined;
      // Kept small, or moved about as it is.
      if (found && pick.whole(0, 3) === 0) return found;
      return tanh(found ?? add(before, mean(pick.pick(made))));
    });
    return { carry: next, output: chosen(recipe, made).filter(({ rank }) => rank >= axis) };
  };
  const options = {
    initial,
    inputs,
    steps,
    axis,
    reverse: numbers.whole(0, 1) === 1,
    ...(isMasked && axis === 1 && { mask: numbers.bools([n, steps]) }),
    ...(numbers.whole(0, 2) === 0 && { recompute: numbers.whole(1, 3) }),
  };
  const { reverse, mask, recompute } = { mask: undefined, recompute: undefined, ...options };
  const title = `recipe ${recipe}: ${kinds.join(' ')}, T = ${steps}, axis ${axis}${reverse ? ', reverse' : ''}${mask ? ', masked' : ''}${recompute ? `, recompute ${recompute}` : ''}`;
  return { title, body, options, leaves };
}

/** A loop in the body of a loop: along the first axis of one of the values, from another one on. */
function innerLoop(recipe: number, made: readonly Tensor[]): Tensor[] {
  const numbers = new Numbers(recipe + 49979687);
  const whole = numbers.pick(made.filter(({ rank }) => rank > 0));
  const start = numbers.pick(made);
  const other = numbers.pick(made);
  const { carry, outputs } = scan(
    (h: Tensor, xt: Tensor) => {
      const next = tanh(add(multiply(h, 0.5), add(mean(xt), mean(other))));
      return { carry: next, output: multiply(sum(next), xt) };
    },
    { initial: start, inputs: whole, axis: 0, reverse: numbers.whole(0, 1) === 1 },
  );
  return [carry, outputs];
}

/** How often a loop is differentiated: every third one twice. */
export function orderOf(recipe: number): 1 | 2 {
  return recipe % 3 === 2 ? 2 : 1;
}

/** The results of a loop and the gradients of its leaves; of order 2, gradients of a penalty on those as well. */
export function valuesOf(
  { body, options, leaves }: RandomLoop,
  run: 'scan' | 'unrolled',
  order: 1 | 2,
): Tensor[] {
  const isMasked = options.mask !== undefined;
  const masked: typeof body = (carry, x) => {
    const step = body(carry, x);
    return isMasked ? { ...step, output: step.output.filter(({ shape }) => shape[0] === 2) } : step;
  };
  const { carry, outputs } = (run === 'scan' ? scan : unrolled)(masked as never, options as never) as {
    carry: TensorTree;
    outputs: TensorTree;
  };
  const results = [...flattenTree(carry).tensors, ...flattenTree(outputs).tensors];
  const numbers = new Numbers(3);
  const objective = results.map((each) => sum(multiply(square(each), numbers.real(each.shape)))).reduce(add);
  const gradients = grad(objective, leaves);
  if (order === 1) return [...results, ...gradients];
  const penalty = gradients.map((each) => sum(square(each))).reduce(add);
  return [...results, ...gradients, ...grad(penalty, leaves)];
}

/** Holds a loop to the plain one. */
export async function expectUnrolled(recipe: number, bound = 2e-4): Promise<void> {
  const loop = randomLoop(recipe);
  const order = orderOf(recipe);
  const [found, expected] = [valuesOf(loop, 'scan', order), valuesOf(loop, 'unrolled', order)];
  expect(found.length).toBe(expected.length);
  for (const [k, each] of found.entries()) {
    expect(each.shape, `${loop.title}, result ${k}`).toEqual(expected[k].shape);
    const error = errorOf(await each.data(), await expected[k].data());
    expect(error, `${loop.title}, result ${k}`).toBeLessThan(bound);
  }
}
