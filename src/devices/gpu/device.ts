/** The `gpu` device: every kernel through gpu.js, on WebGPU, WebGL2, WebGL or headless GL. */
import { matmulGpu } from '../../../kernels/matmul/gpu.ts';
import { compose } from '../../../kernels/support/gpu/gpu-kernel.ts';
import { DeviceUnavailableError, OptionError } from '../../errors.ts';
import { hasNodeModules } from '../../node-modules.ts';
import { describeValue, requireKnownOptions } from '../../options.ts';
import type { Plan } from '../../plan/plan.ts';
import type { NumericArray, TensorSpec } from '../../tensor/dtype.ts';
import type { VariableStorage } from '../../tensor/runtime.ts';
import { sizeOf } from '../../tensor/shape.ts';
import type { Device, DeviceInfo, DeviceMemory } from '../device.ts';
import { Reclaimer } from '../reclaim.ts';
import { GpuFunctions } from './compiled-functions.ts';
import type { GpuCounters } from './counters.ts';
import { GpuExecutable, type GpuHost } from './executable.ts';
import { type Backend, backends, type GpuOptions } from './gpu-options.ts';
import { type Hardware, hardwareOf } from './hardware.ts';
import { Journal } from './journal.ts';
import { firstLineOf, type GpuInstance, type GpuLibrary, letGo, loadLibrary, obstacleTo } from './library.ts';
import type { PassLimits } from './pass-limits.ts';
import { GpuStorage, type Held } from './storage.ts';

const cureInNode = 'Install the package gl, which needs a display such as Xvfb.';
const cureInPage = 'Switch hardware acceleration on in the settings of the browser.';

/** The largest error, relative to the largest element, of a matrix product that a GPU is trusted with. */
const largestError = 1e-4;

/** How many devices were opened: after a loss there is another one, and each has its own memory. */
let opened = 0;

export class GpuDevice implements Device, GpuHost {
  readonly name: string;
  readonly functions: GpuFunctions;
  readonly journal = new Journal();
  readonly #hardware: Hardware;
  readonly #precision: number;
  #variableBytes = 0;
  #residentBytes = 0;
  readonly #reclaimer = new Reclaimer(() => this.#variableBytes + this.#residentBytes);
  readonly #freed = new FinalizationRegistry<{ readonly held: Held; readonly bytes: number }>(
    ({ held, bytes }) => {
      for (const handle of held.handles) this.functions.delete(handle);
      this.#variableBytes -= bytes;
    },
  );

  private constructor(functions: GpuFunctions, hardware: Hardware, precision: number) {
    this.name = `gpu ${++opened}`;
    this.functions = functions;
    this.#hardware = hardware;
    this.#precision = precision;
  }

  /**
   * Looks for a GPU and tries it out. `limits` may be narrower than those of the GPU.
   *
   * @throws DeviceUnavailableError that says what was tried and why it failed; OptionError for an unknown backend.
   */
  static async open(options: GpuOptions, limits: Partial<PassLimits> = {}): Promise<GpuDevice> {
    const where = "setDevice('gpu')";
    requireKnownOptions(where, options, ['backend', 'library']);
    const wished = options.backend;
    if (wished !== undefined && !backends.includes(wished)) {
      throw new OptionError({
        where,
        got: `backend ${JSON.stringify(wished)}`,
        expected: `one of ${backends.join(', ')}`,
        cure: 'Leave it out for the first that works.',
      });
    }
    const { library: given } = options;
    if (given !== undefined && typeof given !== 'function') {
      throw new OptionError({
        where,
        got: `library ${describeValue(given)}`,
        expected: 'a function that gives the module gpu.js',
        cure: "Give { library: () => import('gpu.js') }.",
      });
    }
    const library = await loadLibrary(where, given);
    const failures: string[] = [];
    for (const backend of wished === undefined ? backends : [wished]) {
      const obstacle = await obstacleTo(backend, library);
      if (obstacle !== undefined) {
        failures.push(`${backend}: ${obstacle}`);
        continue;
      }
      try {
        return await GpuDevice.#tryOut(backend, library, limits);
      } catch (error) {
        failures.push(`${backend}: ${firstLineOf(error)}`);
      }
    }
    throw new DeviceUnavailableError({
      where,
      got: `no GPU that computes (${failures.join('; ')})`,
      expected: `one of ${(wished === undefined ? backends : [wished]).join(', ')}`,
      cure: `${hasNodeModules() ? cureInNode : cureInPage} Or use setDevice('wasm').`,
    });
  }

  /** Sends some numbers through the GPU and looks at what comes back. */
  static async #tryOut(
    backend: Backend,
    { GPU }: GpuLibrary,
    limits: Partial<PassLimits>,
  ): Promise<GpuDevice> {
    const instance = new GPU({ mode: backend });
    try {
      return await GpuDevice.#trust(backend, instance, limits);
    } catch (error) {
      await letGo(instance);
      throw error;
    }
  }

  static async #trust(
    backend: Backend,
    instance: GpuInstance,
    limits: Partial<PassLimits>,
  ): Promise<GpuDevice> {
    let hardware: Hardware | undefined;
    const functions = new GpuFunctions(backend, instance, () => hardware);
    const side = 16;
    // Numbers without a pattern, from -1 to 1.
    const [a, b] = [1, 2].map((seed) =>
      Float32Array.from({ length: side * side }, (_, k) => Math.sin((k + 1) * 12.9898 * seed)),
    );
    const spec: TensorSpec = { shape: [1, side, side], dtype: 'float32' };
    const call = {
      inputs: [spec, spec],
      outputs: [spec],
      attributes: { transposeA: false, transposeB: false },
    };
    const [pass] = matmulGpu(call, { mostReads: 2, hasNumbers: () => false }).passes;
    const lengths = [side * side, side * side];
    const product = functions.resident(compose(pass), lengths);
    const handles = [await functions.upload(a), await functions.upload(b)];
    const result = await functions.run(product, handles);
    const { mode } = product.kernel.constructor;
    if (mode === 'cpu' || mode === 'webasm') throw new Error(`gpu.js computes on the CPU (mode ${mode})`);
    const floats = await functions.download(result);
    hardware = hardwareOf(backend, product);
    for (const handle of handles) functions.delete(handle);
    functions.release(product);
    const error = errorOfProduct(a, b, floats, side);
    if (!(error <= largestError)) {
      throw new Error(
        `a product of two ${side}×${side} matrices is off by ${error.toExponential(1)} of its largest element, more than ` +
          `${largestError}`,
      );
    }
    return new GpuDevice(functions, { ...hardware, ...limits }, error);
  }

  get mostReads(): number {
    return this.#hardware.mostReads;
  }

  get mostFloats(): number {
    return this.#hardware.mostFloats;
  }

  makeRoom(bytes: number): Promise<void> | undefined {
    return this.#reclaimer.makeRoom(bytes);
  }

  addResident(bytes: number): void {
    this.#residentBytes += bytes;
  }

  /** What has crossed between host and GPU so far, and how long it took. */
  get counters(): GpuCounters {
    return this.functions.counters;
  }

  /** Whether the GPU is gone. */
  get isLost(): boolean {
    return this.functions.lost !== undefined;
  }

  info(): DeviceInfo {
    const { backend } = this.functions;
    const { adapter, mostFloats, mostReads } = this.#hardware;
    return {
      name: 'gpu',
      description: `gpu.js on ${backend}: ${adapter}`,
      threads: 1,
      backend,
      adapter,
      limits: { arrayFloats: mostFloats, arraysRead: mostReads },
      precision: this.#precision,
    };
  }

  memory(): DeviceMemory {
    const [variableBytes, arenaBytes] = [this.#variableBytes, this.#residentBytes];
    return { variableBytes, arenaBytes, heapBytes: variableBytes + arenaBytes };
  }

  allocate(spec: TensorSpec, data: NumericArray): VariableStorage {
    const storage = new GpuStorage(this, spec, data);
    const bytes = 4 * sizeOf(spec.shape) * (spec.dtype === 'int32' ? 2 : 1);
    this.#variableBytes += bytes;
    this.#freed.register(storage, { held: storage.held, bytes });
    return storage;
  }

  prepare(plan: Plan): GpuExecutable {
    return new GpuExecutable(plan, this);
  }
}

/** The largest error of a product, relative to its largest element. */
function errorOfProduct(a: Float32Array, b: Float32Array, product: Float32Array, side: number): number {
  let [largest, worst] = [0, 0];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      let sum = 0;
      for (let k = 0; k < side; k++) sum += a[row * side + k] * b[k * side + column];
      largest = Math.max(largest, Math.abs(sum));
      const error = Math.abs(product[row * side + column] - sum);
      if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    }
  }
  return worst / largest;
}
