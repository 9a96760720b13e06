/** Bad input to what training is made of: optimizers, schedules, models, devices, seeds and compiled functions. */
import { describe, test } from 'vitest';
import {
  Adam,
  AdamW,
  compile,
  createModel,
  DeviceUnavailableError,
  GradientError,
  NonFiniteError,
  OptionError,
  Parameter,
  RandomGenerator,
  RMSprop,
  SGD,
  ShapeError,
  seed,
  setDevice,
  type Tensor,
  TraceError,
  warmUp,
  zeros,
} from '../../src/index.ts';
import { denseModel, refuses, untyped } from './support.ts';

describe('optimizers, schedules, models, devices, seeds', () => {
  const parameters = () => denseModel().parameters();
  test('options of optimizers', async () => {
    const cases: [make: () => unknown, pieces: string[]][] = [
      [() => new Adam(parameters(), untyped({ lr: 1 })), ['Adam: got unknown option "lr"', 'learningRate']],
      [() => new Adam(parameters(), { learningRate: Number.NaN }), ['Adam: got learningRate NaN']],
      [() => new Adam(parameters(), untyped(null)), ['Adam: got null for its options']],
      [() => new Adam(parameters(), untyped(0.01)), ['Adam: got 0.01 for its options']],
      [() => new AdamW(parameters(), { weightDecay: -1 }), ['AdamW: got weightDecay -1']],
      [() => new RMSprop(parameters(), untyped({ alpha: 0.9 })), ['RMSprop: got unknown option "alpha"']],
      [() => new SGD(parameters(), untyped({ learningRate: '0.1' })), ['SGD: got learningRate "0.1"']],
      [() => new SGD(parameters(), { nesterov: true }), ['nesterov with momentum 0', '0.9 is usual']],
      [() => new SGD(parameters(), { dampening: 0.5 }), ['dampening 0.5 without momentum']],
      [() => new Adam([]), ['no parameters', 'model.parameters()']],
      [() => new Adam(untyped(denseModel())), ['no list of parameters', 'model.parameters()']],
      [() => new Adam(untyped([zeros([2])])), ['something else among the parameters']],
      [() => warmUp(untyped(0.1), 5), ['warmUp: got schedule 0.1', 'a function']],
    ];
    for (const [make, pieces] of cases) await refuses(make, OptionError, ...pieces);
    await refuses(() => new Adam(parameters()).step(), GradientError, 'Adam.step', 'loss.backward()');
  });
  test('createModel', async () => {
    const inputShape = [8, 8, 1] as const;
    await refuses(
      () => createModel('resnet', { inputShape, classes: 2 }),
      OptionError,
      '"resnet"',
      'conv-lstm',
    );
    await refuses(
      () => createModel('conv-lsmt', { inputShape, classes: 2 }),
      OptionError,
      "Did you mean 'conv-lstm'?",
    );
    const more = untyped<{ inputShape: typeof inputShape; classes: number }>({
      inputShape,
      classes: 2,
      breadth: 5,
    });
    await refuses(() => createModel('cnn', more), OptionError, 'createModel: got unknown option "breadth"');
    for (const shape of [undefined, [8, 8], [8, 8, 1, 1], [8, 0, 1]]) {
      const given = { inputShape: untyped<typeof inputShape>(shape), classes: 2 };
      await refuses(() => createModel('cnn', given), OptionError, 'createModel: got inputShape', '[H, W, C]');
    }
    await refuses(() => createModel('cnn', { inputShape, classes: 0 }), OptionError, 'classes 0');
    await refuses(
      () => createModel('vil', { inputShape: [3, 8, 1], classes: 2 }),
      ShapeError,
      '[H=3, W=8]',
      'patches that divide',
    );
  });
  test('setDevice and seeds', async () => {
    await refuses(() => setDevice('cuda' as 'cpu'), DeviceUnavailableError, 'setDevice: got "cuda"', 'cpu');
    for (const value of [-1, 0.5, Number.NaN]) {
      await refuses(() => seed(value), OptionError, `seed: got ${value}`, 'a whole number from 0');
      await refuses(() => new RandomGenerator(value), OptionError, `seed ${value}`);
    }
  });
});

describe('compile', () => {
  const x = zeros([2]);
  test('awaiting inside', async () => {
    const awaiting = compile(async (a: Tensor) => {
      await a.sum().item();
      return a;
    });
    await refuses(() => awaiting(x), TraceError, 'compile: got awaiting a value', 'await it outside');
    const weight = new Parameter(zeros([2]), 'head.weight');
    const reading = compile(async (a: Tensor) => {
      await weight.data();
      return a;
    });
    await refuses(() => reading(x), TraceError, '"head.weight"');
  });
  test('options, arguments and results', async () => {
    const same = (a: Tensor) => a;
    await refuses(() => compile(same, untyped({ finite: true })), OptionError, 'unknown option "finite"');
    await refuses(() => compile(same, untyped(null)), OptionError, 'compile: got null for its options');
    await refuses(() => compile(untyped<typeof same>(5)), OptionError, 'its first argument 5', 'a function');
    await refuses(
      () => compile(same)(untyped<Tensor>([1, 2])),
      TraceError,
      'the argument [1,2]',
      'tensors only',
    );
    await refuses(() => compile(() => untyped<Tensor>(5))(), TraceError, 'got 5', 'a tensor');
    await refuses(() => compile(() => untyped<Tensor>(undefined))(), TraceError, 'got nothing');
    const guarded = compile((a: Tensor) => a.log(), { requireFinite: true });
    await refuses(() => guarded(x), NonFiniteError, '-Infinity', 'No variable was changed');
  });
});
