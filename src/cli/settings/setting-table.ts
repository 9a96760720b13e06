/**
 * The settings of `weft train`, a row each, in the order of its help. Options of the command, lines of config.json, the record of a run
 * and the command that repeats it all follow from these rows.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { samplings } from '../../data/balanced-order.ts';
import { readClassNames } from '../../data/class-names.ts';
import { groupSource } from '../../data/groups.ts';
import { pictureFits } from '../../data/resize.ts';
import { formatFold } from '../../data/split.ts';
import { type DeviceOptions, deviceNames } from '../../index.ts';
import { type ModelSizes, modelNames } from '../../models/index.ts';
import { sizeKinds } from '../../models/sizes.ts';
import { augmentForm, augmentSpec, formatAugmentation } from '../augment-spec.ts';
import { averageText } from '../averages.ts';
import { classWeightsText } from '../class-weights.ts';
import { lossText } from '../losses.ts';
import { readSize } from '../model-sizes.ts';
import {
  foldText,
  nonNegativeNumber,
  positiveInteger,
  positiveNumber,
  properShare,
  seedNumber,
  shareFromNothing,
  trueOrFalse,
  workerCount,
} from '../numbers.ts';
import { removeHelp, removeSpec } from '../remove-spec.ts';
import { dataHelp, pictureSize } from '../shared-options.ts';
import { defaultTexts, trainDefaults } from '../train-defaults.ts';
import { viewsHelp, viewsText } from '../views-spec.ts';
import { oneOfNames, type Setting } from './setting.ts';
import {
  decayed,
  type GivenClasses,
  monitors,
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
    pathOf: (data) => (data === 'digits' ? undefined : data),
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
    pathOf: ({ source }) => (existsSync(source) ? source : undefined),
  },
  labels: {
    flag: '--labels <file>',
    heading: 'data',
    what: 'the labels of pictures that are not in class folders: a CSV file picture,label or a JSON file',
    read: (text) => text,
    pathOf: (path) => path,
  },
  validationShare: {
    flag: '--val-split <share>',
    heading: 'data',
    what: 'share of the training images held out for validation, where there are no validation images',
    usual: '0.05',
    read: properShare,
  },
  fold: {
    flag: '--fold <part/parts>',
    heading: 'data',
    what: 'hold out this part of so many equal ones for validation, as for cross-validation: 1/5, or with a number for another division 1/5:3',
    read: foldText,
    write: formatFold,
  },
  splitSeed: {
    flag: '--split-seed <number>',
    heading: 'data',
    what: 'decides which images are held out',
    usual: 'as --seed',
    read: seedNumber,
  },
  groups: {
    flag: '--groups <what>',
    heading: 'data',
    what: 'keep pictures of one group (a patient, a place) together: a CSV file picture,group or a JSON file, or a pattern for their names such as ^(patient\\d+)_',
    read: (text) => text,
    pathOf: (text) => {
      const source = groupSource(text);
      return typeof source === 'string' ? source : undefined;
    },
  },
  stream: {
    flag: '--stream',
    heading: 'data',
    what: 'pictures stay in their files until they are shown, however many there are',
    usual: 'where decoded they would take more than 256 MB',
    opposite: ['--no-stream', 'all images are read into memory first'],
    read: trueOrFalse,
  },
  cache: {
    flag: '--cache <folder>',
    heading: 'data',
    what: 'with --stream, keep decoded pixels there, for later epochs and other trainings',
    read: (text) => text,
    pathOf: (path) => path,
  },
  model: {
    flag: '--model <name>',
    heading: 'model',
    what: 'the network: weft models lists them',
    usual: trainDefaults.model,
    ...oneOfNames<string>(modelNames),
  },
  from: {
    flag: '--from <run>',
    heading: 'model',
    what: 'begin with the layers of a run or a saved model: for other classes the last one is new',
    read: (text) => text,
    pathOf: (path) => path,
  },
  freeze: {
    flag: '--freeze <layers>',
    heading: 'model',
    what: 'layers that stay as they are: conv1,lstm, or conv* for all whose names begin so',
    read: (text) => text,
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
  accumulate: {
    flag: '--accumulate <number>',
    heading: 'learning',
    what: 'batches whose gradients make one step together',
    usual: '1',
    read: positiveInteger,
  },
  optimizer: {
    flag: '--optimizer <name>',
    heading: 'learning',
    what: `the update rule: ${optimizerNames.join(', ')}`,
    usual: defaultTexts.optimizer,
    ...oneOfNames(optimizerNames),
  },
  momentum: {
    flag: '--momentum <share>',
    heading: 'learning',
    what: 'part of the last step that stays, of sgd and rmsprop',
    usual: defaultTexts.momentum,
    read: shareFromNothing,
  },
  nesterov: {
    flag: '--nesterov',
    heading: 'learning',
    what: 'sgd looks ahead along its momentum',
    read: trueOrFalse,
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
  snapshots: {
    flag: '--snapshots <number>',
    heading: 'learning',
    what: 'with --schedule warm-restarts, so many cycles of equal length; the model at the end of each is kept in the folder snapshots of the run',
    read: positiveInteger,
  },
  warmUp: {
    flag: '--warm-up <share>',
    heading: 'learning',
    what: 'share of the steps in which the rate rises',
    usual: '0.3 of one-cycle, 0 of others',
    read: shareFromNothing,
  },
  weightDecay: {
    flag: '--weight-decay <number>',
    heading: 'learning',
    what: 'pulls weights to 0',
    usual: defaultTexts.weightDecay,
    read: nonNegativeNumber,
  },
  decay: {
    flag: '--decay <what>',
    heading: 'learning',
    what: 'what weight decay pulls: matrices (no biases, norms or decays), or all',
    usual: 'matrices',
    ...oneOfNames(decayed),
  },
  clipNorm: {
    flag: '--clip <norm>',
    heading: 'learning',
    what: 'the most that the norm of all gradients together may be; 0: any',
    usual: defaultTexts.clipNorm,
    read: nonNegativeNumber,
  },
  augmentation: {
    flag: '--augment <changes>',
    heading: 'images',
    what: `random changes: none, or some of ${augmentForm.replaceAll(',', ', ')}`,
    usual: defaultTexts.augmentation,
    opposite: ['--no-augment', 'the same as --augment none'],
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
  mixup: {
    flag: '--mixup <alpha>',
    heading: 'images',
    what: 'mix pictures in pairs, pixel by pixel, with shares of Beta(alpha, alpha): 0.2 is usual',
    usual: defaultTexts.mixup,
    read: nonNegativeNumber,
  },
  cutmix: {
    flag: '--cutmix <alpha>',
    heading: 'images',
    what: 'lay a rectangle of one picture over another, with shares of Beta(alpha, alpha): 1 is usual',
    usual: defaultTexts.cutmix,
    read: nonNegativeNumber,
  },
  sampling: {
    flag: '--sampling <kind>',
    heading: 'images',
    what: 'how often classes are shown: uniform, as they occur, or balanced, all alike',
    usual: 'uniform',
    ...oneOfNames(samplings),
  },
  loss: {
    flag: '--loss <name>',
    heading: 'aim',
    what: 'cross-entropy, or focal:GAMMA, in which an image counts the less the surer its class is',
    usual: 'cross-entropy',
    read: lossText,
  },
  labelSmoothing: {
    flag: '--label-smoothing <share>',
    heading: 'aim',
    what: 'share of each label that is spread over all classes',
    usual: defaultTexts.labelSmoothing,
    read: shareFromNothing,
  },
  classWeights: {
    flag: '--class-weights <weights>',
    heading: 'aim',
    what: 'how much an image of each class counts in the loss: balanced, none, or some of NAME=NUMBER,…',
    usual: 'none',
    read: classWeightsText,
  },
  average: {
    flag: '--average <kind>',
    heading: 'aim',
    what: 'leave an average of the weights: none, ema:DECAY over the steps, or swa:EPOCH over the epochs from one on',
    usual: defaultTexts.average,
    read: averageText,
  },
  earlyStopping: {
    flag: '--early-stopping <epochs>',
    heading: 'aim',
    what: 'stop after so many epochs without a new best',
    usual: 'never',
    read: positiveInteger,
  },
  monitor: {
    flag: '--best <figure>',
    heading: 'aim',
    what: 'what says which epoch is the best, on the validation images: accuracy or loss',
    usual: 'accuracy',
    ...oneOfNames(monitors),
  },
  teacher: {
    flag: '--teacher <run>',
    heading: 'aim',
    what: 'learn the answers of this run or saved model to the same pictures, besides the labels: knowledge distillation',
    read: (text) => text,
    pathOf: (path) => path,
  },
  distill: {
    flag: '--distill <share>',
    heading: 'aim',
    what: 'with --teacher, share of the loss that is of its answers; the rest is of the labels',
    usual: defaultTexts.distill,
    read: properShare,
  },
  views: {
    flag: '--views <views>',
    heading: 'aim',
    what: `in the test, ${viewsHelp}`,
    usual: defaultTexts.views,
    read: viewsText,
  },
  seed: {
    flag: '--seed <number>',
    heading: 'run',
    what: 'decides everything random',
    usual: `${trainDefaults.seed}`,
    read: seedNumber,
  },
  workers: {
    flag: '--workers <number>',
    heading: 'run',
    what: 'threads that read and change the images of the next steps meanwhile; the result is the same',
    usual: '0, 2 with --stream',
    read: workerCount,
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
