/** What an optimizer remembers of each parameter: variables by the names of its slots, zeros when they are made. */
import type { Parameter, Variable } from '../tensor/variable.ts';

/** The variables of a parameter by slot. */
export type SlotVariables = Readonly<Record<string, Variable>>;

/** Variables are made when a step is first built, and are known to captured functions from then on. */
export class ParameterSlots {
  readonly #make: (slot: string, parameter: Parameter) => Variable;
  /** All that were made, by parameter. */
  readonly made = new Map<Parameter, SlotVariables>();
  /** Those that a step has changed, or of which a state was taken over: what is remembered of others is nothing yet. */
  #stepped = new Set<Parameter>();

  constructor(make: (slot: string, parameter: Parameter) => Variable) {
    this.#make = make;
  }

  /** Those that something is remembered in. */
  get remembered(): Variable[] {
    return [...this.#stepped].flatMap((parameter) => Object.values(this.made.get(parameter) ?? {}));
  }

  /** The variables of a parameter, made where there are none. */
  of(parameter: Parameter, slots: readonly string[]): SlotVariables {
    const known = this.made.get(parameter);
    if (known && slots.every((slot) => slot in known)) return known;
    const made = Object.fromEntries(
      slots.map((slot) => [slot, known?.[slot] ?? this.#make(slot, parameter)]),
    );
    this.made.set(parameter, made);
    return made;
  }

  /** To be called for parameters when a step of them is asked for. */
  remember(parameters: Iterable<Parameter>): void {
    for (const parameter of parameters) this.#stepped.add(parameter);
  }

  /** To be called when the state of these parameters takes the place of all that is remembered. */
  rememberOnly(parameters: Iterable<Parameter>): void {
    this.#stepped = new Set(parameters);
  }
}
