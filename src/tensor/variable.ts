/**
 * Variables: the only tensors whose value changes. Parameters, running statistics and optimizer state are variables;
 * they live on the device.
 */
import { DTypeError, ShapeError, TraceError } from '../errors.ts';
import { describeValue, requireBoolean, requireKnownOptions, requireText } from '../options.ts';
import { takeFromBudget } from './budget.ts';
import { dtypeOf, type NumericArray, type TensorSpec } from './dtype.ts';
import { expose } from './exposure.ts';
import { fill, variableLeaf } from './leaves.ts';
import { Node, nodesBehind, type VariableSource } from './node.ts';
import {
  eagerRecorder,
  notice,
  type RecordedUpdate,
  recordedGradient,
  recorder,
  recordGradient,
  refuseInLoop,
} from './recorder.ts';
import { runtime, type VariableStorage } from './runtime.ts';
import { formatShape, sameShape } from './shape.ts';
import { notATensor, Tensor } from './tensor.ts';

/**
 * A named, mutable tensor. Used in an operation it stands for the value it has at that moment, whatever becomes of it
 * afterwards.
 *
 * Changes are counted when they are asked for: `planned` is the version that the variable has for who uses it now,
 * `version` the one on the device, which follows as requests have their turns. A leaf of the graph remembers the version
 * it stands for. When the device is about to go on to another one, leaves of the old one that are still alive take a copy.
 */
export class Variable extends Tensor {
  /** Used in messages and saved files; modules set it to the path, such as `lstm.cells.0.inputBias`. */
  name: string;
  /**
   * Changes that were asked for.
   *
   * @internal
   */
  planned = 0;
  /**
   * The last change whose turn has come: the device holds its value.
   *
   * @internal
   */
  version = 0;
  /**
   * The value before the first evaluation that needs it.
   *
   * @internal
   */
  initial: Tensor | undefined;
  /**
   * The memory on the device, once there is any.
   *
   * @internal
   */
  storage: VariableStorage | undefined;
  /** The leaves of the version on the device and of later ones. */
  readonly #leaves = new Map<number, Node>();
  /** The last value that was assigned, as long as its turn has not come. */
  #assigned: RecordedUpdate | undefined;
  readonly #spec: TensorSpec;

  /**
   * Starts as `initial`, whose shape and dtype it keeps.
   *
   * @throws DTypeError unless that is a tensor; OptionError unless the name is a text
   */
  constructor(initial: Tensor, name = 'variable') {
    super(undefined);
    this.name = requireText('a variable', 'name', name);
    refuseInLoop(
      `a new variable "${name}"`,
      'Make layers and parameters outside, once: the body only uses them.',
    );
    requireValue(`the variable "${name}"`, initial);
    const { shape, dtype } = initial;
    takeFromBudget(shape);
    this.#spec = { shape, dtype };
    this.initial = initial.snapshot();
    if (!readsVariables(this.initial)) return;
    // The variables it reads may change before anybody asks for this one: take the value with the next evaluation.
    const value = this.initial;
    this.initial = fill(0, shape, dtype);
    this.assign(value);
  }

  /**
   * The graph node of the value it has now.
   *
   * @internal
   */
  override get node(): Node {
    return this.operand().node;
  }

  /**
   * Which of that node's outputs the value is.
   *
   * @internal
   */
  override get output(): number {
    return 0;
  }

  override get shape(): readonly number[] {
    return this.#spec.shape;
  }

  override get dtype(): 'float32' | 'int32' | 'bool' {
    return this.#spec.dtype;
  }

  /**
   * The value of this moment, as a leaf: gradients end here, also at one that was just assigned.
   *
   * @internal
   */
  override snapshot(): Tensor {
    const leaf = this.operand();
    if (Node.exposing) leaf.node.exposed = true;
    return leaf;
  }

  /**
   * As `snapshot`, to be the input of an operation and nothing else.
   *
   * @internal
   */
  override operand(): Tensor {
    const { tracing, updates, leaves } = recorder();
    if (tracing) {
      const assigned = updates.get(this)?.value;
      const known = leaves.get(this);
      if (known && sourceOf(known.node).assigned === assigned) return known;
      const made = new Tensor(this.#leaf(undefined, assigned));
      leaves.set(this, made);
      return made;
    }
    const forgotten = updates.get(this);
    if (forgotten && forgotten.version === undefined)
      return new Tensor(this.#leaf(undefined, forgotten.value));
    const known = this.#leaves.get(this.planned);
    if (known) return new Tensor(known);
    const assigned = eagerRecorder().updates.get(this) ?? this.#assigned;
    const node = this.#leaf(this.planned, assigned?.value);
    this.#leaves.set(this.planned, node);
    return new Tensor(node);
  }

  #leaf(version: number | undefined, assigned: Tensor | undefined): Node {
    const source: VariableSource = { kind: 'variable', variable: this, version, assigned };
    if (assigned) assigned.node.uses++;
    const node = new Node(variableLeaf, [], { outputs: [this.#spec], source });
    // The variable is what somebody holds. Its leaf is handed out by operations that change nothing: they expose it.
    node.exposed = false;
    return node;
  }

  /**
   * Counts a change that is asked for now: from here on the variable stands for the value after it.
   *
   * @param update how it is computed, where that is known
   * @returns the version after it
   * @internal
   */
  plan(update?: RecordedUpdate): number {
    this.#assigned = update;
    return update?.version ?? ++this.planned;
  }

  /**
   * The leaf that stands for what the device holds, if somebody may still read it: to be given a copy before that changes.
   *
   * @internal
   */
  reader(): Node | undefined {
    if (this.#leaves.size === 0) return undefined;
    const leaf = this.#leaves.get(this.version);
    return leaf && !leaf.known && (leaf.exposed || leaf.uses > 0) ? leaf : undefined;
  }

  /**
   * The turn of a change has come, and is over. One that was `applied` is what the device now holds; else it holds what it
   * held, and a leaf of the version keeps standing for what was assigned.
   *
   * @internal
   */
  settle(version: number, applied: boolean): void {
    this.version = version;
    if (this.#assigned?.version === version) this.#assigned = undefined;
    if (this.#leaves.size === 0) return;
    const leaf = this.#leaves.get(version);
    if (leaf && applied) {
      const source = sourceOf(leaf);
      if (source.assigned) source.assigned.node.uses--;
      source.assigned = undefined;
    }
    // What was assigned and could not be: who uses the variable from now on means what the device holds.
    const isOfItsOwn = !applied && leaf !== undefined && sourceOf(leaf).assigned !== undefined;
    for (const known of this.#leaves.keys()) {
      if (known < version || (known === version && isOfItsOwn)) this.#leaves.delete(known);
    }
  }

  /**
   * Records a new value, of the variable's shape and dtype. It is computed and applied with the next request (any
   * await), or by each run of the compiled function it is recorded in.
   */
  assign(value: Tensor): void {
    requireValue(`assign to "${this.name}"`, value);
    if (value.dtype !== this.dtype) {
      throw new DTypeError({
        where: `assign to "${this.name}"`,
        got: value.dtype,
        expected: this.dtype,
        cure: `Convert it first: value.cast('${this.dtype}').`,
      });
    }
    if (!sameShape(value.shape, this.shape)) {
      throw new ShapeError({
        where: `assign to "${this.name}"`,
        got: formatShape(value.shape),
        expected: formatShape(this.shape),
        cure: 'A variable keeps its shape for life; make a new one for another shape.',
      });
    }
    refuseInLoop(
      `assign to "${this.name}"`,
      'Carry what changes from step to step, and assign the final carry behind the scan. Batch norms: in eval mode.',
    );
    const listener = recorder();
    const snapshot = value.snapshot();
    const version = listener === eagerRecorder() ? ++this.planned : undefined;
    listener.updates.set(this, { value: snapshot, version });
  }

  /** Replaces the value at once with host data in row-major order (copied). */
  async set(data: NumericArray): Promise<void> {
    if (recorder().tracing) {
      throw new TraceError({
        where: `set of "${this.name}"`,
        got: 'a call inside a function that is being compiled',
        expected: 'assign(tensor)',
        cure: 'Use assign, which is recorded, or set the value outside the compiled function.',
      });
    }
    if (dtypeOf(data) !== this.dtype) {
      throw new DTypeError({
        where: `set of "${this.name}"`,
        got: ArrayBuffer.isView(data) ? `${data.constructor.name} data` : describeValue(data),
        expected: `${this.dtype} data`,
        cure: 'Convert the array first, with Float32Array.from(data) for example.',
      });
    }
    if (data.length !== this.size) {
      throw new ShapeError({
        where: `set of "${this.name}"`,
        got: `${data.length} elements`,
        expected: `${this.size}, for shape ${formatShape(this.shape)}`,
        cure: 'Give one element for each place, in row-major order.',
      });
    }
    await runtime().writeAll(new Map([[this, data]]));
  }

  /** A copy of the value it has at this call. */
  override async data(): Promise<NumericArray> {
    const [data] = await runtime().readAll([this]);
    return data;
  }

  override toString(): string {
    return `${this.constructor === Variable ? 'Variable' : 'Parameter'} "${this.name}" ${this.dtype}${formatShape(this.shape)}`;
  }
}

/** A variable that training changes. */
export class Parameter extends Variable {
  /** Whether `backward()` computes its gradient. Set it to false to freeze a layer. Default true. */
  trainable = true;
  /**
   * Whether weight decay pulls it to 0 where `decayGroups` says what does. Default: true for matrices and kernels, false for
   * vectors, which are biases, scales of norms and the like; false for what layers know to be no weights.
   */
  decays: boolean;
  readonly #readTrainable = (): boolean => this.trainable;

  /**
   * Starts as `initial`, whose shape and dtype it keeps.
   *
   * @throws OptionError for an unknown option, and as `Variable`
   */
  constructor(initial: Tensor, name = 'parameter', options: { readonly decays?: boolean } = {}) {
    super(initial, name);
    requireKnownOptions('Parameter', options, ['decays']);
    this.decays = requireBoolean('Parameter', 'decays', options.decays ?? this.shape.length > 1);
  }

  /**
   * Whether `backward()` computes its gradient: a captured function that asked is captured anew when that changes.
   *
   * @internal
   */
  get isTrained(): boolean {
    return notice(this.#readTrainable);
  }

  /**
   * The derivative of the losses that `backward()` was called on, of the parameter's shape. Optimizers read and clear
   * it. A function that is being compiled has gradients of its own.
   */
  get grad(): Tensor | undefined {
    return expose(recordedGradient(this)?.value);
  }

  set grad(gradient: Tensor | undefined) {
    recordGradient(this, gradient && { value: gradient.snapshot(), losses: [] });
  }
}

/** The source of a variable's leaf. */
function sourceOf({ source }: Node): VariableSource {
  return source as VariableSource;
}

/** Whether a tensor still has to be computed from a variable. */
function readsVariables(tensor: Tensor): boolean {
  return nodesBehind([tensor]).some(({ source }) => source?.kind === 'variable');
}

function requireValue(where: string, value: Tensor): void {
  if (value instanceof Tensor) return;
  throw notATensor(where, value);
}
