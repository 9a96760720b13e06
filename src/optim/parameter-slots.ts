/** What an optimizer remembers of each parameter: variables by the names of its slots, zeros when they are made. */
import type { Parameter, Variable } from '../tensor/variable.ts';

/** The variables of a parameter by slot. */
export type SlotVariables = Readonly<Record<string, Variable>>;

/** Variables are made when a step is first built, and are known to captured functions from then on. */
export class ParameterSlots {
  readonly #make: (slot: string, parameter: Parameter) => Variable;
  readonly #variables = new Map<Parameter, SlotVariables>();
  /** Those that a step has changed, or of which a state was taken over: what is remembered of others is nothing yet. */
  readonly #stepped = new Set<Parameter>();

  constructor(make: (slot: string, parameter: Parameter) => Variable) {
    this.#make = make;
  }

  /** All that were made, by parameter. */
  get made(): ReadonlyMap<Parameter, SlotVariables> {
    return this.#variables;
  }

  /** Those that something is remembered in. */
  get remembered(): Variable[] {
    const stepped = [...this.#variables].filter(([parameter]) => this.#stepped.has(parameter));
    return stepped.flatMap(([, each]) => Object.values(each));
  }

  /** The variables of a parameter, made where there are none. */
  of(parameter: Parameter, slots: readonly string[]): SlotVariables {
    const known = this.#variables.get(parameter);
    if (known && slots.every((slot) => slot in known)) return known;
    const made = Object.fromEntries(
      slots.map((slot) => [slot, known?.[slot] ?? this.#make(slot, parameter)]),
    );
    this.#variables.set(parameter, made);
    return made;
  }

  /** To be called for parameters when a step of them is asked for. */
  remember(parameters: Iterable<Parameter>): void {
    for (const parameter of parameters) this.#stepped.add(parameter);
  }

  /** Forgets which parameters were stepped. */
  forget(): void {
    this.#stepped.clear();
  }
}
