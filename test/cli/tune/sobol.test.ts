/** Sobol's sequence against SciPy 1.17, and what Owen's scrambling keeps. */
import { expect, test } from 'vitest';
import { mostDimensions, scrambledSobolPoint, sobolPoint } from '../../../src/cli/tune/sobol.ts';

/** `scipy.stats.qmc.Sobol(20, scramble=False).random(16)`: a point a line, a hexadecimal digit for each coordinate in sixteenths. */
const ofScipy = [
  '00000000000000000000',
  '88888888888888888888',
  'c444cc4ccccc44c4c4c4',
  '4ccc44c44444cc4c4c4c',
  '66ae626eeae66a6e6ee2',
  'ee26eae6626ee2e6e66a',
  'a2eaae22262a2eaaaa26',
  '2a6226aaaea2a62222ae',
  '35f7957ff5b1ffdfddf5',
  'bd7f1df77d397757557d',
  'f1b35933397dbb1b1931',
  '793bd1bbb1f5339391b9',
  '5359f7111f5795b1b317',
  'dbd17f9997df1d393b9f',
  '971d3b5dd39bd17577d3',
  '1f95b3d55b1359fdff5b',
];

test('the first points of twenty dimensions are those of SciPy', () => {
  const points = ofScipy.map((_, index) => sobolPoint(index, mostDimensions));
  expect(points).toEqual(
    ofScipy.map((digits) => [...digits].map((digit) => Number.parseInt(digit, 16) / 16)),
  );
  const [x, y] = sobolPoint(1000, 2);
  expect([x, y]).toEqual([0.2197265625, 0.0966796875]);
});

test('scrambled points lie as evenly as before, differ by seed, and do not depend on how many there are', () => {
  for (const seed of [0, 1, 2 ** 40]) {
    const points = Array.from({ length: 64 }, (_, index) => scrambledSobolPoint(index, 8, seed));
    for (let dimension = 0; dimension < 8; dimension++) {
      const cells = points.map((point) => Math.floor(point[dimension]! * 64));
      expect(new Set(cells).size).toBe(64);
    }
    // The first two dimensions: one point in each cell of 8×8.
    expect(new Set(points.map(([x, y]) => `${Math.floor(x! * 8)} ${Math.floor(y! * 8)}`)).size).toBe(64);
  }
  expect(scrambledSobolPoint(5, 8, 0)).not.toEqual(scrambledSobolPoint(5, 8, 1));
});
