/**
 * Runs the WebAssembly version of one kernel call, alone in a module, and checks what no result shows: that nothing
 * outside its arrays is written, and that ranges of items are independent of each other.
 */

import {
  bytesPerElement,
  type KernelCall,
  type NumericArray,
  sizeOf,
  type TensorSpec,
} from '../../../kernels/support/contract.ts';
import { IndexOutOfRangeError } from '../../../kernels/support/errors.ts';
import {
  type MemoryType,
  ModuleBuilder,
  type Target,
} from '../../../kernels/support/wasm/assembler/index.ts';
import { faultRecord, type WasmKernel } from '../../../kernels/support/wasm/wasm-kernel.ts';
import { addStage } from '../../../src/devices/wasm/stages.ts';
import { engineTarget } from '../../../src/devices/wasm/target.ts';
import { WebAssembly } from '../../../src/devices/wasm/webassembly.ts';

/** Whether this engine has relaxed SIMD. */
export const hasRelaxedSimd = engineTarget().relaxedSimd;

/** The targets this engine can run, for `describe.each`. */
export const targets: readonly Target[] = [
  { relaxedSimd: false },
  ...(hasRelaxedSimd ? [{ relaxedSimd: true }] : []),
];

/** How to run. */
export interface WasmRunOptions {
  /** How many ranges the items are split into. The last range runs first, to show that order does not matter. */
  readonly parts?: number;
  readonly target?: Target;
  /** Outputs that share the memory of an input: output number → input number. */
  readonly aliases?: ReadonlyMap<number, number>;
}

/** What untouched memory holds: as a float32 a NaN. */
const untouched = 0xff;
const alignment = 64;

/** Runs a kernel on arrays and returns its outputs. */
export function runWasmKernel<Attributes extends object>(
  kernel: WasmKernel<Attributes>,
  call: KernelCall<Attributes>,
  inputs: readonly NumericArray[],
  { parts = 1, target = { relaxedSimd: false }, aliases = new Map() }: WasmRunOptions = {},
): NumericArray[] {
  const { stages, scratchBytes = 0, threadScratchBytes = 0 } = kernel(call, target);
  // A gap before and after each block shows writes past its ends.
  let end = 1024;
  const place = (bytes: number): number => {
    const at = Math.ceil(end / alignment) * alignment + alignment;
    end = at + bytes + alignment;
    return at;
  };
  const bytesOf = ({ shape, dtype }: TensorSpec): number => sizeOf(shape) * bytesPerElement[dtype];
  const inputAt = call.inputs.map((spec) => place(bytesOf(spec)));
  const outputAt = call.outputs.map((spec, output) => {
    const input = aliases.get(output);
    return input === undefined ? place(bytesOf(spec)) : inputAt[input];
  });
  const scratch = place(scratchBytes);
  const threadScratch = Array.from({ length: parts }, () => place(threadScratchBytes));
  const fault = place(faultRecord.bytes);
  const pages = Math.ceil((end + alignment) / 65536);
  const type: MemoryType = { shared: false, initialPages: pages, maximumPages: pages };
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const bytes = new Uint8Array(memory.buffer as ArrayBuffer).fill(untouched);
  inputs.forEach((array, input) => {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), inputAt[input]);
  });
  bytes.fill(0, fault, fault + faultRecord.bytes);

  const module = new ModuleBuilder(type);
  stages.forEach((stage, index) => {
    addStage(module, stage, inputs.length, call.outputs.length, `stage${index}`);
  });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { weft: { memory } });
  const functions = instance.exports as Record<string, (...values: number[]) => void>;
  for (let index = 0; index < stages.length; index++) {
    const { items, grain = 1, elementsPerItem } = stages[index];
    if (elementsPerItem !== undefined && items * elementsPerItem !== sizeOf(call.outputs[0].shape)) {
      throw new Error(
        `stage ${index}: ${items} items of ${elementsPerItem} elements are not the first output`,
      );
    }
    for (let part = parts - 1; part >= 0; part--) {
      const first = boundary(items, grain, part, parts);
      const last = boundary(items, grain, part + 1, parts);
      if (first === last) continue;
      functions[`stage${index}`](...inputAt, ...outputAt, scratch, threadScratch[part], fault, first, last);
    }
    const record = new Int32Array(memory.buffer, fault, 3);
    if (record[0] !== 0) throw new IndexOutOfRangeError('wasm', record[1], record[2]);
  }

  const written = [
    ...call.outputs.map((spec, output) => [outputAt[output], bytesOf(spec)]),
    [scratch, scratchBytes],
    ...threadScratch.map((at) => [at, threadScratchBytes]),
    [fault, faultRecord.bytes],
  ];
  const expected = new Uint8Array(bytes.length).fill(untouched);
  inputs.forEach((array, input) => {
    expected.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), inputAt[input]);
  });
  for (const [at, length] of written) expected.set(bytes.subarray(at, at + length), at);
  if (Buffer.compare(bytes, expected) !== 0) {
    const stray = bytes.findIndex((byte, at) => byte !== expected[at]);
    throw new Error(`the kernel wrote to byte ${stray}, outside its arrays`);
  }

  return call.outputs.map(({ shape, dtype }, output) => {
    const slice = bytes.buffer.slice(outputAt[output], outputAt[output] + bytesOf({ shape, dtype }));
    if (dtype === 'float32') return new Float32Array(slice);
    return dtype === 'int32' ? new Int32Array(slice) : new Uint8Array(slice);
  });
}

/** Where part number `part` of `parts` begins: a multiple of the grain, or the end. */
export function boundary(items: number, grain: number, part: number, parts: number): number {
  const grains = Math.ceil(items / grain);
  return Math.min(items, Math.floor((grains * part) / parts) * grain);
}
