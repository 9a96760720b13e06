/** The LSTM over two dimensions: against a loop in float64, what it sees, its corners, its bounds, and what was not seen. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  concat,
  type GridCellWeights,
  grad,
  gradCheck,
  LSTM,
  logicalNot,
  MultiDimensionalLSTM,
  type MultiDimensionalLstmOptions,
  ones,
  seed,
  setDevice,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import {
  planTensors,
  runOnCpu,
  runOnWasm,
  splittingDevice,
  wasmSettings,
  errorOf as worstOf,
} from '../support/devices.ts';
import { errorOf, expectClose, values } from './support.ts';

const [batch, height, width, channels, hidden] = [2, 4, 5, 2, 3];
const x = values([batch, height, width, channels]);

/** A layer that is the same each time. */
function make(options: MultiDimensionalLstmOptions = {}, size = hidden): MultiDimensionalLSTM {
  seed(3);
  return new MultiDimensionalLSTM(channels, size, options);
}

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

/** The cells from the upper left corner in float64, place by place, for one picture: h and c [H, W, hidden]. */
async function written(
  weights: GridCellWeights,
  picture: readonly number[],
  shape: readonly [number, number],
  { stable = true, seen = () => true }: { stable?: boolean; seen?: (row: number, column: number) => boolean },
) {
  const { inputWeight, upWeight, leftWeight, bias } = weights;
  const [w, u, l, b] = await Promise.all(
    [inputWeight, upWeight, leftWeight, bias].map((each) => each.data()),
  );
  const [rows, columns] = shape;
  const size = bias.shape[0] / 5;
  const states = new Map<string, { h: number[]; c: number[] }>();
  const none = { h: Array<number>(size).fill(0), c: Array<number>(size).fill(0) };
  const at = (row: number, column: number) => states.get(`${row},${column}`) ?? none;
  const found: { h: number[]; c: number[] } = { h: [], c: [] };
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [up, left] = [at(row - 1, column), at(row, column - 1)];
      if (!seen(row, column)) {
        const share = column === 0 ? 1 : row === 0 ? 0 : 0.5;
        const mean = (name: 'h' | 'c') =>
          none.h.map((_, k) => share * up[name][k] + (1 - share) * left[name][k]);
        states.set(`${row},${column}`, { h: mean('h'), c: mean('c') });
        found.h.push(...none.h);
        found.c.push(...none.h);
        continue;
      }
      const sum = (gate: number): number => {
        let total = b[gate];
        for (let f = 0; f < channels; f++) {
          total += picture[(row * columns + column) * channels + f] * w[f * 5 * size + gate];
        }
        for (let k = 0; k < size; k++) {
          total += up.h[k] * u[k * 5 * size + gate] + left.h[k] * l[k * 5 * size + gate];
        }
        return total;
      };
      const next = none.h.map((_, k) => {
        const [i, fUp, fLeft, o] = [0, 1, 2, 4].map((gate) => sigmoid(sum(gate * size + k)));
        const g = Math.tanh(sum(3 * size + k));
        const kept = fUp * up.c[k] + fLeft * left.c[k];
        const c = i * g + (stable ? ((1 - i) * kept) / (fUp + fLeft) : kept);
        return { h: o * Math.tanh(c), c };
      });
      const state = { h: next.map(({ h }) => h), c: next.map(({ c }) => c) };
      states.set(`${row},${column}`, state);
      found.h.push(...state.h);
      found.c.push(...state.c);
    }
  }
  return found;
}

/** One direction over a batch by that loop. */
async function writtenBatch(layer: MultiDimensionalLSTM, pictures: Tensor, stable = true) {
  const [n, rows, columns] = pictures.shape as [number, number, number];
  const data = Array.from(await pictures.data());
  const size = rows * columns * channels;
  const runs = await Promise.all(
    Array.from({ length: n }, (_, index) =>
      written(layer.cells[0], data.slice(index * size, (index + 1) * size), [rows, columns], { stable }),
    ),
  );
  return { h: runs.flatMap(({ h }) => h), c: runs.flatMap(({ c }) => c) };
}

describe.each(['wasm', 'cpu'] as const)('on %s', (device) => {
  beforeAll(() => {
    setDevice(device);
  });
  afterAll(() => {
    setDevice('wasm');
  });

  it.each([
    [true, 4, 5],
    [false, 4, 5],
    [true, 5, 2],
    [true, 1, 4],
    [true, 4, 1],
    [true, 1, 1],
  ])('diagonals are the loop over rows and columns: stable %s, %i×%i', async (stable, rows, columns) => {
    const layer = make({ directions: 1, stable });
    const pictures = values([batch, rows, columns, channels]);
    const { output, cells } = layer.run({ x: pictures });
    const wanted = await writtenBatch(layer, pictures, stable);
    await expectClose(output, wanted.h, 1e-6);
    await expectClose(cells, wanted.c, 1e-6);
  });
});

it('one row is what an LSTM makes of a sequence, masked or not', async () => {
  const layer = make({ directions: 1, stable: false });
  const lstm = new LSTM(channels, hidden, { output: 'sequence' });
  const { inputWeight, leftWeight, bias } = layer.cells[0];
  // Without the gate of the neighbor above, which is not there.
  const without = async (weight: Tensor): Promise<Tensor> => {
    const [i, , f, g, o] = weight.split(5, -1);
    return concat([i, f, g, o], -1);
  };
  const [cell] = lstm.cells;
  await cell.inputWeight.set(await (await without(inputWeight)).data());
  await cell.recurrentWeight.set(await (await without(leftWeight)).data());
  await cell.inputBias!.set(await (await without(bias)).data());
  await cell.recurrentBias!.set(new Float32Array(4 * hidden));
  const row = x.slice(null, [0, 1]);
  await expectClose(layer.call(row), lstm.call(row.reshape(batch, width, channels)));
  const mask = tensor([
    [true, false, false, true, true],
    [false, true, false, true, false],
  ]);
  const masked = layer.call({ x: row, mask: mask.reshape(batch, 1, width) });
  await expectClose(masked, lstm.call({ x: row.reshape(batch, width, channels), mask }));
});

it.each([1, 2, 3])('gradients by finite differences: %i', async (variant) => {
  const layer = make({ directions: 1, stable: variant !== 2 }, 2);
  const names = ['inputWeight', 'upWeight', 'leftWeight', 'bias'] as const;
  const mask = variant === 3 ? { mask: values([1, 3, 3]).greater(-0.3) } : {};
  const call = (input: Tensor, ...weights: Tensor[]) => {
    for (const [index, name] of names.entries()) Reflect.set(layer.cells[0], name, weights[index]);
    return layer.call({ x: input, ...mask });
  };
  const weights = names.map((name, index) => values(layer.cells[0][name].shape, index).mul(0.6));
  await gradCheck(call, [x.slice([0, 1], [0, 3], [0, 3]), ...weights], { epsilon: 2 ** -7 });
});

it('an output depends on the quadrant above it and left of it, and on nothing else', async () => {
  const layer = make({ directions: 1 });
  for (const [row, column] of [
    [0, 0],
    [2, 3],
    [3, 1],
    [3, 4],
  ] as const) {
    const [gradient] = grad(layer.call(x).slice(null, row, column).sum(), [x]);
    const data = await gradient.abs().sum([0, 3]).data();
    const reached = Array.from(data, (value) => value > 0);
    const quadrant = reached.map((_, at) => Math.floor(at / width) <= row && at % width <= column);
    expect(reached).toEqual(quadrant);
  }
  const [whole] = grad(make().call(x).slice(null, 2, 3).sum(), [x]);
  expect(Array.from(await whole.abs().sum(3).data()).every((value) => value > 0)).toBe(true);
});

it('direction k is flip, run, flip; they are put side by side, or added', async () => {
  const four = make();
  const parts = [[], [2], [1], [1, 2]].map((axes, direction) => {
    const one = make({ directions: 1 });
    Reflect.set(one, 'cells', [four.cells[direction]]);
    return one.call(x.flip(axes)).flip(axes);
  });
  await expectClose(four.call(x), concat(parts, -1), 1e-6);
  const sum = make({ join: 'sum' });
  Reflect.set(sum, 'cells', four.cells);
  await expectClose(
    sum.call(x),
    parts.reduce((a, b) => a.add(b)),
    1e-6,
  );
  expect(four.call(x).shape).toEqual([batch, height, width, 4 * hidden]);
  expect(sum.call(x).shape).toEqual([batch, height, width, hidden]);
});

it('the stable cells stay in [-1, 1] where the plain ones grow with the number of ways', async () => {
  const side = 12;
  const cellsOf = async (stable: boolean) => {
    const layer = make({ directions: 1, stable });
    // Every gate open, and the candidate at 1.
    for (const parameter of layer.parameters()) await parameter.set(new Float32Array(parameter.size));
    await layer.cells[0].bias.set(new Float32Array(5 * hidden).fill(20));
    return layer.run({ x: zeros([1, side, side, channels]) }).cells.data();
  };
  const stable = await cellsOf(true);
  expect(Math.max(...stable.map(Math.abs))).toBeLessThanOrEqual(1);
  const plain = await cellsOf(false);
  // c = c↑ + c← + 1: how many ways lead to a place, from wherever they start.
  const ways = Array.from({ length: side }, () => Array<number>(side).fill(0));
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      ways[row][column] = (ways[row - 1]?.[column] ?? 0) + (ways[row][column - 1] ?? 0) + 1;
    }
  }
  expect(ways[side - 1][side - 1]).toBeGreaterThan(1e6);
  expect(plain.at(-1)! / ways[side - 1][side - 1]).toBeCloseTo(1, 4);
});

it('both forget gates at nothing: no NaN, forward or backward', async () => {
  const layer = make({ directions: 1 });
  const { bias } = layer.cells[0];
  const far = await bias.data();
  far.fill(-200, hidden, 3 * hidden);
  await bias.set(far);
  const { output } = layer.run({ x });
  const gradients = grad(output.sum(), [x, ...layer.parameters()]);
  for (const each of [output, ...gradients]) {
    expect((await each.data()).every(Number.isFinite)).toBe(true);
  }
});

describe('what was not seen', () => {
  const seen = (row: number, column: number) => row !== 1 && (row + 2 * column) % 5 !== 0;
  const places = Array.from({ length: height * width }, (_, at) => seen(Math.floor(at / width), at % width));
  const one = tensor(places.map(Number)).reshape(1, height, width).equal(1);
  const mask = concat([one, logicalNot(one)], 0);

  it('is passed by: the mean of both neighbors goes on, as in the loop', async () => {
    const layer = make({ directions: 1 });
    const data = Array.from(await x.data());
    const half = data.length / 2;
    const runs = [seen, (row: number, column: number) => !seen(row, column)].map((each, index) =>
      written(layer.cells[0], data.slice(index * half, (index + 1) * half), [height, width], { seen: each }),
    );
    const wanted = await Promise.all(runs);
    const { output, cells } = layer.run({ x, mask });
    await expectClose(
      output,
      wanted.flatMap(({ h }) => h),
      1e-6,
    );
    await expectClose(
      cells,
      wanted.flatMap(({ c }) => c),
      1e-6,
    );
  });

  it.each(['places', 'channels'])('NaN there changes no bit of any output or gradient: %s', async (which) => {
    const layer = make({ patch: [2, 1] });
    const whole = which === 'places' ? mask : values(x.shape, 5).greater(0);
    const each = which === 'places' ? mask.expandDims(-1) : whole;
    const results = async (input: Tensor, options: { mask?: Tensor }, run = layer) => {
      const { output, cells } = run.run({ x: input, ...options });
      const loss = output
        .mul(values(output.shape, 1))
        .sum()
        .add(cells.mul(values(cells.shape, 2)).sum());
      const gradients = grad(loss, [input, ...run.parameters()]);
      return Promise.all([output, cells, ...gradients].map((tensor) => tensor.data()));
    };
    const [zero, missing] = [0, Number.NaN].map((value) => each.where(x, value));
    const wanted = await results(zero, { mask: whole });
    expect(await results(missing, { mask: whole })).toEqual(wanted);
    const reading = make({ patch: [2, 1], nanIsMissing: true });
    expect(await results(missing, {}, reading)).toEqual(wanted);
    expect(wanted.flatMap((data) => [...data]).every(Number.isFinite)).toBe(true);
    const atMissing = await results(missing, { mask: whole }).then(([, , gradient]) => gradient);
    const there = await each.broadcastTo(x.shape).data();
    expect(atMissing.every((value, at) => there[at] !== 0 || value === 0)).toBe(true);
  });

  it('a border around a picture is as if there were none', async () => {
    const layer = make();
    const widths = [
      [0, 0],
      [2, 1],
      [1, 3],
      [0, 0],
    ] as const;
    const larger = x.pad(widths, 7);
    const inside = ones([batch, height, width]).pad(widths.slice(0, 3)).equal(1);
    const output = layer.call({ x: larger, mask: inside });
    await expectClose(output.slice(null, [2, 2 + height], [1, 1 + width]), layer.call(x), 1e-6);
    expect(await output.sum().item()).toBeCloseTo(await layer.call(x).sum().item(), 4);
  });

  it('a picture of which nothing was seen gives zeros, and gradients that are zero', async () => {
    const layer = make();
    const nothing = zeros([1, height, width]).equal(1);
    const [given, unseen] = [x.slice([0, 1]), x.slice([1, 2])];
    const both = layer.run({ x, mask: concat([ones([1, height, width]).equal(1), nothing], 0) });
    expect((await both.output.slice(1).data()).every((value) => value === 0)).toBe(true);
    const alone = layer.run({ x: unseen, mask: nothing });
    for (const gradient of grad(alone.output.add(alone.cells).square().sum().add(alone.output.sum()), [
      unseen,
      ...layer.parameters(),
    ])) {
      expect((await gradient.data()).every((value) => value === 0)).toBe(true);
    }
    await expectClose(both.output.slice([0, 1]), layer.call(given), 1e-6);
  });
});

it.each(wasmSettings)('$title: as on the cpu', async (setting) => {
  const layer = make();
  for (const [index, cell] of layer.cells.entries()) {
    for (const name of ['inputWeight', 'upWeight', 'leftWeight', 'bias'] as const) {
      Reflect.set(cell, name, values(cell[name].shape, index).mul(0.6));
    }
  }
  const mask = values([batch, height, width], 4).greater(-0.5);
  const { output } = layer.run({ x, mask });
  const weights = layer.cells.flatMap((cell): Tensor[] => Object.values(cell));
  const prepared = planTensors([output, ...grad(output.square().sum(), [x, ...weights])]);
  const device = splittingDevice(setting);
  const [wanted, { alone, together }] = [
    await runOnCpu(prepared),
    await runOnWasm(device, prepared, setting.threads),
  ];
  for (const [k, each] of wanted.entries()) {
    expect(worstOf(alone[k], each)).toBeLessThan(1e-5);
    expect(worstOf(together[k], each)).toBeLessThan(1e-5);
  }
});

describe('errors', () => {
  const layer = make({ patch: [2, 5] });
  const cases: [input: Parameters<MultiDimensionalLSTM['call']>[0], message: string][] = [
    [zeros([2, 4, 5, 1]), 'got [N=2, H=4, W=5, C=1], expected [N, H, W, C=2]. '],
    [zeros([2, 4, 5]), 'got [2, 4, 5] (rank 3)'],
    [
      zeros([2, 3, 5, 2]),
      'got images [H=3, W=5] to be cut into patches of 2×5, expected patches that divide',
    ],
    [
      zeros([2, 0, 5, 2]),
      'got images [H=0, W=5] to be cut into patches of 2×5, expected at least one pixel. ',
    ],
    [zeros([2, 4, 5, 2], 'int32'), 'x: got int32, expected float32. '],
    [{ x, mask: zeros([2, 4, 5]) }, 'mask: got float32, expected bool. '],
    [{ x, mask: ones([2, 4], 'bool') }, 'mask: got [2, 4] (rank 2)'],
    [{ x, mask: ones([2, 4, 4], 'bool') }, 'mask: got [N=2, H=4, W=4], expected [N=2, H=4, W=5]. '],
    [{ x, mask: ones([2, 4, 5, 1], 'bool') }, 'mask: got [N=2, H=4, W=5, C=1]'],
  ];
  it.each(cases)('%#', (input, message) => {
    expect(errorOf(() => layer.call(input)).message).toContain(
      `multiDimensionalLstm${/^(mask|x):/.test(message) ? ' ' : ': '}${message}`,
    );
  });

  it('of options', () => {
    const made = (options: object) => errorOf(() => new MultiDimensionalLSTM(1, 2, options)).message;
    expect(made({ directions: 2 })).toContain('MultiDimensionalLSTM: got directions 2, expected 1 or 4. ');
    expect(made({ directions: 1, join: 'sum' })).toContain('got join "sum" with one direction');
    expect(made({ join: 'mean' })).toContain('got join "mean"');
    expect(made({ patch: 0 })).toContain('got patch 0');
    expect(made({ stable: 1 })).toContain('got stable 1');
  });
});
