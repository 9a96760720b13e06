/**
 * Variables: the only tensors whose value changes. Parameters, running statistics and optimiser state are variables;
 * they live on the device.
 */
import { DTypeError, ShapeError, TraceError } from '../errors.ts';
import { dtypeOf, type NumericArray, type TensorSpec } from './dtype.ts';
import { fill, variableLeaf } from './leaves.ts';
import { Node, nodesBehind } from './node.ts';
import { recorder } from './recorder.ts';
import { runtime, type VariableStorage } from './runtime.ts';
import { formatShape, sameShape } from './shape.ts';
import { Tensor } from './tensor.ts';

/**
 * A named, mutable tensor. Used in an operation it stands for the value it has at that moment; if it changes before
 * the result is awaited, awaiting throws StaleParameterError rather than reading the new value.
 */
export class Variable extends Tensor {
  /** Used in messages and saved files; modules set it to the path, such as `lstm.cells.0.inputBias`. */
  name: string;
  /**
   * Counts changes.
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
  #leaf: Tensor | undefined;
  readonly #spec: TensorSpec;

  /** Starts as `initial`, whose shape and dtype it keeps. */
  constructor(initial: Tensor, name = 'variable') {
    super(undefined);
    this.name = name;
    const { shape, dtype } = initial;
    this.#spec = { shape, dtype };
    this.initial = initial.snapshot();
    if (!readsVariables(this.initial)) return;
    // The variables it reads may change before anybody asks for this one: take the value with the next evaluation.
    recorder().updates.set(this, this.initial);
    this.initial = fill(0, shape, dtype);
  }

  /**
   * The graph node of the value it has now.
   *
   * @internal
   */
  override get node(): Node {
    return this.snapshot().node;
  }

  /**
   * Which of that node's outputs the value is.
   *
   * @internal
   */
  override get output(): number {
    return this.snapshot().output;
  }

  override get shape(): readonly number[] {
    return this.#spec.shape;
  }

  override get dtype(): 'float32' | 'int32' | 'bool' {
    return this.#spec.dtype;
  }

  /**
   * The value of this moment: a waiting update if there is one, else a leaf that remembers the version.
   *
   * @internal
   */
  override snapshot(): Tensor {
    const updated = recorder().updates.get(this);
    if (updated) return updated;
    const leaf = this.#leaf;
    if (leaf?.node.source?.kind === 'variable' && leaf.node.source.version === this.version) return leaf;
    const { shape, dtype } = this;
    const node = new Node(variableLeaf, [], {
      outputs: [{ shape, dtype }],
      source: { kind: 'variable', variable: this, version: this.version },
    });
    this.#leaf = new Tensor(node);
    return this.#leaf;
  }

  /**
   * Records a new value, of the variable's shape and dtype. It is computed and applied by the next evaluation (any
   * await), or by each run of the compiled function it is recorded in.
   */
  assign(value: Tensor): void {
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
    recorder().updates.set(this, value.snapshot());
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
    if (data.length !== this.size) {
      throw new ShapeError({
        where: `set of "${this.name}"`,
        got: `${data.length} elements`,
        expected: `${this.size}, for shape ${formatShape(this.shape)}`,
        cure: 'Give one element for each place, in row-major order.',
      });
    }
    if (dtypeOf(data) !== this.dtype) {
      throw new DTypeError({
        where: `set of "${this.name}"`,
        got: `${data.constructor.name} data`,
        expected: `${this.dtype} data`,
        cure: 'Convert the array first, with Float32Array.from(data) for example.',
      });
    }
    await runtime().write(this, data);
  }

  /** A copy of the value as it is now on the device. */
  override async data(): Promise<NumericArray> {
    return runtime().read(this);
  }

  override toString(): string {
    return `${this.constructor === Variable ? 'Variable' : 'Parameter'} "${this.name}" ${this.dtype}${formatShape(this.shape)}`;
  }
}

/** A variable that training changes. */
export class Parameter extends Variable {
  /** Whether `backward()` computes its gradient. Set it to false to freeze a layer. Default true. */
  trainable = true;

  /** Starts as `initial`, whose shape and dtype it keeps. */
  constructor(initial: Tensor, name = 'parameter') {
    super(initial, name);
  }

  /**
   * The derivative of the losses that `backward()` was called on, of the parameter's shape. Optimisers read and clear
   * it. A function that is being compiled has gradients of its own.
   */
  get grad(): Tensor | undefined {
    return recorder().gradients.get(this)?.value;
  }

  set grad(gradient: Tensor | undefined) {
    const { gradients } = recorder();
    if (gradient) gradients.set(this, { value: gradient, losses: [] });
    else gradients.delete(this);
  }
}

/** Whether a tensor still has to be computed from a variable. */
function readsVariables(tensor: Tensor): boolean {
  return nodesBehind([tensor]).some(({ source }) => source?.kind === 'variable');
}
