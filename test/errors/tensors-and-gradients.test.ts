/** Bad input to parameters and derivatives: stale reads, values that do not fit, cotangents and states. */
import { describe, expect, test } from 'vitest';
import {
  backward,
  Dense,
  DTypeError,
  GradientError,
  grad,
  OptionError,
  ones,
  Parameter,
  Sequential,
  ShapeError,
  type StateDict,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { denseModel, int32, refuses, untyped } from './support.ts';

describe('parameters and derivatives', () => {
  const x = tensor([1, 2, 3]);
  test('values that do not fit', async () => {
    const weight = new Parameter(zeros([2]), 'w');
    await refuses(
      () => weight.set(new Float32Array(3)),
      ShapeError,
      'set of "w": got 3 elements',
      'shape [2]',
    );
    await refuses(
      () => weight.set(Int32Array.of(1, 2)),
      DTypeError,
      'set of "w": got Int32Array data',
      'float32',
    );
    await refuses(() => weight.assign(zeros([3])), ShapeError, 'assign to "w": got [3]');
    await refuses(() => weight.assign(zeros([2], 'int32')), DTypeError, 'assign to "w": got int32');
  });
  test('backward', async () => {
    const weight = new Parameter(ones([2]), 'w');
    await refuses(
      () => backward(weight.mul(2)),
      ShapeError,
      'backward(): got a tensor of shape [2]',
      'a scalar',
    );
    await refuses(() => x.sum().backward(), GradientError, 'no trainable parameter', 'use grad');
    await refuses(() => weight.cast('int32').sum().backward(), GradientError, 'got dtype int32', 'float32');
  });
  test('cotangents and targets', async () => {
    const y = x.mul(x);
    await refuses(() => grad(y, x), ShapeError, 'grad: got a tensor of shape [3], expected a scalar');
    for (const shape of [[4], [1], [], [2, 3]]) {
      await refuses(
        () => grad(y, x, ones(shape)),
        ShapeError,
        'grad: got a cotangent of shape',
        'expected [3]',
      );
    }
    await refuses(() => grad(y, x, ones([3], 'int32')), GradientError, 'grad, cotangent: got dtype int32');
    await refuses(
      () => grad(y, x, untyped<Tensor>([1, 1, 1])),
      GradientError,
      'grad, cotangent: got [1,1,1]',
    );
    await refuses(() => grad(x.sum(), int32([1])), GradientError, 'grad, target: got dtype int32');
  });
  test('the state of another model; nothing is changed', async () => {
    const model = denseModel();
    const before = await model.stateDict();
    const other = await new Sequential({ a: new Dense(2, 2) }).stateDict();
    await refuses(() => model.loadStateDict(other), OptionError, 'without head.weight', 'unknown a.weight');
    const larger = await denseModel(4).stateDict();
    await refuses(() => model.loadStateDict(larger), ShapeError, '"head.weight"', '[16, 4]', '[16, 3]');
    const state = untyped<StateDict>(model.stateDict());
    await refuses(() => model.loadStateDict(state), OptionError, 'a Promise that was not awaited', 'await');
    const tensors = untyped<StateDict>({ ...before, 'head.bias': zeros([3]) });
    await refuses(() => model.loadStateDict(tensors), OptionError, 'got a Tensor', 'await tensor.data()');
    const good = await denseModel().stateDict();
    const cut = { ...good, 'head.bias': { ...good['head.bias'], data: new Float32Array(1) } };
    await refuses(() => model.loadStateDict(cut), ShapeError, '"head.bias"', '1 elements');
    const integers = { ...good, 'head.bias': { ...good['head.bias'], data: new Int32Array(3) } };
    await refuses(
      () => model.loadStateDict(integers),
      OptionError,
      '"head.bias"',
      'a typed array of the dtype',
    );
    await refuses(() => model.loadStateDict(untyped(undefined)), OptionError, 'a state dict');
    expect(await model.stateDict()).toEqual(before);
  });
});
