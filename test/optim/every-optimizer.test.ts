/**
 * Every optimizer that the package exports, by its example: its rule against float64, compiled and not, saved and resumed,
 * in groups, clipped, and refusing options. An optimizer without an example is named.
 */
import { describe, expect, it, test } from 'vitest';
import * as weft from '../../src/index.ts';
import {
  cosine,
  loadOptimizer,
  Optimizer,
  type OptimizerOptions,
  OptionError,
  Parameter,
  saveOptimizer,
  tensor,
} from '../../src/index.ts';
import * as updateRules from '../../src/optim/update-rules.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { optimizerExamples } from './optimizer-examples.ts';
import { compiledStep, eagerStep, Model, xs } from './support.ts';

const rules: Readonly<typeof updateRules> = updateRules;
const names = Object.keys(rules) as (keyof typeof rules)[];

test('every optimizer that is exported has an example', () => {
  const exported = Object.entries(weft).flatMap(([name, value]) =>
    typeof value === 'function' && value.prototype instanceof Optimizer ? [name] : [],
  );
  expect(exported.sort(), 'those of src/optim/update-rules.ts').toEqual([...names].sort());
  const unmarked = names.filter((name) => !Object.hasOwn(rules[name], 'ofLibrary'));
  expect(unmarked, 'without static ofLibrary, which conceals what a step builds').toEqual([]);
  const without = names.filter((name) => !(name in optimizerExamples));
  expect(without, 'not in test/optim/optimizer-examples.ts').toEqual([]);
});

const start = [0.5, -1.25, 2, 0.125];
const gradients = [
  [0.3, -2, 0.01, 5],
  [-0.1, -1, 0.02, 4],
  [0.7, 3, 0, -6],
  [0.2, 0.5, -0.03, 1],
  [-0.4, -0.25, 0.5, 2],
];

describe.each(names.filter((name) => name in optimizerExamples))('%s', (name) => {
  const { rule, variants } = optimizerExamples[name];
  /** All settings at once, as far as variants combine them. */
  const settings: OptimizerOptions = variants.at(-1)!;
  type Groups = readonly { readonly parameters: readonly Parameter[]; readonly learningRate?: number }[];
  const make = (parameters: readonly Parameter[] | Groups, options: object = settings): Optimizer =>
    Reflect.construct(rules[name], [parameters, options]);

  it.each(variants.map((options) => [JSON.stringify(options), options]))(
    'follows its rule: %s',
    async (_, options) => {
      const parameter = new Parameter(tensor(start), 'p');
      const optimizer = make([parameter], options as object);
      for (const gradient of gradients) {
        parameter.grad = tensor(gradient);
        await optimizer.step();
        expect(parameter.grad).toBeUndefined();
      }
      expect(optimizer.stepCount).toBe(gradients.length);
      const got = await parameter.data();
      start.forEach((first, index) => {
        const memory: Record<string, number> = {};
        const wanted = gradients.reduce(
          (value, each, step) => rule(options as never, value, each[index], step, memory),
          first,
        );
        expect(Math.abs(got[index] - wanted)).toBeLessThan(2e-6 * Math.max(1, Math.abs(wanted)));
      });
    },
  );

  it('makes the loss smaller, and steps of both kinds agree bit for bit, mixed ones too', async () => {
    const results = [];
    for (const kind of ['eager', 'compiled', 'mixed']) {
      const model = new Model();
      const optimizer = make(model.parameters, { ...settings, learningRate: cosine(0.05, 8) });
      const [eager, compiled] = [eagerStep(model, optimizer), compiledStep(model, optimizer)];
      const losses: number[] = [];
      for (const [index, x] of xs.entries()) {
        const useEager = kind === 'eager' || (kind === 'mixed' && index % 3 !== 1);
        losses.push(await (useEager ? eager : compiled)(x));
      }
      expect(optimizer.stepCount).toBe(xs.length);
      const after = await model.loss(xs[0]).item();
      expect(after).toBeLessThan(losses[0]);
      results.push({ losses, values: await model.values() });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('goes on bit for bit from its file', async () => {
    const rate = { ...settings, learningRate: cosine(0.05, 8) };
    const whole = new Model();
    const wholeStep = compiledStep(whole, make(whole.parameters, rate));
    for (const x of xs) await wholeStep(x);

    const folder = temporaryFolder();
    const first = new Model();
    const firstOptimizer = make(first.parameters, rate);
    const firstStep = compiledStep(first, firstOptimizer);
    for (const x of xs.slice(0, 3)) await firstStep(x);
    await saveOptimizer(folder, firstOptimizer);

    const second = new Model();
    const secondOptimizer = make(second.parameters, rate);
    const secondStep = compiledStep(second, secondOptimizer);
    // Steps before loading, so that the compiled step holds state of its own: loading has to reach it.
    for (const x of xs.slice(0, 2)) await secondStep(x);
    for (const [index, parameter] of second.parameters.entries()) {
      await parameter.set(await first.parameters[index].data());
    }
    await loadOptimizer(folder, secondOptimizer);
    for (const x of xs.slice(3)) await secondStep(x);
    expect(await second.values()).toEqual(await whole.values());
    expect(secondOptimizer.stepCount).toBe(xs.length);
  });

  it('makes with groups the step that as many optimizers would make', async () => {
    const run = async (grouped: boolean, kind: typeof eagerStep) => {
      const model = new Model();
      const own = { learningRate: 0.1 };
      const [a, b] = [[model.weight], [model.head]];
      const optimizers = grouped
        ? [make([{ parameters: a, ...own }, { parameters: b }], settings)]
        : [make(a, { ...settings, ...own }), make(b)];
      const step = kind(model, ...optimizers);
      for (const x of xs.slice(0, 3)) await step(x);
      return model.values();
    };
    const expected = await run(false, eagerStep);
    expect(await run(true, eagerStep)).toEqual(expected);
    expect(await run(true, compiledStep)).toEqual(expected);
  });

  it('sees clipped gradients: first each element, then the norm over all parameters', async () => {
    const step = async (options: object, given: readonly number[]) => {
      const parameters = [new Parameter(tensor([1, -2]), 'a'), new Parameter(tensor([0.5]), 'b')];
      parameters[0].grad = tensor(given.slice(0, 2));
      parameters[1].grad = tensor(given.slice(2));
      await make(parameters, { ...settings, ...options }).step();
      return Promise.all(parameters.map((parameter) => parameter.data()));
    };
    expect(await step({ clipValue: 4 }, [3, 100, -8])).toEqual(await step({}, [3, 4, -4]));
    // [3, 4, 0] has norm 5: half of it stays, but for the 1e-6 that keeps the division finite.
    const [clipped, halved] = [await step({ clipNorm: 2.5 }, [3, 4, 0]), await step({}, [1.5, 2, 0])];
    clipped.forEach((values, index) => {
      for (const [k, value] of values.entries()) expect(value).toBeCloseTo(halved[index][k], 5);
    });
    expect(await step({ clipNorm: 100 }, [3, 4, 0])).toEqual(await step({}, [3, 4, 0]));
  });

  it('has every setting in a variant of its example', async () => {
    const { groups } = await make([new Parameter(tensor([1]), 'p')], {}).stateDict();
    const given = new Set(variants.flatMap((each) => Object.keys(each)));
    expect(Object.keys(groups![0].settings).filter((key) => !given.has(key))).toEqual([]);
  });

  it('refuses options by name: what it does not know, and what is out of range', () => {
    const parameters = [new Parameter(tensor([1]), 'p')];
    const refusal = (options: object) => expect(() => make(parameters, options), JSON.stringify(options));
    refusal({ lr: 0.1 }).toThrow(/unknown option "lr"/);
    const given = new Map(variants.flatMap((each) => Object.entries(each)));
    for (const key of ['learningRate', 'clipNorm', 'clipValue', ...given.keys()]) {
      for (const wrong of [-1, Number.NaN, 'x']) {
        refusal({ ...settings, [key]: wrong }).toThrow(OptionError);
        refusal({ ...settings, [key]: wrong }).toThrow(new RegExp(`^${name}: got .*${key} `));
      }
    }
  });
});
