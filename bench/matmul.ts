/** How fast the matrix product is, at the sizes that training meets. */

import { Bench } from 'tinybench';
import { matmulCpu } from '../kernels/matmul/cpu.ts';
import { type MatmulAttributes, matmul } from '../kernels/matmul/index.ts';
import type { KernelCall } from '../kernels/support/contract.ts';

/** One line of a benchmark's table. */
export interface BenchRow {
  readonly name: string;
  readonly device: 'cpu';
  readonly threads: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly samples: number;
  /** Billions of floating-point operations a second, at the median. */
  readonly gflops: number;
}

/** [M, K, N]. */
const sizes: readonly (readonly [rows: number, depth: number, columns: number])[] = [
  [512, 512, 512],
  [127, 129, 131],
  [128, 512, 28],
  [4096, 10, 64],
];

/** Times matmul on the cpu at each size whose name passes `include`. */
export async function matmulSuite(include: (name: string) => boolean = () => true): Promise<BenchRow[]> {
  const bench = new Bench({ time: 500, warmupTime: 200 });
  const flops = new Map<string, number>();
  for (const [rows, depth, columns] of sizes) {
    const name = `matmul ${rows}×${depth}×${columns}`;
    if (!include(name)) continue;
    const call = callOf(rows, depth, columns);
    const inputs = [filled(rows * depth), filled(depth * columns)];
    const outputs = [new Float32Array(rows * columns)];
    const workspace = new Float32Array(matmul.workspace?.(call) ?? 0);
    const run = matmulCpu(call);
    flops.set(name, matmul.flops(call));
    bench.add(name, () => run(inputs, outputs, workspace));
  }
  await bench.run();
  return bench.tasks.map(({ name, result }) => {
    if (result.state !== 'completed') throw new Error(`${name} did not complete: ${result.state}`);
    const { p50, min, samplesCount } = result.latency;
    const gflops = (flops.get(name) ?? 0) / p50 / 1e6;
    return { name, device: 'cpu', threads: 1, medianMs: p50, minMs: min, samples: samplesCount, gflops };
  });
}

function callOf(rows: number, depth: number, columns: number): KernelCall<MatmulAttributes> {
  return {
    inputs: [
      { shape: [1, rows, depth], dtype: 'float32' },
      { shape: [1, depth, columns], dtype: 'float32' },
    ],
    outputs: [{ shape: [1, rows, columns], dtype: 'float32' }],
    attributes: { transposeA: false, transposeB: false },
  };
}

/** Numbers of ordinary size, the same in every run. */
function filled(size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, at) => Math.sin(at));
}
