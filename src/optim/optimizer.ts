/**
 * Optimizer: what all optimisers share. A subclass says how one parameter changes, as a pure expression; this class
 * keeps the state, counts the steps, clips, and records the new values.
 */
import { GradientError, OptionError, ShapeError } from '../errors.ts';
import { add } from '../ops/elementwise.ts';
import { slice } from '../ops/movement.ts';
import { requireKnownOptions, requireNumber } from '../options.ts';
import type { DType, NumericArray } from '../tensor/dtype.ts';
import { fill, leaf } from '../tensor/leaves.ts';
import { hostValue, type Recorder, recorder } from '../tensor/recorder.ts';
import { runtime } from '../tensor/runtime.ts';
import { withScope } from '../tensor/scope.ts';
import { formatShape, type Shape, sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Parameter, Variable } from '../tensor/variable.ts';
import { clipByGlobalNorm, clipByValue } from './clip.ts';
import type { Schedule } from './schedules.ts';

/** Options of every optimiser. */
export interface OptimizerOptions {
  /** A number, or a schedule over the steps made. The default depends on the optimiser. */
  readonly learningRate?: number | Schedule;
  /** Limits the norm of all gradients together (see `clipByGlobalNorm`). Default: no limit. */
  readonly clipNorm?: number;
  /** Limits every element of the gradients (see `clipByValue`), before `clipNorm` does. Default: no limit. */
  readonly clipValue?: number;
}

/** What the rule of an optimiser sees of one parameter. All tensors but the scalars have the parameter's shape. */
export interface UpdateCall {
  /** Its value before the step. */
  readonly parameter: Tensor;
  /** The derivative of the loss, clipped where the options say so. */
  readonly gradient: Tensor;
  /** The optimiser's memory of the parameter, by slot: zeros at first. */
  readonly state: Readonly<Record<string, Tensor>>;
  /** What `scalars` gave for this step. */
  readonly scalars: Readonly<Record<string, Tensor>>;
}

/** The new values of a parameter and of its slots. */
export interface Update {
  /** Of the parameter. */
  readonly value: Tensor;
  /** Of each slot, by name. */
  readonly state: Readonly<Record<string, Tensor>>;
}

/** All that an optimiser remembers, on the host. */
export interface OptimizerState {
  /** The steps made so far. */
  readonly stepCount: number;
  /** The slots of each parameter that was ever stepped, by name, such as `adam.firstMoment.head.weight`. */
  readonly variables: Readonly<
    Record<string, { readonly shape: Shape; readonly dtype: DType; readonly data: NumericArray }>
  >;
}

/** The options that the base class reads; subclasses add their own. */
export const commonOptions = ['learningRate', 'clipNorm', 'clipValue'] as const;

/**
 * Changes parameters along their gradients.
 *
 * ```ts
 * const optimizer = new Adam(model.parameters(), { learningRate: 1e-3 });
 * loss.backward();
 * await optimizer.step();
 * ```
 *
 * In a function given to `compile`, `step()` only records: write `void optimizer.step()`. The learning rate and the
 * step count are read anew at each call.
 */
export abstract class Optimizer {
  /** What it trains. */
  readonly parameters: readonly Parameter[];
  readonly #names: ReadonlyMap<Parameter, string>;
  readonly #clipNorm: number | undefined;
  readonly #clipValue: number | undefined;
  readonly #state = new Map<Parameter, Record<string, Variable>>();
  #schedule: number | Schedule = 0;
  #stepCount = 0;
  /**
   * Changed by every compiled step, on the device. The host cannot know whether a compiled step ran to its end or was
   * refused by `requireFinite`; whether this variable changed tells.
   */
  readonly #executed = new Variable(fill(0, [], 'int32'), 'optimizer.executed');
  /** The compiled run that was last started: it counts once `#executed` has left the version it had then. */
  #started: { readonly version: number; readonly steps: number } | undefined;
  /** Steps recorded in each trace: one, unless a compiled function makes several. */
  readonly #traced = new WeakMap<Recorder, { steps: number }>();

  /**
   * @param known the names of the subclass's own options
   * @throws OptionError when there are no parameters, one is given twice, or an option is unknown or out of range
   */
  constructor(
    parameters: readonly Parameter[],
    options: OptimizerOptions,
    known: readonly string[],
    usualRate = 1e-3,
  ) {
    const where = this.constructor.name;
    requireKnownOptions(where, options, [...commonOptions, ...known]);
    const fault = faultOf(parameters);
    if (fault !== undefined) {
      throw new OptionError({
        where,
        got: fault,
        expected: 'the parameters to train, each once',
        cure: 'Pass model.parameters().',
      });
    }
    const { clipNorm, clipValue } = options;
    this.parameters = [...parameters];
    this.#names = distinctNames(parameters);
    this.#clipNorm =
      clipNorm === undefined ? clipNorm : requireNumber(where, 'clipNorm', clipNorm, 'a number above 0');
    this.#clipValue =
      clipValue === undefined ? clipValue : requireNumber(where, 'clipValue', clipValue, 'a number above 0');
    this.learningRate = options.learningRate ?? usualRate;
  }

  /** Begins the names of the slots: `adam`. */
  protected abstract readonly kind: string;

  /** What is remembered of each parameter: `firstMoment`. Tensors of its shape, zeros at first. */
  protected abstract readonly slots: readonly string[];

  /** Numbers that change from step to step, computed in float64. `step` counts from 0; the names never change. */
  protected abstract scalars(step: number, learningRate: number): Readonly<Record<string, number>>;

  /** The rule: a pure expression, elementwise over the parameter's shape, so that it becomes one kernel. */
  protected abstract update(call: UpdateCall): Update;

  /** The rate of the next step. Assign a number or a schedule; compiled steps read it at each call. */
  get learningRate(): number {
    return this.#rateAt(this.stepCount);
  }

  set learningRate(rate: number | Schedule) {
    if (typeof rate !== 'function') {
      requireNumber(this.constructor.name, 'learningRate', rate, 'a number of at least 0');
    }
    this.#schedule = rate;
  }

  /**
   * Steps made so far: by the optimiser, not by each parameter, so one that gets its first gradient late is corrected
   * as if it had been there before. A compiled step that `requireFinite` refused is not counted.
   */
  get stepCount(): number {
    this.#settle();
    return this.#stepCount;
  }

  /**
   * Changes every parameter that has a gradient, and clears the gradient. Losses that `backward()` was called on stay
   * readable afterwards; their graphs are let go. Inside `compile` it only records.
   *
   * @throws GradientError when no parameter has a gradient
   */
  step(): Promise<void> {
    const stepped = this.parameters.filter(({ grad }) => grad !== undefined);
    if (stepped.length === 0) {
      throw new GradientError({
        where: `${this.constructor.name}.step`,
        got: `${this.parameters.length} parameters without a gradient`,
        expected: 'at least one with a gradient',
        cure: 'Call loss.backward() first, on a loss of the model these parameters belong to.',
      });
    }
    const { gradients: recordedGradients } = recorder();
    const losses = new Set(stepped.flatMap((parameter) => recordedGradients.get(parameter)?.losses ?? []));
    const scalars = this.#scalarTensors();
    const gradients = this.#clipped(stepped.map(({ grad }) => grad!));
    stepped.forEach((parameter, index) => {
      this.#record(parameter, gradients[index], scalars);
    });
    return recorder().tracing ? Promise.resolve() : this.#apply([...losses]);
  }

  /** Forgets the gradients, for a loss whose step is not wanted. `step()` does it by itself. */
  zeroGradients(): void {
    for (const parameter of this.parameters) parameter.grad = undefined;
  }

  /** A copy of all that the optimiser remembers. Rates and other options are not part of it. */
  async stateDict(): Promise<OptimizerState> {
    const variables: Record<string, OptimizerState['variables'][string]> = {};
    for (const parameter of this.parameters) {
      for (const variable of Object.values(this.#state.get(parameter) ?? {})) {
        const { name, shape, dtype } = variable;
        variables[name] = { shape, dtype, data: await variable.data() };
      }
    }
    return { stepCount: this.stepCount, variables };
  }

  /**
   * Takes over a state from `stateDict()` of an optimiser of the same kind over the same parameters. From there,
   * training goes on bit for bit as if it had not been interrupted. Nothing is changed unless everything fits.
   *
   * @throws OptionError for missing or unknown names or an impossible step count, ShapeError for another shape or dtype
   */
  async loadStateDict({ stepCount, variables }: OptimizerState): Promise<void> {
    const where = `${this.constructor.name}.loadStateDict`;
    requireNumber(where, 'stepCount', stepCount, 'a whole number of at least 0');
    this.#requireFitting(where, variables);
    for (const parameter of this.parameters) {
      for (const [slot, variable] of Object.entries(this.#stateOf(parameter))) {
        const entry = variables[this.#slotName(slot, parameter)];
        // A parameter that was never stepped has no entry: it starts from zeros.
        await variable.set(entry?.data ?? new Float32Array(variable.size));
      }
    }
    this.#started = undefined;
    this.#stepCount = stepCount;
  }

  #requireFitting(where: string, variables: OptimizerState['variables']): void {
    const owners = new Map(
      this.parameters.flatMap((parameter) =>
        this.slots.map((slot) => [this.#slotName(slot, parameter), parameter] as const),
      ),
    );
    for (const [name, { shape, dtype }] of Object.entries(variables)) {
      const owner = owners.get(name);
      const missing = this.slots.find(
        (slot) => owner !== undefined && !Object.hasOwn(variables, this.#slotName(slot, owner)),
      );
      if (owner === undefined || missing !== undefined) {
        throw new OptionError({
          where,
          got: owner
            ? `"${name}" without "${this.#slotName(missing!, owner)}"`
            : `the unknown entry "${name}"`,
          expected: `entries of ${this.kind}: ${this.slots.join(', ') || 'none'}, for the parameters of this optimiser`,
          cure: 'Make the optimiser with the kind, options and model the state was saved with.',
        });
      }
      if (!sameShape(shape, owner.shape) || dtype !== 'float32') {
        throw new ShapeError({
          where: `${where} "${name}"`,
          got: `${dtype}${formatShape(shape)}`,
          expected: `float32${formatShape(owner.shape)}`,
          cure: 'The state belongs to a model of other sizes: build the model with the options it was saved with.',
        });
      }
    }
  }

  #slotName(slot: string, parameter: Parameter): string {
    return `${this.kind}.${slot}.${this.#names.get(parameter)!}`;
  }

  #stateOf(parameter: Parameter): Record<string, Variable> {
    const known = this.#state.get(parameter);
    if (known) return known;
    const made = Object.fromEntries(
      this.slots.map((slot) => [
        slot,
        new Variable(fill(0, parameter.shape), this.#slotName(slot, parameter)),
      ]),
    );
    this.#state.set(parameter, made);
    return made;
  }

  #clipped(gradients: readonly Tensor[]): readonly Tensor[] {
    const limited = this.#clipValue === undefined ? gradients : clipByValue(gradients, this.#clipValue);
    return this.#clipNorm === undefined ? limited : clipByGlobalNorm(limited, this.#clipNorm).gradients;
  }

  /** The step's numbers as scalars: elements of one leaf that the host fills. */
  #scalarTensors(): Record<string, Tensor> {
    const names = Object.keys(this.scalars(0, 0));
    const read = recorder().tracing ? this.#traceStep() : this.#eagerStep();
    const numbers = leaf(
      [names.length],
      'float32',
      hostValue(() => {
        const step = read();
        return Float32Array.from(Object.values(this.scalars(step, this.#rateAt(step))));
      }),
    );
    return Object.fromEntries(names.map((name, index) => [name, slice(numbers, index)]));
  }

  /** Returns how the number of a step is read that is recorded now and runs soon. */
  #eagerStep(): () => number {
    this.#settle();
    this.#started = undefined;
    return () => this.#stepCount;
  }

  /** Records that each run of the trace makes one step more; returns how the number is read at the start of a run. */
  #traceStep(): () => number {
    const trace = recorder();
    const traced = this.#traced.get(trace) ?? { steps: 0 };
    this.#traced.set(trace, traced);
    const before = traced.steps++;
    this.#executed.assign(add(this.#executed, 1));
    return () => {
      this.#settle();
      this.#started = { version: this.#executed.version, steps: traced.steps };
      return this.#stepCount + before;
    };
  }

  /** Counts the compiled run that was started last, if it ran to its end. */
  #settle(): void {
    if (this.#started === undefined || this.#started.version === this.#executed.version) return;
    this.#stepCount += this.#started.steps;
    this.#started = undefined;
  }

  #rateAt(step: number): number {
    const rate = this.#schedule;
    if (typeof rate === 'number') return rate;
    const where = `schedule of ${this.constructor.name} at step ${step}`;
    return requireNumber(where, 'learningRate', rate(step), 'a number of at least 0');
  }

  #record(parameter: Parameter, gradient: Tensor, scalars: Record<string, Tensor>): void {
    const variables = this.#stateOf(parameter);
    const state = Object.fromEntries(
      Object.entries(variables).map(([slot, variable]) => [slot, variable.snapshot()]),
    );
    const call = { parameter: parameter.snapshot(), gradient, state, scalars };
    const next = withScope(`${this.kind} ${this.#names.get(parameter)!}`, () => this.update(call));
    parameter.assign(next.value);
    for (const [slot, variable] of Object.entries(variables)) variable.assign(next.state[slot]);
    parameter.grad = undefined;
  }

  /** Runs what was recorded, and lets go of the graphs behind the losses. */
  async #apply(losses: readonly Tensor[]): Promise<void> {
    this.#stepCount++;
    try {
      await runtime().evaluate(losses);
    } catch (error) {
      this.#stepCount--;
      throw error;
    }
    for (const { node } of losses) node.release();
  }
}

/** What is wrong with the list of parameters, if anything is. */
function faultOf(parameters: readonly Parameter[]): string | undefined {
  if (!Array.isArray(parameters)) return 'no list of parameters';
  if (parameters.length === 0) return 'no parameters';
  if (!parameters.every((each) => each instanceof Parameter)) return 'something else among the parameters';
  return new Set(parameters).size < parameters.length ? 'a parameter that occurs twice' : undefined;
}

/** Names of parameters as they are, with a number behind those that occur more than once. */
function distinctNames(parameters: readonly Parameter[]): Map<Parameter, string> {
  const times = new Map<string, number>();
  for (const { name } of parameters) times.set(name, (times.get(name) ?? 0) + 1);
  return new Map(
    parameters.map((parameter, index) => [
      parameter,
      times.get(parameter.name) === 1 ? parameter.name : `${parameter.name}#${index}`,
    ]),
  );
}
