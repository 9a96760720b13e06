/** The base of LSTM, GRU and RNN: layers whose cell has gates side by side. */
import { concat } from '../../ops/movement.ts';
import { requireBoolean, requireOneOf } from '../../options.ts';
import { requireBudget } from '../../tensor/budget.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Parameter } from '../../tensor/variable.ts';
import { orthogonal } from '../initializers.ts';
import type { TensorsByName } from './recurrent-input.ts';
import { RecurrentLayer, type RecurrentOptions, stepOf } from './recurrent-layer.ts';
import type { CellWeights } from './recurrent-steps.ts';

/** Options of LSTM, GRU and RNN. */
export interface GatedOptions extends RecurrentOptions {
  /** Whether biases are added. Default true. */
  readonly bias?: boolean;
  /** Recurrent weights: 'uniform' (default) in ±1/√hidden like the others (PyTorch), or 'orthogonal' per gate. */
  readonly recurrentInitializer?: 'uniform' | 'orthogonal';
}

/** What options of a layer add to those of every recurrent layer. */
export type Own<Options extends RecurrentOptions> = Required<Omit<Options, keyof RecurrentOptions>>;

export const gatedDefaults = { bias: true, recurrentInitializer: 'uniform' } satisfies GatedOptions;

/** Options of layers that have a fused kernel. */
export interface FusedOptions extends GatedOptions {
  /** Whether the sequence runs in one kernel (default), or step by step from plain operations, for study and tests. */
  readonly fused?: boolean;
}

/** A layer whose cell has gates side by side; an RNN has one. */
export abstract class GatedLayer<
  State extends TensorsByName<State>,
  OwnOptions extends Own<GatedOptions>,
> extends RecurrentLayer<CellWeights, State, OwnOptions> {
  /** How many of them there are. It is asked for while the weights are drawn, so it is no field. */
  protected abstract get gates(): number;

  protected override checkOptions(where: string): void {
    super.checkOptions(where);
    const { bias, recurrentInitializer } = this.options;
    requireBoolean(where, 'bias', bias);
    requireOneOf(where, 'recurrentInitializer', recurrentInitializer, ['uniform', 'orthogonal']);
  }

  protected cellWeights(features: number): CellWeights {
    const { hidden, gates } = this;
    const { bias, recurrentInitializer } = this.options;
    const width = gates * hidden;
    // Orthogonal weights are drawn at once.
    requireBudget([hidden, width]);
    const square = (): Tensor => orthogonal()([hidden, hidden], { in: hidden, out: hidden });
    return {
      inputWeight: this.weight([features, width], 'inputWeight'),
      recurrentWeight:
        recurrentInitializer === 'orthogonal'
          ? new Parameter(concat(Array.from({ length: gates }, square), 1), 'recurrentWeight')
          : this.weight([hidden, width], 'recurrentWeight'),
      inputBias: bias ? this.weight([width], 'inputBias') : undefined,
      recurrentBias: bias ? this.weight([width], 'recurrentBias') : undefined,
    };
  }
}

/** The step of [N, T, F] that was read last, [N, F]. */
export function lastRead(sequence: Tensor, reverse: boolean): Tensor {
  return stepOf(sequence, reverse ? 0 : sequence.shape[1] - 1);
}
