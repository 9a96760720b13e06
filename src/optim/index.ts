/** Optimisers, learning-rate schedules and gradient clipping. */
export { Adam, type AdamOptions, AdamW } from './adam.ts';
export { clipByGlobalNorm, clipByValue } from './clip.ts';
export {
  Optimizer,
  type OptimizerOptions,
  type OptimizerState,
  type Update,
  type UpdateCall,
} from './optimizer.ts';
export { RMSprop, type RMSpropOptions } from './rmsprop.ts';
export {
  constant,
  cosine,
  type OneCycleOptions,
  oneCycle,
  type Schedule,
  stepDecay,
  warmUp,
} from './schedules.ts';
export { SGD, type SGDOptions } from './sgd.ts';
