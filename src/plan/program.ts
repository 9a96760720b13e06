/** Writes the straight-line program of a fused kernel: one pass over its values, each computed once. */
import type { BinaryOperator, Instruction, Load, UnaryOperator } from '../../kernels/elementwise/index.ts';
import { isDense, type View } from '../../kernels/support/view.ts';
import { cast } from '../ops/cast.ts';
import { where } from '../ops/elementwise.ts';
import type { StepPart } from '../tensor/scope.ts';
import { sameShape } from '../tensor/shape.ts';
import type { Fusion } from './fuse.ts';
import { copyPrimitive, type Graph, isOf, type Operation, type ValueId } from './graph.ts';
import { denseView, sameView } from './views.ts';

/** A program, and which values its inputs and stores are. */
export interface FusedProgram {
  readonly shape: readonly number[];
  readonly loads: readonly Load[];
  readonly instructions: readonly Instruction[];
  /** The values behind the kernel's inputs, in the order of `Load.input`. */
  readonly inputs: readonly ValueId[];
  /** The register of each wanted value. */
  readonly registers: readonly number[];
  /** The parts of a training step that its operations belong to. */
  readonly parts: ReadonlySet<StepPart>;
}

/**
 * The program that computes `wanted` at every point of `shape`, each read through `view` (default: in order). `stored`
 * marks the values the kernel itself writes, which it must compute and not load.
 */
export function writeProgram(
  graph: Graph,
  fusion: Fusion,
  shape: readonly number[],
  wanted: readonly { readonly value: ValueId; readonly stored: boolean }[],
  view: View = denseView(shape),
): FusedProgram {
  const loads: Load[] = [];
  const inputs: ValueId[] = [];
  // Registers of instructions are numbered after the loads, whose count is known only at the end: until then they
  // are kept as negative numbers, -1 for the first instruction.
  const instructions: Instruction[] = [];
  const parts = new Set<StepPart>();
  const registers = new Map<ValueId, { readonly view: View | undefined; readonly register: number }[]>();
  const computing = new Set(wanted.flatMap(({ value, stored }) => (stored ? [value] : [])));

  const push = (instruction: Instruction): number => -instructions.push(instruction);

  const load = (value: ValueId, view: View): number => {
    let input = inputs.indexOf(value);
    if (input < 0) input = inputs.push(value) - 1;
    return loads.push({ input, view, dtype: graph.values[value].spec.dtype }) - 1;
  };

  /** The register of a value read through a view; the dense view means "at the same place". */
  const emit = (value: ValueId, through: View): number => {
    const { spec, producer } = graph.values[value];
    const inPlace = isDense(through, shape) && sameShape(spec.shape, shape);
    const moved = inPlace ? undefined : through;
    const emitted = registers.get(value);
    const known = emitted?.find(({ view }) => sameView(view, moved));
    if (known) return known.register;
    let register: number;
    if (producer.kind === 'constant' && !through.bounds) {
      register = push({ operator: 'constant', value: producer.value, dtype: spec.dtype });
    } else if (fusion.isStored(value) && !(computing.has(value) && inPlace)) {
      register = load(value, through);
    } else {
      register = compute(value, through, inPlace);
    }
    if (emitted) emitted.push({ view: moved, register });
    else registers.set(value, [{ view: moved, register }]);
    return register;
  };

  const compute = (value: ValueId, through: View, inPlace: boolean): number => {
    const { producer, spec } = graph.values[value];
    const operation = producer.kind === 'operation' ? graph.operations[producer.index] : undefined;
    if (operation) parts.add(operation.part);
    // A value computed through a view reads its operands, which are dense, through that view.
    const operands = fusion
      .operandsOf(value)
      .map((operand) => emit(operand.source, inPlace ? operand.view : through));
    if (!operation || operation.primitive.kind === 'movement' || isOf(operation, copyPrimitive)) {
      return operands[0];
    }
    return push(instructionOf(operation, operands, spec.dtype));
  };

  const found = wanted.map(({ value }) => emit(value, view));
  const number = (register: number): number => (register < 0 ? loads.length - 1 - register : register);
  return {
    shape,
    loads,
    inputs,
    instructions: instructions.map((instruction) => renumber(instruction, number)),
    registers: found.map(number),
    parts,
  };
}

function instructionOf(
  operation: Operation,
  operands: readonly number[],
  dtype: Instruction['dtype'],
): Instruction {
  const { name } = operation.primitive;
  const [a, b, c] = operands as [number, number, number];
  if (isOf(operation, where.primitive)) return { operator: 'where', a, b, c, dtype };
  if (isOf(operation, cast.primitive)) return { operator: 'cast', a, dtype };
  if (operands.length === 2) return { operator: name as BinaryOperator, a, b, dtype };
  return { operator: name as UnaryOperator, a, dtype };
}

function renumber(instruction: Instruction, number: (register: number) => number): Instruction {
  if (instruction.operator === 'constant') return instruction;
  if (instruction.operator === 'where') {
    return { ...instruction, a: number(instruction.a), b: number(instruction.b), c: number(instruction.c) };
  }
  if ('b' in instruction) return { ...instruction, a: number(instruction.a), b: number(instruction.b) };
  return { ...instruction, a: number(instruction.a) };
}
