/** How records of earlier versions are read. */
import { expect, test } from 'vitest';
import { readMetrics } from '../../src/cli/run-record.ts';
import { temporaryFolder } from '../support/datasets.ts';

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
