/** A case whose vector is an expression of tensors: its outputs, and the gradients of the first one. */
import { grad, type Tensor } from '../../src/index.ts';
import { floats, type Golden, integers, numberIn } from './vectors.ts';

/** What came out, by the names of the file, in PyTorch's layouts. */
export interface Results {
  readonly outputs: Readonly<Record<string, ArrayLike<number>>>;
  readonly grads: Readonly<Record<string, ArrayLike<number>>>;
}

export interface Case {
  /** For the report: cases of one family have one kind of arithmetic. */
  readonly family: string;
  readonly run: (golden: Golden) => Promise<Results>;
  /** Largest error allowed beside the largest expected value of an array. Default 1e-5; `why` explains another. */
  readonly bound?: number;
  readonly why?: string;
}

export type Tensors = Readonly<Record<string, Tensor>>;

/** Expressions of float32 inputs. The first is differentiated: contracted with the cotangent, or as the loss it is. */
export type Build = (inputs: Tensors, golden: Golden) => Tensors | Promise<Tensors>;

/** Inputs that are not float32. */
const integerInputs = new Set(['index', 'lengths', 'target', 'Y', 'input_lengths', 'target_lengths']);

export function expression(family: string, build: Build, more: Partial<Case> = {}): Case {
  const run = async (golden: Golden): Promise<Results> => {
    const isInteger = (name: string) => integerInputs.has(name) && golden.name !== 'bce_with_logits';
    const inputs = mapValues(golden.inputs, (array, name) =>
      isInteger(name) ? integers(array) : floats(array),
    );
    const results = await build(inputs, golden);
    // Parameters of a layer stand for the input they were loaded from.
    const targets = Object.keys(golden.grads).map((name) => results[`parameter ${name}`] ?? inputs[name]);
    const first = results[Object.keys(golden.outputs)[0]];
    // Orders of integers and booleans have no gradients.
    const gradients = targets.length > 0 ? grad(first, targets, inputs['cotangent']) : [];
    const grads: Record<string, ArrayLike<number>> = {};
    for (const [k, name] of Object.keys(golden.grads).entries()) grads[name] = await gradients[k].data();
    const outputs: Record<string, ArrayLike<number>> = {};
    for (const name of Object.keys(golden.outputs)) outputs[name] = await results[name].data();
    return { outputs, grads };
  };
  return { family, run, ...more };
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  f: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}

export function unary(operation: (x: Tensor) => Tensor): Case {
  return expression('elementwise', ({ x }) => ({ y: operation(x) }));
}

export function along(operation: (x: Tensor, axis: number) => Tensor): Case {
  return expression('reductions and softmax', ({ x }, { config }) => ({
    y: operation(x, numberIn(config, 'axis')),
  }));
}
