/** Friedman's exact p: against all tables one by one, with ties and without, against published tables, and where nothing can be shown. */
import { describe, expect, it } from 'vitest';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import { friedmanTest } from '../../src/metrics/index.ts';

type Table = readonly (readonly number[])[];

function ordersOf(values: readonly number[]): number[][] {
  if (values.length === 0) return [[]];
  return values.flatMap((value, place) =>
    ordersOf(values.filter((_, other) => other !== place)).map((rest) => [value, ...rest]),
  );
}

/** The part of all tables whose chi-square is as large: each is made, and tested. */
function byTrying(scores: Table): number {
  const { statistic } = friedmanTest(scores).chiSquare;
  let tables: number[][][] = [[]];
  for (const row of scores) {
    const orders = ordersOf(row);
    tables = tables.flatMap((table) => orders.map((order) => [...table, order]));
  }
  const above = tables.filter((table) => friedmanTest(table).chiSquare.statistic >= statistic - 1e-9);
  return above.length / tables.length;
}

/** By chi-square, to three digits, the p of every table of so many models and blocks that drawing makes. */
function tableOf(models: number, blocks: number): Map<string, number> {
  const random = new RandomGenerator(models * 100 + blocks);
  const found = new Map<string, number>();
  for (let draw = 0; draw < 1000; draw++) {
    const scores = Array.from({ length: blocks }, () =>
      Array.from({ length: models }, () => random.uniform()),
    );
    const { chiSquare, p, method } = friedmanTest(scores);
    expect(method).toBe('exact');
    found.set(chiSquare.statistic.toFixed(3), p);
  }
  return found;
}

describe('the exact p of Friedman', () => {
  it('is the part of all tables that are as extreme', () => {
    const random = new RandomGenerator(3);
    for (const [blocks, models, levels] of [
      [2, 2, 9],
      [5, 2, 2],
      [2, 4, 9],
      [3, 3, 9],
      [4, 3, 3],
      [5, 3, 2],
      [2, 4, 3],
    ] as const) {
      const scores = Array.from({ length: blocks }, () =>
        Array.from({ length: models }, () => random.nextBelow(levels)),
      );
      expect(friedmanTest(scores).p).toBeCloseTo(byTrying(scores), 12);
    }
  });

  // As Siegel (1956, "Nonparametric statistics", table N) prints them, after Friedman (1937).
  it.each([
    [3, 3, { '6.000': 0.028, '4.667': 0.194, '2.667': 0.361, '2.000': 0.528 }],
    [3, 4, { '8.000': 0.0046, '6.500': 0.042, '6.000': 0.069, '4.500': 0.125 }],
    [3, 5, { '8.400': 0.0085, '7.600': 0.024, '6.400': 0.039, '5.200': 0.093 }],
    [4, 2, { '6.000': 0.042, '5.400': 0.167, '4.800': 0.208, '4.200': 0.375 }],
    [4, 3, { '8.200': 0.017, '7.400': 0.033, '7.000': 0.054, '6.600': 0.075 }],
    [4, 4, { '8.700': 0.014, '8.400': 0.019, '7.800': 0.036, '7.500': 0.052 }],
  ])('is that of the tables: %i models on %i data sets', (models, blocks, published) => {
    const found = tableOf(models, blocks);
    for (const [statistic, p] of Object.entries(published)) {
      const digits = p < 0.01 ? 4 : 3;
      expect(found.get(statistic)?.toFixed(digits)).toBe(p.toFixed(digits));
    }
  });

  it('of blocks that all agree is one of all orders for each block but the first', () => {
    const agreeing = (models: number, blocks: number): Table =>
      Array.from({ length: blocks }, () => Array.from({ length: models }, (_, model) => -model));
    expect(friedmanTest(agreeing(2, 2))).toMatchObject({ p: 0.5, method: 'exact' });
    expect(friedmanTest(agreeing(3, 2)).p).toBeCloseTo(1 / 6, 14);
    expect(friedmanTest(agreeing(4, 10)).p / 24 ** -9).toBeCloseTo(1, 12);
    // So many are not counted: F alone would say 0.
    const many = friedmanTest(agreeing(9, 4));
    expect(many.method).toBe('f');
    expect(many.p / 362_880 ** -3).toBeCloseTo(1, 12);
  });

  it('calls equal models different as rarely as it says', () => {
    const random = new RandomGenerator(11);
    let shown = 0;
    for (let draw = 0; draw < 2000; draw++) {
      const scores = Array.from({ length: 3 }, () => Array.from({ length: 3 }, () => random.uniform()));
      if (friedmanTest(scores).p < 0.05) shown++;
    }
    expect(shown / 2000).toBeLessThan(0.05);
  });

  it('is 1 where all scores are equal', () => {
    expect(
      friedmanTest([
        [1, 1, 1],
        [2, 2, 2],
      ]),
    ).toMatchObject({ p: 1, method: 'exact' });
  });
});

describe('more than can be counted', () => {
  it('is left to F, which is near to it where both are had', () => {
    const random = new RandomGenerator(7);
    const drawn = (blocks: number, models: number): Table =>
      Array.from({ length: blocks }, () =>
        Array.from({ length: models }, (_, model) => random.uniform() + model / 9),
      );
    const few = friedmanTest(drawn(20, 4));
    expect(few.method).toBe('exact');
    expect(Math.abs(few.p - few.imanDavenport.p)).toBeLessThan(0.01);
    const many = friedmanTest(drawn(12, 8));
    expect(many.method).toBe('f');
    expect(many.p).toBe(many.imanDavenport.p);
  });
});
