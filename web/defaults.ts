/** What a training is set to before anybody changes it, and the ranges in which it can be set. */
import type { DataChoice, Settings } from './protocol.ts';

const asTheModelHas = { hidden: undefined, dropout: undefined } as const;

/** For the digits the settings of `weft train`; a few pictures of one's own make few steps an epoch, so there are more of them. */
export const defaultSettings: Readonly<Record<DataChoice, Settings>> = {
  digits: { model: 'conv-lstm', epochs: 30, learningRate: 6e-3, batchSize: 32, size: 20, ...asTheModelHas },
  own: { model: 'cnn', epochs: 40, learningRate: 2e-3, batchSize: 8, size: 32, ...asTheModelHas },
};

/** Where a number may lie. */
export interface Range {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
  /** Whether it may be left to the model. */
  readonly optional?: boolean;
}

/** The numbers among the settings. */
export type NumericSetting = 'epochs' | 'learningRate' | 'batchSize' | 'hidden' | 'dropout' | 'size';

export const ranges: Readonly<Record<NumericSetting, Range>> = {
  epochs: { least: 1, most: 500, whole: true },
  learningRate: { least: 1e-5, most: 1, whole: false },
  batchSize: { least: 1, most: 512, whole: true },
  hidden: { least: 1, most: 1024, whole: true, optional: true },
  dropout: { least: 0, most: 0.9, whole: false, optional: true },
  size: { least: 16, most: 64, whole: true },
};

/** Height and width in which pictures of one's own are kept. */
export const keptSide = 64;
