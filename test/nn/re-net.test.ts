/** ReNet: the sweeps written out, what each output has seen, which axis comes first, and what was not seen. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  concat,
  grad,
  ones,
  ReNet,
  type ReNetOptions,
  seed,
  setDevice,
  type Tensor,
  zeros,
} from '../../src/index.ts';
import { writtenReNet } from './grid-layers-written.ts';
import { errorOf, expectClose, values } from './support.ts';

const [batch, height, width, channels, hidden] = [2, 4, 6, 2, 3];
const x = values([batch, height, width, channels]);

/** A layer that is the same each time. */
function make(options: ReNetOptions = {}): ReNet {
  seed(4);
  return new ReNet(channels, hidden, options);
}

describe.each(['wasm', 'cpu'] as const)('on %s', (device) => {
  beforeAll(() => {
    setDevice(device);
  });
  afterAll(() => {
    setDevice('wasm');
  });

  it.each(['gru', 'lstm', 'rnn'] as const)(
    'reads columns of patches, then rows of what was said: %s',
    async (cell) => {
      const layer = make({ cell });
      // The pixels of a patch in the order of rows.
      const corners = [0, 1].flatMap((row) =>
        [0, 1].map((column) => x.slice(null, [row, null, 2], [column, null, 2])),
      );
      expect(layer.call(x).shape).toEqual([batch, 2, 3, 2 * hidden]);
      await expectClose(layer.call(x), writtenReNet(layer, concat(corners, -1)), 1e-6);
      const whole = make({ cell, patch: 1 });
      await expectClose(whole.call(x), writtenReNet(whole, x), 1e-6);
    },
  );
});

it('each output has seen the whole image', async () => {
  for (const first of ['columns', 'rows'] as const) {
    const [gradient] = grad(make({ first }).call(x).slice(null, 1, 0).sum(), [x]);
    expect((await gradient.data()).every((value) => value !== 0)).toBe(true);
  }
});

it('of a transposed image, with the weights of the sweeps exchanged, it is the transpose', async () => {
  const transposed = (each: Tensor) => each.transpose(1, 2);
  const layer = make({ patch: 1 });
  const other = make({ patch: 1, first: 'rows' });
  await other.horizontal.loadStateDict(await layer.vertical.stateDict());
  await other.vertical.loadStateDict(await layer.horizontal.stateDict());
  await expectClose(transposed(other.call(transposed(x))), layer.call(x), 1e-6);
  // Which axis comes first does matter.
  const same = make({ patch: 1 });
  const distance = transposed(same.call(transposed(x)))
    .sub(layer.call(x))
    .abs()
    .max();
  expect(await distance.item()).toBeGreaterThan(0.01);
});

describe('what was not seen', () => {
  const mask = values([batch, height, width], 2).greater(-0.2);

  it.each(['pixels', 'channels'])('NaN there changes no bit of any output or gradient: %s', async (which) => {
    const whole = which === 'pixels' ? mask : values(x.shape, 5).greater(0);
    const each = which === 'pixels' ? mask.expandDims(-1) : whole;
    const results = async (input: Tensor, given: Tensor | undefined, layer = make()) => {
      const output = layer.call({ x: input, ...(given && { mask: given }) });
      const gradients = grad(output.mul(values(output.shape, 1)).sum(), [input, ...layer.parameters()]);
      return Promise.all([output, ...gradients].map((tensor) => tensor.data()));
    };
    const [zero, missing] = [0, Number.NaN].map((value) => each.where(x, value));
    const wanted = await results(zero, whole);
    expect(wanted.flatMap((data) => [...data]).every(Number.isFinite)).toBe(true);
    expect(await results(missing, whole)).toEqual(wanted);
    expect(await results(missing, undefined, make({ nanIsMissing: true }))).toEqual(wanted);
  });

  it('a border around a picture is as if there were none', async () => {
    const layer = make();
    const widths = [
      [0, 0],
      [2, 2],
      [4, 2],
      [0, 0],
    ] as const;
    const inside = ones([batch, height, width]).pad(widths.slice(0, 3)).equal(1);
    const output = layer.call({ x: x.pad(widths, 7), mask: inside });
    await expectClose(output.slice(null, [1, 3], [2, 5]), layer.call(x), 1e-6);
    expect(await output.abs().sum().item()).toBeCloseTo(await layer.call(x).abs().sum().item(), 4);
  });

  it('a picture of which nothing was seen gives zeros, and gradients that are zero', async () => {
    const layer = make({ cell: 'lstm' });
    const output = layer.call({ x, mask: zeros([batch, height, width]).equal(1) });
    for (const each of [output, ...grad(output.sum(), [x, ...layer.parameters()])]) {
      expect((await each.data()).every((value) => value === 0)).toBe(true);
    }
  });
});

it('says what does not fit', () => {
  const layer = make({ patch: [2, 3] });
  const message = (input: Parameters<ReNet['call']>[0]) => errorOf(() => layer.call(input)).message;
  expect(message(zeros([1, 4, 4, 2]))).toContain(
    'reNet: got images [H=4, W=4] to be cut into patches of 2×3, expected patches that divide height and width. Choose patches of 2×2,',
  );
  expect(message(zeros([1, 4, 6, 3]))).toContain(
    'reNet: got [N=1, H=4, W=6, C=3], expected [N, H, W, C=2]. ',
  );
  expect(message({ x, mask: ones([2, 2, 2], 'bool') })).toContain('reNet mask: got [N=2, H=2, W=2]');
  const made = (options: object) => errorOf(() => new ReNet(1, 2, options)).message;
  expect(made({ cell: 'sru' })).toContain("got cell \"sru\", expected one of 'gru', 'lstm', 'rnn'");
  expect(made({ first: 'diagonals' })).toContain('got first "diagonals"');
  expect(made({ patch: [2] })).toContain('got patch [2]');
});
