/** The robustness card: what each disturbance does to a picture, exactly; and that nothing but the picture decides what comes out. */
import { describe, expect, test } from 'vitest';
import {
  type DisturbanceName,
  disturbanceNames,
  disturbanceStream,
  disturbances,
  disturbImage,
} from '../../src/data/augment/disturbances.ts';
import { type ImageDataset, subset } from '../../src/data/dataset.ts';
import { channelStatistics } from '../../src/data/normalize.ts';
import { encodePng } from '../../src/data/png.ts';
import { removePixels } from '../../src/data/removal.ts';
import { openDataset } from '../../src/data/stream/open-dataset.ts';
import { loadDataset, NonFiniteError, OptionError, ShapeError } from '../../src/index.ts';
import { Dense, FillMissing, Flatten, GlobalAvgPool2d, Sequential } from '../../src/nn/index.ts';
import { Adam } from '../../src/optim/index.ts';
import { randomState } from '../../src/tensor/random.ts';
import { evaluate, fit, type RobustnessOptions, robustness } from '../../src/train/index.ts';
import { drawnImages, measureRobustness } from '../../src/train/robustness.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { denseModel, smallModel, stripes } from './support.ts';

type Form = readonly [height: number, width: number, channels: number];

/** A picture in which no two pixels are equal, from 0.25 to 0.75. */
function gradient([height, width, channels]: Form): Float32Array {
  const count = height * width * channels;
  return Float32Array.from({ length: count }, (_, at) => 0.25 + at / (2 * count));
}

/** The picture after a disturbance, for an image of this number. */
function disturbed(pixels: Float32Array, shape: Form, name: DisturbanceName, strength: number, image = 0) {
  const changed = pixels.slice();
  disturbImage(changed, shape, name, strength, disturbanceStream(3).fork(image));
  return changed;
}

const images = [...Array(40).keys()];

describe('what is done to a picture, exactly', () => {
  const shape = [10, 12, 2] as const;
  const picture = gradient(shape);
  const at = (pixels: Float32Array, y: number, x: number, channel: number): number => {
    const [row, column] = [Math.min(Math.max(y, 0), 9), Math.min(Math.max(x, 0), 11)];
    return pixels[(row * 12 + column) * 2 + channel];
  };

  test('shift: by whole pixels, each in one of four directions, and all of them occur', () => {
    for (const strength of disturbances.shift.strengths(shape)) {
      const found = images.map((image) => {
        const moved = disturbed(picture, shape, 'shift', strength, image);
        const directions = [
          [strength, 0],
          [-strength, 0],
          [0, strength],
          [0, -strength],
        ] as const;
        return directions.findIndex(([x, y]) =>
          [...moved.keys()].every((index) => {
            const [row, column, channel] = [Math.floor(index / 24), Math.floor(index / 2) % 12, index % 2];
            return moved[index] === at(picture, row - y, column - x, channel);
          }),
        );
      });
      expect(new Set(found)).toEqual(new Set([0, 1, 2, 3]));
    }
  });

  test('rotation: a dot goes as far round the center as the angle says, to either side', () => {
    const side = 41;
    const dot = new Float32Array(side * side);
    dot[20 * side + 35] = 1;
    for (const degrees of disturbances.rotation.strengths([side, side, 1])) {
      const angles = images.map((image) => {
        const turned = disturbed(dot, [side, side, 1], 'rotation', degrees, image);
        let [x, y] = [0, 0];
        turned.forEach((value, index) => {
          x += value * ((index % side) - 20);
          y += value * (Math.floor(index / side) - 20);
        });
        return (Math.atan2(y, x) * 180) / Math.PI;
      });
      for (const angle of angles) expect(Math.abs(angle)).toBeCloseTo(degrees, 0);
      expect(Math.min(...angles)).toBeLessThan(0);
      expect(Math.max(...angles)).toBeGreaterThan(0);
    }
  });

  test('occlusion: one gray square of that share, anywhere', () => {
    const places = new Set<number>();
    for (const share of disturbances.occlusion.strengths(shape)) {
      const side = Math.sqrt(share * 120);
      expect(side).toBeCloseTo(Math.round(side), 9);
      for (const image of images) {
        const covered = disturbed(picture, shape, 'occlusion', share, image);
        const gray = [...covered.keys()].filter((index) => covered[index] !== picture[index]);
        expect(gray.length).toBeGreaterThanOrEqual(Math.round(side) ** 2 * 2 - 1);
        for (const index of gray) expect(covered[index]).toBe(0.5);
        const [rows, columns] = [
          gray.map((i) => Math.floor(i / 24)),
          gray.map((i) => Math.floor(i / 2) % 12),
        ];
        expect(Math.max(...rows) - Math.min(...rows)).toBe(Math.round(side) - 1);
        expect(Math.max(...columns) - Math.min(...columns)).toBe(Math.round(side) - 1);
        places.add(gray[0]);
      }
    }
    expect(places.size).toBeGreaterThan(20);
  });

  test('noise: of that standard deviation, around what was there, within 0 and 1', () => {
    const large = new Float32Array(100 * 100).fill(0.5);
    for (const deviation of [0.05, 0.1]) {
      const noise = Array.from(disturbed(large, [100, 100, 1], 'noise', deviation), (value) => value - 0.5);
      const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
      const square = noise.reduce((sum, value) => sum + value ** 2, 0) / noise.length;
      expect(Math.abs(mean)).toBeLessThan(deviation * 0.04);
      expect(Math.sqrt(square)).toBeGreaterThan(deviation * 0.97);
      expect(Math.sqrt(square)).toBeLessThan(deviation * 1.03);
    }
    const dark = disturbed(new Float32Array(400), [20, 20, 1], 'noise', 0.2);
    expect(Math.min(...dark)).toBe(0);
  });

  test('missing rows: as many whole rows as the share says', () => {
    for (const share of disturbances['missing rows'].strengths(shape)) {
      for (const image of images) {
        const rest = disturbed(picture, shape, 'missing rows', share, image);
        const gone = Array.from({ length: 10 }, (_, row) => rest.subarray(row * 24, (row + 1) * 24)).filter(
          (row) => row.every(Number.isNaN),
        );
        expect(gone).toHaveLength(Math.round(10 * share));
        expect(rest.filter(Number.isNaN)).toHaveLength(gone.length * 24);
      }
    }
  });

  test('lower resolution: the mean of each area, and back along straight lines', () => {
    const small = Float32Array.of(0, 0.5, 1, 1, 0.5, 1, 1, 1, 0, 0, 0.5, 0.5, 0, 0, 0.5, 0.5);
    const lower = disturbed(small, [4, 4, 1], 'lower resolution', 2);
    // The means are 0.5, 1, 0 and 0.5; pixels lie a quarter of the way between their centers.
    expect([...lower].map((value) => Number(value.toFixed(6)))).toEqual([
      ...[0.5, 0.625, 0.875, 1],
      ...[0.375, 0.5, 0.75, 0.875],
      ...[0.125, 0.25, 0.5, 0.625],
      ...[0, 0.125, 0.375, 0.5],
    ]);
  });

  test('strengths follow the size, and small pictures have fewer', () => {
    const strengths = (name: DisturbanceName, height: number, width = height) =>
      disturbances[name].strengths([height, width, 1]);
    expect(strengths('shift', 100, 140)).toEqual([5, 10, 20]);
    expect(strengths('shift', 6)).toEqual([1]);
    expect(strengths('shift', 1, 9)).toEqual([]);
    expect(strengths('occlusion', 20)).toEqual([0.04, 0.09, 0.2025]);
    expect(strengths('missing rows', 28)).toEqual([0.25, 0.5, 0.75]);
    expect(strengths('missing rows', 1)).toEqual([]);
    expect(strengths('lower resolution', 3, 9)).toEqual([2, 3]);
    for (const name of disturbanceNames) {
      for (const side of [2, 5, 8, 28, 100]) {
        const found = strengths(name, side);
        expect(found).toEqual([...new Set(found)].sort((first, second) => first - second));
        for (const each of found) expect(each).toBeGreaterThan(disturbances[name].none);
      }
    }
  });

  test.each(disturbanceNames)('%s: the same bits every time, by image and seed', (name) => {
    const strength = disturbances[name].strengths(shape).at(-1)!;
    const all = images.map((image) => disturbed(picture, shape, name, strength, image));
    expect(images.map((image) => disturbed(picture, shape, name, strength, image))).toEqual(all);
    if (name === 'lower resolution') return;
    expect(new Set(all.map((pixels) => pixels.join())).size).toBeGreaterThan(1);
  });
});

/** A model that knows the stripes. */
async function trainedModel(data: ImageDataset, model = denseModel()): Promise<Sequential> {
  const optimizer = new Adam(model.parameters(), { learningRate: 0.02 });
  const normalization = channelStatistics(data);
  await fit(model, data, { epochs: 8, batchSize: 16, optimizer, normalization, progress: false });
  return model;
}

/** A card without what differs from call to call. */
async function cardOf(...given: Parameters<typeof robustness>) {
  const { secondsPerImage, batchSize, ...card } = await robustness(...given);
  expect(secondsPerImage).toBeGreaterThan(0);
  expect(batchSize).toBeGreaterThan(0);
  return card;
}

describe('robustness', () => {
  const data = stripes(90);
  const normalization = channelStatistics(data);

  test('begins with the accuracy of evaluate on the same images, and is plain data', async () => {
    const model = await trainedModel(data);
    const card = await robustness(model, data, { normalization });
    const { accuracy } = await evaluate(model, data, { normalization });
    expect(card).toMatchObject({ images: 90, accuracy, missing: 'mean', batchSize: 90 });
    expect(card.disturbances.map(({ name }) => name)).toEqual(disturbanceNames);
    for (const { name, unit, points } of card.disturbances) {
      expect(unit).toBe(disturbances[name].unit);
      expect(points.map(({ strength }) => strength)).toEqual([
        disturbances[name].none,
        ...disturbances[name].strengths([6, 6, 1]),
      ]);
      expect(points[0].accuracy).toBe(accuracy);
    }
    expect(JSON.parse(JSON.stringify(card))).toEqual(card);
    const missing = card.disturbances.find(({ name }) => name === 'missing rows')!;
    expect(missing.points.at(-1)!.accuracy).toBeLessThan(accuracy);
  });

  test('what a point says is what evaluate says of pictures disturbed so', async () => {
    const model = await trainedModel(data);
    const { disturbances: curves } = await robustness(model, data, { normalization, seed: 5 });
    const [, , , noise, , lower] = curves;
    for (const { name, points } of [noise, lower]) {
      const { strength, accuracy } = points.at(-1)!;
      const pixels = Float32Array.from(data.images, (value) => value / 255);
      for (let image = 0; image < 90; image++) {
        const own = disturbanceStream(5).fork(image);
        disturbImage(pixels.subarray(image * 36, (image + 1) * 36), [6, 6, 1], name, strength, own);
      }
      const changed = await evaluate(model, { ...data, images: pixels }, { normalization });
      expect(accuracy).toBe(changed.accuracy);
    }
  });

  test('the same for any size of batches and any selection; others with another seed', async () => {
    const model = await trainedModel(data);
    const card = await cardOf(model, data, { normalization });
    expect(await cardOf(model, data, { normalization })).toEqual(card);
    expect(await cardOf(model, data, { normalization, batchSize: 7 })).toEqual(card);
    const some: DisturbanceName[] = ['noise', 'shift'];
    const { disturbances: few } = await cardOf(model, data, { normalization, disturbances: some });
    expect(few).toEqual(card.disturbances.filter(({ name }) => some.includes(name)));
    expect(await cardOf(model, data, { normalization, seed: 1 })).not.toEqual(card);
  });

  test('a sample has of each class its share', async () => {
    const model = await trainedModel(data);
    const uneven = subset(
      data,
      [...data.labels.keys()].filter((index) => index % 3 !== 2 || index % 2 === 0),
    );
    const drawn = drawnImages(uneven, 25, disturbanceStream(0));
    expect([...drawn]).toEqual([...new Set(drawn)].sort((first, second) => first - second));
    // 30, 30 and 15 images.
    const counts = [0, 1, 2].map((label) => drawn.filter((index) => uneven.labels[index] === label).length);
    expect(counts).toEqual([10, 10, 5]);
    const card = await cardOf(model, uneven, { normalization, images: 25 });
    expect(card.images).toBe(25);
    expect(await cardOf(model, uneven, { normalization, images: 25 })).toEqual(card);
    expect((await cardOf(model, uneven, { normalization, images: 1000 })).images).toBe(uneven.labels.length);
  });

  test('changes nothing: weights, modes, random state', async () => {
    const model = smallModel();
    const before = await Promise.all(
      model.namedVariables().map(async ([, each]) => [...(await each.data())]),
    );
    const [state, { training }] = [randomState(), model];
    const pixels = data.images.slice();
    await robustness(model, data, { normalization });
    expect(randomState()).toEqual(state);
    expect(model.training).toBe(training);
    expect(data.images).toEqual(pixels);
    const after = await Promise.all(model.namedVariables().map(async ([, each]) => [...(await each.data())]));
    expect(after).toEqual(before);
  });

  test('pictures in files are those in memory', async () => {
    const { images: bytes, labels, classNames } = stripes(45);
    const files = [...labels].map((label, index): [string, Uint8Array] => {
      const pixels = Float32Array.from(bytes.subarray(index * 36, (index + 1) * 36), (value) => value / 255);
      const png = encodePng({ width: 6, height: 6, channels: 1, bitDepth: 8, pixels });
      return [`${classNames[label]}/${index}.png`, png];
    });
    const folder = temporaryFolder(Object.fromEntries(files));
    const { test: loaded } = loadDataset(folder);
    const { test: streamed } = openDataset(folder);
    const model = await trainedModel(data);
    const card = await cardOf(model, loaded, { normalization });
    for (const workers of [0, 1]) {
      expect(await cardOf(model, streamed, { normalization, workers, batchSize: 4 })).toEqual(card);
    }
    const floats = { ...loaded, images: Float32Array.from(loaded.images, (value) => value / 255) };
    expect(await cardOf(model, floats, { normalization })).toEqual(card);
  });
});

describe('missing pixels', () => {
  const data = stripes(60);
  const normalization = channelStatistics(data);
  const rowsOf = (card: { disturbances: readonly { name: string; points: readonly object[] }[] }) =>
    card.disturbances.find(({ name }) => name === 'missing rows')!.points;

  test('a model that takes NaN is given it; another the mean', async () => {
    const plain = await trainedModel(data);
    const filling = new Sequential({ fill: new FillMissing([6, 6, 1], 'zero'), plain });
    const masked = await cardOf(filling, data, { normalization, missing: 'mask' });
    const filled = await cardOf(plain, data, { normalization });
    expect([masked.missing, filled.missing]).toEqual(['mask', 'mean']);
    // Of normalized pixels the mean is 0.
    expect(rowsOf(masked)).toEqual(rowsOf(filled));
    expect((await cardOf(plain, data, { normalization, missing: 'last' })).missing).toBe('last');
  });

  test('without a normalization the mean is that of what is left of the picture', async () => {
    const means = new Sequential({
      pool: new GlobalAvgPool2d(),
      flatten: new Flatten(),
      head: new Dense(1, 3),
    });
    const flat = { ...data, images: new Uint8Array(60 * 36).fill(100) };
    const card = await robustness(means, flat, { disturbances: ['missing rows'] });
    for (const { accuracy } of card.disturbances[0].points) expect(accuracy).toBe(card.accuracy);
  });

  test('pictures that have holes, and what is removed after the disturbance', async () => {
    const model = new Sequential({
      fill: new FillMissing([6, 6, 1], 'zero'),
      dense: await trainedModel(data),
    });
    const holes = removePixels(data, { what: 'pixels', rate: 0.1 });
    const card = await cardOf(model, holes, { normalization, missing: 'mask' });
    const { accuracy } = await evaluate(model, holes, { normalization, missing: 'mask' });
    expect(card.accuracy).toBe(accuracy);
    await expect(robustness(model, holes, { normalization })).rejects.toThrow(NonFiniteError);
    const remove = { what: 'rows', rate: 1 } as const;
    const nothing = await cardOf(model, data, { normalization, missing: 'mask', remove });
    for (const { points } of nothing.disturbances) {
      for (const point of points) expect(point.accuracy).toBe(nothing.accuracy);
    }
  });
});

test('what is refused', async () => {
  const data = stripes(12);
  const refused: [RobustnessOptions | object, string][] = [
    [{ images: 0 }, 'images 0'],
    [{ images: 1.5 }, 'images 1.5'],
    [{ seed: -1 }, 'seed -1'],
    [{ batchSize: 0 }, 'batchSize 0'],
    [{ disturbances: ['blur'] }, "one of 'shift', 'rotation'"],
    [{ disturbances: 'shift' }, 'an array'],
    [{ missing: 'zero' }, 'missing "zero"'],
    [{ missing: 'mean' }, 'without a normalization'],
    [{ remove: { what: 'rows', rate: 2 } }, 'rate 2'],
    [{ views: {} }, 'views'],
    [{ workers: 1 }, 'nothing for them to do'],
    [{ loss: () => 0 }, 'unknown option "loss"'],
  ];
  for (const [options, piece] of refused) {
    const failed = await robustness(denseModel(), data, options).catch((error) => error);
    expect(failed).toBeInstanceOf(OptionError);
    expect(failed.message).toContain(piece);
  }
  const bright = { ...data, images: Float32Array.from(data.images, (value) => value / 25) };
  const normalization = channelStatistics(bright);
  const odd = await robustness(denseModel(), bright, { normalization }).catch((error) => error);
  expect(odd).toBeInstanceOf(OptionError);
  expect(odd.message).toContain('occlusion for pixels such as');
  const moved = await robustness(denseModel(), bright, { normalization, disturbances: ['shift'] });
  expect(moved.disturbances).toHaveLength(1);
  const narrow = new Sequential({ flatten: new Flatten(), head: new Dense(36, 2) });
  await expect(robustness(narrow, data)).rejects.toThrow(ShapeError);
});

test('tells how far it is, and ends when it is told to', async () => {
  const data = stripes(12);
  const parts: number[] = [];
  await measureRobustness(denseModel(), data, { batchSize: 5 }, { onProgress: (done) => parts.push(done) });
  expect(parts).toEqual([...parts].sort((first, second) => first - second));
  expect(parts.at(-1)).toBe(1);
  const signal = { aborted: false };
  const onProgress = (): void => {
    signal.aborted = true;
  };
  expect(await measureRobustness(denseModel(), data, {}, { signal, onProgress })).toBeUndefined();
});
