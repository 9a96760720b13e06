/** The learning rates of an optimizer and its groups: numbers, or schedules over its steps. */
import { requireNumber } from '../options.ts';
import type { GivenGroup, ParameterGroup } from './parameter-groups.ts';
import type { Schedule } from './schedules.ts';

/** Throws OptionError unless it can be a rate; what a schedule gives is only known at its steps. */
export function requireRate(where: string, rate: number | Schedule): number | Schedule {
  if (typeof rate === 'function') return rate;
  return requireNumber(where, 'learningRate', rate, 'a number of at least 0');
}

/** The rate of a step. */
export function rateAt(optimizer: string, rate: number | Schedule, step: number): number {
  if (typeof rate === 'number') return rate;
  const where = `schedule of ${optimizer} at step ${step}`;
  return requireNumber(where, 'learningRate', rate(step), 'a number of at least 0');
}

/** A group as the optimizer keeps it. `rateNow` gives the rate of the next step, of a schedule or of the optimizer's own. */
export function newGroup(
  where: string,
  { parameters, learningRate: given }: GivenGroup,
  rateNow: (rate: number | Schedule | undefined) => number,
): ParameterGroup {
  return {
    parameters: [...parameters],
    rate: given === undefined ? undefined : requireRate(where, given),
    get learningRate(): number {
      return rateNow(this.rate);
    },
    set learningRate(rate: number | Schedule) {
      this.rate = requireRate(where, rate);
    },
  };
}
