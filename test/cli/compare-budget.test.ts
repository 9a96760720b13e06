/** The budget of a comparison: how it is written, the epochs and the sizes that fit it, and how models are named. */
import { describe, expect, test } from 'vitest';
import {
  deviationFrom,
  epochsWithin,
  fittedWidths,
  readBudget,
  scaledWidths,
  writtenBudget,
} from '../../src/cli/compare/compute-budget.ts';
import { readContestants } from '../../src/cli/compare/contestants.ts';
import { createModel, modelFacts, modelNames } from '../../src/models/index.ts';
import { temporaryFolder } from '../support/datasets.ts';

test('a budget is read and written', () => {
  expect(readBudget('flops')).toEqual({ kind: 'flops' });
  expect(readBudget('flops:5e12')).toEqual({ kind: 'flops', amount: 5e12 });
  expect(writtenBudget(readBudget('minutes:0.5'))).toBe('minutes:0.5');
  expect(() => readBudget('flop')).toThrow('Did you mean flops?');
  expect(() => readBudget('minutes:0')).toThrow('Give a number above 0 for minutes');
  expect(() => readBudget('flops:1:2')).toThrow('or one with its amount');
});

test('epochs are whole, one at least, and as near to the budget as they can be', () => {
  expect(epochsWithin(100, 10)).toBe(10);
  expect(epochsWithin(104, 10)).toBe(10);
  expect(epochsWithin(105, 10)).toBe(11);
  expect(epochsWithin(1, 10)).toBe(1);
  expect(deviationFrom(100, 105)).toBeCloseTo(0.05);
  expect(deviationFrom(100, 98)).toBeCloseTo(-0.02);
});

test('widths are scaled to whole numbers, and those of heads to multiples of them', () => {
  expect(scaledWidths({ hidden: 10, maps: [4, 9], layers: 2 }, 1.5)).toEqual({ hidden: 15, maps: [6, 14] });
  expect(scaledWidths({ width: 48, heads: 4 }, 0.3)).toEqual({ width: 16 });
  expect(scaledWidths({ hidden: 3 }, 0.01)).toEqual({ hidden: 1 });
});

describe('sizes of so many parameters', () => {
  const square = ({ hidden = 0 }: { readonly hidden?: number }) => hidden ** 2;

  test('larger and smaller', () => {
    expect(fittedWidths({ hidden: 10 }, 2500, square)).toEqual({ widths: { hidden: 50 }, parameters: 2500 });
    expect(fittedWidths({ hidden: 10 }, 17, square)).toEqual({ widths: { hidden: 4 }, parameters: 16 });
  });

  test('widths that make no model are passed over', () => {
    const even = (widths: { readonly hidden?: number }) =>
      widths.hidden! % 2 === 0 ? square(widths) : undefined;
    expect(fittedWidths({ hidden: 10 }, 625, even)).toEqual({ widths: { hidden: 24 }, parameters: 576 });
    expect(fittedWidths({ hidden: 10 }, 625, () => undefined)).toBeUndefined();
  });

  test('a model without widths has none', () => {
    expect(fittedWidths({ layers: 2, steps: 3 }, 1000, () => 1)).toBeUndefined();
  });

  test('every model comes within 5 % of 100,000 parameters', { timeout: 60_000 }, () => {
    const task = { inputShape: [20, 20, 1], classes: 10 } as const;
    const far = modelNames.flatMap((name) => {
      const fitted = fittedWidths(modelFacts(name).sizes, 1e5, (widths) => {
        try {
          return createModel(name, { ...task, ...widths }).parameterCount();
        } catch {
          return undefined;
        }
      });
      const deviation = deviationFrom(1e5, fitted?.parameters ?? 0);
      return Math.abs(deviation) < 0.05 ? [] : [`${name}: ${deviation}`];
    });
    expect(far).toEqual([]);
  });
});

describe('models by name', () => {
  test('with settings of their own', () => {
    const [first, second] = readContestants([
      'conv-lstm',
      'conv-lstm:hidden=96,maps=8,16,augment=crop=2,rotation=10,average=ema:0.9',
    ]);
    expect(first).toEqual({ label: 'conv-lstm', slug: 'conv-lstm', settings: { model: 'conv-lstm' } });
    expect(second!.settings).toEqual({
      model: 'conv-lstm',
      hidden: 96,
      maps: [8, 16],
      augmentation: { crop: 2, rotation: 10 },
      average: 'ema:0.9',
    });
    expect(second!.slug).toMatch(/^conv-lstm-hidden=96,maps=8,16,[\w.,=-]+$/);
  });

  test('from files of settings, but for what is one for all', () => {
    const folder = temporaryFolder({
      'wide/config.json': '{ "model": "row-gru", "hidden": 9, "data": "elsewhere", "epochs": 3, "seed": 5 }',
    });
    const [recipe] = readContestants([`${folder}/wide/config.json`]);
    expect(recipe).toEqual({ label: 'wide', slug: 'wide', settings: { model: 'row-gru', hidden: 9 } });
  });

  test.each([
    [['conv-lstn'], 'Did you mean conv-lstm?'],
    [['cnn', 'cnn'], 'cnn is the same as cnn'],
    [['cnn:hiden=3'], 'Did you mean hidden=?'],
    [['cnn:hidden=x'], 'cnn:hidden=x: Give a whole number'],
    [['cnn:epochs=3'], 'epochs follows from the budget'],
    [['cnn:size=3'], 'size is the same for all models: give --size'],
  ])('%j is refused', (names, message) => {
    expect(() => readContestants(names)).toThrow(message);
  });
});
