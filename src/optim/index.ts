/** Optimizers, learning-rate schedules and gradient clipping. */
export { clipByGlobalNorm, clipByValue } from './clip.ts';
export type { OptimizerKind, OptimizerOptions, Update, UpdateCall } from './kind.ts';
export { Optimizer } from './optimizer.ts';
export { decayGroups, type GivenGroup, type ParameterGroup, type SavedGroup } from './parameter-groups.ts';
export { type PlateauOptions, plateau } from './plateau.ts';
export {
  constant,
  cosine,
  exponential,
  type OneCycleOptions,
  oneCycle,
  polynomial,
  type Schedule,
  stepDecay,
  type Watch,
  type WatchingSchedule,
  type WatchState,
  warmRestarts,
  warmUp,
} from './schedules.ts';
export type { OptimizerState } from './state.ts';
export * from './update-rules.ts';
