/** What the options of `weft train` mean: the settings that are recorded, and what training is made of by them. */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { type AugmentOptions, augmentBatch } from '../data/augment.ts';
import type { ImageDataset } from '../data/dataset.ts';
import { groupSource } from '../data/groups.ts';
import type { PictureFit } from '../data/image.ts';
import type { MissingPixels } from '../data/missing.ts';
import { type Removal, removeFromBatch, removePixels } from '../data/removal.ts';
import { type DeviceOptions, tensor } from '../index.ts';
import { createModel, type MissingTreatment, modelFacts, modelNames } from '../models/index.ts';
import type { GivenSizes } from '../models/sizes.ts';
import { type Module, softmaxCrossEntropy } from '../nn/index.ts';
import {
  Adam,
  AdamW,
  constant,
  cosine,
  type Optimizer,
  oneCycle,
  RMSprop,
  type Schedule,
  SGD,
  stepDecay,
} from '../optim/index.ts';
import type { ImageAugmentation, Loss } from '../train/index.ts';
import { formatAugmentation } from './augment-spec.ts';
import { classWeightsOf } from './class-weights.ts';
import { givenSizes, sizeMisfit, writtenSizes } from './model-sizes.ts';
import { formatRemoval, removeSpec } from './remove-spec.ts';
import type { TrainSettings } from './run-record.ts';
import type { GivenClasses } from './shared-options.ts';
import { augmentation, defaultLearningRate, sgdMomentum, trainDefaults } from './train-defaults.ts';

/** The options of the command line. */
export interface TrainOptions extends GivenSizes {
  readonly data: string;
  readonly size?: readonly [height: number, width: number];
  readonly fit?: PictureFit;
  readonly classes?: GivenClasses;
  readonly valSplit?: number;
  readonly groups?: string;
  readonly model: string;
  readonly epochs: number;
  readonly batch: number;
  readonly optimizer: OptimizerName;
  readonly lr?: number;
  readonly schedule: ScheduleName;
  readonly weightDecay?: number;
  readonly remove?: Removal;
  /** false: none. Default: the usual ones. */
  readonly augment?: AugmentOptions | false;
  readonly classWeights?: string;
  readonly earlyStopping?: number;
  readonly seed: number;
  readonly device: keyof DeviceOptions;
  readonly out?: string;
  readonly json: boolean;
}

interface OptimizerSettings {
  /** In a sentence. */
  readonly title: string;
  /** What weight decay there is where none is asked for. */
  readonly weightDecay: number;
  readonly make: (model: Module, options: { learningRate: Schedule; weightDecay: number }) => Optimizer;
}

const optimizers = {
  adam: {
    title: 'Adam',
    weightDecay: 0,
    make: (model, options) => new Adam(model.parameters(), options),
  },
  adamw: {
    title: 'AdamW',
    weightDecay: 0.01,
    make: (model, options) => new AdamW(model.parameters(), options),
  },
  rmsprop: {
    title: 'RMSprop',
    weightDecay: 0,
    make: (model, options) => new RMSprop(model.parameters(), options),
  },
  sgd: {
    title: `SGD with momentum ${sgdMomentum}`,
    weightDecay: 0,
    make: (model, options) => new SGD(model.parameters(), { ...options, momentum: sgdMomentum }),
  },
} satisfies Record<string, OptimizerSettings>;

/** What `--optimizer` takes. */
export type OptimizerName = keyof typeof optimizers;
export const optimizerNames = Object.keys(optimizers) as readonly OptimizerName[];

interface ScheduleKind {
  readonly make: (rate: number, steps: number) => Schedule;
  /** What the rate does, in a sentence. */
  readonly describe: (rate: number) => string;
}

const schedules = {
  'one-cycle': {
    make: oneCycle,
    describe: (rate) =>
      `one-cycle learning rate: from ${short(rate / 25)} up to ${rate} in 30 % of the steps, then down to almost 0`,
  },
  cosine: {
    make: cosine,
    describe: (rate) => `cosine learning rate: from ${rate} down to 0 along half a cosine`,
  },
  step: {
    make: (rate, steps) => stepDecay(rate, Math.ceil(steps / 3), 0.1),
    describe: (rate) =>
      `step learning rate: ${rate}, ${short(rate / 10)}, ${short(rate / 100)}, each for a third of the steps`,
  },
  constant: { make: constant, describe: (rate) => `constant learning rate ${rate}` },
} satisfies Record<string, ScheduleKind>;

/** What `--schedule` takes. */
export type ScheduleName = keyof typeof schedules;
export const scheduleNames = Object.keys(schedules) as readonly ScheduleName[];

function short(rate: number): number {
  return Number(rate.toPrecision(3));
}

/** The optimizer in words. */
export function describeOptimizer({ optimizer, weightDecay }: TrainSettings): string {
  const kind: OptimizerSettings | undefined = optimizers[optimizer as OptimizerName];
  return `${kind?.title ?? optimizer}${weightDecay > 0 ? ` and weight decay ${weightDecay}` : ''}`;
}

/** What the learning rate does, in words. */
export function describeSchedule({ schedule, learningRate }: TrainSettings): string {
  return schedules[schedule as ScheduleName]?.describe(learningRate) ?? schedule;
}

/**
 * What is wrong with the options whatever the data is, as a sentence: an option that does nothing is refused, since whoever
 * gave it waits for what it does. Undefined when they fit together.
 */
export function misfit(options: TrainOptions): string | undefined {
  const { data, out, epochs, earlyStopping } = options;
  const wrong = sizeMisfit(options);
  if (wrong !== undefined) return wrong;
  if (options.remove !== undefined && missingOf(options) === 'error') {
    return `--remove takes pixels away, and ${options.model} takes none that are missing: say what it makes of them with --missing, such as mean${modelFacts(options.model).treatments.includes('mask') ? ' or mask' : ''}.`;
  }
  if (earlyStopping !== undefined && earlyStopping > epochs - 2) {
    const most = epochs - 2;
    return `--early-stopping ${earlyStopping} never stops ${epochs} epochs early: ${most < 1 ? 'train for 3 epochs or more' : `give ${most} or less, or more --epochs`}.`;
  }
  if (out !== undefined && data !== 'digits' && isWithin(resolve(data), out)) {
    return `--out ${out} lies in the data set: give a folder outside of ${resolve(data)}.`;
  }
  return undefined;
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, resolve(path));
  return way.split(sep)[0] !== '..' && !isAbsolute(way);
}

/** The settings, with what follows from the model and the training images filled in. */
export function settingsOf(options: TrainOptions, train: ImageDataset): TrainSettings {
  const { model, optimizer, schedule, augment } = options;
  return {
    model,
    ...givenSizes(options),
    optimizer,
    weightDecay: options.weightDecay ?? optimizers[optimizer].weightDecay,
    schedule,
    learningRate: options.lr ?? defaultLearningRate(model, optimizer),
    epochs: options.epochs,
    batchSize: options.batch,
    augmentation: { ...(augment === false ? {} : (augment ?? augmentation)) },
    ...(options.remove && { remove: formatRemoval(options.remove) }),
    classWeights: classWeightsOf(options.classWeights, train),
    validationShare: options.valSplit,
    earlyStopping: options.earlyStopping,
    seed: options.seed,
  };
}

/** What the model of a run makes of missing pixels: what was asked for, or what is usual; a model of another version takes none. */
export function treatmentOf({ model, missing }: Pick<TrainSettings, 'model' | 'missing'>): MissingTreatment {
  if (missing !== undefined) return missing;
  return modelNames.some((name) => name === model) ? modelFacts(model).treatments[0] : 'error';
}

/** What is done with NaN pixels: the model gets them if it makes something of them. */
export function missingOf(settings: Pick<TrainSettings, 'model' | 'missing'>): MissingPixels {
  return treatmentOf(settings) === 'error' ? 'error' : 'mask';
}

/** The images without what is removed of them, the same with each seed. */
export function afterRemoval(
  dataset: ImageDataset,
  { remove, seed }: Pick<TrainSettings, 'remove' | 'seed'>,
): ImageDataset {
  return remove === undefined ? dataset : removePixels(dataset, { ...removeSpec(remove), seed });
}

/** How training images are changed at each showing: moved, and then without what is removed. */
export function changesOf({ augmentation, remove }: TrainSettings): {
  readonly augmentation?: AugmentOptions | ImageAugmentation;
} {
  const moves = Object.keys(augmentation).length > 0 ? augmentation : undefined;
  if (remove === undefined) return moves ? { augmentation: moves } : {};
  const removal = removeSpec(remove);
  return {
    augmentation: (images, shape, generator) => {
      if (moves) augmentBatch(images, shape, moves, generator);
      removeFromBatch(images, shape, removal, generator);
    },
  };
}

/** A new model for images as those of the data set. */
export function modelOf(options: TrainOptions, { shape, classNames }: ImageDataset): Module {
  const [, height, width, channels] = shape;
  const inputShape = [height, width, channels] as const;
  return createModel(options.model, { inputShape, classes: classNames.length, ...givenSizes(options) });
}

/** The optimizer of a model that is trained on so many images; its schedule ends with the last of the planned epochs. */
export function optimizerOf(settings: TrainSettings, model: Module, images: number): Optimizer {
  const { optimizer, schedule, learningRate, weightDecay, epochs, batchSize } = settings;
  const steps = Math.ceil(images / batchSize) * epochs;
  const rate = schedules[schedule as ScheduleName].make(learningRate, steps);
  // Runs of earlier versions had Adam, in other words.
  const kind: OptimizerSettings = optimizers[optimizer as OptimizerName] ?? optimizers.adam;
  return kind.make(model, { learningRate: rate, weightDecay });
}

/** The loss, in which all classes count the same unless they have weights. */
export function lossOf({ classWeights }: TrainSettings, { classNames }: ImageDataset): Loss {
  if (classWeights === undefined) return softmaxCrossEntropy;
  const weights = tensor(Float32Array.from(classNames, (name) => classWeights[name]!));
  return (scores, labels) => softmaxCrossEntropy(scores, labels, { classWeights: weights });
}

/** The full path of a folder, which holds from anywhere; the name of an embedded data set. */
export function sourceOf({ data }: TrainOptions): string {
  return data === 'digits' ? data : resolve(data);
}

/** The full path of a file of groups; a pattern as it is. */
function groupsFromAnywhere(text: string): string {
  const source = groupSource(text);
  return typeof source === 'string' ? resolve(source) : text;
}

/** The arguments that repeat the run: what differs from the defaults. `device` is the one that was used. */
export function commandOf(options: TrainOptions, device: string): string[] {
  const { augment, model, optimizer } = options;
  const usual: Readonly<Record<string, unknown>> = {
    ...trainDefaults,
    lr: defaultLearningRate(model, optimizer),
    'weight-decay': optimizers[optimizer].weightDecay,
    augment: formatAugmentation(augmentation),
    'class-weights': 'none',
  };
  const given = {
    data: sourceOf(options),
    size: options.size?.join('x'),
    fit: options.fit,
    classes: options.classes?.source,
    'val-split': options.valSplit,
    groups: options.groups === undefined ? undefined : groupsFromAnywhere(options.groups),
    model,
    ...writtenSizes(options),
    epochs: options.epochs,
    batch: options.batch,
    optimizer,
    lr: options.lr,
    schedule: options.schedule,
    'weight-decay': options.weightDecay,
    augment: augment ? formatAugmentation(augment) : undefined,
    remove: options.remove && formatRemoval(options.remove),
    'class-weights': options.classWeights,
    'early-stopping': options.earlyStopping,
    seed: options.seed,
    device,
  };
  const words = Object.entries(given)
    .filter(([name, value]) => value !== undefined && value !== usual[name])
    .flatMap(([name, value]) => [`--${name}`, `${value}`]);
  return ['train', ...words, ...(augment === false ? ['--no-augment'] : [])];
}
