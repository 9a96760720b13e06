/** Which epoch is the best. */
import { expect, test } from 'vitest';
import { compareEpochs } from '../../src/train/best-epoch.ts';

const epoch = (valAccuracy?: number, valLoss?: number, error?: number) => ({
  valAccuracy,
  valLoss,
  ...(error !== undefined && { valMetrics: { error } }),
});

test('of equal epochs the last is the best, but no improvement', () => {
  expect(compareEpochs(epoch(0.9, 1), undefined)).toBe('better');
  expect(compareEpochs(epoch(0.9, 5), epoch(0.9, 1))).toBe('equal');
  expect(compareEpochs(epoch(0.8, 0.1), epoch(0.9, 1))).toBe('worse');
  expect(compareEpochs(epoch(0.91, 9), epoch(0.9, 1))).toBe('better');
});

test('without classes by loss, by what is monitored, and never without validation', () => {
  expect(compareEpochs(epoch(undefined, 1), epoch(undefined, 2))).toBe('better');
  expect(compareEpochs(epoch(0.5, 1), epoch(0.9, 2), 'loss')).toBe('better');
  const least = { metric: 'error', goal: 'least' } as const;
  expect(compareEpochs(epoch(0.5, 1, 3), epoch(0.9, 0, 4), least)).toBe('better');
  expect(compareEpochs(epoch(0.5, 1, 3), epoch(0.9, 0, 4), { ...least, goal: 'greatest' })).toBe('worse');
  expect(compareEpochs(epoch(), undefined)).toBe('worse');
});
