/**
 * The Tensor handle: a shape, a dtype and a node of the graph. Building one computes nothing; awaiting `data()`,
 * `array()` or `item()` does.
 */
import { DTypeError, ShapeError } from '../errors.ts';
import { describeValue } from '../options.ts';
import type { DType, NumericArray } from './dtype.ts';
import { Node } from './node.ts';
import { formatTensor, type NestedArray, nest } from './print.ts';
import { runtime } from './runtime.ts';
import { formatShape, isLength, type Shape, sizeOf } from './shape.ts';

/**
 * An immutable array of numbers or booleans with a shape and a dtype, known by how it is computed: operations build
 * new tensors at no cost, and awaiting `data()`, `array()`, `item()` or `text()` computes. Made with `tensor`, `zeros`,
 * `rand` and the like.
 */
export class Tensor {
  readonly #node: Node | undefined;
  readonly #output: number;

  /**
   * Wraps output number `output` of a node. Users make tensors with `tensor`, `zeros`, `rand` and the operations.
   *
   * @internal
   */
  constructor(node: Node | undefined, output = 0) {
    const right =
      node === undefined
        ? new.target !== Tensor
        : node instanceof Node && isLength(output) && output < node.outputs.length;
    if (!right) {
      throw new DTypeError({
        where: 'new Tensor',
        got: describeValue(node),
        expected: 'a node of the graph',
        cure: 'Make tensors with tensor(data), zeros(shape) and the like.',
      });
    }
    this.#node = node;
    this.#output = output;
  }

  /**
   * Whether a value is one of ours, whatever its prototype says: a Proxy around a tensor has none of its private fields.
   *
   * @internal
   */
  static [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null || !(#node in value)) return false;
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this method, and ask for themselves
    return this === Tensor || Function.prototype[Symbol.hasInstance].call(this, value);
  }

  /**
   * The graph node behind the handle.
   *
   * @internal
   */
  get node(): Node {
    return this.#node!;
  }

  /**
   * Which of the node's outputs this is.
   *
   * @internal
   */
  get output(): number {
    return this.#output;
  }

  /**
   * The tensor as it is now: itself, or for a variable the value it has at this moment.
   *
   * @internal
   */
  snapshot(): Tensor {
    return this;
  }

  /**
   * As `snapshot`, to be the input of an operation and nothing else.
   *
   * @internal
   */
  operand(): Tensor {
    return this;
  }

  /** Axis lengths, outermost first. */
  get shape(): Shape {
    return this.node.outputs[this.output].shape;
  }

  /** Element type: float32, int32 or bool. */
  get dtype(): DType {
    return this.node.outputs[this.output].dtype;
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /**
   * The elements in row-major order, computed now if they are not known yet. Float32Array, Int32Array, or Uint8Array
   * for bool. The array belongs to the tensor: copy it before changing it.
   */
  async data(): Promise<NumericArray> {
    const snapshot = this.snapshot();
    const { node, output } = snapshot;
    if (!node.values[output]) await runtime().evaluate([snapshot]);
    return node.values[output]!;
  }

  /**
   * The elements as nested JS arrays (booleans for bool); a scalar gives the bare value. The caller may name the
   * nesting, `await x.array<number[][]>()`, which is taken on trust.
   */
  async array<Values extends NestedArray = NestedArray>(): Promise<Values> {
    // The rank and the dtype decide the nesting, and types know neither: what the caller names cannot be checked.
    return nest(await this.data(), this.shape, this.dtype) as Values;
  }

  /**
   * The only element, as a JS number (0 or 1 for bool).
   *
   * @throws ShapeError when the tensor has more than one element.
   */
  async item(): Promise<number> {
    if (this.size !== 1) {
      throw new ShapeError({
        where: 'item()',
        got: `a tensor of shape ${formatShape(this.shape)}`,
        expected: 'exactly one element',
        cure: 'Reduce it first (sum, mean, max), or use data() or array().',
      });
    }
    return (await this.data())[0];
  }

  /** NumPy-like text of the values, computing them if needed: `await t.text()`. */
  async text(): Promise<string> {
    return formatTensor(await this.data(), this.shape, this.dtype);
  }

  /** Shape and dtype, and the values where they are already known. Computes nothing. */
  toString(): string {
    const { node, output } = this;
    const values = node.values[output];
    const head = `${this.dtype}${formatShape(this.shape)}`;
    return values
      ? `Tensor ${head} ${formatTensor(values, this.shape, this.dtype)}`
      : `Tensor ${head} (${node.primitive.name}, not computed)`;
  }

  /** What `console.log(tensor)` shows in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** The error where a tensor is wanted and something else was given: the cure depends on what that is. */
export function notATensor(where: string, value: unknown, expected = 'a tensor'): DTypeError {
  const got = describeValue(value);
  let cure = 'Make a tensor of the data first: tensor(data).';
  if (got.startsWith('a Promise')) cure = 'Await it first.';
  if (/^a (Tensor|Variable|Parameter)$/.test(got)) {
    cure =
      'Give the tensor itself, of this copy of weft: this one is of another copy (of require beside import, say), or ' +
      'wrapped in a Proxy (as reactive state is: mark it as raw).';
  }
  return new DTypeError({ where, got, expected, cure });
}
