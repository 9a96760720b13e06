/** The settings of a run in words. */
import { formatInteger } from '../../text.ts';
import { writtenSizes } from '../model-sizes.ts';
import { describeOptimizer, describeSchedule } from '../optimizers.ts';
import { describeRemoval, removeSpec } from '../remove-spec.ts';
import type { Metrics } from '../run-record.ts';

/** Names and values; what was not asked for, and is not on, is left out. */
export function settingsOf(metrics: Metrics): [name: string, value: string][] {
  const { data, augmentation, classWeights, earlyStopping, validationShare } = metrics;
  const [height, width, channels] = data.image;
  const moves = Object.entries(augmentation).map(([name, value]) => `${name} ${value}`);
  const weights = Object.entries(classWeights ?? {}).map(
    ([name, weight]) => `${name} ${weight.toPrecision(3)}`,
  );
  const given: [string, string | number | undefined][] = [
    ['data', data.source],
    [
      'images',
      `${formatInteger(data.train)} for training, ${formatInteger(data.validation)} for validation, ${formatInteger(data.test)} for testing`,
    ],
    ['image size', `${height}×${width}×${channels} (height × width × channels); others: ${data.fit}`],
    ['classes', formatInteger(data.classNames.length)],
    ['model', metrics.model],
    ...Object.entries(writtenSizes(metrics)),
    ['optimizer', describeOptimizer(metrics)],
    ['learning rate', describeSchedule(metrics)],
    ['batch size', metrics.batchSize],
    ['epochs', `${metrics.history.length} of ${metrics.epochs}`],
    ['early stopping', earlyStopping && `after ${earlyStopping} epochs without a new best`],
    ['class weights', weights.length === 0 ? undefined : weights.join(', ')],
    ['augmentation', moves.length === 0 ? 'none' : moves.join(', ')],
    ['removed of each image', metrics.remove && describeRemoval(removeSpec(metrics.remove))],
    ['held out for validation', validationShare && `${validationShare * 100} %`],
    ['seed', metrics.seed],
    ['device', metrics.device],
    ['versions', `weft ${metrics.versions.weft}, Node ${metrics.versions.node}`],
  ];
  return given.flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}`]]));
}
