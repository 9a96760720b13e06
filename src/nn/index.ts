/** What the package exports of layers, losses and models. */
export * from './errors.ts';
export type { Fan, Initializer } from './initializers.ts';
export * as initializers from './initializers.ts';
export type { InputForm, InputForms } from './input-forms.ts';
export { Activation, type JsonValue, Layer } from './layer.ts';
export * from './layers.ts';
export * from './losses/index.ts';
export type { MissingInput } from './missing/seen.ts';
export { inMode } from './mode.ts';
export { type AnyModule, Module } from './module.ts';
export * from './observe.ts';
export { type GridShape, type ReadingOrder, readingOrders, sequenceShape } from './reading/reading-order.ts';
export type { FusedOptions, GatedOptions } from './recurrent/gated-layer.ts';
export type { RecurrentInput } from './recurrent/recurrent-input.ts';
export {
  type CellPass,
  type CellRun,
  type CellStep,
  RecurrentLayer,
  type RecurrentOptions,
} from './recurrent/recurrent-layer.ts';
export type { CellWeights, HiddenState, LstmState, LstmWeights } from './recurrent/recurrent-steps.ts';
export * from './serialization.ts';
export type { LoadedState, LoadStateOptions, StateDict, StateEntry } from './state-dict.ts';
export * from './summary.ts';
