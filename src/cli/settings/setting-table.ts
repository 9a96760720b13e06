/**
 * The settings of `weft train`, a row each, in the order of its help. Options of the command, lines of config.json, the record of a run
 * and the command that repeats it all follow from these rows.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readClassNames } from '../../data/class-names.ts';
import { groupSource } from '../../data/groups.ts';
import { pictureFits } from '../../data/image.ts';
import { type DeviceOptions, deviceNames } from '../../index.ts';
import { type ModelSizes, modelNames } from '../../models/index.ts';
import { sizeKinds } from '../../models/sizes.ts';
import { augmentForm, augmentSpec, formatAugmentation } from '../augment-spec.ts';
import { classWeightsText } from '../class-weights.ts';
import { readSize } from '../model-sizes.ts';
import { nonNegativeNumber, positiveInteger, positiveNumber, properShare, seedNumber } from '../numbers.ts';
import { removeHelp, removeSpec } from '../remove-spec.ts';
import { dataHelp, pictureSize } from '../shared-options.ts';
import { defaultTexts, trainDefaults } from '../train-defaults.ts';
import { oneOfNames, type Setting } from './setting.ts';
import {
  type GivenClasses,
  optimizerNames,
  type SettingName,
  type SettingValues,
  scheduleNames,
} from './setting-values.ts';

/** A size of models. */
function sizeSetting<Name extends keyof ModelSizes>(name: Name): Setting<ModelSizes[Name]> {
  const { placeholder, what, write } = sizeKinds[name];
  const read = (text: string) => readSize(name, text);
  return { flag: `--${name} <${placeholder}>`, heading: 'model', what, read, write };
}

/** The table. */
export const settings: { readonly [Name in SettingName]: Setting<SettingValues[Name]> } = {
  data: {
    flag: '--data <name>',
    heading: 'data',
    what: dataHelp,
    usual: trainDefaults.data,
    read: (text) => text,
    write: (data) => (data === 'digits' ? data : resolve(data)),
  },
  size: {
    flag: '--size <HxW>',
    heading: 'data',
    what: 'height and width of the images in pixels',
    usual: 'the commonest of the pictures, at most 64x64 of photographs',
    read: pictureSize,
    write: (size) => size.join('x'),
  },
  fit: {
    flag: '--fit <kind>',
    heading: 'data',
    what: 'how pictures of other proportions are brought to it: stretch, pad or crop',
    usual: trainDefaults.fit,
    ...oneOfNames(pictureFits),
  },
  classes: {
    flag: '--classes <names>',
    heading: 'data',
    what: 'the classes in order: a file with one name a line, or names parted by commas',
    usual: 'the folders, a classes.txt beside IDX files, or numbers',
    read: givenClasses,
    write: ({ source }) => source,
  },
  validationShare: {
    flag: '--val-split <share>',
    heading: 'data',
    what: 'share of the training images held out for validation, where there are no validation images',
    usual: '0.05',
    read: properShare,
  },
  groups: {
    flag: '--groups <what>',
    heading: 'data',
    what: 'keep pictures of one group (a patient, a place) together: a CSV file picture,group or a JSON file, or a pattern for their names such as ^(patient\\d+)_',
    read: (text) => text,
    write: (text) => {
      const source = groupSource(text);
      return typeof source === 'string' ? resolve(source) : text;
    },
  },
  model: {
    flag: '--model <name>',
    heading: 'model',
    what: 'the network: weft models lists them',
    usual: trainDefaults.model,
    ...oneOfNames<string>(modelNames),
  },
  hidden: sizeSetting('hidden'),
  width: sizeSetting('width'),
  layers: sizeSetting('layers'),
  dropout: sizeSetting('dropout'),
  order: sizeSetting('order'),
  readout: sizeSetting('readout'),
  maps: sizeSetting('maps'),
  kernel: sizeSetting('kernel'),
  patch: sizeSetting('patch'),
  heads: sizeSetting('heads'),
  steps: sizeSetting('steps'),
  missing: sizeSetting('missing'),
  epochs: {
    flag: '--epochs <number>',
    heading: 'learning',
    what: 'passes over the training images',
    usual: defaultTexts.epochs,
    read: positiveInteger,
  },
  batchSize: {
    flag: '--batch <number>',
    heading: 'learning',
    what: 'images in a training step',
    usual: defaultTexts.batchSize,
    read: positiveInteger,
  },
  optimizer: {
    flag: '--optimizer <name>',
    heading: 'learning',
    what: `the update rule: ${optimizerNames.join(', ')} (with momentum 0.9)`,
    usual: defaultTexts.optimizer,
    ...oneOfNames(optimizerNames),
  },
  learningRate: {
    flag: '--lr <number>',
    heading: 'learning',
    what: 'highest learning rate',
    usual: defaultTexts.learningRate,
    read: positiveNumber,
  },
  schedule: {
    flag: '--schedule <name>',
    heading: 'learning',
    what: `what the learning rate does over all epochs: ${scheduleNames.join(', ')}`,
    usual: defaultTexts.schedule,
    ...oneOfNames(scheduleNames),
  },
  weightDecay: {
    flag: '--weight-decay <number>',
    heading: 'learning',
    what: 'pulls weights to 0',
    usual: defaultTexts.weightDecay,
    read: nonNegativeNumber,
  },
  augmentation: {
    flag: '--augment <changes>',
    heading: 'images',
    what: `random changes: none, or some of ${augmentForm}`,
    usual: defaultTexts.augmentation,
    read: (text) => (text === 'none' ? {} : augmentSpec(text)),
    write: (changes) => formatAugmentation(changes) || 'none',
  },
  remove: {
    flag: '--remove <part:share>',
    heading: 'images',
    what: `take a part of each image away, another one at each showing, to learn to bear it: ${removeHelp}`,
    read: (text) => {
      removeSpec(text);
      return text;
    },
  },
  classWeights: {
    flag: '--class-weights <weights>',
    heading: 'aim',
    what: 'how much an image of each class counts in the loss: balanced, none, or some of NAME=NUMBER,…',
    usual: 'none',
    read: classWeightsText,
  },
  earlyStopping: {
    flag: '--early-stopping <epochs>',
    heading: 'aim',
    what: 'stop after so many epochs without a new best',
    usual: 'never',
    read: positiveInteger,
  },
  seed: {
    flag: '--seed <number>',
    heading: 'run',
    what: 'decides everything random',
    usual: `${trainDefaults.seed}`,
    read: seedNumber,
  },
  device: {
    flag: '--device <name>',
    heading: 'run',
    what: `what computes: ${[...deviceNames(), 'auto'].join(', ')}`,
    usual: trainDefaults.device,
    ...oneOfNames<keyof DeviceOptions>([...deviceNames(), 'auto']),
  },
};

/** The names of the settings, in their order. */
export const settingNames = Object.keys(settings) as readonly SettingName[];

/** The names or the file of `--classes`. */
function givenClasses(text: string): GivenClasses {
  if (!text.includes(',') || existsSync(text)) return { names: readClassNames(text), source: resolve(text) };
  const names = text.split(',').map((name) => name.trim());
  return { names, source: names.join(',') };
}
