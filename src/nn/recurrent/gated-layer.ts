/** The base of LSTM, GRU and RNN: layers whose cell has gates side by side. */
import { OptionError } from '../../errors.ts';
import { rand } from '../../ops/creation.ts';
import { add, log, multiply } from '../../ops/elementwise.ts';
import { concat } from '../../ops/movement.ts';
import { describeValue, requireNumber, requireOneOf } from '../../options.ts';
import { requireBudget } from '../../tensor/budget.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Parameter } from '../../tensor/variable.ts';
import { orthogonal } from '../initializers.ts';
import type { TensorsByName } from './recurrent-input.ts';
import { RecurrentLayer } from './recurrent-layer.ts';
import type { RecurrentOptions } from './recurrent-options.ts';
import type { CellWeights } from './recurrent-steps.ts';

/** Options of LSTM, GRU and RNN. */
export interface GatedOptions extends RecurrentOptions {
  /**
   * Whether biases are added: one to what the input gives and one to what the state gives, as in PyTorch (true, the default); 'input': the
   * first alone, as in Keras, where the two would only add up; false: none.
   */
  readonly bias?: boolean | 'input';
  /** Recurrent weights: 'uniform' (default) in ±1/√hidden like the others (PyTorch), or 'orthogonal' per gate. */
  readonly recurrentInitializer?: 'uniform' | 'orthogonal';
}

export const gatedDefaults = { bias: true, recurrentInitializer: 'uniform' } satisfies GatedOptions;

/** Options of LSTM and GRU. */
export interface FusedOptions extends GatedOptions {
  /**
   * Whether the sequence runs in one kernel, or step by step from plain operations, for study and tests. Default: true
   * for the forms that have a kernel, which none has with zoneout. With `recurrentDropout` it is about evaluation mode: in training
   * the steps run one by one.
   */
  readonly fused?: boolean;
  /**
   * Chrono initialization (Tallec & Ollivier 2018) for dependencies of up to so many steps: units forget after times
   * that are uniform in 1 … chrono - 1, and all other biases start at 0. Default 0: biases start as the weights do.
   */
  readonly chrono?: number;
}

/** A layer whose cell has gates side by side; an RNN has one. */
export abstract class GatedLayer<
  State extends TensorsByName<State>,
  OwnOptions extends { readonly bias: boolean | 'input'; readonly recurrentInitializer: string },
  Weights extends CellWeights = CellWeights,
> extends RecurrentLayer<Weights, State, OwnOptions> {
  /** How many of them there are. It is asked for while the weights are drawn, so it is no field. */
  protected abstract get gates(): number;

  protected override get readsRecurrent(): boolean {
    return true;
  }

  /** What `recurrentInitializer` may be. */
  protected get recurrentInitializers(): readonly string[] {
    return ['uniform', 'orthogonal'];
  }

  protected override checkOptions(where: string): void {
    super.checkOptions(where);
    const { bias, recurrentInitializer } = this.options;
    requireBias(where, bias);
    requireOneOf(where, 'recurrentInitializer', recurrentInitializer, this.recurrentInitializers);
  }

  /** The weights that all of them have, drawn. */
  protected gateWeights(features: number): CellWeights {
    const { hidden, gates, outputs } = this;
    const { bias, recurrentInitializer } = this.options;
    const width = gates * hidden;
    // Orthogonal weights are drawn at once.
    requireBudget([outputs, width]);
    const ofGate = (): Tensor => orthogonal()([outputs, hidden], { in: outputs, out: hidden });
    return {
      inputWeight: this.weight([features, width], 'inputWeight'),
      recurrentWeight:
        recurrentInitializer === 'orthogonal'
          ? new Parameter(concat(Array.from({ length: gates }, ofGate), 1), 'recurrentWeight')
          : this.weight([outputs, width], 'recurrentWeight'),
      inputBias: bias ? this.weight([width], 'inputBias') : undefined,
      recurrentBias: bias === true ? this.weight([width], 'recurrentBias') : undefined,
    };
  }
}

function requireBias(where: string, bias: boolean | 'input'): void {
  if (bias === true || bias === false || bias === 'input') return;
  throw new OptionError({
    where,
    got: `bias ${describeValue(bias)}`,
    expected: "true, false or 'input'",
    cure: 'Correct bias, or leave it out: there are two then, which add up.',
  });
}

/** Throws OptionError for the first of the cases that is given: two options of which only one can be followed. */
export function refuseTogether(
  where: string,
  cases: readonly (readonly [given: boolean, got: string, expected: string])[],
): void {
  for (const [given, got, expected] of cases) {
    if (given) throw new OptionError({ where, got, expected, cure: 'Leave one of the two options out.' });
  }
}

/** Throws OptionError for `fused` with `zoneout`, which draws at every step. */
export function refuseFusedZoneout(
  where: string,
  { fused, zoneout }: { readonly fused: boolean; readonly zoneout: number },
): void {
  const got = `fused with zoneout ${zoneout}`;
  refuseTogether(where, [[fused && zoneout > 0, got, 'fused only without zoneout: it has no kernel']]);
}

/** Throws OptionError unless `chrono` is a number of steps, and biases are there to be set. */
export function checkChrono(where: string, chrono: number, bias: boolean | 'input'): void {
  requireNumber(where, 'chrono', chrono, '0, or a number of at least 2');
  refuseTogether(where, [[chrono > 0 && !bias, `chrono ${chrono} with bias false`, 'chrono only with bias']]);
}

/**
 * Biases [H] of gates that keep a state for times that are uniform in [1, steps - 1]: u/(1 + u) of it is kept per step
 * with a bias of log u. The bias has to be all of the gate's: of two bias vectors the other is 0.
 */
export function chronoBias(hidden: number, steps: number): Tensor {
  return log(add(multiply(rand([hidden]), steps - 2), 1));
}
