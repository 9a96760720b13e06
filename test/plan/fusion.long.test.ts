/** Fused, unfused and compiled evaluation of random expressions and their gradients agree bit for bit. */
import { describe, expect, it } from 'vitest';
import { compile, grad, Tensor } from '../../src/index.ts';
import { reachable } from '../../src/plan/capture.ts';
import type { NumericArray } from '../../src/tensor/dtype.ts';
import { runtime } from '../../src/tensor/runtime.ts';
import { chosen, expression, leavesOf } from './expressions.ts';

/** How many random expressions; every second one is differentiated as well. */
const recipes = 400;

/** The wanted tensors of a recipe: some values, and for odd recipes the gradients of one of them. */
function wanted(recipe: number, leaves: readonly Tensor[]): Tensor[] {
  const values = chosen(recipe, expression(recipe, leaves));
  if (recipe % 2 === 0) return values;
  const objective = values
    .map((value) => (recipe % 4 === 1 ? value.mul(value) : value).sum())
    .reduce((total, each) => total.add(each));
  return [...values, ...grad(objective, leaves)];
}

/** All in one plan. */
async function fused(recipe: number): Promise<NumericArray[]> {
  const tensors = wanted(recipe, leavesOf(recipe));
  await runtime().evaluate(tensors);
  return Promise.all(tensors.map((each) => each.data()));
}

/** One plan a node: by the time a node is computed, all its inputs are leaves. */
async function oneByOne(recipe: number): Promise<NumericArray[]> {
  const tensors = wanted(recipe, leavesOf(recipe));
  for (const node of reachable(tensors)) {
    for (const [output] of node.outputs.entries()) await new Tensor(node, output).data();
  }
  return Promise.all(tensors.map((each) => each.data()));
}

async function compiled(recipe: number): Promise<NumericArray[]> {
  const run = compile((...leaves: Tensor[]) => wanted(recipe, leaves));
  const leaves = leavesOf(recipe);
  await run(...leaves);
  return Promise.all((await run(...leaves)).map((each) => each.data()));
}

/** Where two arrays differ first, bit for bit (NaN equals NaN, and -0 does not equal 0); -1 for nowhere. */
function firstDifference(actual: NumericArray, expected: NumericArray): number {
  if (actual.length !== expected.length) return Math.min(actual.length, expected.length);
  for (let k = 0; k < expected.length; k++) if (!Object.is(actual[k], expected[k])) return k;
  return -1;
}

describe('random expressions', () => {
  const batch = 50;
  it.each(Array.from({ length: recipes / batch }, (_, k) => k * batch))('from number %d', async (first) => {
    for (let recipe = first; recipe < first + batch; recipe++) {
      const expected = await oneByOne(recipe);
      for (const [way, results] of [
        ['fused', await fused(recipe)],
        ['compiled', await compiled(recipe)],
      ] as const) {
        results.forEach((result, k) => {
          expect(firstDifference(result, expected[k]), `${way}, recipe ${recipe}, result ${k}`).toBe(-1);
        });
      }
    }
  });
});
