/** From a graph to its plan: kernels get their programs, buffers and order, and buffers their places in memory. */
import { type ElementwiseAttributes, elementwise, type Load } from '../../kernels/elementwise/index.ts';
import { type ReduceAttributes, reduce } from '../../kernels/reduce/index.ts';
import {
  bytesPerElement,
  type KernelCall,
  type KernelContract,
  sizeOf,
} from '../../kernels/support/contract.ts';
import { isDense } from '../../kernels/support/view.ts';
import type { TensorSpec } from '../tensor/dtype.ts';
import { type StepPart, stepParts } from '../tensor/scope.ts';
import { type Fusion, fuse } from './fuse.ts';
import { type Graph, isOf, type ValueId } from './graph.ts';
import {
  type ElementwiseGroup,
  type Group,
  type KernelGroup,
  type ReduceGroup,
  storesOf,
} from './kernel-groups.ts';
import { mostJoined, requireCountable } from './limits.ts';
import { type LoopAttributes, loopPrimitive } from './loop.ts';
import { placeInArena } from './memory.ts';
import type { Place, Plan, PlanBuffer, PlanLoop, PlanStep } from './plan.ts';
import { writeProgram } from './program.ts';

/**
 * Plans a graph: fuses, orders, and places in memory.
 *
 * @throws DeviceLimitError for a shape with more elements than can be counted.
 */
export function makePlan(graph: Graph): Plan {
  return new Planner(graph).plan();
}

function planLoop({ body, ...rest }: LoopAttributes): PlanLoop {
  return { ...rest, plan: makePlan(body.graph), inputs: body.inputs, stacks: body.stacks };
}

/** What a loop promises: the work of its body, as often as that runs. */
function loopContract({ plan, steps }: PlanLoop): KernelContract {
  const each = plan.steps.reduce((total, { contract, call }) => total + contract.flops(call), 0);
  return { name: loopPrimitive.name, flops: () => steps * each };
}

/** A buffer while its place is still open. */
interface Draft {
  spec: TensorSpec;
  place?: Place;
  from: number;
  to: number;
}

class Planner {
  readonly #graph: Graph;
  readonly #fusion: Fusion;
  readonly #drafts: Draft[] = [];
  readonly #bufferOf = new Map<ValueId, number>();
  /** The values of the variables before the run, by number of the variable. */
  readonly #variableValues: ValueId[] = [];
  readonly #positions: { readonly stored: Map<ValueId, number>; readonly lastRead: Map<ValueId, number> };
  /** Values that are copied to variables at the end. */
  readonly #kept = new Set<ValueId>();
  readonly #steps: PlanStep[] = [];
  #firstUpdateStep = 0;
  /** The last step that joined no other; those that did follow it. */
  #leader = 0;

  constructor(graph: Graph) {
    requireCountable(graph);
    this.#graph = graph;
    this.#fusion = fuse(graph);
    this.#positions = this.#findPositions();
  }

  plan(): Plan {
    this.#bindLeaves();
    this.#bindOutputs();
    const copiedUpdates = this.#bindUpdates();
    for (const { value } of copiedUpdates) this.#kept.add(this.#fusion.resolve(value).source);
    this.#firstUpdateStep = this.#fusion.groups.findIndex(
      (group) => group.kind !== 'reduce' && group.updates,
    );
    for (const group of this.#fusion.groups) this.#addStep(group);
    if (this.#firstUpdateStep < 0) this.#firstUpdateStep = this.#steps.length;
    for (const { variable, value } of copiedUpdates) this.#addCopy(value, variable);
    const { values, outputs, updates } = this.#graph;
    // What has a place by now is read by whoever asked for it.
    const steps = this.#steps.map((step, index) => this.#withUnread(this.#withParts(step, index), index));
    const { buffers, arenaBytes } = this.#placeBuffers();
    return {
      buffers,
      steps,
      inputs: this.#leaves('input'),
      variables: this.#leaves('variable'),
      outputs: outputs.map((value) => values[value].spec),
      updated: updates.map(({ variable }) => variable),
      firstUpdateStep: this.#firstUpdateStep,
      arenaBytes,
    };
  }

  #leaves(kind: 'input' | 'variable'): TensorSpec[] {
    return this.#graph.values.filter((value) => value.producer.kind === kind).map((value) => value.spec);
  }

  #draft(spec: TensorSpec, place?: Place): number {
    return this.#drafts.push({ spec, from: -1, to: -1, ...(place && { place }) }) - 1;
  }

  #bindLeaves(): void {
    for (const { id, spec, producer } of this.#graph.values) {
      if (producer.kind !== 'input' && producer.kind !== 'variable') continue;
      this.#bufferOf.set(id, this.#draft(spec, { kind: producer.kind, index: producer.index }));
      if (producer.kind === 'variable') this.#variableValues[producer.index] = id;
    }
  }

  /** Results are written straight into the arrays that are handed out. */
  #bindOutputs(): void {
    this.#graph.outputs.forEach((value, index) => {
      const { source } = this.#fusion.resolve(value);
      const { spec } = this.#graph.values[source];
      this.#bufferOf.set(source, this.#draft(spec, { kind: 'output', index }));
    });
  }

  /**
   * New values are written over the old ones where nobody reads those afterwards. The rest is computed in the arena
   * and copied at the end; those are returned.
   */
  #bindUpdates(): { variable: number; value: ValueId }[] {
    return this.#graph.updates.filter(({ variable, value }) => {
      const { source } = this.#fusion.resolve(value);
      if (!this.#canWriteInPlace(source, variable)) return true;
      this.#bufferOf.set(source, this.#variableBuffer(variable));
      return false;
    });
  }

  #variableBuffer(index: number): number {
    return this.#bufferOf.get(this.#variableValues[index])!;
  }

  #canWriteInPlace(source: ValueId, variable: number): boolean {
    const { groups } = this.#fusion;
    const position = this.#positions.stored.get(source);
    if (position === undefined) return false;
    const group = groups[position];
    if (group.kind === 'reduce' || !group.updates) return false;
    const old = this.#variableValues[variable];
    const readsOld = this.#fusion.readsOf(group).get(old);
    // Element by element a value may be written over the one it is computed from.
    if (group.kind === 'kernel' ? readsOld !== undefined : readsOld === false) return false;
    return (this.#positions.lastRead.get(old) ?? -1) <= position;
  }

  /** By value the group that stores it, and the last one that reads it. */
  #findPositions(): { stored: Map<ValueId, number>; lastRead: Map<ValueId, number> } {
    const [stored, lastRead] = [new Map<ValueId, number>(), new Map<ValueId, number>()];
    for (const [position, group] of this.#fusion.groups.entries()) {
      for (const value of storesOf(group)) stored.set(value, position);
      for (const value of this.#fusion.readsOf(group).keys()) lastRead.set(value, position);
    }
    return { stored, lastRead };
  }

  #buffer(value: ValueId): number {
    const { source } = this.#fusion.resolve(value);
    const known = this.#bufferOf.get(source);
    if (known !== undefined) return known;
    const made = this.#draft(this.#graph.values[source].spec);
    this.#bufferOf.set(source, made);
    return made;
  }

  #addStep(group: Group): void {
    if (group.kind === 'elementwise') this.#addElementwise(group);
    else if (group.kind === 'reduce') this.#addReduce(group);
    else this.#addKernel(group);
  }

  #push(
    contract: KernelContract,
    attributes: object,
    inputs: readonly number[],
    outputs: readonly number[],
    label: string,
    parts: Iterable<StepPart>,
    specs?: { inputs: readonly TensorSpec[]; outputs: readonly TensorSpec[] },
    loop?: PlanLoop,
  ): void {
    const specOf = (buffer: number): TensorSpec => this.#drafts[buffer].spec;
    const call: KernelCall = {
      inputs: specs?.inputs ?? inputs.map(specOf),
      outputs: specs?.outputs ?? outputs.map(specOf),
      attributes,
    };
    const step = this.#steps.length;
    const joins =
      contract === elementwise && this.#joins(attributes as ElementwiseAttributes, inputs, outputs);
    if (!joins) this.#leader = step;
    for (const buffer of [...inputs, ...outputs]) {
      const draft = this.#drafts[buffer];
      // Steps that may run together count as one: nothing that one of them writes lies where another reads.
      if (draft.from < 0) draft.from = this.#leader;
      draft.to = step;
    }
    const within = new Set(parts);
    this.#steps.push({
      contract,
      call,
      inputs,
      outputs,
      label,
      parts: stepParts.filter((part) => within.has(part)),
      joins,
      ...(loop && { loop }),
    });
  }

  /** Whether an elementwise step only needs, of what the steps from the leader on write, the same elements. */
  #joins(
    { shape, loads }: ElementwiseAttributes,
    inputs: readonly number[],
    outputs: readonly number[],
  ): boolean {
    const [leader, ...followers] = this.#steps.slice(this.#leader, this.#leader + mostJoined + 1);
    if (!leader || leader.loop || followers.length >= mostJoined) return false;
    if (sizeOf(this.#drafts[leader.outputs[0]].spec.shape) !== sizeOf(shape)) return false;
    if (outputs.some((buffer) => leader.inputs.includes(buffer))) return false;
    const inOrder = new Set([leader.outputs[0], ...followers.flatMap((step) => step.outputs)]);
    const outOfOrder = new Set(leader.outputs.slice(1));
    const read = new Set(loads.map(({ input }) => inputs[input]));
    const denseOnly = (step: readonly Load[], buffers: readonly number[], buffer: number): boolean =>
      step.every(({ input, view }) => buffers[input] !== buffer || isDense(view, shape));
    return (
      [...read].some((buffer) => inOrder.has(buffer)) &&
      [...read].every((buffer) => !outOfOrder.has(buffer)) &&
      [...inOrder].every((buffer) => denseOnly(loads, inputs, buffer)) &&
      followers.every(({ call, inputs: buffers }) =>
        outputs.every((buffer) =>
          denseOnly((call.attributes as ElementwiseAttributes).loads, buffers, buffer),
        ),
      )
    );
  }

  #addElementwise(group: ElementwiseGroup): void {
    const { shape } = this.#graph.values[group.stores[0]].spec;
    const wanted = group.stores.map((value) => ({ value, stored: true }));
    const program = writeProgram(this.#graph, this.#fusion, shape, wanted);
    const { loads, instructions, inputs, registers, parts } = program;
    const attributes: ElementwiseAttributes = { shape, loads, instructions, stores: registers };
    this.#reuse(group);
    const specOf = (value: ValueId): TensorSpec => this.#graph.values[value].spec;
    this.#push(
      elementwise,
      attributes,
      inputs.map((value) => this.#buffer(value)),
      group.stores.map((value) => this.#buffer(value)),
      this.#label(
        group.stores[0],
        instructions.map(({ operator }) => operator).filter((name) => name !== 'constant'),
      ),
      parts,
      { inputs: inputs.map(specOf), outputs: group.stores.map(specOf) },
    );
  }

  /** Has a value written over one that it is computed from element by element, and that nobody reads afterwards. */
  #reuse(group: ElementwiseGroup): void {
    const store = group.stores.find((value) => !this.#bufferOf.has(value));
    if (store === undefined) return;
    const { shape, dtype } = this.#graph.values[store].spec;
    for (const [value, inOrder] of this.#fusion.readsOf(group)) {
      const buffer = this.#bufferOf.get(value);
      if (!inOrder || buffer === undefined || this.#kept.has(value)) continue;
      const { spec, place } = this.#drafts[buffer];
      if (place || spec.dtype !== dtype || sizeOf(spec.shape) !== sizeOf(shape)) continue;
      if (this.#positions.lastRead.get(value) !== this.#positions.stored.get(store)) continue;
      this.#bufferOf.set(store, buffer);
      return;
    }
  }

  #addReduce({ operation, operator }: ReduceGroup): void {
    const [input] = operation.inputs as [ValueId];
    const { shape } = this.#graph.values[input].spec;
    const { source, view } = this.#fusion.resolve(input);
    const program = writeProgram(this.#graph, this.#fusion, shape, [{ value: source, stored: false }], view);
    const { loads, instructions, inputs, registers } = program;
    const attributes: ReduceAttributes = {
      shape,
      loads,
      instructions,
      operator,
      value: registers[0],
      axes: (operation.attributes as { axes: readonly number[] }).axes,
    };
    const names = instructions.map((each) => each.operator).filter((name) => name !== 'constant');
    this.#push(
      reduce,
      attributes,
      inputs.map((value) => this.#buffer(value)),
      [this.#buffer(operation.outputs[0])],
      this.#label(operation.outputs[0], [...names, operator]),
      [operation.part, ...program.parts],
    );
  }

  #addKernel({ operation }: KernelGroup): void {
    const specOf = (value: ValueId): TensorSpec => this.#graph.values[value].spec;
    const loop = isOf(operation, loopPrimitive) ? planLoop(operation.attributes) : undefined;
    this.#push(
      loop ? loopContract(loop) : operation.primitive.contract!,
      loop ? {} : operation.attributes,
      operation.inputs.map((value) => this.#buffer(value)),
      operation.outputs.map((value) => this.#buffer(value)),
      this.#label(operation.outputs[0], [operation.primitive.name]),
      [operation.part],
      { inputs: operation.inputs.map(specOf), outputs: operation.outputs.map(specOf) },
      loop,
    );
  }

  /** A copy of a computed value into a variable, after everybody has read the old one. */
  #addCopy(value: ValueId, variable: number): void {
    const { spec } = this.#graph.values[value];
    const attributes: ElementwiseAttributes = {
      shape: [sizeOf(spec.shape)],
      loads: [{ input: 0, view: { offset: 0, strides: [1] }, dtype: spec.dtype }],
      instructions: [],
      stores: [0],
    };
    this.#push(
      elementwise,
      attributes,
      [this.#buffer(value)],
      [this.#variableBuffer(variable)],
      'copy to variable',
      ['update'],
    );
  }

  /** What a step computes, in the words of the layer and the operations. */
  #label(value: ValueId, operations: readonly string[]): string {
    const { producer } = this.#graph.values[value];
    const scope = producer.kind === 'operation' ? this.#graph.operations[producer.index].scope : '';
    const names = operations.length === 0 ? 'copy' : operations.join(' ');
    return scope ? `${scope}: ${names}` : names;
  }

  /** A constant that is written out is built in no part: it belongs to the one that reads it first. */
  #withParts(step: PlanStep, index: number): PlanStep {
    if (step.parts.length > 0) return step;
    const reads = ({ inputs }: PlanStep): boolean => step.outputs.some((buffer) => inputs.includes(buffer));
    const reader = this.#steps.find((each, at) => at > index && each.parts.length > 0 && reads(each));
    return { ...step, parts: reader?.parts ?? ['forward'] };
  }

  /** A step that is told which of its outputs nobody reads. */
  #withUnread(step: PlanStep, index: number): PlanStep {
    const unread = step.outputs.flatMap((buffer, output) => {
      const { place, to } = this.#drafts[buffer];
      return !place && to === index ? [output] : [];
    });
    return unread.length > 0 ? { ...step, call: { ...step.call, unread } } : step;
  }

  #placeBuffers(): { buffers: PlanBuffer[]; arenaBytes: number } {
    const open = this.#drafts.filter((draft) => !draft.place);
    const bytesOf = ({ spec }: Draft): number => sizeOf(spec.shape) * bytesPerElement[spec.dtype];
    const { offsets, bytes } = placeInArena(open.map((draft) => ({ ...draft, bytes: bytesOf(draft) })));
    open.forEach((draft, index) => {
      draft.place = { kind: 'arena', offset: offsets[index] };
    });
    return {
      buffers: this.#drafts.map((draft) => ({
        spec: draft.spec,
        bytes: bytesOf(draft),
        place: draft.place!,
      })),
      arenaBytes: bytes,
    };
  }
}
