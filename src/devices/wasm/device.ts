/**
 * The `wasm` device: each plan becomes one WebAssembly module, written by weft itself, which all threads run over
 * shared memory.
 */
import { OptionError } from '../../errors.ts';
import { environmentVariable } from '../../node-modules.ts';
import { describeValue, requireBoolean, requireKnownOptions, requireNumber } from '../../options.ts';
import type { Plan } from '../../plan/plan.ts';
import type { NumericArray, TensorSpec } from '../../tensor/dtype.ts';
import type { VariableStorage } from '../../tensor/runtime.ts';
import type { Device, DeviceInfo, DeviceMemory, Executable } from '../device.ts';
import { byteLength, bytesNeeded, type Room, requireRoom } from '../needs.ts';
import { Reclaimer } from '../reclaim.ts';
import { WasmExecutable, type WasmHost } from './executable.ts';
import { Heap, maximumHeapBytes, minimumHeapBytes } from './heap.ts';
import { availableThreads, whyNoSharedMemory } from './host.ts';
import { maximumThreads } from './layout.ts';
import { fewestCyclesToSplit } from './schedule.ts';
import { WasmStorage, writeArray } from './storage.ts';
import { engineTarget } from './target.ts';
import { ThreadPool } from './threads.ts';
import type { WasmOptions } from './wasm-options.ts';

/** More threads than this would mostly wait for memory. */
const mostThreadsByDefault = 8;

export class WasmDevice implements Device, WasmHost {
  readonly name = 'wasm';
  #heap: Heap | undefined;
  #memoryLimit = maximumHeapBytes;
  /** What was asked for. */
  #wished: number | undefined;
  /** What came of it, once it is known. */
  #threads: number | undefined;
  #target = { relaxedSimd: false, known: false };
  #fused = true;
  #pool: ThreadPool | undefined;
  #arena = { address: 0, bytes: 0 };
  #variableBytes = 0;
  readonly #reclaimer = new Reclaimer(() => this.#variableBytes);
  #saidWhy = false;
  readonly #freed = new FinalizationRegistry<{ readonly address: number; readonly bytes: number }>(
    ({ address, bytes }) => {
      this.heap.free(address, bytes);
      this.#variableBytes -= bytes;
    },
  );

  readonly fewestCyclesToSplit: number;

  /** Tests split everything, however small, to see that it can be split. */
  constructor(fewestCycles = fewestCyclesToSplit) {
    this.fewestCyclesToSplit = fewestCycles;
  }

  /**
   * Sets options for what runs from here on; those that are left out go back to their defaults.
   *
   * @throws OptionError for one that is unknown or out of range, or a memory limit that comes too late.
   */
  configure(options: WasmOptions): void {
    const where = "setDevice('wasm')";
    requireKnownOptions(where, options, ['threads', 'memoryLimit', 'fusedMultiplyAdd']);
    const { threads, memoryLimit, fusedMultiplyAdd = true } = options;
    if (threads !== undefined) requireThreads(where, threads);
    requireBoolean(where, 'fusedMultiplyAdd', fusedMultiplyAdd);
    if (memoryLimit !== undefined) this.#limitMemory(where, memoryLimit);
    this.#wished = threads;
    this.#threads = undefined;
    this.#fused = fusedMultiplyAdd;
    this.#target = { relaxedSimd: false, known: false };
  }

  #limitMemory(where: string, bytes: number): void {
    requireNumber(where, 'memoryLimit', bytes, 'a whole number of at least 1');
    if (this.#heap) {
      throw new OptionError({
        where,
        got: 'a memoryLimit after the device was used',
        expected: 'it before any value is computed',
        cure: 'Call setDevice first of all.',
      });
    }
    if (bytes < minimumHeapBytes || bytes > maximumHeapBytes) {
      throw new OptionError({
        where,
        got: `memoryLimit ${bytes}`,
        expected: `${minimumHeapBytes} to ${maximumHeapBytes} bytes`,
        cure: 'Leave it out for the most there can be.',
      });
    }
    this.#memoryLimit = bytes;
  }

  get heap(): Heap {
    this.#heap ??= new Heap(whyNoSharedMemory() === undefined, this.#memoryLimit);
    return this.#heap;
  }

  get target(): { readonly relaxedSimd: boolean } {
    if (!this.#target.known) {
      this.#target = { relaxedSimd: this.#fused && engineTarget().relaxedSimd, known: true };
    }
    return this.#target;
  }

  /** As many as were asked for, or as there are processors. */
  get threads(): number {
    this.#threads ??= this.#possibleThreads();
    return this.#threads;
  }

  #possibleThreads(): number {
    const wished = this.#wished ?? threadsWished() ?? Math.min(availableThreads(), mostThreadsByDefault);
    const obstacle = whyNoSharedMemory();
    if (wished === 1 || obstacle === undefined) return wished;
    this.#sayOnce(obstacle);
    return 1;
  }

  /** Workers are started and replaced here, between two runs: a run that is going on keeps those it has. */
  pool(): ThreadPool | undefined {
    const { threads } = this;
    if (this.#pool?.passing && !this.#pool.gone) return undefined;
    if (this.#pool && (this.#pool.threads !== threads || this.#pool.passing)) {
      this.#pool.terminate();
      this.#pool = undefined;
    }
    if (threads === 1) return undefined;
    this.#pool ??= new ThreadPool(this.heap, threads);
    const { failure } = this.#pool;
    if (failure === undefined) return this.#pool;
    this.#sayOnce(`a worker could not run: ${failure}`);
    return undefined;
  }

  whenReady(): Promise<void> | undefined {
    return this.pool()?.whenReady();
  }

  get room(): Room {
    return { possible: maximumHeapBytes, allowed: this.#memoryLimit };
  }

  makeRoom(bytes: number): Promise<void> | undefined {
    return this.#reclaimer.makeRoom(bytes, () => this.heap.hasRoom(bytes));
  }

  hasArena(bytes: number): boolean {
    return bytes <= this.#arena.bytes || this.heap.hasRoom(bytes);
  }

  arena(bytes: number): number {
    if (bytes > this.#arena.bytes) {
      this.#dropArena();
      this.#arena = { address: this.heap.allocate(bytes, 'the values of a plan'), bytes };
    }
    return this.#arena.address;
  }

  /** Values of an earlier run are gone anyway, so their place may be part of what is wanted next. */
  #dropArena(): void {
    if (this.#arena.bytes > 0) this.heap.free(this.#arena.address, this.#arena.bytes);
    this.#arena = { address: 0, bytes: 0 };
  }

  /** Ends the workers, of a device that is not needed any more. */
  stop(): void {
    this.#pool?.terminate();
    this.#pool = undefined;
  }

  info(): DeviceInfo {
    const fused = this.target.relaxedSimd ? ', fused multiply-add' : '';
    return {
      name: 'wasm',
      description: `WebAssembly with 128-bit vectors${fused}`,
      threads: this.#pool?.ready && this.#pool.threads === this.threads ? this.#pool.threads : 1,
    };
  }

  memory(): DeviceMemory {
    return {
      variableBytes: this.#variableBytes,
      arenaBytes: this.#arena.bytes,
      heapBytes: this.#heap?.size ?? 0,
    };
  }

  allocate(spec: TensorSpec, data: NumericArray): VariableStorage {
    const bytes = byteLength(spec);
    if (!this.heap.hasRoom(bytes)) this.#dropArena();
    const address = this.heap.allocate(bytes, 'a parameter or other variable');
    writeArray(this.heap, address, data);
    const storage = new WasmStorage(this.heap, spec, address);
    this.#variableBytes += bytes;
    this.#freed.register(storage, { address, bytes });
    return storage;
  }

  prepare(plan: Plan): Executable {
    requireRoom('wasm', plan, bytesNeeded(plan), this.room);
    return new WasmExecutable(plan, this);
  }

  #sayOnce(reason: string): void {
    if (this.#saidWhy) return;
    this.#saidWhy = true;
    console.warn(`weft: the wasm device computes with one thread, since ${reason}.`);
  }
}

function requireThreads(where: string, threads: number): void {
  requireNumber(where, 'threads', threads, 'a whole number of at least 1');
  if (threads <= maximumThreads) return;
  throw new OptionError({
    where,
    got: `threads ${threads}`,
    expected: `at most ${maximumThreads}`,
    cure: 'Use at most as many threads as there are processors.',
  });
}

/** The number in WEFT_THREADS, if it is set. */
function threadsWished(): number | undefined {
  const text = environmentVariable('WEFT_THREADS');
  if (text === undefined || text === '') return undefined;
  const where = 'the environment variable WEFT_THREADS';
  const threads = Number(text);
  if (Number.isNaN(threads)) {
    throw new OptionError({
      where,
      got: `threads ${describeValue(text)}`,
      expected: 'a whole number of at least 1',
      cure: 'Correct it, or leave it unset for one thread a processor.',
    });
  }
  requireThreads(where, threads);
  return threads;
}
