/** The option `average` of fit: when the average takes values in, and when the model has it. */

import { OptionError } from '../errors.ts';
import { inMode } from '../nn/mode.ts';
import type { AnyModule } from '../nn/module.ts';
import { sum } from '../ops/broadcast.ts';
import { describeValue, isPlainObject, requireKnownOptions, requireNumber } from '../options.ts';
import type { NumericArray } from '../tensor/dtype.ts';
import { compile, runtime } from '../tensor/runtime.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Variable } from '../tensor/variable.ts';
import { type Batch, type BatchSource, partsOf, type Structure, treesOf } from './batch-source.ts';
import { movedVariables, remember } from './putting-back.ts';
import { outputTree } from './trial.ts';
import { batchNormsOf, statisticsOf, WeightAverage } from './weight-average.ts';

/** Which average of the weights is validated, kept as the best and left in the model. */
export type AverageOptions =
  | {
      /** An exponential moving average over the steps. */
      readonly kind: 'ema';
      /** See `WeightAverage`. Default 0.999. */
      readonly decay?: number;
    }
  | {
      /** Stochastic weight averaging: the mean of the weights at the ends of epochs. */
      readonly kind: 'swa';
      /** The first epoch that counts, from 1. The last quarter of a training is usual. */
      readonly from: number;
    };

/** Throws OptionError unless it is an average of a training that ends with epoch `last`. */
export function requireAverage(average: AverageOptions, last: number): void {
  const where = 'average of fit';
  if (!isPlainObject(average) || (average.kind !== 'ema' && average.kind !== 'swa')) {
    throw new OptionError({
      where,
      got: describeValue(average),
      expected: "{ kind: 'ema', decay } or { kind: 'swa', from }",
      cure: 'Correct average, or leave it out.',
    });
  }
  requireKnownOptions(where, average, average.kind === 'ema' ? ['kind', 'decay'] : ['kind', 'from']);
  if (average.kind === 'ema') {
    requireNumber(where, 'decay', average.decay ?? 0, 'a number from 0 to below 1');
    return;
  }
  requireNumber(where, 'from', average.from, 'a whole number of at least 1');
  if (average.from <= last) return;
  throw new OptionError({
    where,
    got: `from ${average.from} of ${last} epochs`,
    expected: 'an epoch of the training',
    cure: 'Let it begin earlier, with the last quarter of the epochs for example, or leave average out.',
  });
}

/**
 * Batches from which statistics of batch norms are computed anew: some thousand examples are enough (Wu & Johnson 2021,
 * "Rethinking Batch in BatchNorm").
 */
const statisticsBatches = 64;

/** An average while a model is trained. */
export class Averaging {
  readonly average: WeightAverage;
  readonly #model: AnyModule;
  readonly #train: BatchSource;
  readonly #partSize: number;
  readonly #options: AverageOptions;
  #shown = false;

  /**
   * @param partSize examples that are computed at a time; default: all of a batch
   * @throws OptionError where statistics want batches again that come only once
   */
  constructor(
    model: AnyModule,
    train: BatchSource,
    options: AverageOptions,
    partSize = Number.POSITIVE_INFINITY,
  ) {
    if (options.kind === 'swa' && movingNormsOf(model).length > 0) {
      train.requireAgain?.('for the statistics of batch norms');
    }
    this.#model = model;
    this.#train = train;
    this.#partSize = partSize;
    this.#options = options;
    this.average = new WeightAverage(model, options.kind === 'ema' ? { decay: options.decay ?? 0.999 } : {});
  }

  /** The average that each step updates. */
  get ofSteps(): WeightAverage | undefined {
    return this.#options.kind === 'ema' ? this.average : undefined;
  }

  /**
   * Takes in what counts of an epoch whose steps are made, and gives the model the average. The mean of weights from different
   * epochs has other activations than each of them, so that its statistics of batch norms are computed anew. Those of an EMA
   * are averaged as the weights are, which saves a pass over the data each epoch: with cnn on 1,000 digits (3 epochs, 3 seeds)
   * the loss was 0.190 against 0.188 with statistics computed anew under one-cycle, 0.168 against 0.164 at a constant rate.
   */
  async endEpoch(epoch: number): Promise<void> {
    if (this.#options.kind === 'swa' && epoch >= this.#options.from) await this.average.update();
    await this.show();
    if (this.#options.kind === 'swa' && this.#shown) await recompute(this.#model, this.#parts(epoch));
  }

  async *#parts(epoch: number): AsyncIterable<Batch> {
    for await (const batch of this.#train.batches(epoch)) yield* partsOf(batch, this.#partSize);
  }

  /** Gives the model the average, once there is one. */
  async show(): Promise<void> {
    if (this.#shown || this.average.updates === 0) return;
    this.#shown = true;
    await this.average.exchange();
  }

  /** Gives the model back what is trained. */
  async hide(): Promise<void> {
    if (!this.#shown) return;
    this.#shown = false;
    await this.average.exchange();
  }
}

/** Batch norms whose statistics move with the batches. */
function movingNormsOf(model: AnyModule) {
  return batchNormsOf(model).filter(({ momentum }) => momentum > 0);
}

/**
 * The running statistics of a model's batch norms as means over training batches. All else stays as it is: other variables and
 * the random generator.
 */
async function recompute(model: AnyModule, train: AsyncIterable<Batch>): Promise<void> {
  const norms = movingNormsOf(model);
  if (norms.length === 0) return;
  const statistics = norms.flatMap((norm) =>
    statisticsOf(norm).map((variable) => ({ variable, momentum: norm.momentum })),
  );
  const variables = statistics.map(({ variable }) => variable);
  const [putBack, first] = [await remember(movedVariables(model)), await runtime().readAll(variables)];
  let structure: Structure | undefined;
  const pass = compile((...tensors: Tensor[]): Tensor => {
    const [inputs] = treesOf(structure!, tensors);
    const outputs = inMode(model, 'train', () => outputTree(model, inputs)).tensors;
    return sum(outputs[0]);
  });
  const sums = first.map(({ length }) => new Float64Array(length));
  let last: readonly NumericArray[] = first;
  let batches = 0;
  for await (const batch of train) {
    structure ??= batch;
    await pass(...batch.inputs.tensors, ...batch.targets.tensors);
    last = await runtime().readAll(variables);
    last.forEach((values, index) => {
      for (let k = 0; k < values.length; k++) sums[index][k] += values[k];
    });
    if (++batches === statisticsBatches) break;
  }
  // A batch moves each value v by v' = (1 - m) · v + m · batch: solved for the mean of the batches.
  const means = statistics.map(({ variable, momentum }, index): [Variable, NumericArray] => [
    variable,
    Float32Array.from(sums[index], (total, k) => {
      const drift = ((1 - momentum) / momentum) * (last[index][k] - first[index][k]);
      return (total + drift) / batches;
    }),
  ]);
  await putBack();
  await runtime().writeAll(new Map(means));
}
