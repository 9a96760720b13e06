/** Every row of the primitive table on wasm against cpu at large sizes, on views of every kind, and in random expressions. */
import { describe, it } from 'vitest';
import { grad } from '../../src/index.ts';
import { primitiveTable } from '../../src/ops/table.ts';
import { chosen, expression, leavesOf } from '../plan/expressions.ts';
import { planTensors } from '../support/devices.ts';
import { expectAgreement } from './agreement.ts';
import { onLeaves, onViews } from './calls.ts';
import { largeSamples } from './large-samples.ts';
import { layoutNames } from './variants.ts';

const callable = primitiveTable.filter(({ kind }) => kind !== 'leaf');

describe.each(callable.map((row) => [row.name, row] as const))('%s', (name, row) => {
  const large = largeSamples[name] ?? [];

  it.each(large.map((each, at) => [each.title, each, at] as const))('large: %s', async (title, each, at) => {
    await expectAgreement(name, title, planTensors(onLeaves(row, each)));
    if (each.inputs.length === 0) return;
    // The first one on views of all kinds, the others on one kind each.
    const kinds = at === 0 ? layoutNames.map((_, kind) => kind) : [at];
    for (const kind of kinds) {
      await expectAgreement(name, `${title}, on views ${kind}`, planTensors(onViews(row, each, kind)));
    }
  });
});

/** How many random expressions; every second one is differentiated as well. */
const recipes = 120;

describe('random expressions', () => {
  const batch = 20;
  it.each(Array.from({ length: recipes / batch }, (_, k) => k * batch))('from number %d', async (first) => {
    for (let recipe = first; recipe < first + batch; recipe++) {
      const leaves = leavesOf(recipe);
      const values = chosen(recipe, expression(recipe, leaves));
      const objective = values
        .map((value) => value.mul(value).sum())
        .reduce((total, each) => total.add(each));
      const wanted = recipe % 2 === 0 ? values : [...values, ...grad(objective, leaves)];
      await expectAgreement('expressions', `recipe ${recipe}`, planTensors(wanted));
    }
  });
});
