/** The options that every recurrent layer has. */
import type { ReadoutKind } from './readout.ts';

/** Options of every recurrent layer. */
export interface RecurrentOptions {
  /** How many layers are stacked; each reads the sequence of the one before. Default 1. */
  readonly layers?: number;
  /** Whether a second set of weights reads from the end; the features of both are joined. Default false. */
  readonly bidirectional?: boolean;
  /** Dropout rate between layers, in training mode. Default 0. For dropout after the last layer add a Dropout layer. */
  readonly dropout?: number;
  /**
   * What `call` returns: the output at every step, with 'sequence' [N, T, D·H], or what the steps come to [N, D·H]: with 'last'
   * (default) what each direction gives of the step that it reads last, with 'mean', 'max' or 'attention' what a `Readout` makes of
   * all that are real.
   */
  readonly output?: ReadoutKind | 'sequence';
  /**
   * Variational dropout (Gal & Ghahramani 2016), in training mode: share of the features of what each layer reads that are 0 at all
   * steps of a sequence alike. Default 0.
   */
  readonly inputDropout?: number;
  /** The same of the state that the recurrent products of the steps read. The steps then run one by one. Default 0. */
  readonly recurrentDropout?: number;
  /**
   * Zoneout (Krueger et al. 2017): probability that a unit of a state stays as it was, at each step anew; in evaluation mode the
   * mean, zoneout · before + (1 - zoneout) · after. The steps then run one by one. Default 0.
   */
  readonly zoneout?: number;
  /** Whether NaN in x is a value that is missing: it counts as a feature that the mask leaves out. Default false. */
  readonly nanIsMissing?: boolean;
}

/** What they are where nothing else is asked for. */
export const recurrentDefaults = {
  layers: 1,
  bidirectional: false,
  dropout: 0,
  output: 'last',
  inputDropout: 0,
  recurrentDropout: 0,
  zoneout: 0,
  nanIsMissing: false,
} satisfies RecurrentOptions;

/** Options of layers whose sequence is one linear recurrence. */
export interface LinearOptions extends RecurrentOptions {
  /**
   * Whether the sequence runs in one kernel, or step by step from plain operations, for study and tests. Default: true, but with
   * zoneout, which has no kernel.
   */
  readonly fused?: boolean;
}

/** What options of a layer add to those of every recurrent layer. */
export type Own<Options extends RecurrentOptions> = Required<Omit<Options, keyof RecurrentOptions>>;
