/** `weft evaluate`: how a trained model does on a test set. */
import { type ImageDataset, imageCount } from '../data/dataset.ts';
import { DatasetError } from '../data/errors.ts';
import { loadDataset } from '../data/load.ts';
import { evaluate, loadModel, type SavedModel } from '../train/index.ts';
import { confusionRows, formatConfusion, formatQualities, qualities } from './confusion.ts';
import { readMetrics } from './metrics.ts';
import { counted, percent, type Terminal } from './terminal.ts';

/** The options of the command line. */
export interface EvaluateCommandOptions {
  readonly data?: string;
  readonly json: boolean;
}

/** Runs the command. */
export async function evaluateCommand(
  run: string,
  options: EvaluateCommandOptions,
  { say, result }: Terminal,
): Promise<void> {
  const metrics = readMetrics(run);
  const saved = await loadModel(run);
  const source = options.data ?? metrics.data.source;
  // The seed of the run holds out the same test images where the folder has no test set itself.
  const { name, test, notes } = loadDataset(source, { seed: metrics.seed });
  const dataset = withClassesOf(saved, test);
  const { accuracy, loss, confusion } = await evaluate(saved.model, dataset, {
    normalisation: saved.normalisation,
  });
  const { classNames } = dataset;
  const rows = confusionRows(confusion, classNames.length);
  if (options.json) {
    const classes = qualities(rows).map((quality, index) => ({ name: classNames[index], ...quality }));
    const images = imageCount(test);
    result(JSON.stringify({ run, data: source, images, accuracy, loss, classes, confusion: rows }, null, 2));
    return;
  }
  for (const note of notes) say(note);
  result(
    `${saved.name} of ${run} on ${counted(imageCount(test), 'test image')} of ${name}: ` +
      `accuracy ${percent(accuracy)}, loss ${loss.toFixed(4)}\n`,
  );
  result(`${formatQualities(rows, classNames)}\n`);
  result(formatConfusion(rows, classNames));
}

/**
 * The data set with the classes of the model, in its order; not all of them need to occur.
 *
 * @throws DatasetError when the image size or a class is another
 */
function withClassesOf({ inputShape, classNames }: SavedModel, dataset: ImageDataset): ImageDataset {
  const [, ...imageShape] = dataset.shape;
  if (imageShape.join() !== inputShape.join()) {
    throw new DatasetError({
      where: dataset.name,
      got: `images of ${imageShape.join('×')} (height × width × channels)`,
      expected: `${inputShape.join('×')}, as the model was trained on`,
      cure: 'Give the data the model was made for, or train a model on this data',
    });
  }
  const places = dataset.classNames.map((name) => classNames.indexOf(name));
  const unknown = dataset.classNames.find((_, index) => places[index] === -1);
  if (unknown === undefined) {
    return { ...dataset, classNames, labels: dataset.labels.map((label) => places[label]!) };
  }
  throw new DatasetError({
    where: dataset.name,
    got: `a class "${unknown}"`,
    expected: `only classes of the model: ${classNames.join(', ')}`,
    cure: 'Give the data the model was made for, or train a model on this data',
  });
}
