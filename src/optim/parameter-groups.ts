/** Groups of parameters with settings of their own: how an optimizer is given them, and how it keeps them. */
import { OptionError } from '../errors.ts';
import { describeValue } from '../options.ts';
import { Parameter } from '../tensor/variable.ts';
import type { Schedule, WatchState } from './schedules.ts';

/** A group as it is given: what it does not say is as the optimizer's options say. */
export type GivenGroup<Settings extends object = object> = Partial<Settings> & {
  readonly parameters: readonly Parameter[];
  /** A number, or a schedule over the steps of the optimizer. */
  readonly learningRate?: number | Schedule;
};

/** A group of an optimizer. */
export interface ParameterGroup {
  readonly parameters: readonly Parameter[];
  /** Its own rate or schedule; undefined where it follows the optimizer's. */
  rate: number | Schedule | undefined;
  /** The rate of the next step. Assign a number or a schedule to give the group its own. */
  get learningRate(): number;
  set learningRate(rate: number | Schedule);
}

/** A group in the state of an optimizer. */
export interface SavedGroup {
  /** The names of its parameters. */
  readonly parameters: readonly string[];
  /** Weight decay and the like, by name. */
  readonly settings: Readonly<Record<string, number | boolean>>;
  /** Null for a schedule. */
  readonly learningRate: number | null;
  /** Of a schedule that watches: its own, or the optimizer's. */
  readonly watch?: WatchState;
}

/**
 * Parameters in two groups: those that weight decay pulls to 0, as the optimizer's options say, and those that it leaves alone:
 * biases, scales of norms, decays and whatever else has `decays` false. Groups are each divided so, and keep their other settings.
 *
 * ```ts
 * const optimizer = new AdamW(decayGroups(model.parameters()), { weightDecay: 0.05 });
 * ```
 *
 * @throws OptionError unless they are parameters, or groups of them, each once
 */
export function decayGroups(
  parameters: readonly Parameter[] | readonly GivenGroup<{ readonly weightDecay: number }>[],
): GivenGroup<{ readonly weightDecay: number }>[] {
  return requireGroups('decayGroups', parameters).flatMap((group) => {
    const decayed = group.parameters.filter(({ decays }) => decays);
    const left = group.parameters.filter(({ decays }) => !decays);
    return [
      ...(decayed.length > 0 ? [{ ...group, parameters: decayed }] : []),
      ...(left.length > 0 ? [{ ...group, parameters: left, weightDecay: 0 }] : []),
    ];
  });
}

/** The groups an optimizer was given, each parameter in one of them; a plain list of parameters is one group. */
export function requireGroups<Settings extends object>(
  where: string,
  given: readonly Parameter[] | readonly GivenGroup<Settings>[],
): readonly GivenGroup<Settings>[] {
  const groups = asGroups(given);
  const fault = groups ? faultOf(groups.map(({ parameters }) => parameters)) : 'no list of parameters';
  if (groups && fault === undefined) return groups;
  throw new OptionError({
    where,
    got: fault ?? describeValue(given),
    expected: 'the parameters to train, each once, or groups of them',
    cure: 'Pass model.parameters(), or [{ parameters: [...], learningRate: 1e-4 }, …].',
  });
}

function asGroups<Settings extends object>(
  given: readonly Parameter[] | readonly GivenGroup<Settings>[],
): readonly GivenGroup<Settings>[] | undefined {
  if (!Array.isArray(given)) return undefined;
  if (given.length > 0 && given.every(isGroup<Settings>)) return given;
  return [{ parameters: given as readonly Parameter[] } as GivenGroup<Settings>];
}

function isGroup<Settings extends object>(each: unknown): each is GivenGroup<Settings> {
  return typeof each === 'object' && each !== null && 'parameters' in each && !(each instanceof Parameter);
}

/** What is wrong with lists of parameters, if anything is. */
function faultOf(lists: readonly unknown[]): string | undefined {
  if (!lists.every((list) => Array.isArray(list))) return 'no list of parameters';
  const parameters: unknown[] = lists.flat();
  if (lists.some((list) => list.length === 0)) return 'no parameters';
  if (!parameters.every((each) => each instanceof Parameter)) return 'something else among the parameters';
  return new Set(parameters).size < parameters.length ? 'a parameter that occurs twice' : undefined;
}

/** Names of parameters as they are, with a number behind those that occur more than once. */
export function distinctNames(parameters: readonly Parameter[]): Map<Parameter, string> {
  const times = new Map<string, number>();
  for (const { name } of parameters) times.set(name, (times.get(name) ?? 0) + 1);
  return new Map(
    parameters.map((parameter, index) => [
      parameter,
      times.get(parameter.name) === 1 ? parameter.name : `${parameter.name}#${index}`,
    ]),
  );
}
