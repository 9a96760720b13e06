/** Optimizers, learning-rate schedules and gradient clipping. */
export { clipByGlobalNorm, clipByValue } from './clip.ts';
export type { OptimizerKind, OptimizerOptions, Update, UpdateCall } from './kind.ts';
export { Optimizer } from './optimizer.ts';
export type { GivenGroup, ParameterGroup, SavedGroup } from './parameter-groups.ts';
export {
  constant,
  cosine,
  type OneCycleOptions,
  oneCycle,
  type Schedule,
  stepDecay,
  warmUp,
} from './schedules.ts';
export type { OptimizerState } from './state.ts';
export * from './update-rules.ts';
