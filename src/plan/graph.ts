/**
 * A graph of numbered values and the operations between them, equal subexpressions merged. Its key is its structure,
 * without the leaves' values: equal keys share a plan.
 */
import type { TensorSpec } from '../tensor/dtype.ts';
import type { LeafSource } from '../tensor/node.ts';
import { isOf, type Primitive } from '../tensor/primitive.ts';
import type { StepPart } from '../tensor/scope.ts';
import { formatShape } from '../tensor/shape.ts';
import type { Variable } from '../tensor/variable.ts';
import { keyOf } from './key.ts';

export { isOf };

/** A value's number. */
export type ValueId = number;

/** What produces a value. */
export type Producer =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'variable'; readonly index: number }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'operation'; readonly index: number; readonly output: number };

export interface Value {
  readonly id: ValueId;
  readonly spec: TensorSpec;
  readonly producer: Producer;
}

/** What an operation is, without its results. */
export interface OperationCall<Attributes extends object = object> {
  readonly primitive: Primitive;
  readonly attributes: Attributes;
  readonly inputs: readonly ValueId[];
  /** The layer it was built in. */
  readonly scope: string;
  /** The part of a training step it was built in. */
  readonly part: StepPart;
}

export interface Operation extends OperationCall {
  readonly outputs: readonly ValueId[];
}

/** An operation that is not in the graph yet, with what its results will be. */
export interface WantedOperation<Attributes extends object = object> extends OperationCall<Attributes> {
  readonly specs: readonly TensorSpec[];
}

export interface Graph {
  readonly values: readonly Value[];
  readonly operations: readonly Operation[];
  readonly outputs: readonly ValueId[];
  /** New values of variables, by the variable's position in the bindings. */
  readonly updates: readonly { readonly variable: number; readonly value: ValueId }[];
  /** The structure as text. */
  readonly key: string;
}

/** What a graph's leaves stand for: bound anew at every run. */
export interface Bindings {
  readonly inputs: readonly LeafSource[];
  readonly variables: readonly Variable[];
}

/** The identity as an operation: a result that has to be written out although it exists elsewhere already. */
export const copyPrimitive: Primitive = { name: 'copy', kind: 'elementwise', outputs: ([x]) => [x] };

/** The graph under construction. */
export class GraphBuilder {
  readonly values: Value[] = [];
  readonly operations: Operation[] = [];
  readonly inputs: LeafSource[] = [];
  readonly variables: Variable[] = [];
  readonly #variableNumbers = new Map<Variable, number>();
  readonly #byKey = new Map<string, readonly ValueId[]>();
  readonly #keys: string[] = [];

  get key(): string {
    return this.#keys.join('\n');
  }

  value(id: ValueId): Value {
    return this.values[id];
  }

  /** The operation that produces a value, if an operation does. */
  producer(id: ValueId): Operation | undefined {
    const { producer } = this.values[id];
    return producer.kind === 'operation' ? this.operations[producer.index] : undefined;
  }

  /** The value of a constant, or undefined. */
  constantOf(id: ValueId): number | undefined {
    const { producer } = this.values[id];
    return producer.kind === 'constant' ? producer.value : undefined;
  }

  constant(number: number, spec: TensorSpec): ValueId {
    const value = spec.dtype === 'float32' ? Math.fround(number) : number;
    const key = `constant ${Object.is(value, -0) ? '-0' : value} ${spec.dtype}${formatShape(spec.shape)}`;
    return this.#once(key, () => [this.#add(spec, { kind: 'constant', value })])[0];
  }

  input(source: LeafSource, spec: TensorSpec): ValueId {
    const index = this.inputs.push(source) - 1;
    this.#keys.push(`input ${spec.dtype}${formatShape(spec.shape)}`);
    return this.#add(spec, { kind: 'input', index });
  }

  variable(variable: Variable): ValueId {
    const known = this.#variableNumbers.get(variable);
    if (known !== undefined) return this.#byKey.get(`variable ${known}`)![0];
    const index = this.variables.push(variable) - 1;
    this.#variableNumbers.set(variable, index);
    this.#keys.push(`${variable.dtype}${formatShape(variable.shape)}`);
    return this.#once(`variable ${index}`, () => [
      this.#add({ shape: variable.shape, dtype: variable.dtype }, { kind: 'variable', index }),
    ])[0];
  }

  /** The position of a variable in the bindings. */
  numberOf(variable: Variable): number {
    return this.#variableNumbers.get(variable)!;
  }

  /** The outputs of an operation: existing values where it was seen before. */
  operation({ specs, ...call }: WantedOperation): readonly ValueId[] {
    const shapes = specs.map((spec) => `${spec.dtype}${formatShape(spec.shape)}`).join('');
    const key = `${call.primitive.name}(${call.inputs.join(',')})${keyOf(call.attributes)}${shapes}`;
    return this.#once(key, () => {
      const index = this.operations.length;
      const outputs = specs.map((spec, output) => this.#add(spec, { kind: 'operation', index, output }));
      this.operations.push({ ...call, outputs });
      return outputs;
    });
  }

  #add(spec: TensorSpec, producer: Producer): ValueId {
    return this.values.push({ id: this.values.length, spec, producer }) - 1;
  }

  #once(key: string, make: () => readonly ValueId[]): readonly ValueId[] {
    const known = this.#byKey.get(key);
    if (known) return known;
    const made = make();
    this.#byKey.set(key, made);
    this.#keys.push(key);
    return made;
  }
}
