/** What the calls of all recurrent kernels have in common, on every device: attributes, lengths, and inputs that may be absent. */

/** What the forward kernels are told; the gradients' attributes add which cotangents are given. */
export interface RecurrentAttributes {
  /** Time runs from T-1 to 0; every output stays at its own t. */
  readonly reverse: boolean;
  /** mask [N,T] bool is given, after the inputs that always are; at a 0 the state is carried over unchanged. */
  readonly masked: boolean;
}

/** The lengths of one call, and the direction of time. */
export interface Sequence {
  /** N. */
  readonly batch: number;
  /** T. */
  readonly time: number;
  /** H. */
  readonly hidden: number;
  /** Gates with a part in recurrentWeight [H, gates·H]. */
  readonly gates: number;
  /** gates·H. */
  readonly width: number;
  readonly reverse: boolean;
}

/** The sequence of a call with states [N,T,H]. */
export function sequenceOf(states: readonly number[], gates: number, reverse: boolean): Sequence {
  const [batch, time, hidden] = states;
  return { batch, time, hidden, gates, width: gates * hidden, reverse };
}

/** The inputs from number `first` on, when only those that `given` marks were passed: the others are undefined. */
export function optionalInputs<Input>(
  first: number,
  given: readonly boolean[],
  input: (index: number) => Input,
): (Input | undefined)[] {
  let next = first;
  return given.map((isGiven) => (isGiven ? input(next++) : undefined));
}
