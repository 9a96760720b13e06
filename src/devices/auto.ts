/**
 * The `auto` device: not one that computes, but the choice between two that do. Both are measured when it is made; the
 * first plan of a model decides, by what a run of it should take on either. Until then the first of the two computes.
 */
import { matmul } from '../../kernels/matmul/index.ts';
import { DeviceLimitError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import type { NumericArray, TensorSpec } from '../tensor/dtype.ts';
import type { VariableStorage } from '../tensor/runtime.ts';
import { formatTime } from '../text.ts';
import type { Device, DeviceInfo, DeviceMemory, Executable } from './device.ts';
import type { GpuCounters } from './gpu/counters.ts';
import type { PassesDevice } from './gpu/pass-limits.ts';
import { planPasses } from './gpu/plan-passes.ts';
import { passesRun } from './gpu/planned-passes.ts';

/** What work costs on a device, in milliseconds. */
export interface Cost {
  /** A run of whatever plan: handing over inputs, and waiting for results. */
  readonly perRun: number;
  /** Starting one kernel more. */
  readonly perKernel: number;
  /** A floating point operation more. */
  readonly perFlop: number;
}

/** Milliseconds that a run of so many kernels with so many operations should take. */
export function estimate({ perRun, perKernel, perFlop }: Cost, kernels: number, flops: number): number {
  return perRun + perKernel * kernels + perFlop * flops;
}

/** How many kernels a run of a plan calls, those of a loop at every step. */
function kernelsRun({ steps }: Plan): number {
  return steps.reduce((total, { loop }) => total + (loop ? loop.steps * kernelsRun(loop.plan) : 1), 0);
}

/** A chain of products x · b · b · …, each [side, side], which no device can shorten. */
function chainOfProducts(side: number, products: number): Plan {
  const spec: TensorSpec = { shape: [1, side, side], dtype: 'float32' };
  const bytes = side * side * 4;
  const attributes = { transposeA: false, transposeB: false };
  const last = products + 1;
  return {
    buffers: [
      { spec, bytes, place: { kind: 'input', index: 0 } },
      { spec, bytes, place: { kind: 'input', index: 1 } },
      ...Array.from({ length: products - 1 }, (_, at) => ({
        spec,
        bytes,
        place: { kind: 'arena', offset: at * bytes } as const,
      })),
      { spec, bytes, place: { kind: 'output', index: 0 } },
    ],
    steps: Array.from({ length: products }, (_, at) => ({
      contract: matmul,
      call: { inputs: [spec, spec], outputs: [spec], attributes },
      inputs: [at === 0 ? 0 : at + 1, 1],
      outputs: [at === products - 1 ? last : at + 2],
      label: 'measuring',
      parts: [],
      joins: false,
    })),
    inputs: [spec, spec],
    variables: [],
    outputs: [spec],
    updated: [],
    firstUpdateStep: products,
    arenaBytes: (products - 1) * bytes,
  };
}

/** Small enough to be all overhead, and large enough to be all arithmetic. */
const [smallSide, largeSide] = [8, 256];
const chainLength = 16;
/** Runs of each kind that are timed; the shortest counts. */
const timedRuns = 3;

/** Measures a device, for some tens of milliseconds. */
async function measureCost(device: Device): Promise<Cost> {
  const timeOf = async (side: number, products: number): Promise<number> => {
    const executable = device.prepare(chainOfProducts(side, products));
    // Close to the identity, so that no chain leaves the range of floats.
    const matrix = Float32Array.from({ length: side * side }, (_, k) => (k % (side + 1) === 0 ? 1 : 1e-3));
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run <= timedRuns; run++) {
      const start = performance.now();
      await executable.run({ inputs: [matrix, matrix], variables: [] });
      // The first run compiles.
      if (run > 0) best = Math.min(best, performance.now() - start);
    }
    return best;
  };
  const one = await timeOf(smallSide, 1);
  const many = await timeOf(smallSide, chainLength);
  const perKernel = Math.max(0, (many - one) / (chainLength - 1));
  const [large, larger] = [await timeOf(largeSide, 1), await timeOf(largeSide, 4)];
  const perFlop = Math.max(0, (larger - large) / 3 - perKernel) / (2 * largeSide ** 3);
  return { perRun: Math.max(0, one - perKernel), perKernel, perFlop };
}

/** A plan that takes so many times the operations of the one that decided decides anew. */
const farLarger = 4;

export class AutoDevice implements Device {
  readonly #host: Device;
  readonly #gpu: PassesDevice;
  readonly #costs: { readonly host: Cost; readonly gpu: Cost };
  #chosen: Device | undefined;
  /** Operations of the plan that decided. */
  #decidedBy = 0;

  private constructor(host: Device, gpu: PassesDevice, costs: { readonly host: Cost; readonly gpu: Cost }) {
    this.#host = host;
    this.#gpu = gpu;
    this.#costs = costs;
  }

  /** Measures the host device and the GPU. Nothing else may run on them meanwhile. */
  static async measure(host: Device, gpu: PassesDevice): Promise<AutoDevice> {
    return new AutoDevice(host, gpu, { host: await measureCost(host), gpu: await measureCost(gpu) });
  }

  /** The device that computes now. */
  get device(): Device {
    return this.#chosen ?? this.#host;
  }

  /** The name of the device that computes now. */
  get name(): string {
    return this.device.name;
  }

  info(): DeviceInfo {
    return this.device.info();
  }

  get counters(): GpuCounters | undefined {
    return this.device.counters;
  }

  memory(): DeviceMemory {
    return this.device.memory();
  }

  makeRoom(bytes: number): Promise<void> | undefined {
    return this.device.makeRoom?.(bytes);
  }

  allocate(spec: TensorSpec, data: NumericArray): VariableStorage {
    return this.device.allocate(spec, data);
  }

  prepare(plan: Plan): Executable {
    // Only plans of a model decide: those that have parameters.
    if (plan.variables.length > 0) this.#decide(plan);
    return this.device.prepare(plan);
  }

  /** Chooses the device on which a run of the plan should take less, and says so if that is news. */
  #decide(plan: Plan): void {
    const flops = plan.steps.reduce((total, { contract, call }) => total + contract.flops(call), 0);
    if (this.#chosen && flops <= farLarger * this.#decidedBy) return;
    this.#decidedBy = flops;
    const [device, why] = this.#choose(plan, flops);
    if (device === this.#chosen) return;
    this.#chosen = device;
    console.info(`weft: auto computes on ${device.info().name}: ${why}.`);
  }

  #choose(plan: Plan, flops: number): readonly [Device, string] {
    const { backend, adapter } = this.#gpu.info();
    const onHost = estimate(this.#costs.host, kernelsRun(plan), flops);
    try {
      const passes = passesRun(planPasses(plan, this.#gpu));
      const onGpu = estimate(this.#costs.gpu, passes, flops);
      const why =
        `a run of this model should take ${formatTime(onHost)} on ${this.#host.info().name} and ` +
        `${formatTime(onGpu)} on gpu (${backend}, ${adapter})`;
      return [onGpu < onHost ? this.#gpu : this.#host, why];
    } catch (error) {
      if (!(error instanceof DeviceLimitError)) throw error;
      return [this.#host, `this model is too large for gpu (${backend}, ${adapter}), with ${error.got}`];
    }
  }
}
