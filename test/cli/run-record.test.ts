/** What a run records of itself, and how records of earlier versions are read. */
import { expect, test } from 'vitest';
import type { OngoingRun } from '../../src/cli/run-files.ts';
import { type FixedRecord, RunKeeper } from '../../src/cli/run-keeper.ts';
import { type EpochRecord, readMetrics } from '../../src/cli/run-record.ts';
import { temporaryFolder } from '../support/datasets.ts';

function epochs(...results: readonly (readonly [valAccuracy: number, valLoss: number])[]): EpochRecord[] {
  return results.map(([valAccuracy, valLoss], index) => ({
    epoch: index + 1,
    trainLoss: 1,
    trainAccuracy: 0.5,
    valLoss,
    valAccuracy,
    seconds: 1,
  }));
}

/** The best of some epochs, as the keeper of a run finds it; what it writes is another matter. */
function bestEpoch(history: readonly EpochRecord[], settings: Partial<FixedRecord> = {}): number | undefined {
  const keeper = new RunKeeper({} as OngoingRun, settings as FixedRecord);
  for (const report of history)
    expect(keeper.add(report)).toBe(keeper.record('training').bestEpoch === report.epoch);
  return keeper.record('training').bestEpoch;
}

test('the best epoch: by validation accuracy, of equal ones the last', () => {
  expect(bestEpoch([])).toBeUndefined();
  expect(bestEpoch(epochs([0.5, 1], [0.7, 2], [0.6, 0.1]))).toBe(2);
  expect(bestEpoch(epochs([0.4, 1], [0.5, 0.8], [0.5, 0.9], [0.2, 0.1]))).toBe(3);
});

test('the best epoch by validation loss', () => {
  expect(bestEpoch(epochs([0.5, 1], [0.7, 2], [0.6, 0.1], [0.9, 0.2]), { monitor: 'loss' })).toBe(3);
});

test('the metrics of an earlier version are read, with what was usual then', () => {
  const metrics = {
    status: 'finished',
    testAccuracy: 0.97,
    testLoss: 0.1,
    epochs: 1,
    device: 'wasm',
    parameters: 10,
    seed: 0,
    model: 'conv-lstm',
    optimizer: 'Adam, one-cycle learning rate',
    learningRate: 0.006,
    batchSize: 32,
    augmentation: { shift: 1, rotation: 5 },
    data: { source: 'digits', image: [20, 20, 1], classNames: ['0', '1'], borderBrightness: 0 },
    trainSeconds: 1,
    history: [],
    confusion: [],
    versions: { weft: '0', node: '20' },
  };
  const folder = temporaryFolder({ 'metrics.json': JSON.stringify(metrics) });
  expect(readMetrics(folder)).toMatchObject({
    ...metrics,
    command: [],
    bestEpoch: undefined,
    schedule: 'one-cycle',
    weightDecay: 0,
    data: { ...metrics.data, fit: 'stretch', classCounts: undefined },
  });
});
