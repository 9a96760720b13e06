/**
 * Programs that read more arrays than a pass may: a pass of its own computes one register into a temporary array, which the
 * rest loads, until the rest reads few enough.
 */
import { sizeOf } from '../../support/contract.ts';
import { type GpuPass, type GpuTarget, temporary } from '../../support/gpu/gpu-kernel.ts';
import { denseStrides } from '../../support/view.ts';
import { type Instruction, operandsOf, registerTypes } from '../index.ts';
import { type BoundLoad, storePass, type ThreadProgram } from './thread-program.ts';

/** A program that reads few enough arrays, and the passes that must run before it. */
export interface SplitProgram {
  readonly program: ThreadProgram;
  /** The wanted register: its number may have changed. */
  readonly register: number;
  readonly passes: readonly GpuPass[];
  /** The number of temporary arrays used so far. */
  readonly temporaries: number;
}

/**
 * Splits what one register needs into parts that each read at most `mostReads` arrays. Temporary arrays are numbered from
 * `temporaries`.
 */
export function splitProgram(
  program: ThreadProgram,
  wanted: number,
  { mostReads }: GpuTarget,
  temporaries = 0,
): SplitProgram {
  const passes: GpuPass[] = [];
  let [rest, register, used] = [program, wanted, temporaries];
  for (;;) {
    const reads = readsOf(rest);
    if (reads[register].size <= mostReads) return { program: rest, register, passes, temporaries: used };
    const candidates = reads.flatMap(({ size }, each) =>
      each >= rest.loads.length && size >= 2 && size <= mostReads ? [each] : [],
    );
    const part = candidates.reduce((best, each) => (reads[each].size > reads[best].size ? each : best));
    const array = temporary(used++);
    passes.push(storePass(rest, part, array));
    // The new load stands before all instructions.
    if (register >= rest.loads.length) register++;
    rest = replaceByLoad(rest, part, {
      array,
      size: sizeOf(rest.shape),
      view: { offset: 0, strides: denseStrides(rest.shape) },
      dtype: registerTypes(rest)[part],
    });
  }
}

/** By register, the names of the arrays that it is computed from. */
function readsOf({ loads, instructions }: ThreadProgram): Set<string>[] {
  const reads: Set<string>[] = loads.map(({ array, size, number }) =>
    size === 0 || number !== undefined ? new Set() : new Set([`${array.kind} ${array.index}`]),
  );
  for (const instruction of instructions) {
    reads.push(new Set(operandsOf(instruction).flatMap((operand) => [...reads[operand]])));
  }
  return reads;
}

/** The same program, in which a register is loaded. The load takes the place of the instruction, as a cast of itself. */
function replaceByLoad(program: ThreadProgram, register: number, load: BoundLoad): ThreadProgram {
  const at = program.loads.length;
  const moved = (operand: number): number => (operand < at ? operand : operand + 1);
  const instructions = program.instructions.map((instruction, index): Instruction => {
    if (index + at === register) return { operator: 'cast', a: at, dtype: load.dtype };
    if (instruction.operator === 'constant') return instruction;
    if (instruction.operator === 'where') {
      const { a, b, c } = instruction;
      return { ...instruction, a: moved(a), b: moved(b), c: moved(c) };
    }
    if ('b' in instruction) return { ...instruction, a: moved(instruction.a), b: moved(instruction.b) };
    return { ...instruction, a: moved(instruction.a) };
  });
  return { shape: program.shape, loads: [...program.loads, load], instructions };
}
