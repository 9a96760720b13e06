/** Optimizers, learning-rate schedules and gradient clipping. */
export { Adam, type AdamOptions, type AdamSettings, AdamW } from './adam.ts';
export { clipByGlobalNorm, clipByValue } from './clip.ts';
export type { OptimizerKind, OptimizerOptions, Update, UpdateCall } from './kind.ts';
export { Optimizer } from './optimizer.ts';
export type { GivenGroup, ParameterGroup, SavedGroup } from './parameter-groups.ts';
export { RMSprop, type RMSpropOptions, type RMSpropSettings } from './rmsprop.ts';
export {
  constant,
  cosine,
  type OneCycleOptions,
  oneCycle,
  type Schedule,
  stepDecay,
  warmUp,
} from './schedules.ts';
export { SGD, type SGDOptions, type SGDSettings } from './sgd.ts';
export type { OptimizerState } from './state.ts';
