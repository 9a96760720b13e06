/** Training a model: what is trained on what, and how; `training.ts` does it. */
import { isStreamed, type PictureDataset } from '../data/stream/streamed-dataset.ts';
import type { AnyModule, Module } from '../nn/module.ts';
import type { TensorTree } from '../tensor/runtime.ts';
import { isPictureDataset } from './evaluate.ts';
import { type Examples, openExamples, type TensorAugmentation } from './example-source.ts';
import { type AnyFitOptions, checkFit, type FitOptions, type TensorFitOptions } from './fit-options.ts';
import { type ImageAugmentation, ImageSource } from './image-source.ts';
import type { History } from './reports.ts';
import { Training } from './training.ts';
import { requireUnused } from './training-files.ts';

/**
 * Trains a model to give each image's class the highest score.
 *
 * Steps are made in training mode and validation in evaluation mode; no layer's own mode changes, so the model can be
 * asked for predictions, evaluated and saved while it trains.
 * The event loop gets a turn after each step, or every 50 ms where steps are shorter.
 *
 * When `signal` is aborted, the training stops after the step that runs and `fit` resolves: the history holds the
 * finished epochs and says `aborted: true`; the model keeps what it has learned so far, also with `restoreBest`.
 *
 * With `checkpoint` the training is saved while it goes on. Made again in the same way, in another process after a crash for
 * example, and given the last state as `resume`, it goes on from there and ends with the same bits: weights, history and all.
 *
 * @throws OptionError, LabelError or DatasetError before anything is changed, when options or data do not fit, or the
 *   model cannot take the last, smaller batch; ShapeError when it cannot take any; ModelConfigError when it keeps layers
 *   or variables where they cannot be found
 * @throws NonFiniteStepError when a step gives a loss or gradients that are NaN or infinite: it names the step, the first
 *   bad operation and the likely cause. That step is not made; the model stays as the step before left it.
 * @throws NonFiniteError when an epoch ends with parameters, or a validation loss, that are NaN or infinite
 */
export function fit(model: Module, train: PictureDataset, options: FitOptions): Promise<History>;
/**
 * Trains a model on anything else: on `{ inputs, targets }`, which are tensors, or arrays or objects of tensors, with the
 * examples along the first axis; or on batches of such, from an iterable or a function that gives one for each epoch. The model is
 * called with `inputs`, the loss with what it gives and `targets`. Without a loss, targets are int32 classes.
 *
 * ```ts
 * const inputs = randn([64, 4]);
 * const examples = { inputs, targets: inputs.sum(-1, { keepDims: true }) };
 * const line = new Dense(4, 1);
 * const optimizer = new Adam(line.parameters(), { learningRate: 0.1 });
 * await fit(line, examples, { epochs: 2, optimizer, loss: meanSquaredError, progress: false });
 * ```
 *
 * @throws as for pictures; ShapeError when inputs and targets, or one batch and the next, do not fit together
 */
export function fit<Inputs, Targets, Output>(
  model: Module<Inputs, Output>,
  train: Examples<Inputs, Targets>,
  options: TensorFitOptions<Inputs, Output, Targets>,
): Promise<History<undefined>>;
export async function fit(model: AnyModule, train: unknown, options: unknown): Promise<History<undefined>> {
  const given = options as AnyFitOptions;
  const images = isPictureDataset(train) ? train : undefined;
  checkFit(model, images, given);
  const folder = given.resume === undefined ? given.checkpoint?.folder : undefined;
  if (folder !== undefined) await requireUnused(folder);
  const { epochs, accumulate = 1, validation, normalization, missing, seed, dropLast, stepsPerEpoch } = given;
  const { batchSize: partSize = 32, workers } = given;
  // What makes one step; it is computed in parts of `partSize`.
  const batchSize = partSize * accumulate;
  const { mix, sampling } = given;
  const sources = images
    ? {
        training: new ImageSource(images, {
          batchSize,
          dropLast,
          seed,
          normalization,
          missing,
          mix,
          sampling,
          workers,
          augmentation: given.augmentation as ImageAugmentation | undefined,
        }),
        validation: validation
          ? new ImageSource(validation as PictureDataset, {
              batchSize: partSize,
              normalization,
              missing,
              workers: isStreamed(validation) ? workers : 0,
            })
          : undefined,
      }
    : {
        training: await openExamples('the training data', train, {
          batchSize,
          dropLast,
          seed,
          stepsPerEpoch,
          epochs,
          resumed: given.resume !== undefined,
          augmentation: given.augmentation as TensorAugmentation<TensorTree> | undefined,
        }),
        validation:
          validation === undefined
            ? undefined
            : await openExamples('the validation data', validation, { batchSize: partSize, epochs }),
      };
  const classes = images && { count: images.classNames.length, name: images.name };
  try {
    return await new Training(model, sources, given, classes).run();
  } finally {
    sources.training.close?.();
    sources.validation?.close?.();
  }
}
