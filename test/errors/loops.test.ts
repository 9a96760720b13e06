/** What `scan` refuses, in words: arguments, bodies, and what a body may not do. */
import { describe, expect, it } from 'vitest';
import {
  add,
  BatchNorm,
  Dense,
  DTypeError,
  multiply,
  OptionError,
  ones,
  Parameter,
  type ScanOptions,
  SGD,
  ShapeError,
  scan,
  sum,
  type Tensor,
  TraceError,
  Variable,
  zeros,
} from '../../src/index.ts';
import { values } from '../nn/support.ts';
import { type ErrorClass, refuses, untyped } from './support.ts';

const x = values([2, 4, 3]);
const initial = zeros([2, 3]);
const body = (h: Tensor, xt: Tensor) => ({ carry: add(h, xt), output: xt });

/** A call with other options, as JavaScript would make it. */
const withOptions = (changes: object) => () =>
  scan(body, untyped<ScanOptions<Tensor, Tensor>>({ initial, inputs: x, ...changes }));

/** A call with another body, as JavaScript would make it. */
const withBody = (other: unknown) => () => scan(untyped<typeof body>(other), { initial, inputs: x });

describe('options', () => {
  it.each([
    ['a body that is no function', withBody(5), OptionError, ['scan', 'body', '5']],
    [
      'an option that does not exist',
      withOptions({ lenghts: 3 }),
      OptionError,
      ['lenghts', 'initial, inputs'],
    ],
    ['no options', () => scan(body, untyped(undefined)), OptionError, ['undefined']],
    ['no initial carry', withOptions({ initial: undefined }), TraceError, ['initial']],
    ['an initial carry that is a number', withOptions({ initial: 0 }), TraceError, ['initial', '0']],
    ['inputs that are numbers', withOptions({ inputs: [1, 2] }), TraceError, ['inputs']],
    ['neither inputs nor steps', withOptions({ inputs: undefined }), OptionError, ['steps: 10']],
    ['half a step', withOptions({ inputs: [], steps: 0.5 }), OptionError, ['steps', '0.5']],
    ['fewer steps than none', withOptions({ inputs: [], steps: -1 }), OptionError, ['steps', '-1']],
    ['more steps than the inputs have', withOptions({ steps: 7 }), ShapeError, ['4 steps', '7 steps']],
    ['an axis counted from the end', withOptions({ axis: -1 }), OptionError, ['axis', '-1']],
    ['an axis that the inputs lack', withOptions({ axis: 3 }), OptionError, ['axis', '3', '[2, 4, 3]']],
    ['reverse that is no boolean', withOptions({ reverse: 1 }), OptionError, ['reverse', '1']],
    ['recompute: 0', withOptions({ recompute: 0 }), OptionError, ['recompute', '0']],
    ['recompute: true', withOptions({ recompute: true }), OptionError, ['recompute', 'true']],
    ['a mask that is no tensor', withOptions({ mask: [[true]] }), DTypeError, ['mask']],
    ['a mask of numbers', withOptions({ mask: ones([2, 4]) }), DTypeError, ['mask', 'float32', 'cast']],
    [
      'a mask of another length',
      withOptions({ mask: ones([2, 5]).cast('bool') }),
      ShapeError,
      ['mask', '[2, 5]', 'T=4'],
    ],
    ['a mask of another batch', withOptions({ mask: ones([3, 4]).cast('bool') }), ShapeError, ['[3, 4]']],
    ['a mask of one axis', withOptions({ mask: ones([4]).cast('bool') }), ShapeError, ['[4]']],
    [
      'a mask for a carry that is no batch',
      () =>
        scan((s: readonly Tensor[], xt: Tensor) => ({ carry: s, output: xt }), {
          initial: [initial, zeros([])],
          inputs: x,
          mask: ones([2, 4]).cast('bool'),
        }),
      ShapeError,
      ['initial[1]'],
    ],
    [
      'sequences of different lengths',
      () => scan((h: Tensor) => ({ carry: h }), { initial, inputs: { a: x, b: [values([2, 5, 3])] } }),
      ShapeError,
      ['inputs.b[0]', '5 steps', '4 steps'],
    ],
  ] as const satisfies readonly (readonly [string, () => unknown, ErrorClass, readonly string[]])[])(
    '%s',
    async (_, act, kind, pieces) => {
      await refuses(act, kind, ...pieces);
    },
  );
});

describe('what a body returns', () => {
  it.each([
    ['nothing', () => undefined, TraceError, ['{ carry, output }']],
    ['a tensor', (h: Tensor) => h, TraceError, ['{ carry, output }']],
    ['a promise', async (h: Tensor) => ({ carry: h }), TraceError, ['without awaiting']],
    [
      'something beside carry and output',
      (h: Tensor) => ({ carry: h, outputs: h }),
      OptionError,
      ['outputs'],
    ],
    ['a carry of another shape', (h: Tensor) => ({ carry: h.sum(1) }), ShapeError, ['[2]', '[2, 3]']],
    [
      'a carry of another dtype',
      (h: Tensor) => ({ carry: h.cast('int32') }),
      DTypeError,
      ['int32', 'float32'],
    ],
    ['a carry of another structure', (h: Tensor) => ({ carry: [h] }), ShapeError, ['nothing', '[2, 3]']],
    ['a number as the carry', () => ({ carry: 0 }), TraceError, ['carry', '0']],
    ['a number as the output', (h: Tensor) => ({ carry: h, output: 3 }), TraceError, ['output', '3']],
    [
      'a scalar to be stacked along axis 1',
      (h: Tensor) => ({ carry: h, output: sum(h) }),
      ShapeError,
      ['axis: 0'],
    ],
  ] as const satisfies readonly (readonly [string, unknown, ErrorClass, readonly string[]])[])(
    '%s',
    async (_, other, kind, pieces) => {
      await refuses(withBody(other), kind, ...pieces);
    },
  );

  it('names the part of the carry that is wrong', async () => {
    const of = (change: (state: { h: Tensor; c: readonly Tensor[] }) => unknown) => () =>
      scan((state) => untyped<{ carry: typeof state }>({ carry: change(state) }), {
        initial: { h: initial, c: [initial] } as { h: Tensor; c: readonly Tensor[] },
        inputs: x,
      });
    await refuses(
      of(({ h }) => ({ h, c: [h.sum()] })),
      ShapeError,
      'carry.c[0]',
      '[]',
      '[2, 3]',
    );
    await refuses(
      of(({ h }) => ({ h })),
      ShapeError,
      'carry.c[0]',
      'nothing',
    );
    await refuses(
      of(({ h, c }) => ({ h, c, more: h })),
      ShapeError,
      'carry.more',
    );
  });

  it('takes no more memory than can be counted', async () => {
    const large = () =>
      scan((h: Tensor) => ({ carry: h, output: h.broadcastTo([2 ** 20, 2, 3]) }), {
        initial,
        steps: 2 ** 30,
        axis: 0,
      });
    await expect(async () => {
      const { outputs } = large();
      await outputs.data();
    }).rejects.toThrow(/elements|bytes|memory/);
  });
});

describe('what a body does', () => {
  it('throws its own errors, with the place of the operation', async () => {
    const wrong = () => scan((h: Tensor) => ({ carry: h.matmul(ones([4, 4])) }), { initial, inputs: x });
    await refuses(wrong, ShapeError, 'matmul', '[2, 3]', '[4, 4]');
    class Mine extends Error {}
    expect(() =>
      scan(
        () => {
          throw new Mine('mine');
        },
        { initial, inputs: x },
      ),
    ).toThrow(Mine);
    // Nothing of it is left behind.
    expect(await sum(scan(body, { initial, inputs: x }).carry.mul(0)).item()).toBe(0);
    new Variable(zeros([2]), 's').assign(ones([2]));
  });

  it('assigns to no variable', async () => {
    const state = new Variable(zeros([2, 3]), 'count');
    const assigning = (h: Tensor) => {
      state.assign(add(h, 1));
      return { carry: h };
    };
    await refuses(() => scan(assigning, { initial, inputs: x }), TraceError, 'inside the body', 'Carry');
  });

  it('trains no batch norm', async () => {
    const layer = new BatchNorm(3);
    layer.train();
    const norm = (h: Tensor) => ({ carry: layer.call(h) });
    await refuses(() => scan(norm, { initial, inputs: x }), TraceError, 'inside the body', 'eval');
    layer.eval();
    scan(norm, { initial, inputs: x });
  });

  it('leaves no gradients on parameters', async () => {
    const weight = new Parameter(ones([3]), 'w');
    const backward = (h: Tensor) => {
      sum(multiply(h, weight)).backward();
      return { carry: h };
    };
    await refuses(() => scan(backward, { initial, inputs: x }), TraceError, 'inside the body');
    expect(weight.grad).toBeUndefined();
  });

  it('steps no optimizer', async () => {
    const layer = new Dense(3, 3);
    const optimizer = new SGD(layer.parameters(), { learningRate: 0.1 });
    sum(layer.call(ones([1, 3]))).backward();
    const stepping = (h: Tensor) => {
      void optimizer.step();
      return { carry: h };
    };
    await expect(async () => scan(stepping, { initial, inputs: x })).rejects.toThrow();
  });

  it('awaits no values: there are none', async () => {
    let asked: Promise<unknown> | undefined;
    scan(
      (h: Tensor) => {
        asked = h.data();
        asked.catch(() => undefined);
        return { carry: h };
      },
      { initial, inputs: x },
    );
    await refuses(() => asked, TraceError);
    let item: Promise<number> | undefined;
    scan(
      (h: Tensor) => {
        item = sum(multiply(h, 2)).item();
        item.catch(() => undefined);
        return { carry: h };
      },
      { initial, inputs: x },
    );
    await refuses(() => item, TraceError);
  });

  it('hands no tensor of a step out', async () => {
    let leaked: Tensor | undefined;
    let computed: Tensor | undefined;
    const { carry } = scan(
      (h: Tensor, xt: Tensor) => {
        leaked = h;
        computed = multiply(xt, 2);
        return { carry: add(h, computed) };
      },
      { initial, inputs: x },
    );
    await carry.data();
    await refuses(() => leaked!.data(), TraceError);
    await refuses(() => computed!.add(1).data(), TraceError);
    await refuses(() => scan(body, { initial: leaked!, inputs: x }).carry.data(), TraceError);
  });
});
