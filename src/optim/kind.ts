/** What a kind of optimizer is made of: its options, and what its rule is given and gives. */
import type { Tensor } from '../tensor/tensor.ts';
import type { Schedule } from './schedules.ts';

/** Options of every optimizer. */
export interface OptimizerOptions {
  /** A number, or a schedule over the steps made. The default depends on the optimizer. */
  readonly learningRate?: number | Schedule;
  /** Limits the norm of all gradients together (see `clipByGlobalNorm`). Default: no limit. */
  readonly clipNorm?: number;
  /** Limits every element of the gradients (see `clipByValue`), before `clipNorm` does. Default: no limit. */
  readonly clipValue?: number;
}

/** What a subclass is made of besides its rule. */
export interface OptimizerKind<Settings extends object> {
  /** Begins the names of the slots: `adam`. */
  readonly kind: string;
  /** The usual value of each setting. Every one is an option, of the optimizer and of a group. */
  readonly defaults: Settings;
  /** Throws OptionError unless settings are in their ranges. `where` begins the message. */
  check(where: string, settings: Settings): void;
  /** Default 1e-3. */
  readonly learningRate?: number;
}

/** What the rule of an optimizer sees of one parameter. All tensors but the scalars have the parameter's shape. */
export interface UpdateCall {
  /** Its value before the step. */
  readonly parameter: Tensor;
  /** The derivative of the loss, clipped where the options say so. */
  readonly gradient: Tensor;
  /** The optimizer's memory of the parameter, by slot: zeros at first. For this step alone. */
  readonly state: Readonly<Record<string, Tensor>>;
  /** What `scalars` gave for this step. */
  readonly scalars: Readonly<Record<string, Tensor>>;
}

/** The new values of a parameter and of its slots. */
export interface Update {
  /** Of the parameter. */
  readonly value: Tensor;
  /** Of each slot, by name. */
  readonly state: Readonly<Record<string, Tensor>>;
}
