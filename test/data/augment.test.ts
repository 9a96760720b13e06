/** The random changes of training pictures: what each does to a picture, within what it may, and by which random numbers. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { augmentBatch, augmentImage } from '../../src/data/augment/augment.ts';
import { type AugmentOptions, augmentNames, changeFacts } from '../../src/data/augment/augment-options.ts';
import { blur } from '../../src/data/augment/degrading.ts';
import { elasticField } from '../../src/data/augment/elastic.ts';
import { resample } from '../../src/data/augment/resampling.ts';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import { OptionError } from '../../src/errors.ts';

const size = 9;
const gray = [size, size, 1] as const;
const still = { shiftX: 0, shiftY: 0, angle: 0, factor: 1, slant: 0, mirrored: false, upsideDown: false };

function dot(): Float32Array {
  const pixels = new Float32Array(size * size);
  pixels[4 * size + 4] = 1;
  return pixels;
}

/** Each pixel another one. */
function numbered(length = size * size, step = 1): Float32Array {
  return Float32Array.from({ length }, (_, index) => step * index);
}

/** Pixels from 0 to 1, in no order. */
function noisy(length: number, seed = 3): Float32Array {
  const generator = new RandomGenerator(seed);
  return Float32Array.from({ length }, () => generator.uniform());
}

function changed(
  options: AugmentOptions,
  seed: number,
  pixels = dot(),
  shape: readonly [number, number, number] = gray,
): Float32Array {
  const copy = pixels.slice();
  augmentImage(copy, shape, options, new RandomGenerator(seed));
  return copy;
}

const seeds = Array.from({ length: 20 }, (_, seed) => seed);

function close(values: Float32Array, expected: ArrayLike<number>, digits = 5): void {
  expect(values.length).toBe(expected.length);
  for (let index = 0; index < values.length; index++)
    expect(values[index]).toBeCloseTo(expected[index], digits);
}

function meanOf(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, each) => sum + each, 0) / values.length;
}

function deviationOf(values: ArrayLike<number>): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(Array.from(values, (each) => (each - mean) ** 2)));
}

describe('changes of place', () => {
  const center = (pixels: Float32Array): [number, number] => {
    let [x, y, total] = [0, 0, 0];
    pixels.forEach((value, i) => {
      x += value * (i % size);
      y += value * Math.floor(i / size);
      total += value;
    });
    return [x / total, y / total];
  };

  test('a shift moves the picture by what was drawn, within the limit', () => {
    for (const seed of seeds) {
      const expected = new RandomGenerator(seed);
      const [shiftX, shiftY] = [0, 0].map(() => (2 * expected.uniform() - 1) * 2);
      const [x, y] = center(changed({ shift: 2 }, seed));
      expect(x - 4).toBeCloseTo(shiftX, 4);
      expect(y - 4).toBeCloseTo(shiftY, 4);
    }
  });

  test('rotation, scale and shear leave the center in place, and a ramp changes as the geometry says', () => {
    const ramp = Float32Array.from({ length: 81 }, (_, i) => (i % size) - 4);
    for (const seed of seeds) {
      const expected = new RandomGenerator(seed);
      const drawn = [0, 0, 0, 0, 0].map(() => 2 * expected.uniform() - 1);
      const angle = (drawn[2] * 20 * Math.PI) / 180;
      const factor = 1 + drawn[3] * 0.1;
      const slant = Math.tan((drawn[4] * 10 * Math.PI) / 180);
      const pixels = changed({ rotation: 20, scale: 0.1, shear: 10 }, seed, ramp);
      // The pixel two to the right of the center lay, before it was turned and scaled, at x = 2·cos/factor and y = −2·sin/factor;
      // and before it was slanted by y·slant, at x − y·slant.
      const upright = (x: number, y: number): number => x - y * slant;
      const [cosine, sine] = [(2 * Math.cos(angle)) / factor, (2 * Math.sin(angle)) / factor];
      expect(pixels[4 * size + 4]).toBeCloseTo(0, 5);
      expect(pixels[4 * size + 6]).toBeCloseTo(upright(cosine, -sine), 5);
      expect(pixels[6 * size + 4]).toBeCloseTo(upright(sine, cosine), 5);
    }
  });

  test('half of the pictures are mirrored, exactly, channels staying together', () => {
    const [height, width, channels] = [3, 4, 2];
    const pixels = numbered(height * width * channels);
    const place = (y: number, x: number, channel: number): number => (y * width + x) * channels + channel;
    const mirrored = pixels.slice();
    const upsideDown = pixels.slice();
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let channel = 0; channel < channels; channel++) {
          mirrored[place(y, x, channel)] = pixels[place(y, width - 1 - x, channel)];
          upsideDown[place(y, x, channel)] = pixels[place(height - 1 - y, x, channel)];
        }
      }
    }
    for (const [options, other] of [
      [{ flip: true }, mirrored],
      [{ verticalFlip: true }, upsideDown],
    ] as const) {
      const results = Array.from({ length: 200 }, (_, seed) =>
        [...changed(options, seed, pixels, [height, width, channels])].join(),
      );
      const turned = results.filter((each) => each === other.join());
      expect(results.filter((each) => each === pixels.join())).toHaveLength(200 - turned.length);
      expect(turned.length).toBeGreaterThan(70);
      expect(turned.length).toBeLessThan(130);
    }
  });

  test('a crop moves by whole pixels, and what comes from outside is reflected', () => {
    const reflected = (place: number): number => {
      const inside = Math.abs(place);
      return inside > size - 1 ? 2 * (size - 1) - inside : inside;
    };
    const found = new Set<string>();
    for (const seed of seeds) {
      const pixels = changed({ crop: 2 }, seed, numbered());
      const [x, y] = [pixels[4 * size + 4] % size, Math.floor(pixels[4 * size + 4] / size)];
      found.add(`${x} ${y}`);
      expect(Math.max(Math.abs(x - 4), Math.abs(y - 4))).toBeLessThanOrEqual(2);
      const expected = Array.from(
        pixels,
        (_, i) => reflected(Math.floor(i / size) + y - 4) * size + reflected((i % size) + x - 4),
      );
      expect([...pixels]).toEqual(expected);
    }
    expect(found.size).toBeGreaterThan(10);
  });

  test('what lies further outside is reflected again and again', () => {
    const row = Float32Array.of(0, 1, 2, 3);
    resample(row, [1, 4, 1], { ...still, shiftX: 11, shiftY: 5 }, 'reflect');
    // To the left of the row: 0 1 2 3 2 1 0 1 2 3 …
    expect([...row]).toEqual([1, 2, 3, 2]);
  });

  test('the edge continues outside: a plain picture stays plain, channels stay apart', () => {
    const pixels = Float32Array.from({ length: 5 * 4 * 2 }, (_, i) => (i % 2 === 0 ? -0.5 : 3));
    close(
      changed({ shift: 3, rotation: 45, scale: 0.5, shear: 30, elastic: 3 }, 5, pixels, [5, 4, 2]),
      pixels,
    );
  });

  test('a pixel of no weight says nothing, even where it is NaN', () => {
    const pixels = numbered();
    pixels[0] = Number.NaN;
    resample(pixels, gray, { ...still, shiftX: -1 }, 'edge');
    expect(pixels.slice(0, size)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 8));
  });

  test('elastic displacements are smooth and within the limit, with a mean square as it is said', () => {
    const [height, width] = [28, 32];
    const all: number[] = [];
    for (const seed of seeds) {
      const field = elasticField(height, width, 4, new RandomGenerator(seed)).slice(0, height * width * 2);
      all.push(...field);
      const steps = (apart: number) =>
        field.slice(apart).map((value, index) => Math.abs(value - field[index]));
      const across = steps(2).filter((_, index) => index % (2 * width) < 2 * width - 2);
      expect(Math.max(...field.map(Math.abs))).toBeLessThanOrEqual(4);
      expect(Math.max(...across, ...steps(2 * width))).toBeLessThan(1);
    }
    expect(meanOf(all)).toBeCloseTo(0, 1);
    expect(deviationOf(all) / 4).toBeGreaterThan(0.22);
    expect(deviationOf(all) / 4).toBeLessThan(0.32);
  });

  test('displacements say where pixels are read', () => {
    const pixels = numbered();
    const field = Float32Array.from({ length: 2 * 81 }, (_, index) => (index % 2 === 0 ? 1 : -0.5));
    resample(pixels, gray, still, 'edge', field);
    expect(pixels[4 * size + 4]).toBeCloseTo(3.5 * size + 5, 4);
  });
});

describe('changes of color', () => {
  const colors = [4, 4, 3] as const;
  const picture = (): Float32Array => Float32Array.from(noisy(48), (value) => 0.3 + 0.4 * value);
  const perPixel = (pixels: Float32Array): Float32Array =>
    Float32Array.from({ length: 16 }, (_, index) => meanOf(pixels.subarray(3 * index, 3 * index + 3)));

  test('brightness is a factor, contrast one about the mean', () => {
    const before = picture();
    const factors = seeds.map((seed) => {
      const after = changed({ brightness: 0.3 }, seed, before, colors);
      const factor = after[0] / before[0];
      close(
        after,
        before.map((value) => value * factor),
      );
      return factor;
    });
    expect(Math.min(...factors)).toBeLessThan(0.85);
    expect(Math.max(...factors)).toBeGreaterThan(1.15);
    for (const factor of factors) expect(Math.abs(factor - 1)).toBeLessThanOrEqual(0.3);
    const mean = meanOf(before);
    for (const seed of seeds) {
      const after = changed({ contrast: 0.3 }, seed, before, colors);
      const spread = (after[0] - mean) / (before[0] - mean);
      close(
        after,
        before.map((value) => mean + spread * (value - mean)),
      );
      expect(Math.abs(spread - 1)).toBeLessThanOrEqual(0.3);
    }
  });

  test('saturation 0 is gray; hue turns red to green and green to blue; both leave gray as it is', () => {
    const before = picture();
    const grays = perPixel(before);
    for (const seed of seeds) {
      close(perPixel(changed({ saturation: 0.5, hue: 20 }, seed, before, colors)), grays);
      const after = changed({ saturation: 1 }, seed, before, colors);
      const factor = (after[0] - grays[0]) / (before[0] - grays[0]);
      close(
        after,
        before.map((value, i) => grays[Math.floor(i / 3)] + factor * (value - grays[Math.floor(i / 3)])),
      );
    }
    // The seed whose draw is the nearest to a third of the circle.
    const reds = Float32Array.from({ length: 48 }, (_, index) => (index % 3 === 0 ? 0.6 : 0.1));
    const turned = Array.from({ length: 400 }, (_, seed) => changed({ hue: 180 }, seed, reds, colors));
    expect(turned.some(([red, green, blue]) => Math.hypot(red - 0.1, green - 0.6, blue - 0.1) < 0.02)).toBe(
      true,
    );
    expect(turned.some(([red, green, blue]) => Math.hypot(red - 0.1, green - 0.1, blue - 0.6) < 0.02)).toBe(
      true,
    );
  });

  test('pixels stay within 0 and 1, and missing ones missing', () => {
    const extremes = Float32Array.from({ length: 48 }, (_, index) => (index < 3 ? Number.NaN : index % 2));
    const all = { brightness: 1, contrast: 1, saturation: 1, hue: 180, noise: 0.5 };
    for (const seed of seeds) {
      const after = changed(all, seed, extremes, colors);
      expect([...after.subarray(0, 3)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
      for (const value of after.subarray(3)) expect(value >= 0 && value <= 1).toBe(true);
    }
  });
});

describe('noise, blur and what is erased', () => {
  const shape = [64, 64, 1] as const;

  test('noise has the deviation that was drawn, no mean, and neighbors that have nothing in common', () => {
    const plain = new Float32Array(64 * 64).fill(0.5);
    const deviations = seeds.map((seed) => {
      const noise = changed({ noise: 0.1 }, seed, plain, shape).map((value) => value - 0.5);
      const deviation = deviationOf(noise);
      expect(Math.abs(meanOf(noise))).toBeLessThan(0.1 * 0.08);
      const products = Array.from(noise.subarray(1), (value, index) => value * noise[index]);
      expect(Math.abs(meanOf(products))).toBeLessThan(0.08 * deviation ** 2);
      // A bell: 68 % within one deviation.
      const within = noise.filter((value) => Math.abs(value) < deviation).length / noise.length;
      expect(within).toBeGreaterThan(0.62);
      expect(within).toBeLessThan(0.72);
      return deviation;
    });
    expect(Math.max(...deviations)).toBeLessThan(0.105);
    expect(Math.max(...deviations)).toBeGreaterThan(0.08);
    expect(Math.min(...deviations)).toBeLessThan(0.03);
  });

  test('a blurred dot is a Gaussian, and plain pictures stay plain', () => {
    const pixels = new Float32Array(15 * 13 * 2);
    const place = (y: number, x: number): number => (y * 13 + x) * 2 + 1;
    pixels[place(7, 6)] = 1;
    blur(pixels, [15, 13, 2], 1.2);
    expect(meanOf(pixels) * pixels.length).toBeCloseTo(1, 5);
    const bell = (distance: number): number => Math.exp(-(distance ** 2) / (2 * 1.44));
    for (const [y, x] of [
      [7, 8],
      [9, 6],
      [6, 5],
      [10, 7],
    ] as const) {
      expect(pixels[place(y, x)] / pixels[place(7, 6)]).toBeCloseTo(bell(y - 7) * bell(x - 6), 5);
      expect(pixels[place(y, x) - 1]).toBe(0);
    }
    const plain = new Float32Array(81).fill(0.25);
    blur(plain, gray, 2);
    close(plain, new Float32Array(81).fill(0.25));
  });

  test('a rectangle is erased, of at most the share, anywhere, with the mean of each channel', () => {
    const [height, width, channels] = [20, 30, 3];
    const pixels = noisy(height * width * channels);
    const means = [0, 1, 2].map((channel) =>
      meanOf(pixels.filter((_, index) => index % channels === channel)),
    );
    const tops = new Set<number>();
    const shares = seeds.map((seed) => {
      const after = changed({ erase: 0.5 }, seed, pixels, [height, width, channels]);
      const lost: { x: number; y: number }[] = [];
      for (let index = 0; index < after.length; index += channels) {
        if (after[index] === pixels[index]) continue;
        close(after.subarray(index, index + channels), means);
        lost.push({ x: (index / channels) % width, y: Math.floor(index / channels / width) });
      }
      if (lost.length === 0) return 0;
      const [left, right] = [Math.min, Math.max].map((extreme) => extreme(...lost.map(({ x }) => x)));
      const [top, bottom] = [Math.min, Math.max].map((extreme) => extreme(...lost.map(({ y }) => y)));
      expect(lost).toHaveLength((right - left + 1) * (bottom - top + 1));
      expect((right - left + 1) / (bottom - top + 1)).toBeLessThan(2.5);
      expect((bottom - top + 1) / (right - left + 1)).toBeLessThan(2.5);
      tops.add(top);
      return lost.length / (height * width);
    });
    expect(Math.max(...shares)).toBeLessThan(0.53);
    expect(Math.max(...shares)).toBeGreaterThan(0.35);
    expect(Math.min(...shares)).toBeLessThan(0.15);
    expect(tops.size).toBeGreaterThan(8);
  });

  test('what is removed is missing', () => {
    const lost = changed({ remove: { what: 'rows', rate: 0.5 } }, 0, numbered()).filter(Number.isNaN).length;
    expect(lost).toBe(5 * size);
  });
});

test('a share of the pictures is not moved, and stays as sharp as it is; the other changes know nothing of that', () => {
  const moves = { shift: 1.5, rotation: 20, scale: 0.2, shear: 5, elastic: 2 };
  const many = Array.from({ length: 200 }, (_, seed) => seed);
  const still = many.filter(
    (seed) => changed({ ...moves, unmoved: 0.3 }, seed, numbered()).join() === numbered().join(),
  );
  expect(still.length).toBeGreaterThan(40);
  expect(still.length).toBeLessThan(80);
  // Those that move are moved as they would be without it.
  for (const seed of many.filter((each) => !still.includes(each)).slice(0, 20)) {
    expect(changed({ ...moves, unmoved: 0.3 }, seed, numbered())).toEqual(changed(moves, seed, numbered()));
  }
  const [seed] = still;
  const others = { crop: 2, flip: true };
  expect(changed({ ...moves, ...others, unmoved: 0.3 }, seed, numbered())).toEqual(
    changed(others, seed, numbered()),
  );
});

describe('random numbers', () => {
  test('what is drawn for one change is the same with and without the others', () => {
    const pixels = Float32Array.from(noisy(300), (value) => 0.4 + 0.2 * value);
    const shape = [10, 10, 3] as const;
    const examples = Object.fromEntries(augmentNames.map((name) => [name, changeFacts[name].example]));
    const { brightness, ...others } = examples;
    // Without pixels that move, the factor of the brightness is to be seen.
    const lone = changed({ brightness: 0.3 }, 7, pixels, shape);
    const together = changed({ brightness: 0.3, erase: 0.01, flip: false }, 7, pixels, shape);
    expect(together.filter((value, index) => value !== lone[index]).length).toBeLessThan(10);
    expect(brightness).toBe(0.3);
    // And whatever is added, each picture is its own and the same once more.
    const all = seeds.map((seed) => changed({ ...others, brightness: 0.3 }, seed, pixels, shape).join());
    expect(new Set(all).size).toBe(20);
    expect(changed({ ...others, brightness: 0.3 }, 0, pixels, shape).join()).toBe(all[0]);
  });

  test('nothing asked, nothing changed', () => {
    expect(changed({}, 0, numbered())).toEqual(numbered());
    const none = Object.fromEntries(
      augmentNames.map((name) => [name, changeFacts[name].most === undefined ? false : 0]),
    );
    expect(changed(none, 0, numbered())).toEqual(numbered());
  });

  test('each picture of a batch is changed in its own way, the same for the same generator', () => {
    const run = (): Float32Array => {
      const pixels = Float32Array.from([...dot(), ...dot()]);
      augmentBatch(pixels, [2, size, size, 1], { shift: 2 }, new RandomGenerator(0));
      return pixels;
    };
    expect(run()).toEqual(run());
    expect(run().subarray(0, 81)).not.toEqual(run().subarray(81));
    // A second call goes on.
    const [generator, twice] = [new RandomGenerator(0), [dot(), dot()]];
    for (const pixels of twice) augmentBatch(pixels, [1, ...gray], { shift: 2 }, generator);
    expect(twice[0]).not.toEqual(twice[1]);
  });
});

test.each<[AugmentOptions, string]>([
  [{ shift: -1 }, 'shift -1, expected a number of at least 0'],
  [{ shift: Number.POSITIVE_INFINITY }, 'shift Infinity'],
  [{ rotation: Number.NaN }, 'at most 360'],
  [{ scale: 1 }, 'below 1'],
  [{ shear: 90 }, 'below 90'],
  [{ unmoved: 1, shift: 1 }, 'below 1'],
  [{ unmoved: 0.5, crop: 2 }, 'unmoved 0.5 where nothing moves, expected one of shift, rotation'],
  [{ crop: 1.5 }, 'a whole number of at least 0'],
  [{ erase: 1 }, 'below 1'],
  [{ crop: 9 }, 'crop 9 for pictures of 9×9 pixels, expected fewer'],
  [{ elastic: 100 }, 'elastic 100 for pictures of'],
  [{ noise: 2 }, 'at most 1'],
  [{ hue: 20 }, 'hue 20 for pictures of 1 channel'],
  [{ saturation: 0.5 }, 'three channels'],
  [{ remove: { what: 'rows', rate: 2 } }, 'rate 2'],
  [{ brightness: 0.3 }, 'brightness for pixels such as 2'],
  [{ noise: 0.1 }, 'pixels from 0 to 1'],
])('%j is refused', (options, said) => {
  const pixels = numbered();
  const run = (): void => augmentBatch(pixels, [1, ...gray], options, new RandomGenerator(0));
  expect(run).toThrow(OptionError);
  expect(run).toThrow(said);
});

test('the picture in the docs shows each change with the strength that the command suggests', () => {
  const svg = readFileSync(resolve(import.meta.dirname, '../../docs/augmentation.svg'), 'utf8');
  for (const name of augmentNames) {
    const { example, ofMoves } = changeFacts[name];
    if (ofMoves) continue;
    expect(svg).toContain(`>${example === true ? name : `${name}: ${example}`}<`);
  }
});
