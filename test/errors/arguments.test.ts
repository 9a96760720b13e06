/** What is said of wrong arguments of tensor functions: which argument, what was got, what is expected, the cure. */
import { describe, expect, test } from 'vitest';
import {
  clamp,
  concat,
  conv2d,
  Dense,
  Dropout,
  DTypeError,
  decodePng,
  GradientError,
  gradCheck,
  OptionError,
  ones,
  rand,
  randn,
  relu,
  Sequential,
  ShapeError,
  summary,
  type Tensor,
  tensor,
  Variable,
  zeros,
} from '../../src/index.ts';
import { int32, refuses, untyped } from './support.ts';

const x = ones([2, 3]);

describe('dtypes', () => {
  test('an unknown one', async () => {
    const wrong = untyped<'float32'>('float64');
    const said = ['got dtype "float64"', "'float32', 'int32', 'bool'"];
    await refuses(() => tensor([1.5], { dtype: wrong }), DTypeError, 'tensor: ', ...said);
    await refuses(() => zeros([2], wrong), DTypeError, 'zeros: ', ...said);
    await refuses(() => x.cast(wrong), DTypeError, 'cast: ', ...said);
    await refuses(() => int32([1]).oneHot(3, { dtype: wrong }), DTypeError, 'oneHot: ', ...said);
    await refuses(
      () => rand([2], { dtype: 'int32' }),
      DTypeError,
      'rand: got dtype "int32"',
      ".cast('int32')",
    );
  });

  test('are taken in one way', () => {
    expect(zeros([2], { dtype: 'bool' }).dtype).toBe('bool');
    expect(zeros([2], 'bool').dtype).toBe('bool');
    expect(tensor([1], { dtype: 'bool' }).dtype).toBe('bool');
    expect(int32([1]).oneHot(2, { dtype: 'int32' }).dtype).toBe('int32');
  });

  test('a value that one cannot hold', async () => {
    await refuses(() => tensor([true]).pad([[1, 1]], -2), DTypeError, 'pad: got value -2', 'for bool');
    await refuses(() => int32([1]).pad([[1, 1]], 0.5), DTypeError, 'pad: got value 0.5', 'for int32');
    // Beside a tensor a number is never changed: the result takes a dtype that holds it.
    expect(int32([1]).add(0.5).dtype).toBe('float32');
    expect(int32([1]).maximum(2 ** 40).dtype).toBe('float32');
    expect(int32([1]).add(-(2 ** 31)).dtype).toBe('int32');
  });
});

describe('shapes and axes', () => {
  test('no array', async () => {
    await refuses(() => zeros(untyped(3)), ShapeError, 'zeros: got shape 3', '[2, 3]');
    await refuses(() => randn(untyped(2), untyped(3)), OptionError, 'randn: got 3 for its options');
    await refuses(() => x.broadcastTo(untyped(3)), ShapeError, 'broadcastTo: got shape 3');
    await refuses(() => x.sum(untyped({ axis: 1 })), OptionError, 'sum: got axes {"axis":1}');
    await refuses(() => x.sum(Number.NaN), OptionError, 'sum: got axis NaN');
    await refuses(() => x.sum(0.5), OptionError, 'sum: got axis 0.5');
    await refuses(() => x.sum([0, -2]), OptionError, 'each axis once');
    await refuses(
      () => x.reshape(untyped<number>('6')),
      ShapeError,
      'reshape: got [2, 3] (6 elements) to ["6"]',
    );
    await refuses(() => zeros(new Array(3)), ShapeError, '[undefined, undefined, undefined]');
  });

  test('of more elements than are counted, also where they take no memory', async () => {
    const said = 'at most 2^31 - 1 elements';
    await refuses(
      () => zeros([2 ** 20, 2 ** 20]),
      ShapeError,
      'zeros: got a tensor of shape [1048576, 1048576]',
      said,
    );
    await refuses(() => zeros([0, 2 ** 40]), ShapeError, said);
    await refuses(() => zeros([2 ** 16, 1]).add(zeros([2 ** 16])), ShapeError, '[65536, 65536]', said);
    await refuses(() => zeros([2 ** 16]).tile([2 ** 40]), ShapeError, said);
    await refuses(() => zeros([2 ** 16]).pad([[2 ** 31, 0]]), ShapeError, said);
    await refuses(() => int32([0]).oneHot(2 ** 40), ShapeError, said);
    await refuses(() => ones(new Array<number>(65).fill(1)), ShapeError, 'at most 64 axes');
    expect(zeros([2 ** 31 - 1]).size).toBe(2 ** 31 - 1);
  });

  test('nested deeper than a tensor has axes', async () => {
    const ring: unknown[] = [];
    ring.push(ring);
    await refuses(() => tensor(untyped(ring)), ShapeError, 'at most 64 axes', 'contains itself');
    await refuses(() => tensor(untyped(new Array(2))), DTypeError, 'tensor at index [0]: got undefined');
  });
});

describe('what is no tensor', () => {
  test('where one is wanted', async () => {
    const data = untyped<Tensor>([[1], [2]]);
    await refuses(() => x.matmul(data), DTypeError, 'matmul: got [[1],[2]]', 'a tensor');
    await refuses(() => concat([data]), DTypeError, 'concat, position 0: got [[1],[2]]', 'a tensor');
    await refuses(() => concat(untyped(x)), OptionError, 'concat: got tensors a Tensor', 'an array');
    await refuses(() => x.gather(data), DTypeError, 'gather indices: got [[1],[2]]');
    await refuses(() => x.less(data), DTypeError, 'less: got [[1],[2]]', 'a tensor or a number');
    await refuses(() => new Variable(data), DTypeError, 'got [[1],[2]]', 'a tensor');
    await refuses(() => gradCheck(untyped(5), []), OptionError, 'gradCheck: got its first argument 5');
  });

  test('a Promise of one, and one in a Proxy or of another copy of weft', async () => {
    await refuses(() => x.add(untyped(Promise.resolve(x))), DTypeError, 'got a Promise', 'Await it first.');
    await refuses(() => new Dense(3, 2).call(untyped(Promise.resolve(x))), DTypeError, 'Await it first.');
    await refuses(() => tensor(untyped(Promise.resolve([1]))), DTypeError, 'a Promise that was not awaited');
    await refuses(() => new Dense(untyped(Promise.resolve(3)), 2), OptionError, 'was not awaited');
    const said = ['got a Tensor', 'of another copy', 'Proxy'];
    for (const wrapped of [new Proxy(x, {}), untyped<Tensor>(Object.create(Object.getPrototypeOf(x)))]) {
      await refuses(() => wrapped.add(1), DTypeError, 'add: ', ...said);
      await refuses(() => x.matmul(wrapped), DTypeError, 'matmul: ', ...said);
      await refuses(() => new Dense(3, 2).call(wrapped), DTypeError, 'dense: ', ...said);
    }
    expect(new Variable(x) instanceof Variable && !(x instanceof Variable)).toBe(true);
  });

  test('a module in a Proxy', async () => {
    const model = new Proxy(new Sequential({ a: new Dense(3, 2) }), {});
    await refuses(() => model.call(x), OptionError, 'call: got a Sequential for a model', 'Proxy');
    await refuses(() => summary(model, [3]), OptionError, 'summary: got a Sequential', 'Proxy');
  });

  test('objects that throw when they are looked at', async () => {
    const fails = () => {
      throw new Error('a getter');
    };
    const odd = { constructor: { name: Symbol('name') } };
    for (const value of [
      Object.defineProperty({}, 'a', { get: fails, enumerable: true }),
      Object.create(Object.defineProperty({}, 'constructor', { get: fails })),
      Object.create(odd),
      new Proxy({}, { getPrototypeOf: fails }),
    ]) {
      await refuses(() => x.matmul(value), DTypeError, 'matmul: got ', 'a tensor');
      await refuses(() => new Dense(2, 2, { bias: value }), OptionError, 'Dense: got bias ');
    }
  });

  test('data that were transferred', async () => {
    const gone = new Float32Array(4);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    await refuses(() => tensor(gone), OptionError, 'tensor: got data whose buffer was transferred');
    await refuses(() => tensor(gone, { dtype: 'int32' }), OptionError, 'was transferred');
    await refuses(() => decodePng(gone), OptionError, 'was transferred');
  });

  test('typed arrays without plain numbers', async () => {
    for (const source of [new BigInt64Array(2), new DataView(new ArrayBuffer(8)), new ArrayBuffer(8)]) {
      await refuses(() => tensor(untyped(source)), DTypeError, `got a ${source.constructor.name}`);
    }
    expect(await tensor(Uint16Array.of(1, 65535)).array()).toEqual([1, 65535]);
  });
});

describe('options', () => {
  test('unknown, and no object', async () => {
    const misspelt = untyped<{ keepDims: boolean }>({ keepdims: true });
    for (const reduce of ['sum', 'mean', 'max', 'min', 'norm', 'variance', 'logSumExp'] as const) {
      await refuses(() => x[reduce](0, misspelt), OptionError, `${reduce}: got unknown option "keepdims"`);
    }
    await refuses(() => tensor([1, 2], untyped([2, 1])), OptionError, 'tensor: got [2,1] for its options');
    await refuses(
      () => conv2d(zeros([1, 4, 4, 1]), ones([2, 2, 1, 1]), untyped(2)),
      OptionError,
      'conv2d: got 2 for its options',
    );
    await refuses(() => x.sum(0, untyped(new Date())), OptionError, 'sum: got a Date for its options');
  });

  test('one argument too many, to a method', async () => {
    const method = untyped<(...given: unknown[]) => Tensor>(x.squeeze);
    await refuses(() => method.call(x, 0, 1), OptionError, 'squeeze: got 2 arguments, expected at most 1');
    // A function may be handed to map, which gives it three.
    expect([x, x].map(relu)).toHaveLength(2);
  });

  test('values that do not go together', async () => {
    await refuses(() => clamp(x, 3, 1), OptionError, 'clamp: got low 3, high 1', 'low ≤ high');
    await refuses(() => x.pad(untyped([[1], [1]])), OptionError, 'pad: got widths [[1],[1]]');
    await refuses(() => x.split(1e9), OptionError, 'split: got 1000000000 equal parts');
    await refuses(() => x.slice(untyped({ start: 0 })), OptionError, 'slice: got {"start":0} for axis 0');
  });

  test('a dropout rate of 1, which cuts a loss off', async () => {
    const model = new Sequential({ a: new Dense(2, 2), d: new Dropout(1) });
    await refuses(
      () =>
        model
          .call(ones([2, 2]))
          .sum()
          .backward(),
      GradientError,
      'a dropout rate of 1',
    );
  });
});
