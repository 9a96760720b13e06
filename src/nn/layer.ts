/** Layer: a module that can say how it was made, so that a model can be stored as JSON. */
import type { Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';

/** What JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

export abstract class Layer<Input = Tensor, Output = Tensor> extends Module<Input, Output> {
  /** The arguments that construct this layer anew, options spelled out. Initialisers are left out: weights are state. */
  abstract config(): readonly JsonValue[];
}
