/** Layer: a module that can say how it was made, so that a model can be stored as JSON. */
import { mostAxes } from '../tensor/shape.ts';
import { notATensor, type Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';

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
  /** @throws DTypeError for JS numbers, arrays of them, or nothing */
  override call(input: Input): Output {
    return this.inside(() => {
      if (isHostData(input)) throw notATensor(this.describe(), input);
      return this.forward(input);
    }, input);
  }

  /** The arguments that construct this layer anew, options spelled out. Initializers are left out: weights are state. */
  abstract config(): readonly JsonValue[];
}

/** Nothing, a JS value, or an array of such. An array of tensors, or an object with some, is a layer's own affair. */
function isHostData(input: unknown): boolean {
  let first = input;
  // An array may hold itself: nobody means more axes than a tensor has.
  for (let depth = 0; Array.isArray(first) && first.length > 0 && depth < mostAxes; depth++) first = first[0];
  if (Array.isArray(first)) return first.length > 0;
  return typeof first !== 'object' || first === null || ArrayBuffer.isView(first);
}
