/** Reading orders: what each step sees, the walks over the grid, the way back, gradients, and what is refused. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  ColumnsToSequence,
  grad,
  gradCheck,
  ImageToSequence,
  OptionError,
  type ReadingOrder,
  RowsToSequence,
  randn,
  readingOrders,
  SequenceToImage,
  Sequential,
  ShapeError,
  seed,
  sequenceShape,
  setDevice,
  type Tensor,
  zeros,
} from '../../src/index.ts';
import { parseOrder } from '../../src/nn/reading/reading-order.ts';
import { refuses, untyped } from '../errors/support.ts';
import { values } from './support.ts';

const orders: readonly ReadingOrder[] = [
  'rows',
  'columns',
  'pixels',
  'patches:2x3',
  'snake',
  'spiral',
  'hilbert',
  'diagonal',
  'permuted:7',
];
/** All but rows, columns and patches. */
const walks = orders.filter((order) => sequenceShape(order, [4, 6, 1])[0] === 24);

type Pixel = readonly [row: number, column: number];

/** The pixels of a grid in the order of a walk. */
function walked(order: ReadingOrder, height: number, width: number): Pixel[] {
  const walk =
    parseOrder('test', order).walk ??
    ((rows, columns) => new Int32Array(rows * columns).map((_, pixel) => pixel));
  return Array.from(walk(height, width), (pixel) => [Math.floor(pixel / width), pixel % width]);
}

/** How far each step of a walk goes, along rows and columns. */
function distances(walk: readonly Pixel[]): number[] {
  return walk
    .slice(1)
    .map(([row, column], step) => Math.abs(row - walk[step][0]) + Math.abs(column - walk[step][1]));
}

const picture = () => values([2, 4, 6, 3]);

describe.each(['wasm', 'cpu'] as const)('on %s', (device) => {
  afterEach(() => setDevice('wasm'));

  it.each(orders)('%s and back is what it was, forwards and reversed', async (order) => {
    await setDevice(device);
    for (const reverse of [false, true]) {
      const x = picture();
      const there = new ImageToSequence(order, { reverse });
      const sequence = there.call(x);
      expect(sequence.shape).toEqual([2, ...sequenceShape(order, [4, 6, 3])]);
      const back = new SequenceToImage(order, [4, 6, 3], { reverse });
      expect(await back.call(sequence).data()).toEqual(await x.data());
      expect(await there.call(back.call(sequence)).data()).toEqual(await sequence.data());
      expect(await sequence.data()).not.toEqual(
        await new ImageToSequence(order, { reverse: !reverse }).call(x).data(),
      );
    }
  });

  it.each(orders)('the gradient of %s goes back to where each value came from', async (order) => {
    await setDevice(device);
    const x = picture();
    const weights = randn([2, ...sequenceShape(order, [4, 6, 3])]);
    const [gradient] = grad(new ImageToSequence(order, { reverse: true }).call(x).mul(weights).sum(), [x]);
    const back = new SequenceToImage(order, [4, 6, 3], { reverse: true });
    expect(await gradient.data()).toEqual(await back.call(weights).data());
    await gradCheck((sequence: Tensor) => back.call(sequence.tanh()), [weights]);
  });
});

describe('what a step sees', () => {
  it('rows, columns and patches', async () => {
    const x = picture();
    const read = (order: ReadingOrder) => new ImageToSequence(order).call(x);
    expect(await read('rows').data()).toEqual(await x.reshape(2, 4, 18).data());
    expect(await read('columns').data()).toEqual(await x.permute(0, 2, 1, 3).reshape(2, 6, 12).data());
    // The fourth patch of 2×3: rows 2 and 3, columns 3 to 5.
    const patch = x.slice(null, [2, 4], [3, 6]).reshape(2, 18);
    expect(await read('patches:2x3').slice(null, 3).data()).toEqual(await patch.data());
  });

  it('patches of one pixel are pixels, of a row rows, of a column columns', async () => {
    const x = picture();
    const read = (order: ReadingOrder) => new ImageToSequence(order).call(x).data();
    expect(await read('patches:1x1')).toEqual(await read('pixels'));
    expect(await read('patches:1x6')).toEqual(await read('rows'));
    expect(await read('patches:4x1')).toEqual(await read('columns'));
    expect(await new RowsToSequence().call(x).data()).toEqual(await read('rows'));
    expect(await new ColumnsToSequence().call(x).data()).toEqual(await read('columns'));
  });

  it('all channels of a pixel, in single pixels of feature maps', async () => {
    const x = picture();
    const [second] = walked('spiral', 4, 6).slice(9);
    const step = new ImageToSequence('spiral').call(x).slice(null, 9);
    expect(await step.data()).toEqual(await x.slice(null, ...second).data());
  });

  it('another size in each call of one layer', async () => {
    const layer = new ImageToSequence('hilbert');
    for (const [height, width] of [
      [4, 6],
      [6, 4],
      [4, 6],
    ]) {
      const x = values([1, height, width, 1]);
      const back = new SequenceToImage('hilbert', [height, width, 1]);
      expect(await back.call(layer.call(x)).data()).toEqual(await x.data());
    }
  });
});

describe('walks', () => {
  const grids = [
    [1, 1],
    [1, 7],
    [7, 1],
    [2, 3],
    [3, 2],
    [4, 5],
    [5, 4],
    [5, 5],
    [7, 6],
    [20, 20],
    [28, 28],
    [27, 20],
    [32, 8],
  ];

  it.each(walks)('%s visits each pixel once, on grids of any size', (order) => {
    for (const [height, width] of grids) {
      const visited = walked(order, height, width).map(([row, column]) => row * width + column);
      expect(visited.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: height * width }, (_, pixel) => pixel),
      );
    }
  });

  it.each(['snake', 'spiral', 'hilbert'] as const)('%s goes from neighbor to neighbor', (order) => {
    const small = Array.from({ length: 33 * 33 }, (_, at) => [1 + Math.floor(at / 33), 1 + (at % 33)]);
    for (const [height, width] of [...small, ...grids]) {
      const steps = distances(walked(order, height, width));
      expect(steps, `${height}×${width}`).toEqual(steps.map(() => 1));
    }
  });

  it('the beginnings of each', () => {
    const pixels = (order: ReadingOrder, height: number, width: number) =>
      walked(order, height, width).map((pixel) => pixel.join(''));
    expect(pixels('snake', 2, 3)).toEqual(['00', '01', '02', '12', '11', '10']);
    expect(pixels('spiral', 3, 3)).toEqual(['00', '01', '02', '12', '22', '21', '20', '10', '11']);
    expect(pixels('spiral', 3, 4).join(' ')).toBe('00 01 02 03 13 23 22 21 20 10 11 12');
    expect(pixels('diagonal', 2, 3)).toEqual(['00', '01', '10', '02', '11', '12']);
    expect(pixels('hilbert', 2, 2)).toEqual(['00', '10', '11', '01']);
  });

  it('hilbert is the curve of Hilbert: each quarter of a square is read as a whole, and so on within', () => {
    const walk = walked('hilbert', 16, 16);
    for (const side of [8, 4, 2]) {
      for (let start = 0; start < walk.length; start += side * side) {
        const corners = walk
          .slice(start, start + side * side)
          .map(([row, column]) => `${Math.floor(row / side)} ${Math.floor(column / side)}`);
        expect(new Set(corners).size).toBe(1);
      }
    }
    expect([walk[0], walk.at(-1)]).toEqual([
      [0, 0],
      [0, 15],
    ]);
  });

  it('hilbert stays near: steps that are 14 apart are nearer than in rows', () => {
    const apart = (order: ReadingOrder) => {
      const walk = walked(order, 28, 28);
      const far = walk
        .slice(14)
        .map(([row, column], step) => Math.hypot(row - walk[step][0], column - walk[step][1]));
      return far.reduce((sum, each) => sum + each) / far.length;
    };
    expect(apart('hilbert')).toBeLessThan(0.4 * apart('pixels'));
  });

  it('permuted is fixed by its seed, whatever the generator was used for', async () => {
    const read = (order: ReadingOrder) => walked(order, 28, 28);
    seed(3);
    const before = await randn([3]).data();
    seed(3);
    const first = read('permuted:92916');
    expect(await randn([3]).data(), 'the generator goes on as if nothing was read').toEqual(before);
    expect(read('permuted:92916')).toEqual(first);
    expect(first.slice(0, 4)).toEqual([
      [20, 12],
      [9, 9],
      [19, 20],
      [10, 27],
    ]);
    const other = read('permuted:92917');
    // Two random orders of n agree in one place on average.
    expect(first.filter((pixel, step) => pixel.join() === other[step].join()).length).toBeLessThan(8);
    expect(read('permuted:0').slice(0, 4)).not.toEqual(read('permuted:1').slice(0, 4));
  });
});

describe('what does not fit', () => {
  const inOrder = (order: unknown) => () => new ImageToSequence(untyped<ReadingOrder>(order));

  it('a name that is none: the nearest is suggested', async () => {
    const near: [given: string, meant: string][] = [
      ['hilbrt', "'hilbert'"],
      ['Snake', "'snake'"],
      ['row', "'rows'"],
      ['collumns', "'columns'"],
      ['rows:2', "'rows'"],
      ['patches', "'patches:4x4'"],
      ['patches:4', "'patches:4x4'"],
      ['patches:0x4', "'patches:4x4'"],
      ['patches:4x4x4', "'patches:4x4'"],
      ['patch:4x4', "'patches:4x4'"],
      ['permuted', "'permuted:1'"],
      ['permuted:-1', "'permuted:1'"],
      ['permuted:1.5', "'permuted:1'"],
      ['permutd:3', "'permuted:1'"],
      ['permuted:99999999999999999', "'permuted:1'"],
    ];
    for (const [given, meant] of near) {
      await refuses(
        inOrder(given),
        OptionError,
        `ImageToSequence: got order "${given}"`,
        `Did you mean ${meant}?`,
      );
    }
    for (const given of ['', 'zigzag', 'toString', 7, null, ['rows'], undefined]) {
      await refuses(inOrder(given), OptionError, 'ImageToSequence: got order', readingOrders.join(', '));
    }
  });

  it('an option that is none', async () => {
    await refuses(
      () => new ImageToSequence('rows', untyped({ reversed: true })),
      OptionError,
      'ImageToSequence: got unknown option "reversed"',
    );
    await refuses(
      () => new SequenceToImage('rows', [2, 2, 1], untyped({ reverse: 1 })),
      OptionError,
      'reverse 1',
    );
  });

  it('patches that do not divide the image', async () => {
    const model = new Sequential({ read: new ImageToSequence('patches:3x4') });
    await refuses(
      () => model.call(zeros([1, 20, 28, 1])),
      ShapeError,
      'imageToSequence "read": got images [H=20, W=28] to be cut into patches of 3×4',
      'patches that divide height and width',
      'Choose patches of 2×4',
    );
    await refuses(
      () => sequenceShape('patches:40x1', [20, 20, 1]),
      ShapeError,
      'sequenceShape',
      'Choose patches of 20×1',
    );
    await refuses(() => new SequenceToImage('patches:3x3', [20, 20, 1]), ShapeError, 'SequenceToImage');
    await refuses(
      () => new ImageToSequence('rows').call(zeros([1, 0, 4, 1])),
      ShapeError,
      'at least one pixel',
    );
  });

  it('a sequence of another image, and what is no image', async () => {
    const back = new Sequential({ back: new SequenceToImage('hilbert', [4, 4, 2]) });
    await refuses(() => back.call(zeros([1, 15, 2])), ShapeError, 'sequenceToImage "back"', '[N, T=16, F=2]');
    await refuses(() => new SequenceToImage('rows', untyped([4, 4])), OptionError, '[H, W, C]');
    await refuses(() => sequenceShape('rows', [4, 4, 0]), OptionError, 'sequenceShape: got shape [4, 4, 0]');
    await refuses(() => new ImageToSequence('rows').call(zeros([4, 4, 1])), ShapeError, '[N, H, W, C]');
  });
});
