/**
 * Optimizer: what all optimizers share. A subclass says how one parameter changes, as a pure expression; this class
 * keeps the state, counts the steps, clips, and records the new values.
 */
import { GradientError, OptionError } from '../errors.ts';
import { add } from '../ops/elementwise.ts';
import { slice } from '../ops/movement.ts';
import { describeValue, requireKnownOptions, requireNumber } from '../options.ts';
import type { NumericArray } from '../tensor/dtype.ts';
import { asCodeOf, concealed } from '../tensor/exposure.ts';
import { fill, leaf } from '../tensor/leaves.ts';
import {
  hostValue,
  type Recorder,
  recordedGradient,
  recorder,
  recordGradient,
  whenAsked,
} from '../tensor/recorder.ts';
import { runtime } from '../tensor/runtime.ts';
import { buildingPart, withScope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Parameter, Variable } from '../tensor/variable.ts';
import { Accumulation } from './accumulation.ts';
import { clipByGlobalNorm, clipByValue } from './clip.ts';
import type { OptimizerKind, OptimizerOptions, Update, UpdateCall } from './kind.ts';
import {
  distinctNames,
  type GivenGroup,
  type ParameterGroup,
  requireGroups,
  type SavedGroup,
} from './parameter-groups.ts';
import { ParameterSlots } from './parameter-slots.ts';
import { newGroup, rateAt, requireRate } from './rates.ts';
import { isWatching, type Schedule, type WatchingSchedule } from './schedules.ts';
import { type OptimizerState, requireFittingGroups, requireFittingVariables } from './state.ts';

/** The options that the base class reads; subclasses add their own. */
const commonOptions = ['learningRate', 'clipNorm', 'clipValue'] as const;

/** The slot of gradients that `accumulate()` adds up. */
const accumulatedSlot = 'accumulatedGradient';

/**
 * Changes parameters along their gradients.
 *
 * ```ts
 * const optimizer = new Adam(model.parameters(), { learningRate: 1e-3 });
 * loss.backward();
 * await optimizer.step();
 * ```
 *
 * Groups of parameters may have settings of their own:
 *
 * ```ts
 * const [weight, bias] = model.parameters();
 * const optimizer = new AdamW(
 *   [{ parameters: [bias], weightDecay: 0 }, { parameters: [weight], learningRate: 1e-4 }],
 *   { learningRate: 1e-3 },
 * );
 * ```
 *
 * In a function given to `compile`, `step()` only records: write `void optimizer.step()`. The learning rate and the
 * step count are read anew at each call.
 */
export abstract class Optimizer<Settings extends object = object> {
  /** What it trains: the parameters of all groups. */
  readonly parameters: readonly Parameter[];
  /** The groups, one where none were given. Their learning rates can be assigned. */
  readonly groups: readonly ParameterGroup[];
  readonly #kind: OptimizerKind<Settings>;
  readonly #settings = new Map<ParameterGroup, Settings>();
  #names: ReadonlyMap<Parameter, string>;
  readonly #clipNorm: number | undefined;
  readonly #clipValue: number | undefined;
  readonly #slots: ParameterSlots;
  readonly #accumulation: Accumulation;
  #schedule: number | Schedule = 0;
  #stepCount = 0;
  /** Steps recorded in each trace: one, unless a compiled function makes several. */
  readonly #traced = new WeakMap<Recorder, number>();

  /**
   * @throws OptionError when there are no parameters, one is given twice, or an option is unknown or out of range
   */
  constructor(
    parameters: readonly Parameter[] | readonly GivenGroup<Settings>[],
    options: OptimizerOptions & Partial<Settings>,
    kind: OptimizerKind<Settings>,
  ) {
    const where = this.constructor.name;
    const own = Object.keys(kind.defaults);
    requireKnownOptions(where, options, [...commonOptions, ...own]);
    const given = requireGroups<Settings>(where, parameters);
    const { clipNorm, clipValue } = options;
    this.#kind = kind;
    this.#clipNorm =
      clipNorm === undefined ? clipNorm : requireNumber(where, 'clipNorm', clipNorm, 'a number above 0');
    this.#clipValue =
      clipValue === undefined ? clipValue : requireNumber(where, 'clipValue', clipValue, 'a number above 0');
    this.learningRate = options.learningRate ?? kind.learningRate ?? 1e-3;
    this.groups = given.map((group, index) => {
      const name = given.length === 1 ? where : `${where}, group ${index}`;
      requireKnownOptions(name, group, ['parameters', 'learningRate', ...own]);
      const settings = this.#settle(name, { ...withoutHoles(options), ...withoutHoles(group) });
      const rateNow = (rate = this.#schedule) => this.#rateAt(rate, this.#stepCount);
      const made = newGroup(name, group, rateNow);
      this.#settings.set(made, settings);
      return made;
    });
    this.parameters = this.groups.flatMap((group) => group.parameters);
    this.#names = distinctNames(this.parameters);
    this.#slots = new ParameterSlots((slot, parameter) => this.#newSlot(slot, parameter));
    this.#accumulation = new Accumulation(this.parameters, (parameter) =>
      this.#newSlot(accumulatedSlot, parameter),
    );
  }

  /** What is remembered of each parameter: `firstMoment`. Tensors of its shape, zeros at first. */
  protected abstract slots(settings: Settings): readonly string[];

  /** Numbers that change from step to step, computed in float64. `step` counts from 0; the names never change. */
  protected abstract scalars(
    step: number,
    learningRate: number,
    settings: Settings,
  ): Readonly<Record<string, number>>;

  /** The rule: a pure expression, elementwise over the parameter's shape, so that it becomes one kernel. */
  protected abstract update(call: UpdateCall, settings: Settings): Update;

  /** The rate of the next step, where a group has none of its own. Assign a number or a schedule; each step reads it. */
  get learningRate(): number {
    return this.#rateAt(this.#schedule, this.#stepCount);
  }

  set learningRate(rate: number | Schedule) {
    this.#schedule = requireRate(this.constructor.name, rate);
  }

  /**
   * Steps made so far: by the optimizer, not by each parameter, so one that gets its first gradient late is corrected
   * as if it had been there before. A step counts once its turn has come; one that `requireFinite` refused does not.
   */
  get stepCount(): number {
    return this.#stepCount;
  }

  /** Whether a schedule follows the training, as `plateau` does. */
  get watches(): boolean {
    return this.#watching().size > 0;
  }

  /** Tells the schedules that watch the figure of an epoch, of which less has to be better. `fit` does it by itself. */
  observe(figure: number): void {
    for (const schedule of this.#watching()) schedule.observe(figure);
  }

  /**
   * Changes every parameter that has a gradient, and clears the gradient. Losses that `backward()` was called on stay
   * readable afterwards; their graphs are let go. Inside `compile` it only records.
   *
   * @throws GradientError when no parameter has a gradient
   */
  step(): Promise<void> {
    const accumulated = this.#accumulation.filled();
    const stepped = this.parameters.filter((each) => recordedGradient(each) || accumulated.has(each));
    const losses = this.#lossesOf('step', stepped);
    // A schedule that gives no rate is found out before anything is recorded.
    if (!recorder().tracing) this.#requireRates();
    concealed(() => buildingPart('update', () => this.#recordStep(stepped)));
    whenAsked(() => this.#slots.remember(stepped));
    recorder().whenOver.push((applied) => {
      if (applied) this.#stepCount++;
    });
    return this.#apply(losses);
  }

  #recordStep(stepped: readonly Parameter[]): void {
    const gradients = this.#clipped(this.#takeGradients(stepped));
    const byParameter = new Map(stepped.map((parameter, index) => [parameter, gradients[index]]));
    const made = recorder().tracing ? (this.#traced.get(recorder()) ?? 0) : 0;
    this.#traced.set(recorder(), made + 1);
    for (const group of this.groups) {
      if (!group.parameters.some((parameter) => byParameter.has(parameter))) continue;
      const scalars = this.#scalarTensors(group, made);
      for (const parameter of group.parameters) {
        const gradient = byParameter.get(parameter);
        if (gradient) this.#record(parameter, gradient, scalars, this.#settings.get(group)!);
      }
    }
  }

  /**
   * Adds the gradients to a sum that the next `step()` uses, and clears them: several batches make one step, in compiled
   * functions as well. Divide each loss by their number for the step of one large batch.
   *
   * ```ts
   * const part = compile((images: Tensor, labels: Tensor) => {
   *   const loss = softmaxCrossEntropy(model.call(images), labels).div(4);
   *   loss.backward();
   *   void optimizer.accumulate();
   *   return loss;
   * });
   * for (let batch = 0; batch < 4; batch++) await part(x, y);
   * await optimizer.step();
   * ```
   *
   * @throws GradientError when no parameter has a gradient
   */
  accumulate(): Promise<void> {
    const given = this.parameters.filter((each) => recordedGradient(each));
    const losses = this.#lossesOf('accumulate', given);
    const gradients = new Map(given.map((each) => [each, recordedGradient(each)!.value]));
    buildingPart('update', () => this.#accumulation.add(gradients));
    for (const parameter of given) recordGradient(parameter, undefined);
    return this.#apply(losses);
  }

  /** Forgets the gradients and what was accumulated of them, for a loss whose step is not wanted. `step()` does it by itself. */
  zeroGradients(): void {
    for (const parameter of this.parameters) recordGradient(parameter, undefined);
    this.#accumulation.take();
  }

  /**
   * A copy of all that the optimizer remembers, of the moment of the call. Schedules are functions, and no part of it, but for
   * what those that watch have seen.
   */
  async stateDict(): Promise<OptimizerState> {
    this.#rename();
    const variables = [...this.#slots.remembered, ...this.#accumulation.sums.values()];
    const groups = this.groups.map((group): SavedGroup => {
      const names = group.parameters.map((parameter) => this.#names.get(parameter)!);
      const settings = this.#settings.get(group)!;
      const rate = group.rate ?? this.#schedule;
      return {
        parameters: names,
        settings: Object.fromEntries(Object.entries(settings)),
        learningRate: typeof rate === 'number' ? rate : null,
        ...(isWatching(rate) && { watch: rate.stateDict() }),
      };
    });
    // Read in the same turn as the variables.
    const count = leaf(
      [],
      'int32',
      hostValue(() => () => Int32Array.of(this.#stepCount)),
    );
    const [[stepCount], ...values] = await runtime().readAll([count, ...variables]);
    return {
      stepCount,
      variables: Object.fromEntries(
        variables.map(({ name, shape, dtype }, index) => [name, { shape, dtype, data: values[index] }]),
      ),
      groups,
    };
  }

  /**
   * Takes over a state from `stateDict()` of an optimizer of the same kind over the same groups of parameters, with their
   * settings and with learning rates that are numbers; schedules stay those it was made with. From there, training goes on
   * bit for bit as if it had not been interrupted. Nothing is changed unless everything fits.
   *
   * @throws OptionError for missing or unknown names, other groups or an impossible step count, ShapeError for another
   * shape or dtype
   */
  async loadStateDict(state: OptimizerState): Promise<void> {
    const where = `${this.constructor.name}.loadStateDict`;
    requireKnownOptions(where, state, ['stepCount', 'variables', 'groups']);
    const { stepCount, variables, groups } = state;
    requireNumber(where, 'stepCount', stepCount, 'a whole number of at least 0');
    this.#rename();
    const names = this.groups.map(({ parameters }) => parameters.map((each) => this.#names.get(each)!));
    if (groups) requireFittingGroups(where, names, groups);
    const settings = this.groups.map((group, index) => {
      const own = this.#settings.get(group)!;
      return groups ? this.#settle(`${where}, group ${index}`, { ...own, ...groups[index].settings }) : own;
    });
    const slotsOf = new Map(
      this.groups.flatMap(({ parameters }, index) =>
        parameters.map((parameter) => [parameter, this.slots(settings[index])] as const),
      ),
    );
    const nameOf = (slot: string, parameter: Parameter): string => this.#slotName(slot, parameter);
    requireFittingVariables(where, this.#kind.kind, variables, slotsOf, accumulatedSlot, nameOf);
    this.groups.forEach((group, index) => {
      this.#settings.set(group, settings[index]);
      this.#takeRate(group, groups?.[index].learningRate ?? null);
      const [rate, watch] = [group.rate ?? this.#schedule, groups?.[index].watch];
      if (watch && isWatching(rate)) rate.loadStateDict(watch);
    });
    const values = new Map<Variable, NumericArray>();
    const stepped: Parameter[] = [];
    for (const [parameter, slots] of slotsOf) {
      const isSaved = slots.some((slot) => variables[nameOf(slot, parameter)] !== undefined);
      if (isSaved) stepped.push(parameter);
      const isAccumulated = variables[nameOf(accumulatedSlot, parameter)] !== undefined;
      const sum = isAccumulated
        ? this.#accumulation.sumOf(parameter)
        : this.#accumulation.sums.get(parameter);
      // One that was never stepped has no entry: it starts from zeros, also where this optimizer has stepped it.
      const own = isSaved ? this.#slots.of(parameter, slots) : (this.#slots.made.get(parameter) ?? {});
      for (const variable of [...Object.values(own), ...(sum ? [sum] : [])]) {
        values.set(variable, variables[variable.name]?.data ?? new Float32Array(variable.size));
      }
    }
    recorder().whenOver.push((applied) => {
      if (applied) this.#stepCount = stepCount;
    });
    this.#slots.rememberOnly(stepped);
    this.#accumulation.fill(
      this.parameters.filter((each) => variables[nameOf(accumulatedSlot, each)] !== undefined),
    );
    await runtime().writeAll(values);
  }

  /** All settings: those among the options, else the usual ones. Options have been held to their names. */
  #settle(where: string, options: object): Settings {
    const { defaults } = this.#kind;
    const given = Object.entries(options).filter(([name]) => name in defaults);
    const settings: Settings = { ...defaults, ...Object.fromEntries(given) };
    this.#kind.check(where, settings);
    return settings;
  }

  #takeRate(group: ParameterGroup, saved: number | null): void {
    if (saved === null) return;
    if (group.rate !== undefined) {
      if (typeof group.rate === 'number') group.rate = saved;
    } else if (typeof this.#schedule === 'number') {
      if (this.groups.length === 1) this.#schedule = saved;
      else if (this.#schedule !== saved) group.rate = saved;
    }
  }

  #requireRates(): void {
    for (const { rate = this.#schedule } of this.groups) this.#rateAt(rate, this.#stepCount);
  }

  #rateAt(rate: number | Schedule, step: number): number {
    return rateAt(this.constructor.name, rate, step);
  }

  /** The schedules that watch: the optimizer's and those of groups. */
  #watching(): Set<WatchingSchedule> {
    return new Set([this.#schedule, ...this.groups.map(({ rate = 0 }) => rate)].filter(isWatching));
  }

  #slotName(slot: string, parameter: Parameter): string {
    return `${this.#kind.kind}.${slot}.${this.#names.get(parameter)!}`;
  }

  /** A model gives its parameters their whole names, which may be after the optimizer was made of a part of it. */
  #rename(): void {
    this.#names = distinctNames(this.parameters);
    for (const [parameter, slots] of this.#slots.made) {
      for (const [slot, variable] of Object.entries(slots)) variable.name = this.#slotName(slot, parameter);
    }
    for (const [parameter, sum] of this.#accumulation.sums)
      sum.name = this.#slotName(accumulatedSlot, parameter);
  }

  #newSlot(slot: string, parameter: Parameter): Variable {
    return new Variable(fill(0, parameter.shape), this.#slotName(slot, parameter));
  }

  /** The losses behind the gradients of parameters, of which there have to be some. */
  #lossesOf(method: string, parameters: readonly Parameter[]): Tensor[] {
    if (parameters.length === 0) {
      throw new GradientError({
        where: `${this.constructor.name}.${method}`,
        got: `${this.parameters.length} parameters without a gradient`,
        expected: 'at least one with a gradient',
        cure: 'Call loss.backward() first, on a loss of the model these parameters belong to.',
      });
    }
    return [...new Set(parameters.flatMap((parameter) => recordedGradient(parameter)?.losses ?? []))];
  }

  /** The gradients of parameters with what was accumulated, both of which are over with that. */
  #takeGradients(parameters: readonly Parameter[]): Tensor[] {
    const accumulated = this.#accumulation.take();
    return parameters.map((parameter) => {
      const sum = accumulated.get(parameter);
      const gradient = recordedGradient(parameter)?.value;
      recordGradient(parameter, undefined);
      return sum && gradient ? add(sum, gradient) : (sum ?? gradient)!;
    });
  }

  #clipped(gradients: readonly Tensor[]): readonly Tensor[] {
    const limited = this.#clipValue === undefined ? gradients : clipByValue(gradients, this.#clipValue);
    return this.#clipNorm === undefined ? limited : clipByGlobalNorm(limited, this.#clipNorm).gradients;
  }

  /**
   * A group's numbers for a step as scalars: elements of one leaf that the host fills. The rate is the one of the moment in
   * which the step is asked for; how many steps were made before is known when its turn comes.
   */
  #scalarTensors(group: ParameterGroup, madeBefore: number): Record<string, Tensor> {
    const settings = this.#settings.get(group)!;
    const names = Object.keys(this.scalars(0, 0, settings));
    const begin = (): (() => Float32Array) => {
      const rate = group.rate ?? this.#schedule;
      return () => {
        const step = this.#stepCount + madeBefore;
        return Float32Array.from(Object.values(this.scalars(step, this.#rateAt(rate, step), settings)));
      };
    };
    const numbers = leaf([names.length], 'float32', hostValue(begin));
    return Object.fromEntries(names.map((name, index) => [name, slice(numbers, index)]));
  }

  #record(parameter: Parameter, gradient: Tensor, scalars: Record<string, Tensor>, settings: Settings): void {
    const variables = this.#slots.of(parameter, this.slots(settings));
    const state = Object.fromEntries(
      Object.entries(variables).map(([slot, variable]) => [slot, variable.operand()]),
    );
    const call = { parameter: parameter.operand(), gradient, state, scalars };
    const scope = `${this.#kind.kind} ${this.#names.get(parameter)!}`;
    const next = withScope(scope, () => asCodeOf(this, call, () => this.update(call, settings)));
    parameter.assign(next.value);
    for (const [slot, variable] of Object.entries(variables)) variable.assign(next.state[slot]);
  }

  /** Asks for what was recorded, together with the losses, whose graphs are let go then. */
  async #apply(losses: readonly Tensor[]): Promise<void> {
    if (recorder().tracing) return;
    recorder().spent.push(...losses);
    await runtime().evaluate(losses);
  }
}

/** Options without those that are there but undefined. */
function withoutHoles<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}

/** Throws OptionError unless it is an optimizer. */
export function requireOptimizer(where: string, optimizer: unknown): asserts optimizer is Optimizer {
  if (optimizer instanceof Optimizer) return;
  const got = `optimizer ${describeValue(optimizer)}`;
  const cure = 'Make one of the model: new Adam(model.parameters()).';
  throw new OptionError({ where, got, expected: 'an optimizer', cure });
}
