/**
 * What layers extend: Layer, a module that can say how it was made, so that a model can be stored as JSON; and Activation, a
 * layer of one function.
 */
import { requireFunction, requireText } from '../options.ts';
import { mostAxes } from '../tensor/shape.ts';
import { notATensor, type Tensor } from '../tensor/tensor.ts';
import { requireTensorFor } from './checks.ts';
import { Module, requireOneInput } from './module.ts';

/** What JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** A module of the library: it takes tensors, and says so when it is given something else. */
export abstract class Layer<Input = Tensor, Output = Tensor> extends Module<Input, Output> {
  /** @throws DTypeError for JS numbers, arrays of them, or nothing; OptionError for a second argument */
  override call(input: Input, ...further: never[]): Output {
    return this.inside(() => {
      requireOneInput(this, further);
      if (isHostData(input)) throw notATensor(this.describe(), input);
      return this.forward(input);
    }, input);
  }

  /** The arguments that construct this layer anew, options spelled out. Initializers are left out: weights are state. */
  abstract config(): readonly JsonValue[];
}

/** A layer that applies one function and has no parameters. */
export class Activation extends Layer {
  readonly #kind: string;
  readonly #operation: (x: Tensor) => Tensor;

  /**
   * A function of tensors as a layer: x → operation(x), any shape that the function takes. `kind` names the layer in messages and tables; `operation` is what it computes.
   *
   * @throws OptionError unless one is a text and the other a function
   */
  constructor(kind: string, operation: (x: Tensor) => Tensor) {
    super();
    this.#kind = requireText('Activation', 'kind', kind);
    requireFunction('Activation', 'operation', operation);
    this.#operation = operation;
  }

  override get kind(): string {
    return this.#kind;
  }

  config(): readonly JsonValue[] {
    return [];
  }

  forward(x: Tensor): Tensor {
    return this.#operation(requireTensorFor(this, x));
  }
}

/** Nothing, a JS value, or an array of such. An array of tensors, or an object with some, is a layer's own affair. */
function isHostData(input: unknown): boolean {
  let first = input;
  // An array may hold itself: nobody means more axes than a tensor has.
  for (let depth = 0; Array.isArray(first) && first.length > 0 && depth < mostAxes; depth++) first = first[0];
  if (Array.isArray(first)) return first.length > 0;
  return typeof first !== 'object' || first === null || ArrayBuffer.isView(first);
}
