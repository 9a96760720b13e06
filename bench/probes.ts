/** What one core of this machine can do at best, measured in the same run as everything else. */

import {
  bytes,
  type Expression,
  f32,
  f32x4,
  type Local,
  ModuleBuilder,
  multiplyAdd,
  type Target,
} from '../kernels/support/wasm/assembler/index.ts';
import { engineTarget } from '../src/devices/wasm/target.ts';
import { WebAssembly } from '../src/devices/wasm/webassembly.ts';

/** Independent chains: enough to hide the latency of a product and a sum, few enough for sixteen vector registers. */
const chainCounts = [8, 12, 14];
const turnsPerCall = 40_000;
const stepsPerTurn = 4;
/** Fits into the caches that hold a plan's arrays of a million floats. */
const copyBytes = 4_000_000;
const copiesPerCall = 4;
const page = 65_536;

interface Probe {
  readonly flops: number;
  run(): number;
}

/** Measures when it is asked to, and remembers the best. */
export class Probes {
  readonly #multiplyAdds: readonly Probe[];
  readonly #copy: (to: number, from: number) => void;
  #peak = 0;
  #bandwidth = 0;

  constructor() {
    const pages = Math.ceil((2 * copyBytes) / page) + 1;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const module = new ModuleBuilder({ shared: false, initialPages: pages, maximumPages: pages });
    const variants = [false, true]
      .filter((relaxedSimd) => !relaxedSimd || engineTarget().relaxedSimd)
      .flatMap((relaxedSimd) => chainCounts.map((chains) => ({ chains, target: { relaxedSimd } })));
    variants.forEach(({ chains, target }, index) => {
      addChains(module, `chains${index}`, chains, target);
    });
    addCopy(module);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { weft: { memory } });
    this.#multiplyAdds = variants.map(({ chains }, index) => ({
      flops: turnsPerCall * stepsPerTurn * chains * 4 * 2,
      run: instance.exports[`chains${index}`] as () => number,
    }));
    this.#copy = instance.exports['copy'] as (to: number, from: number) => void;
  }

  /** GFLOP/s of one core with 128-bit vectors and operands in registers. */
  get peakGflops(): number {
    return this.#peak;
  }

  /** GB/s of one core copying 4 MB, bytes read and bytes written both counted. */
  get copyGigabytes(): number {
    return this.#bandwidth;
  }

  /** Lets the optimizing compiler see the functions, which it does in the background, and measures once. */
  async warmUp(): Promise<void> {
    for (let round = 0; round < 5; round++) {
      this.measure();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Measures for a few milliseconds. */
  measure(): void {
    for (const { flops, run } of this.#multiplyAdds) {
      const start = performance.now();
      run();
      this.#peak = Math.max(this.#peak, flops / (performance.now() - start) / 1e6);
    }
    for (let count = 0; count < 4; count++) {
      const start = performance.now();
      this.#copy(copyBytes, 0);
      const moved = copiesPerCall * 2 * copyBytes;
      this.#bandwidth = Math.max(this.#bandwidth, moved / (performance.now() - start) / 1e6);
    }
  }
}

/** Adds a function of `chains` values that are each multiplied and added to again and again. */
function addChains(module: ModuleBuilder, exportAs: string, chains: number, target: Target): void {
  module.function({ exportAs, parameters: {}, result: 'f32' }, (f) => {
    // One constant for both operands, to leave registers to the chains, whose values go to 1.
    const half = f.keep(f32x4.splat(0.5));
    const values = Array.from({ length: chains }, (_, at): Local<'v128'> => f.keep(f32x4.splat(1 + at / 8)));
    f.for(0, turnsPerCall, 1, () => {
      for (let step = 0; step < stepsPerTurn; step++) {
        for (const value of values) f.set(value, multiplyAdd(target, value, half, half));
      }
    });
    // The sum is returned, so that no chain can be left out.
    const total = values.reduce<Expression<'v128'>>((a, b) => f32x4.add(a, b), half);
    f.return(f32.of(f32x4.extractLane(total, 0)));
  });
}

function addCopy(module: ModuleBuilder): void {
  module.function(
    { exportAs: 'copy', parameters: { to: 'i32', from: 'i32' }, result: undefined },
    (f, { to, from }) => {
      f.for(0, copiesPerCall, 1, () => f.do(bytes.copy(to, from, copyBytes)));
    },
  );
}
