/** What metrics.json tells of an ensemble beside what it tells of any model. */
import type { Combination } from '../../nn/combinations.ts';

/** A member, as metrics.json has it. */
export interface MemberRecord {
  /** The full path of the run folder, or of the snapshot. */
  readonly path: string;
  readonly model: string;
  readonly seed: number;
  /** `2/5`, where the run held out a fold. */
  readonly fold?: string;
  /** On the images that its run held out, of the epoch whose model it is. */
  readonly validationAccuracy: number;
  readonly testAccuracy: number;
  /** Of the test accuracy, with 95 % confidence. */
  readonly accuracyInterval: readonly [low: number, high: number];
  readonly calibrationError: number;
  /** What its answers count, in all 1. Undefined of stacking. */
  readonly weight?: number;
}

/** How an ensemble does beside its members, on the same test images. */
export interface EnsembleRecord {
  readonly combine: Combination;
  readonly members: readonly MemberRecord[];
  /** Places among the members: of the best by validation accuracy (of equal ones that of the lower validation loss), and by test accuracy. */
  readonly best: { readonly byValidation: number; readonly byTest: number };
  /** Of the test accuracy over that of the best member by validation. */
  readonly gain: {
    readonly difference: number;
    /** Of the difference, with 95 % confidence, by the paired bootstrap. */
    readonly interval: readonly [low: number, high: number];
    /** McNemar's exact test: test images that only the one is right on, and p. */
    readonly onlyEnsemble: number;
    readonly onlyMember: number;
    readonly p: number;
  };
  /** The mean over pairs of members of the share of test images for which they give different classes. */
  readonly disagreement: number;
  /** What the combination learned from, in words, where it learned. */
  readonly learned?: {
    readonly images: number;
    readonly from: 'validation images' | 'out-of-fold answers';
    /** λ of stacking: 'infinite' where it is the mean. */
    readonly penalty?: number | 'infinite';
  };
}
