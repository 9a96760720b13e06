/** `--loss`, `--label-smoothing` and the weights of classes: what a training makes as small as it can. */
import { InvalidArgumentError } from 'commander';
import { tensor } from '../index.ts';
import { focal, softmaxCrossEntropy } from '../nn/index.ts';
import { decimal } from '../text.ts';
import type { Loss } from '../train/index.ts';
import type { TrainSettings } from './settings/setting-values.ts';

/** The gamma of `focal` without a number: that of the paper. */
const usualGamma = 2;

/** Checks `cross-entropy`, `focal` or `focal:GAMMA`, and returns it. */
export function lossText(text: string): string {
  if (text === 'cross-entropy') return text;
  const gamma = gammaOf(text);
  if (gamma !== undefined && Number.isFinite(gamma) && gamma > 0) return text;
  throw new InvalidArgumentError('Give cross-entropy, focal, or focal with its gamma above 0: focal:2.');
}

/** The gamma of a focal loss; undefined of another. */
export function gammaOf(loss: string): number | undefined {
  const [name, gamma = `${usualGamma}`, ...more] = loss.split(':');
  return name === 'focal' && more.length === 0 ? decimal(gamma) : undefined;
}

/** The loss, in which all classes count the same unless they have weights. */
export function lossOf(
  { loss = 'cross-entropy', labelSmoothing = 0, classWeights }: TrainSettings,
  classNames: readonly string[],
): Loss {
  const gamma = gammaOf(loss);
  if (classWeights === undefined && labelSmoothing === 0 && gamma === undefined) return softmaxCrossEntropy;
  const weights = classWeights && tensor(Float32Array.from(classNames, (name) => classWeights[name]!));
  const weighted = weights ? { classWeights: weights } : {};
  return gamma === undefined
    ? (scores, labels) => softmaxCrossEntropy(scores, labels, { ...weighted, labelSmoothing })
    : (scores, labels) => focal(scores, labels, { ...weighted, gamma });
}

/** The loss in a sentence; undefined of plain cross-entropy. */
export function describeLoss({
  loss = 'cross-entropy',
  labelSmoothing = 0,
}: TrainSettings): string | undefined {
  const gamma = gammaOf(loss);
  if (gamma !== undefined)
    return `The loss is focal with gamma ${gamma}: an image counts the less the surer its class is.`;
  if (labelSmoothing === 0) return undefined;
  return `Labels are smoothed: ${labelSmoothing} of each is spread over all classes. The test loss is of labels as they are.`;
}

/** What the losses of training and validation are, for the axis of a chart. The loss of the test is always plain cross-entropy. */
export function lossName({ loss = 'cross-entropy', labelSmoothing = 0 }: TrainSettings): string {
  if (gammaOf(loss) !== undefined) return 'focal loss';
  return labelSmoothing > 0 ? 'cross-entropy of smoothed labels' : 'cross-entropy';
}
