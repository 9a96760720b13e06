/** The settings of a run in words. */
import { sizeNames } from '../../models/sizes.ts';
import { formatInteger } from '../../text.ts';
import { writtenSizes } from '../model-sizes.ts';
import { describeOptimizer, describeSchedule } from '../optimizers.ts';
import { describeRemoval, removeSpec } from '../remove-spec.ts';
import type { RunRecord } from '../run-record.ts';
import { writtenSetting } from '../settings/setting-options.ts';
import { settingNames } from '../settings/setting-table.ts';
import type { SettingName } from '../settings/setting-values.ts';

/** Settings that are told in their own words. */
const told: ReadonlySet<SettingName> = new Set<SettingName>([
  ...sizeNames,
  ...(['model', 'optimizer', 'momentum', 'nesterov', 'weightDecay', 'decay', 'clipNorm'] as const),
  ...([
    'learningRate',
    'schedule',
    'warmUp',
    'batchSize',
    'epochs',
    'earlyStopping',
    'classWeights',
  ] as const),
  ...(['augmentation', 'remove', 'views', 'validationShare', 'seed', 'device', 'data'] as const),
]);

/** All others, as their options take them: `label smoothing`, `0.1`. */
function others({
  data: _,
  device: __,
  classWeights: ___,
  ...settings
}: RunRecord): [string, string | undefined][] {
  return settingNames
    .filter((name) => !told.has(name))
    .map((name) => [
      name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
      writtenSetting(settings, name),
    ]);
}

/** Names and values; what was not asked for, and is not on, is left out. */
export function settingsOf(metrics: RunRecord): [name: string, value: string][] {
  const { data, augmentation, classWeights, earlyStopping, validationShare } = metrics;
  const [height, width, channels] = data.image;
  const moves = Object.entries(augmentation).map(([name, value]) => `${name} ${value}`);
  const weights = Object.entries(classWeights ?? {}).map(
    ([name, weight]) => `${name} ${weight.toPrecision(3)}`,
  );
  const ofData: [string, string][] = [
    ['data', data.source],
    [
      'images',
      `${formatInteger(data.train)} for training, ${formatInteger(data.validation)} for validation, ${formatInteger(data.test)} for testing`,
    ],
    ['image size', `${height}×${width}×${channels} (height × width × channels); others: ${data.fit}`],
    ['classes', formatInteger(data.classNames.length)],
  ];
  const ofRun: [string, string | undefined][] = [
    ['removed of each image', metrics.remove && describeRemoval(removeSpec(metrics.remove))],
    ['views', metrics.views],
    ['device', metrics.device],
    ['versions', `weft ${metrics.versions.weft}, Node ${metrics.versions.node}`],
  ];
  if (metrics.ensemble) return known([...ofData, ['combination', metrics.ensemble.combine], ...ofRun]);
  return known([
    ...ofData,
    ['model', metrics.model],
    ...Object.entries(writtenSizes(metrics)),
    ['optimizer', describeOptimizer(metrics)],
    ['learning rate', describeSchedule(metrics)],
    ['batch size', metrics.batchSize],
    ['epochs', `${metrics.history.length} of ${metrics.epochs}`],
    ...others(metrics),
    ['early stopping', earlyStopping && `after ${earlyStopping} epochs without a new best`],
    ['class weights', weights.length === 0 ? undefined : weights.join(', ')],
    ['augmentation', moves.length === 0 ? 'none' : moves.join(', ')],
    ['held out for validation', validationShare && `${validationShare * 100} %`],
    ['seed', metrics.seed],
    ...ofRun,
  ]);
}

function known(
  given: readonly (readonly [string, string | number | undefined])[],
): [name: string, value: string][] {
  return given.flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}`]]));
}
