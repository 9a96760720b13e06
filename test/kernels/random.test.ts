/** The random kernel: published vectors of its generator, and which word lands in which element. */
import { expect, it } from 'vitest';
import { randomCpu } from '../../kernels/random/cpu.ts';
import { random } from '../../kernels/random/index.ts';
import { threefry2x32 } from '../../kernels/support/threefry.ts';

const none = new Float32Array(0);

function block(key0: number, key1: number, counter0: number, counter1: number): number[] {
  const words = new Uint32Array(2);
  threefry2x32(key0, key1, counter0, counter1, words, 0);
  return [...words];
}

function draw(state: readonly number[], shape: readonly number[]): number[] {
  const output = new Int32Array(shape.reduce((size, length) => size * length, 1));
  const run = randomCpu({
    inputs: [{ shape: [4], dtype: 'int32' }],
    outputs: [{ shape, dtype: 'int32' }],
    attributes: {},
  });
  run([Int32Array.from(state)], [output], none);
  return [...output];
}

it('reproduces the known-answer vectors of Random123', () => {
  expect(block(0, 0, 0, 0)).toEqual([0x6b200159, 0x99ba4efe]);
  expect(block(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)).toEqual([0x1cb996fc, 0xbb002be7]);
  expect(block(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)).toEqual([0xc4923a9c, 0x483df7a0]);
});

it.each([[0], [1], [2], [7], [512], [1501]])('draws %i elements, each on its own', (size) => {
  const state = [5, -6, 7, 8];
  const expected = Array.from({ length: size }, (_, i) => block(5, -6, 7 + (i >> 1), 8)[i & 1] >>> 8);
  expect(draw(state, [size])).toEqual(expected);
});

it('carries the counter into its upper word', () => {
  const expected = [...block(1, 2, 0xffffffff, 3), ...block(1, 2, 0, 4)].map((word) => word >>> 8);
  expect(draw([1, 2, -1, 3], [2, 2])).toEqual(expected);
  expect(draw([1, 2, -1, -1], [4]).slice(2)).toEqual(block(1, 2, 0, 0).map((word) => word >>> 8));
});

it('is uniform enough in mean and range', () => {
  const draws = draw([1, 0, 0, 0], [100, 1000]);
  const mean = draws.reduce((total, value) => total + value, 0) / draws.length / 2 ** 24;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.003);
  expect(draws.every((value) => value >= 0 && value < 2 ** 24)).toBe(true);
  expect(random.flops({ inputs: [], outputs: [], attributes: {} })).toBe(0);
});
