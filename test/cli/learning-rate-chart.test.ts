/** The curve of a search for a learning rate, drawn and in lines. */
import { expect, test } from 'vitest';
import { learningRateChart, learningRateLines } from '../../src/cli/report/learning-rate-chart.ts';

const rates = Array.from({ length: 60 }, (_, step) => 1e-6 * 10 ** (step / 10));
const smoothed = rates.map((rate) => 2.3 - 1.5 * Math.exp(-((Math.log10(rate) + 1.5) ** 2)) + rate ** 2 * 5);
const search = {
  rates,
  losses: smoothed.map((loss, step) => loss + 0.1 * Math.sin(step * 7)),
  smoothed,
  diverged: true,
};

test('the picture has the curve, and the suggestion where there is one', () => {
  const svg = learningRateChart({ ...search, suggestion: 0.0032 });
  expect(svg).toContain('<svg');
  expect(svg).toContain('Loss by learning rate');
  expect(svg).toContain('suggested: 0.0032');
  expect(learningRateChart({ ...search, suggestion: undefined })).not.toContain('suggested');
});

test('the lines fit the width, fall with the loss, and mark one rate', () => {
  const lines = learningRateLines({ ...search, suggestion: 0.0032 }, 80);
  expect(lines).toHaveLength(20);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  expect(lines.filter((line) => line.includes('< suggested'))).toEqual([expect.stringContaining('2.0e-3')]);
  const bar = (line: string): number => line.split('█').length;
  expect(bar(lines[15])).toBeLessThan(bar(lines[0]) / 2);
  expect(learningRateLines({ ...search, suggestion: undefined }, 80).join()).not.toContain('suggested');
});
