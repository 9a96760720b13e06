/**
 * The targets as data: what is required, what is aimed at, and how each is computed from the rows. RESULTS.md says for
 * each whether it was met.
 */
import { overheadName } from './cases/fit-overhead.ts';
import { matmulName } from './cases/kernels.ts';
import { steepestGrowth } from './growth.ts';
import { fastest, type Results, type Row } from './rows.ts';

/** A bound on a number computed from the results. */
export interface Check {
  /** What the number is, such as `as fast as tfjs wasm`. */
  readonly of: string;
  readonly bound: number;
  /** Whether the number must be at least or at most the bound. */
  readonly kind: 'at least' | 'at most';
  readonly unit: '×' | '%' | 'ms' | 'µs' | 'growth';
  /** Undefined if a row that it needs was not measured. */
  value(results: Results): number | undefined;
}

export interface Target {
  readonly title: string;
  readonly required: readonly Check[];
  readonly aim: readonly Check[];
  /** A sentence for the report: what is behind the figure. */
  readonly note?: string;
}

/** A check and what came of it. */
export interface Verdict {
  readonly check: Check;
  readonly measured: number | undefined;
  /** Undefined if it could not be measured. */
  readonly met: boolean | undefined;
}

/** What the results say of a check. */
export function judge(check: Check, results: Results): Verdict {
  const measured = check.value(results);
  if (measured === undefined) return { check, measured, met: undefined };
  return {
    check,
    measured,
    met: check.kind === 'at least' ? measured >= check.bound : measured <= check.bound,
  };
}

/** weft's fastest row of a case, on any device, with so many threads if they are given. */
function weft({ rows }: Results, name: string, threads?: number): Row | undefined {
  return fastest(
    rows.filter(
      (row) => row.name === name && row.peer === null && (threads === undefined || row.threads === threads),
    ),
  );
}

/** A peer's fastest row of a case. */
function peer({ rows }: Results, name: string, library: string, device?: string): Row | undefined {
  return fastest(
    rows.filter(
      (row) =>
        row.name === name &&
        row.peer?.split(' ')[0] === library &&
        (device === undefined || row.device === device),
    ),
  );
}

/** One row's time over another's. */
function ratio(above: Row | undefined, below: Row | undefined): number | undefined {
  return above && below && above.medianMs / below.medianMs;
}

/** weft is so many times as fast as a peer on a device. */
function fasterThan(library: string, device: string, name: string, bound: number, threads?: number): Check {
  return {
    of: `as fast as ${library} ${device}`,
    bound,
    kind: 'at least',
    unit: '×',
    value: (results) => ratio(peer(results, name, library, device), weft(results, name, threads)),
  };
}

function fasterThanTfjs(name: string, device: 'cpu' | 'wasm', bound: number, threads?: number): Check {
  return fasterThan('tfjs', device, name, bound, threads);
}

/** Peers that compute natively, with wider vectors than WebAssembly has, by the names that people know. */
const nativePeers = { PyTorch: 'pytorch', 'ONNX Runtime': 'onnxruntime-node' } as const;

/** weft takes at most so many times as long as a native peer at its best. */
function besideNative(library: keyof typeof nativePeers, name: string, bound: number): Check {
  return {
    of: `the time of ${library}'s best`,
    bound,
    kind: 'at most',
    unit: '×',
    value: (results) => ratio(weft(results, name), peer(results, name, nativePeers[library])),
  };
}

function besidePytorch(name: string, bound: number): Check {
  return besideNative('PyTorch', name, bound);
}

/** A step of `fit` takes longer than the same step alone by at most so much of it. */
function overheadOfFit(model: 'conv-lstm' | 'row-lstm', bound: number): Check {
  return {
    of: 'more than the compiled step alone',
    bound,
    kind: 'at most',
    unit: '%',
    value: (results) => {
      const [more, alone] = (['fit-overhead', 'bare-step'] as const).map((kind) =>
        weft(results, overheadName(kind, model)),
      );
      const share = ratio(more, alone);
      return share === undefined ? undefined : share * 100;
    },
  };
}

/** weft reaches so much of what one core can do, on one thread. */
function ofPeak(name: string, bound: number): Check {
  return {
    of: 'of the SIMD peak, one thread',
    bound,
    kind: 'at least',
    unit: '%',
    value: (results) => {
      const share = weft(results, name, 1)?.peakShare;
      return typeof share === 'number' ? share * 100 : undefined;
    },
  };
}

/** A case takes at most so long. */
function takesAtMost(name: string, bound: number, unit: 'ms' | 'µs'): Check {
  return {
    of: 'at the median',
    bound,
    kind: 'at most',
    unit,
    value: (results) => {
      const row = weft(results, name);
      return row && row.medianMs * (unit === 'µs' ? 1000 : 1);
    },
  };
}

/** Two threads are so many times as fast as one, on the same device. */
function twoThreads(name: string, bound: number): Check {
  return {
    of: 'as fast as one thread',
    bound,
    kind: 'at least',
    unit: '×',
    value: (results) => {
      const two = weft(results, name, 2);
      const one = results.rows.filter(
        (row) => row.name === name && row.peer === null && row.threads === 1 && row.device === two?.device,
      );
      return ratio(fastest(one), two);
    },
  };
}

/** The lowest rate of some products, beside the rate at 512³, on one thread. */
function productRates(names: readonly string[], bound: number): Check {
  return {
    of: 'the rate at 512³, the slowest of them',
    bound,
    kind: 'at least',
    unit: '×',
    value: (results) => {
      const reference = weft(results, 'matmul-512', 1)?.gflops;
      const rates = names.map((name) => weft(results, name, 1)?.gflops);
      if (!reference || rates.some((rate) => typeof rate !== 'number')) return undefined;
      return Math.min(...rates.map((rate) => rate! / reference));
    },
  };
}

const cubes = [64, 128, 256, 1024, 2048].map((side) => matmulName(side, side, side));
const odd = matmulName(127, 129, 131);
const skinny = [matmulName(128, 512, 28), matmulName(4096, 10, 64)];

export const targets: readonly Target[] = [
  {
    title: 'matmul-512, one thread',
    required: [fasterThanTfjs('matmul-512', 'wasm', 1.3, 1)],
    aim: [ofPeak('matmul-512', 80)],
  },
  {
    title: 'matmul-512, two threads',
    required: [twoThreads('matmul-512', 1.8)],
    aim: [twoThreads('matmul-512', 1.95)],
  },
  {
    title: 'lstm-train-b128-t28-h128',
    note: 'The step is 1.6 billion operations, 12 ms at the 128-bit peak of both cores; weft spends under 4 ms besides, on gates, copies and Adam. PyTorch computes with 512-bit vectors.',
    required: [
      fasterThanTfjs('lstm-train-b128-t28-h128', 'wasm', 20),
      besidePytorch('lstm-train-b128-t28-h128', 1.5),
    ],
    aim: [besidePytorch('lstm-train-b128-t28-h128', 1)],
  },
  {
    title: 'lstm-predict-b128-t28-h128',
    note: 'Of the time of one thread the products take 66 % at the 128-bit peak and 12 % more than at that (a large product alone is at 87 to 94 % of it); the gates take 16 %, five functions of 25 operations, most of them in a row, for each of 460,000 units; waiting for the projected inputs, which are larger than the second-level cache, takes 6 %. Gates of half as many operations in a row were 1 to 3 % faster in all, and did not saturate exactly. ONNX Runtime computes with vectors of 256 or 512 bits.',
    required: [
      fasterThanTfjs('lstm-predict-b128-t28-h128', 'wasm', 3),
      fasterThan('onnxruntime-web', 'wasm', 'lstm-predict-b128-t28-h128', 1),
    ],
    aim: [
      besidePytorch('lstm-predict-b128-t28-h128', 1),
      besideNative('ONNX Runtime', 'lstm-predict-b128-t28-h128', 2),
      ofPeak('lstm-predict-b128-t28-h128', 85),
    ],
  },
  {
    title: 'cnn-train-b64',
    required: [fasterThanTfjs('cnn-train-b64', 'cpu', 300), besidePytorch('cnn-train-b64', 1.7)],
    aim: [besidePytorch('cnn-train-b64', 1)],
  },
  {
    title: 'cnn-predict-b64',
    required: [
      fasterThanTfjs('cnn-predict-b64', 'wasm', 1.5),
      fasterThan('onnxruntime-web', 'wasm', 'cnn-predict-b64', 1),
    ],
    aim: [besidePytorch('cnn-predict-b64', 1), besideNative('ONNX Runtime', 'cnn-predict-b64', 2)],
  },
  {
    title: 'conv-lstm-train-b64',
    required: [besidePytorch('conv-lstm-train-b64', 1.7)],
    aim: [besidePytorch('conv-lstm-train-b64', 1)],
  },
  {
    title: 'sigmoid-1M, in a plan',
    note: 'The copy runs inside the cache, at over 150 GB/s; a sigmoid within 3 units in the last place takes some 27 vector operations for four elements, which no 128-bit engine does at that rate. With fused multiply-adds (Node 22 and later) it is a quarter faster.',
    required: [fasterThanTfjs('sigmoid-1M', 'wasm', 2)],
    aim: [
      {
        of: 'of the bandwidth of a copy, one thread',
        bound: 70,
        kind: 'at least',
        unit: '%',
        value: (results) => {
          const share = weft(results, 'sigmoid-1M', 1)?.copyShare;
          return typeof share === 'number' ? share * 100 : undefined;
        },
      },
    ],
  },
  {
    title: 'tiny-mlp-train-b4, compiled',
    required: [besidePytorch('tiny-mlp-train-b4', 1)],
    aim: [takesAtMost('tiny-mlp-train-b4', 20, 'µs')],
  },
  {
    title: 'first step of the conv-lstm, in a fresh process',
    note: 'Of 245 ms under a profiler, 67 are the step itself (in code of the first compiler of the engine, which is quick to write and slow to run), 55 emitting, 20 planning, 14 garbage, 8 capture and gradient, the rest building the model and loading code that was never run before.',
    required: [takesAtMost('conv-lstm-first-step', 500, 'ms')],
    aim: [takesAtMost('conv-lstm-first-step', 150, 'ms')],
  },
  {
    title: 'first step of ten times the depth of the conv-lstm',
    required: [takesAtMost('deep-conv-lstm-first-step', 1500, 'ms')],
    aim: [takesAtMost('deep-conv-lstm-first-step', 600, 'ms')],
  },
  {
    title: 'first step of 100 × (convolution, batch norm, relu)',
    note: 'Of 1.7 s under a profiler, 0.57 are planning (0.17 once that code is optimized), 0.31 garbage, 0.31 emitting, 0.25 the step itself, 0.17 capture and gradient. No single part stands out; each object of the graph costs.',
    required: [takesAtMost('conv-100-first-step', 3000, 'ms')],
    aim: [takesAtMost('conv-100-first-step', 1200, 'ms')],
  },
  {
    title: 'growth of planning with depth, the steepest part',
    note: 'Slope of time over depth in the plane of logarithms: 1 is in proportion. Each object is looked at a bounded number of times; with a larger young generation of the collector the slopes are 1.07 to 1.2: large graphs live long enough to be copied, and leave the cache.',
    required: [{ of: 'slope', bound: 1.2, kind: 'at most', unit: 'growth', value: steepestGrowth }],
    aim: [{ of: 'slope', bound: 1.08, kind: 'at most', unit: 'growth', value: steepestGrowth }],
  },
  {
    title: 'a step of fit, batches of 64 with augmentation, conv-lstm',
    required: [overheadOfFit('conv-lstm', 5)],
    aim: [overheadOfFit('conv-lstm', 3)],
  },
  {
    title: 'a step of fit, batches of 64 with augmentation, row-lstm',
    required: [overheadOfFit('row-lstm', 5)],
    aim: [overheadOfFit('row-lstm', 3)],
  },
  {
    title: 'import of weft',
    required: [takesAtMost('import', 100, 'ms')],
    aim: [takesAtMost('import', 30, 'ms')],
  },
  {
    title: 'matmul at 64³ to 2048³ and at odd sizes, one thread',
    note: 'The slowest is 64³: 8 µs of arithmetic, to which a call of a compiled function adds 2.5 µs. The others run at 0.95 of the rate at 512³ and more.',
    required: [productRates([...cubes, odd], 0.5)],
    aim: [productRates([...cubes, odd], 0.8)],
  },
  {
    title: 'matmul of skinny matrices, one thread',
    required: [productRates(skinny, 0.33)],
    aim: [productRates(skinny, 0.5)],
  },
];
