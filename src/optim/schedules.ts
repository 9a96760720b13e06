/** Learning-rate schedules: pure functions from the number of steps already made to the rate of the next one. */
import { requireFunction, requireKnownOptions, requireNumber } from '../options.ts';

/** The learning rate of a step; steps count from 0. Past its end a schedule stays at its last rate. */
export type Schedule = (step: number) => number;

/** How a schedule follows the training. */
export interface Watch {
  /** Takes the figure of an epoch, of which less is better. */
  observe(figure: number): void;
  /** What it made of the figures so far. */
  stateDict(): WatchState;
  /** Goes on from a saved state. */
  loadStateDict(state: WatchState): void;
}

/** A schedule that follows how the training goes: `plateau`. `fit` tells it the figures. */
export type WatchingSchedule = Schedule & Watch;

/** The state of a schedule that watches. */
export interface WatchState {
  /** The rate from now on. */
  readonly rate: number;
  /** The best figure so far; null before the first. */
  readonly best: number | null;
  /** Figures since the best, or since the rate went down. */
  readonly waited: number;
  /** Figures that count for nothing any more, since the rate has just gone down. */
  readonly resting: number;
}

/** A schedule with a watch. */
export function watching(schedule: Schedule, { observe, stateDict, loadStateDict }: Watch): WatchingSchedule {
  return Object.assign((step: number) => schedule(step), { observe, stateDict, loadStateDict });
}

/** Whether a schedule watches. */
export function isWatching(schedule: number | Schedule): schedule is WatchingSchedule {
  return typeof schedule === 'function' && 'observe' in schedule;
}

/** Always the same rate. */
export function constant(rate: number): Schedule {
  requireNumber('constant', 'rate', rate, 'a number of at least 0');
  return () => rate;
}

/** `base`, multiplied by `factor` after every `every` steps: PyTorch's StepLR. */
export function stepDecay(base: number, every: number, factor: number): Schedule {
  requireNumber('stepDecay', 'base', base, 'a number of at least 0');
  requireNumber('stepDecay', 'every', every, 'a whole number of at least 1');
  requireNumber('stepDecay', 'factor', factor, 'a number above 0');
  return (step) => base * factor ** Math.floor(step / every);
}

/**
 * From `base` down to `minimum` (default 0) along half a cosine, over `steps` steps: PyTorch's CosineAnnealingLR up to
 * T_max. After that it stays at `minimum`, where PyTorch's would rise again.
 */
export function cosine(base: number, steps: number, minimum = 0): Schedule {
  requireNumber('cosine', 'base', base, 'a number of at least 0');
  requireNumber('cosine', 'steps', steps, 'a whole number of at least 1');
  requireNumber('cosine', 'minimum', minimum, 'a number of at least 0');
  return (step) => alongCosine(base, minimum, step / steps);
}

/**
 * `base`, multiplied by `factor` every `every` steps, a little at each of them: PyTorch's ExponentialLR with `every` 1, Keras'
 * ExponentialDecay. `exponential(0.1, steps, 0.01)` ends at a hundredth.
 */
export function exponential(base: number, every: number, factor: number): Schedule {
  requireNumber('exponential', 'base', base, 'a number of at least 0');
  requireNumber('exponential', 'every', every, 'a whole number of at least 1');
  requireNumber('exponential', 'factor', factor, 'a number above 0');
  return (step) => base * factor ** (step / every);
}

/**
 * From `base` down to `minimum` (default 0) over `steps` steps, along what is left of them to the power of `power` (default 1: a
 * straight line): PyTorch's PolynomialLR, Keras' PolynomialDecay.
 */
export function polynomial(base: number, steps: number, power = 1, minimum = 0): Schedule {
  requireNumber('polynomial', 'base', base, 'a number of at least 0');
  requireNumber('polynomial', 'steps', steps, 'a whole number of at least 1');
  requireNumber('polynomial', 'power', power, 'a number above 0');
  requireNumber('polynomial', 'minimum', minimum, 'a number of at least 0');
  return (step) => minimum + (base - minimum) * Math.max(0, 1 - step / steps) ** power;
}

/**
 * Cosines one after the other (SGDR, Loshchilov & Hutter 2017), each from `base` down to `minimum` (default 0): the first takes
 * `firstSteps` steps, each one after it `growth` (default 1) times as many as the one before. PyTorch's
 * CosineAnnealingWarmRestarts.
 */
export function warmRestarts(base: number, firstSteps: number, growth = 1, minimum = 0): Schedule {
  requireNumber('warmRestarts', 'base', base, 'a number of at least 0');
  requireNumber('warmRestarts', 'firstSteps', firstSteps, 'a whole number of at least 1');
  requireNumber('warmRestarts', 'growth', growth, 'a whole number of at least 1');
  requireNumber('warmRestarts', 'minimum', minimum, 'a number of at least 0');
  return (step) => {
    if (growth === 1) return alongCosine(base, minimum, (step % firstSteps) / firstSteps);
    let [position, length] = [step, firstSteps];
    while (position >= length) {
      position -= length;
      length *= growth;
    }
    return alongCosine(base, minimum, position / length);
  };
}

/** Options of `oneCycle`. */
export interface OneCycleOptions {
  /** The part of all steps in which the rate rises. Default 0.3. */
  readonly warmUpShare?: number;
  /** The first rate is `maximum / initialDivisor`. Default 25. */
  readonly initialDivisor?: number;
  /** The last rate is the first rate divided by this. Default 10,000. */
  readonly finalDivisor?: number;
}

/**
 * Up from `maximum / 25` to `maximum` in the first 30 % of the steps, then down to almost nothing, both along half a
 * cosine: PyTorch's OneCycleLR with its defaults (without its change of momentum). The last of `totalSteps` steps has
 * the lowest rate; a single step has the highest, since it would learn nothing from the lowest.
 */
export function oneCycle(maximum: number, totalSteps: number, options: OneCycleOptions = {}): Schedule {
  requireKnownOptions('oneCycle', options, ['warmUpShare', 'initialDivisor', 'finalDivisor']);
  const { warmUpShare = 0.3, initialDivisor = 25, finalDivisor = 1e4 } = options;
  requireNumber('oneCycle', 'maximum', maximum, 'a number of at least 0');
  requireNumber('oneCycle', 'totalSteps', totalSteps, 'a whole number of at least 1');
  requireNumber('oneCycle', 'warmUpShare', warmUpShare, 'a number from 0 to 1');
  requireNumber('oneCycle', 'initialDivisor', initialDivisor, 'a number above 0');
  requireNumber('oneCycle', 'finalDivisor', finalDivisor, 'a number above 0');
  if (totalSteps === 1) return constant(maximum);
  const first = maximum / initialDivisor;
  const last = first / finalDivisor;
  // The step that has the maximum; it need not be whole, and is negative when there is no time to rise.
  const peak = warmUpShare * totalSteps - 1;
  const end = totalSteps - 1;
  return (step) => {
    if (step <= peak && peak > 0) return alongCosine(first, maximum, step / peak);
    return alongCosine(maximum, last, end > peak ? (step - peak) / (end - peak) : 1);
  };
}

/**
 * The first `steps` rates of a schedule are reduced to 1/steps, 2/steps, … of what they would be. The schedule's own
 * clock runs on meanwhile, and one that watches goes on watching.
 *
 * ```ts
 * const schedule = warmUp(cosine(0.01, 1000), 50);
 * ```
 */
export function warmUp(schedule: Schedule, steps: number): Schedule {
  requireFunction('warmUp', 'schedule', schedule);
  requireNumber('warmUp', 'steps', steps, 'a whole number of at least 1');
  const warmed: Schedule = (step) => schedule(step) * Math.min(1, (step + 1) / steps);
  return isWatching(schedule) ? watching(warmed, schedule) : warmed;
}

/** From `start` (at part 0) to `end` (at part 1 and after) along half a cosine. */
function alongCosine(start: number, end: number, part: number): number {
  return end + ((start - end) * (1 + Math.cos(Math.PI * Math.min(part, 1)))) / 2;
}
