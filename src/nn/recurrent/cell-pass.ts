/** What a recurrent cell is given and what it gives: of one step, and of a pass over a whole sequence. */
import type { Tensor } from '../../tensor/tensor.ts';

/** What one step of a cell gives. */
export interface CellStep<State> {
  /** What the next step starts from, each [N, H]. */
  readonly state: State;
  /**
   * What the layer gives for the step, [N, outputs]. Default: the first of the states. With `zoneout` it can only be one of the states,
   * which it then is as it goes on.
   */
  readonly output?: Tensor;
  /** What else there is to know of the step, each [N, …]. */
  readonly details?: readonly Tensor[];
}

/** One pass of one cell over a whole sequence. */
export interface CellPass<Weights, State> {
  /** Of this layer and direction. */
  readonly weights: Weights;
  /**
   * [N, T, F]. Of the first layer 0 where nothing is seen of it; a further one reads what the one before gave, which at padding is
   * any finite number.
   */
  readonly x: Tensor;
  /** What it starts from, each [N, H]. */
  readonly state: State;
  /** bool [N, T]: which steps are real. At the others the state stays as it is; what is given for them does not matter. */
  readonly mask: Tensor | undefined;
  /** Whether it reads from the end. */
  readonly reverse: boolean;
}

/** What a pass gives. */
export interface CellRun<State> {
  /** The output at every step, [N, T, H]. */
  readonly outputs: Tensor;
  /** The states after the last step, each [N, H]. */
  readonly state: State;
  /** The output at the last real step, [N, H]. Default: the first of the states. */
  readonly last?: Tensor;
  /** What else there is to know of every step, each [N, T, …]. */
  readonly details?: readonly Tensor[];
}
