/**
 * The methods of tensors, for chains such as `x.matmul(w).add(b).relu()`. Each hands over to the function of its name, whose
 * type and documentation it has, with the tensor as the first argument.
 *
 * A function of src/ops is a method if its first argument is the tensor that it is about. Not methods are: what makes tensors
 * (`zeros`, `rand`); what takes several of one kind (`concat`, `stack`, `einsum`); and what layers are made of, which wants
 * weights or images (convolutions, pooling, normalizations, `dropout`, `embedding`).
 */
import * as gradients from './autograd/grad.ts';
import { OptionError } from './errors.ts';
import * as activations from './ops/activations.ts';
import * as broadcast from './ops/broadcast.ts';
import type * as conversions from './ops/cast.ts';
import * as elementwise from './ops/elementwise.ts';
import * as indexing from './ops/indexing.ts';
import * as contractions from './ops/matmul.ts';
import * as matrices from './ops/matrices.ts';
import * as movement from './ops/movement.ts';
import * as ordering from './ops/ordering.ts';
import * as products from './ops/products.ts';
import * as reductions from './ops/reduce.ts';
import * as rolls from './ops/roll.ts';
import * as softmaxes from './ops/softmax.ts';
import { inScope } from './tensor/scope.ts';
import type { Shape } from './tensor/shape.ts';
import type { Tensor } from './tensor/tensor.ts';

/** Methods with shorter names than their functions. */
export const shortNames = {
  /** this - other; shapes broadcast, dtypes promote. */
  sub: 'subtract',
  /** this · other, element by element; shapes broadcast, dtypes promote. */
  mul: 'multiply',
  /** this / other, always float32; shapes broadcast. */
  div: 'divide',
  /** This to the power `exponent`, always float32; shapes broadcast. */
  pow: 'power',
  /** Remainder with the sign of the divisor. */
  mod: 'remainder',
  /** -x; int32 stays int32, bool becomes it. */
  neg: 'negate',
  /** Both true (bool). */
  and: 'logicalAnd',
  /** Either true (bool). */
  or: 'logicalOr',
  /** Inverts a bool. */
  not: 'logicalNot',
} as const;
type ShortNames = typeof shortNames;
type Renamed = ShortNames[keyof ShortNames];

// All of elementwise.ts, activations.ts, matrices.ts and roll.ts are methods; of modules that hold more than such
// functions, these.
const ofBroadcast = ['broadcastTo', 'sum'] as const;
const ofReductions = [
  'all',
  'any',
  'argMax',
  'argMin',
  'cumulativeSum',
  'logSumExp',
  'max',
  'mean',
  'min',
  'norm',
  'standardDeviation',
  'variance',
] as const;
const ofSoftmaxes = ['logSoftmax', 'softmax'] as const;
const ofContractions = ['matmul'] as const;
const ofProducts = ['cumulativeMax', 'cumulativeProduct', 'prod'] as const;
const ofOrdering = ['argSort', 'sort', 'topK'] as const;
const ofMovement = ['expandDims', 'flip', 'pad', 'slice', 'split', 'squeeze', 'tile', 'transpose'] as const;
const ofIndexing = ['gather', 'oneHot', 'scatter', 'takeAlongAxis'] as const;
const ofGradients = ['backward'] as const;

/** A function of a tensor and more as a method of the tensor. */
type Method<Operation> = Operation extends (x: never, ...rest: infer Rest) => infer Result
  ? (...rest: Rest) => Result
  : never;

/** Functions as methods. Editors find the documentation of each, since the names stay. */
type MethodsOf<Operations> = { readonly [Name in keyof Operations]: Method<Operations[Name]> };

type ShortMethods = {
  readonly [Short in keyof ShortNames]: Method<(typeof elementwise)[ShortNames[Short]]>;
};

/** Methods that hand over to functions. */
interface DerivedMethods
  extends MethodsOf<Omit<typeof elementwise, Renamed | 'cast'>>,
    // Not by way of elementwise.ts, which exports it again, without its documentation.
    MethodsOf<typeof conversions>,
    ShortMethods,
    MethodsOf<typeof activations>,
    MethodsOf<Pick<typeof broadcast, (typeof ofBroadcast)[number]>>,
    MethodsOf<Pick<typeof reductions, (typeof ofReductions)[number]>>,
    MethodsOf<Pick<typeof softmaxes, (typeof ofSoftmaxes)[number]>>,
    MethodsOf<Pick<typeof contractions, (typeof ofContractions)[number]>>,
    MethodsOf<Pick<typeof products, (typeof ofProducts)[number]>>,
    MethodsOf<typeof matrices>,
    MethodsOf<typeof rolls>,
    MethodsOf<Pick<typeof ordering, (typeof ofOrdering)[number]>>,
    MethodsOf<Pick<typeof movement, (typeof ofMovement)[number]>>,
    MethodsOf<Pick<typeof indexing, (typeof ofIndexing)[number]>>,
    MethodsOf<Pick<typeof gradients, (typeof ofGradients)[number]>> {}

/** Methods of every tensor; all return new tensors and compute nothing. */
export interface TensorMethods extends DerivedMethods {
  /**
   * The same elements in row-major order under another shape, as `reshape(2, 3)` or `reshape([2, 3])`. One length may
   * be -1: it is worked out from the rest.
   *
   * @throws ShapeError when the number of elements differs.
   */
  reshape(...shape: number[] | [Shape]): Tensor;
  /** Output axis k is this tensor's axis `order[k]`. */
  permute(...order: number[]): Tensor;
}

declare module './tensor/tensor.ts' {
  interface Tensor extends TensorMethods {}
}

/** By method, the most arguments it takes, where some may be left out: a function's own `length` stops at the first of those. */
type Flexible = {
  readonly [Name in keyof DerivedMethods as Parameters<DerivedMethods[Name]> extends infer Rest extends
    readonly unknown[]
    ? number extends Rest['length']
      ? Name
      : Rest extends Required<Rest>
        ? never
        : Name
    : never]: Required<Parameters<DerivedMethods[Name]>>['length'];
};

const mostArguments: Flexible = {
  all: 2,
  any: 2,
  argMax: 1,
  argMin: 1,
  argSort: 1,
  backward: 1,
  celu: 1,
  cumulativeMax: 1,
  cumulativeProduct: 1,
  cumulativeSum: 2,
  diag: 1,
  elu: 1,
  flip: 1,
  gather: 2,
  glu: 1,
  leakyRelu: 1,
  logSoftmax: 1,
  logSumExp: 2,
  max: 2,
  mean: 2,
  min: 2,
  norm: 2,
  oneHot: 2,
  pad: 2,
  prod: 2,
  roll: 2,
  scatter: 3,
  slice: Number.POSITIVE_INFINITY,
  softmax: 1,
  sort: 1,
  split: 2,
  squeeze: 1,
  standardDeviation: 2,
  sum: 2,
  takeAlongAxis: 2,
  topK: 2,
  transpose: 2,
  tril: 1,
  triu: 1,
  variance: 2,
};

/** Any function of a tensor and more. Written as a method, whose parameters TypeScript compares both ways. */
type TensorFunction = { run(x: Tensor, ...rest: readonly unknown[]): unknown }['run'];
type AnyMethod = (this: Tensor, ...rest: never) => unknown;

/**
 * A function as a method, which takes no more than `most` arguments: one too many was meant to do something,
 * `x.squeeze(0, 1)` for example. (Functions let it pass as JavaScript does, for `list.map(relu)` gives them three.)
 */
function method(name: string, operation: TensorFunction): AnyMethod {
  const most = name in mostArguments ? mostArguments[name as keyof Flexible] : operation.length - 1;
  return function (this: Tensor, ...rest: readonly unknown[]): unknown {
    if (rest.length <= most) return operation(this, ...rest);
    throw new OptionError({
      where: inScope(name),
      got: `${rest.length} arguments`,
      expected: most === 0 ? 'none' : `at most ${most}`,
      cure: 'Several axes or lengths go into one array, options into one object.',
    });
  };
}

const newNames = new Map<string, string>(Object.entries(shortNames).map(([short, name]) => [name, short]));

/** Functions of a module as methods, by name. */
function methodsOf<Name extends string>(
  module: Readonly<Record<Name, TensorFunction>>,
  names: readonly Name[] = Object.keys(module) as Name[],
): Readonly<Record<string, AnyMethod>> {
  return Object.fromEntries(
    names.map((functionName) => {
      const name = newNames.get(functionName) ?? functionName;
      return [name, method(name, module[functionName])];
    }),
  );
}

/** All methods, to be handed to the Tensor class once, by src/connect.ts. */
export const tensorMethods: Readonly<Record<string, AnyMethod>> = {
  ...methodsOf(elementwise),
  ...methodsOf(activations),
  ...methodsOf(broadcast, ofBroadcast),
  ...methodsOf(reductions, ofReductions),
  ...methodsOf(softmaxes, ofSoftmaxes),
  ...methodsOf(contractions, ofContractions),
  ...methodsOf(products, ofProducts),
  ...methodsOf(matrices),
  ...methodsOf(rolls),
  ...methodsOf(ordering, ofOrdering),
  ...methodsOf(movement, ofMovement),
  ...methodsOf(indexing, ofIndexing),
  ...methodsOf(gradients, ofGradients),
  reshape(this: Tensor, ...shape: number[] | [Shape]): Tensor {
    const [first] = shape;
    return broadcast.reshape(this, Array.isArray(first) ? first : (shape as number[]));
  },
  permute(this: Tensor, ...order: number[]): Tensor {
    return movement.permute(this, order);
  },
};
