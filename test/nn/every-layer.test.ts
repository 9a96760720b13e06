/**
 * Every layer that the package exports, by its example: its values, its gradients, its description and weights in files, its
 * place in the summary, and that its errors name it. A layer without an example is named.
 */
import { describe, expect, it, test } from 'vitest';
import * as weft from '../../src/index.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  grad,
  gradCheck,
  inMode,
  layerTypes,
  Module,
  moduleFromConfig,
  moduleToConfig,
  ones,
  summarize,
  type Tensor,
  WeftError,
  zeros,
} from '../../src/index.ts';
import { untyped } from '../errors/support.ts';
import { layerExamples } from './layer-examples.ts';
import { errorOf, expectClose, values } from './support.ts';

/** What layers extend, which cannot be stored as they are. */
const bases: readonly string[] = ['Module', 'Layer', 'Activation', 'RecurrentLayer'];

const names = Object.keys(layerTypes) as (keyof typeof layerTypes)[];

test('every layer that is exported can be stored and has an example', () => {
  const exported = Object.entries(weft).flatMap(([name, value]) =>
    typeof value === 'function' && (value === Module || value.prototype instanceof Module) ? [name] : [],
  );
  const [layers, examples] = [new Set<string>(names), new Set(Object.keys(layerExamples))];
  const known = exported.filter((name) => !bases.includes(name));
  expect(
    known.filter((name) => !layers.has(name)),
    'not in src/nn/layers.ts',
  ).toEqual([]);
  expect(
    names.filter((name) => !known.includes(name)),
    'not exported',
  ).toEqual([]);
  expect(
    names.filter((name) => !examples.has(name)),
    'not in test/nn/layer-examples.ts',
  ).toEqual([]);
});

/** A model of one layer, which takes whatever the layer takes. */
class Holder extends Module {
  readonly part: Module;

  constructor(part: Module) {
    super();
    this.part = part;
  }

  forward(x: Tensor): Tensor {
    return this.part.call(x);
  }
}

/** Puts tensors where parameters stand, by path. */
function replace(layer: Module, weights: ReadonlyMap<string, Tensor>): void {
  for (const [path, weight] of weights) {
    const keys = path.split('.');
    const owner = keys.slice(0, -1).reduce<object>((at, key) => Reflect.get(at, key), layer);
    Reflect.set(owner, keys.at(-1)!, weight);
  }
}

describe.each(names.filter((name) => name in layerExamples))('%s', (name) => {
  const example = layerExamples[name];
  const { computes } = example;
  const run = (layer: Module, x: Tensor): Tensor => example.call?.(layer as never, x) ?? layer.call(x);
  const fresh = (): Module => Reflect.construct(layerTypes[name], example.arguments());

  /** In evaluation mode, with weights and statistics that no initializer gives. */
  async function made(): Promise<Module> {
    const layer = fresh().eval();
    for (const [index, [, variable]] of layer.namedVariables().entries()) {
      await variable.set(await values(variable.shape, index).mul(0.4).add(0.6).data());
    }
    return layer;
  }

  it('computes what its example says', async () => {
    const [layer, x] = [await made(), example.input()];
    await expectClose(run(layer, x), computes(layer as never, x));
  });

  it('has the gradients of what it computes, and uses every parameter', async () => {
    const [layer, x] = [await made(), example.input()];
    const parameters = layer.namedParameters();
    const given = parameters.map(([, parameter]) => parameter);
    for (const gradient of grad(run(layer, x).square().sum(), given)) {
      expect((await gradient.data()).some((value) => value !== 0)).toBe(true);
    }
    const call = (input: Tensor, ...weights: Tensor[]) => {
      replace(layer, new Map(parameters.map(([path], index) => [path, weights[index]])));
      return run(layer, input);
    };
    await gradCheck(call, [x, ...given.map((parameter) => parameter.snapshot())], { epsilon: 2 ** -7 });
  });

  it('is described whole: the same seed makes the same weights of its description', async () => {
    weft.seed(5);
    // Initializers are functions, which no description holds.
    const describable = example
      .arguments()
      .map((argument: unknown) =>
        typeof argument === 'object' &&
        argument !== null &&
        Object.getPrototypeOf(argument) === Object.prototype
          ? Object.fromEntries(Object.entries(argument).filter(([, value]) => typeof value !== 'function'))
          : argument,
      );
    const layer: Module = Reflect.construct(layerTypes[name], describable);
    weft.seed(5);
    const again = moduleFromConfig(moduleToConfig(layer));
    const [weights, same] = [layer, again].map((each) => each.namedVariables());
    expect(same.map(([path]) => path)).toEqual(weights.map(([path]) => path));
    for (const [index, [path, variable]] of weights.entries()) {
      expect(await same[index][1].data(), path).toEqual(await variable.data());
    }
  });

  it('is stored and made again: its description, its weights and its results, to the bit', async () => {
    const [layer, x] = [await made(), example.input()];
    const metadata = { architecture: JSON.stringify(moduleToConfig(layer)) };
    const file = encodeSafetensors(await layer.stateDict(), metadata);
    const stored = decodeSafetensors(file, name);
    const again = moduleFromConfig(JSON.parse(stored.metadata.architecture)).eval();
    expect(again.constructor).toBe(layer.constructor);
    expect(moduleToConfig(again)).toEqual(moduleToConfig(layer));
    await again.loadStateDict(stored.state);
    expect(await again.stateDict()).toEqual(await layer.stateDict());
    expect(await again.call(x).data()).toEqual(await layer.call(x).data());
  });

  it('stands in the summary', () => {
    const [layer, { shape, dtype }] = [fresh(), example.input()];
    const rows = summarize(new Holder(layer), shape.slice(1), { dtype }).rows;
    const own = rows.filter(({ path }) => path === 'part' || path.startsWith('part.'));
    expect(own.reduce((sum, row) => sum + row.parameters, 0)).toBe(layer.parameterCount());
    const output = inMode(layer, 'eval', () => layer.call(zeros([1, ...shape.slice(1)], { dtype })));
    expect(own.map(({ outputShape }) => outputShape)).toContainEqual(output.shape);
    if (layer.children().length === 0) expect(own.map(({ kind }) => kind)).toEqual([layer.kind]);
  });

  it('is named by the error of a wrong call', () => {
    const model = new Holder(fresh());
    const wrong = [ones([]), ones([2, 1, 1, 1, 1]), ones([3, 7], { dtype: 'bool' })];
    const place = `${model.part.kind} "part`;
    expect(errorOf(() => model.call(untyped(7))).message).toContain(place);
    for (const x of wrong) {
      try {
        model.call(x);
      } catch (error) {
        expect(error).toBeInstanceOf(WeftError);
        expect((error as WeftError).where).toContain('"part');
      }
    }
  });
});
