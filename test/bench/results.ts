/** Made-up results, for the tests of what is made of them. */
import type { Results, Row } from '../../bench/rows.ts';

/** A row of weft on wasm with one thread, unless it is said otherwise. */
export function row(name: string, medianMs: number, more: Partial<Row> = {}): Row {
  return {
    name,
    suite: 'kernels',
    device: 'wasm',
    threads: 1,
    medianMs,
    minMs: medianMs * 0.9,
    samples: 10,
    gflops: null,
    peakShare: null,
    gigabytes: null,
    copyShare: null,
    peer: null,
    ...more,
  };
}

/** These rows, on a machine with a peak of 60 GFLOP/s. */
export function resultsOf(...rows: Row[]): Results {
  const machine = {
    date: '2025-01-31',
    processor: 'A <fast> one',
    cores: 2,
    memoryBytes: 2 ** 34,
    system: 'Linux 6',
    node: '20.0.0',
    v8: '11.3',
    weft: '0.1.0',
    peakGflops: 60,
    copyGigabytes: 100,
  };
  return {
    machine,
    rows,
    gpus: [],
    refusals: [{ name: 'cnn-train-b64', title: 'tfjs wasm', reason: 'a kernel is missing' }],
    absent: [{ title: 'pytorch', reason: 'no python3 can import torch' }],
  };
}

/** matmul-512 and an LSTM, with peers. */
export const example = resultsOf(
  row('matmul-512', 5, { gflops: 53.7, peakShare: 0.89 }),
  row('matmul-512', 2.6, { threads: 2, gflops: 103, peakShare: 0.86 }),
  row('matmul-512', 6, { peer: 'tfjs 4.22.0' }),
  row('matmul-512', 180, { peer: 'tfjs 4.22.0', device: 'cpu' }),
  row('lstm-train-b128-t28-h128', 30),
  row('lstm-train-b128-t28-h128', 16, { threads: 2 }),
  row('lstm-train-b128-t28-h128', 560, { peer: 'tfjs 4.22.0' }),
  row('lstm-train-b128-t28-h128', 20, { peer: 'pytorch 1.13.0', device: 'cpu' }),
  row('lstm-train-b128-t28-h128', 18, { peer: 'pytorch 1.13.0', device: 'cpu', threads: 2 }),
  row('tiny-mlp-train-b4', 0.0123),
);
