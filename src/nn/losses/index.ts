/** All losses, by what they compare. */
export * from './cross-entropy.ts';
export * from './ctc.ts';
export * from './distances.ts';
export * from './divergences.ts';
export type { LossOptions, LossReduction } from './loss-arguments.ts';
export * from './margins.ts';
