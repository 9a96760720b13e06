/** Gradients that are added up over several batches for one step. */
import { add } from '../ops/elementwise.ts';
import { concealed } from '../tensor/exposure.ts';
import { fill } from '../tensor/leaves.ts';
import { notice, type Recorder, recorder, whenAsked } from '../tensor/recorder.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Parameter, Variable } from '../tensor/variable.ts';

/**
 * The sums, one for each parameter that was ever accumulated: 0 after each step. Which of them hold something is known from
 * what was asked for, in order: accumulations are counted, and a step takes all of those that were asked for before it.
 */
export class Accumulation {
  readonly #parameters: readonly Parameter[];
  readonly #newSum: (parameter: Parameter) => Variable;
  readonly #sums = new Map<Parameter, Variable>();
  /** Accumulations that were asked for. */
  #asked = 0;
  /** The number of the last one of each parameter. */
  readonly #last = new Map<Parameter, number>();
  /** How many the steps take that were asked for and are not over. One that may be refused may as well take none. */
  readonly #taking: { readonly number: number; readonly mayBeRefused: boolean }[] = [];
  /** How many the steps took that were made. */
  #taken = 0;
  /** In a function that is being captured: the parameters whose sums hold something at this place in it. */
  readonly #inTrace = new WeakMap<Recorder, Set<Parameter>>();
  /** What a captured step is made for. */
  readonly #state = (): string => (this.#sums.size === 0 ? '' : [...this.#filledNow()].join());

  constructor(parameters: readonly Parameter[], newSum: (parameter: Parameter) => Variable) {
    this.#parameters = parameters;
    this.#newSum = newSum;
  }

  /** The sums by parameter. */
  get sums(): ReadonlyMap<Parameter, Variable> {
    return this.#sums;
  }

  /** The parameters whose sums hold something, for a step that is built now. */
  filled(): ReadonlySet<Parameter> {
    notice(this.#state);
    return this.#filledHere();
  }

  /** The sum of a parameter, made if there is none. */
  sumOf(parameter: Parameter): Variable {
    const sum = this.#sums.get(parameter) ?? this.#newSum(parameter);
    this.#sums.set(parameter, sum);
    return sum;
  }

  /** Adds gradients. */
  add(gradients: ReadonlyMap<Parameter, Tensor>): void {
    const filled = this.#filledHere();
    for (const [parameter, gradient] of gradients) {
      const sum = this.sumOf(parameter);
      sum.assign(concealed(() => add(sum.operand(), gradient)));
      filled.add(parameter);
    }
    const parameters = [...gradients.keys()];
    whenAsked(() => this.fill(parameters));
  }

  /** Says that the sums of parameters hold something. */
  fill(parameters: readonly Parameter[]): void {
    this.#asked++;
    for (const parameter of parameters) this.#last.set(parameter, this.#asked);
  }

  /** Sets the sums that hold something to 0: a step takes them, or nobody wants them. Returns what they were. */
  take(): Map<Parameter, Tensor> {
    const filled = this.filled();
    const values = new Map<Parameter, Tensor>();
    if (filled.size === 0) return values;
    for (const parameter of filled) {
      const sum = this.sumOf(parameter);
      values.set(parameter, sum.operand());
      sum.assign(fill(0, sum.shape));
    }
    this.#inTrace.set(recorder(), new Set());
    whenAsked((mayBeRefused) => this.#taking.push({ number: this.#asked, mayBeRefused }));
    recorder().whenOver.push((applied) => {
      const { number } = this.#taking.shift()!;
      // A step that was refused leaves the sums as they are.
      if (applied) this.#taken = number;
    });
    return values;
  }

  #filledHere(): Set<Parameter> {
    const listener = recorder();
    const here = this.#inTrace.get(listener);
    if (here && listener.tracing) return here;
    const now = new Set([...this.#filledNow()].map((index) => this.#parameters[index]));
    if (listener.tracing) this.#inTrace.set(listener, now);
    return now;
  }

  /** The numbers of the parameters whose sums hold something, as far as things were asked for. */
  *#filledNow(): Iterable<number> {
    const taken = this.#taking.findLast((each) => !each.mayBeRefused)?.number ?? this.#taken;
    for (const [index, parameter] of this.#parameters.entries()) {
      if ((this.#last.get(parameter) ?? 0) > taken) yield index;
    }
  }
}
