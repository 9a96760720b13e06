/** The leaf primitives: values that come from outside the graph, and the few that are made from nothing. */
import { iota as iotaContract, type Progression } from '../../kernels/iota/index.ts';
import { random as randomContract } from '../../kernels/random/index.ts';
import type { DType, NumericArray, TensorSpec } from './dtype.ts';
import { type LeafSource, Node } from './node.ts';
import type { Primitive } from './primitive.ts';
import { checkSize, type Shape } from './shape.ts';
import { Tensor } from './tensor.ts';

/** Leaves get their shape where they are made. */
function noRule(): readonly TensorSpec[] {
  throw new Error('a leaf has no shape rule');
}

/** Host data, host-fed values and arguments of compiled functions. */
export const inputLeaf: Primitive = { name: 'input', kind: 'leaf', outputs: noRule };

/** A variable at a version. */
export const variableLeaf: Primitive = { name: 'variable', kind: 'leaf', outputs: noRule };

/** One value everywhere. It takes no memory: the planner writes it into the kernels that use it. */
export interface FillAttributes {
  readonly value: number;
  readonly shape: Shape;
  readonly dtype: DType;
}
export const fillPrimitive: Primitive<FillAttributes> = {
  name: 'fill',
  kind: 'elementwise',
  outputs: (_, { shape, dtype }) => [{ shape, dtype }],
  gradient: () => [],
};

/** start, start + step, … (1-D). */
export interface IotaAttributes extends Progression {
  readonly length: number;
  readonly dtype: DType;
}
export const iotaPrimitive: Primitive<IotaAttributes> = {
  name: 'iota',
  kind: 'kernel',
  outputs: (_, { length, dtype }) => [{ shape: [length], dtype }],
  gradient: () => [],
  contract: iotaContract,
};

/** Random integers of [0, 2^24), a pure function of the generator state (input 0, int32 [4]) and the position. */
export const randomPrimitive: Primitive<{ readonly shape: Shape }> = {
  name: 'random',
  kind: 'kernel',
  outputs: (_, { shape }) => [{ shape, dtype: 'int32' }],
  gradient: () => [undefined],
  contract: randomContract,
};

/** A leaf with its source. */
export function leaf(shape: Shape, dtype: DType, source: LeafSource): Tensor {
  checkSize('a tensor', shape);
  return new Tensor(new Node(inputLeaf, [], { outputs: [{ shape, dtype }], source }));
}

/** A leaf over host data, which it keeps without copying. */
export function fromData(data: NumericArray, shape: Shape, dtype: DType): Tensor {
  return leaf(shape, dtype, { kind: 'data', data });
}

/** A tensor that has `value` everywhere. */
export function fill(value: number, shape: Shape, dtype: DType = 'float32'): Tensor {
  checkSize('fill', shape);
  const attributes: FillAttributes = { value, shape, dtype };
  return new Tensor(new Node(fillPrimitive, [], { attributes, outputs: [{ shape, dtype }] }));
}
