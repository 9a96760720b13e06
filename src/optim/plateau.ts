/** A learning rate that goes down when the training no longer gets better. */
import { requireKnownOptions, requireNumber } from '../options.ts';
import { type WatchingSchedule, type WatchState, watching } from './schedules.ts';

/** Options of `plateau`. */
export interface PlateauOptions {
  /** What the rate is multiplied by. Default 0.1. */
  readonly factor?: number;
  /** Epochs in a row without a better figure that are let pass. Default 10. */
  readonly patience?: number;
  /** The part of the best figure by which a better one has to differ from it. Default 1e-4. */
  readonly threshold?: number;
  /** Epochs after the rate went down that do not count. Default 0. */
  readonly rest?: number;
  /** The rate goes no lower. Default 0. */
  readonly minimum?: number;
}

/**
 * `base`, multiplied by `factor` whenever the figure of the epochs has not become better for more than `patience` of them:
 * PyTorch's and Keras' ReduceLROnPlateau. `fit` tells it the figure that `monitor` names, or the training loss where there is
 * no validation set; a loop of your own calls `optimizer.observe(figure)`, of which less has to be better.
 *
 * @throws OptionError for an unknown option or one out of range
 */
export function plateau(base: number, options: PlateauOptions = {}): WatchingSchedule {
  requireKnownOptions('plateau', options, ['factor', 'patience', 'threshold', 'rest', 'minimum']);
  const { factor = 0.1, patience = 10, threshold = 1e-4, rest = 0, minimum = 0 } = options;
  requireNumber('plateau', 'base', base, 'a number of at least 0');
  requireNumber('plateau', 'factor', factor, 'a number from 0 to below 1');
  requireNumber('plateau', 'patience', patience, 'a whole number of at least 0');
  requireNumber('plateau', 'threshold', threshold, 'a number of at least 0');
  requireNumber('plateau', 'rest', rest, 'a whole number of at least 0');
  requireNumber('plateau', 'minimum', minimum, 'a number of at least 0');
  let state: WatchState = { rate: base, best: null, waited: 0, resting: 0 };
  return watching(() => state.rate, {
    observe(figure) {
      const { rate, best, resting } = state;
      const better = best === null || figure < best - threshold * Math.abs(best);
      const waited = better || resting > 0 ? 0 : state.waited + 1;
      const next = { rate, best: better ? figure : best, waited, resting: Math.max(0, resting - 1) };
      const lower = Math.min(rate, Math.max(minimum, rate * factor));
      state = waited > patience ? { ...next, rate: lower, waited: 0, resting: rest } : next;
    },
    stateDict: () => state,
    loadStateDict({ rate, best, waited, resting }) {
      requireNumber('state of plateau', 'rate', rate, 'a number of at least 0');
      if (best !== null) requireNumber('state of plateau', 'best', best, 'a number');
      requireNumber('state of plateau', 'waited', waited, 'a whole number of at least 0');
      requireNumber('state of plateau', 'resting', resting, 'a whole number of at least 0');
      state = { rate, best, waited, resting };
    },
  });
}
