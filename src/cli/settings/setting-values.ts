/** What can be set for a training with `weft train`, by the names of config.json and of the record; `setting-table.ts` says the rest of each. */
import type { NamedChanges } from '../../data/augment/augment-options.ts';
import type { Sampling } from '../../data/balanced-order.ts';
import type { PictureFit } from '../../data/resize.ts';
import type { DataFold } from '../../data/split.ts';
import type { DeviceOptions } from '../../index.ts';
import type { ModelSizes } from '../../models/index.ts';

/** What `--optimizer` takes. */
export const optimizerNames = ['adam', 'adamw', 'sgd', 'rmsprop', 'adagrad'] as const;
export type OptimizerName = (typeof optimizerNames)[number];

/** What `--schedule` takes. */
export const scheduleNames = [
  'one-cycle',
  'cosine',
  'warm-restarts',
  'polynomial',
  'exponential',
  'step',
  'plateau',
  'constant',
] as const;
export type ScheduleName = (typeof scheduleNames)[number];

/** Which parameters weight decay pulls to 0: all but biases, norms and decays, or all. */
export const decayed = ['matrices', 'all'] as const;
export type Decayed = (typeof decayed)[number];

/** What says which epoch is the best. */
export const monitors = ['accuracy', 'loss'] as const;

/** What `--classes` was given. */
export interface GivenClasses {
  readonly names: readonly string[];
  /** What gives these names again, from anywhere: the path of the file, whose names may hold commas, or else the names. */
  readonly source: string;
}

/** What is trained on. */
interface DataValues {
  /** 'digits', or a folder. */
  readonly data: string;
  /** `[height, width]` in pixels. */
  readonly size: readonly [height: number, width: number];
  /** How pictures of other proportions are brought to it. */
  readonly fit: PictureFit;
  readonly classes: GivenClasses;
  /** A CSV or JSON file of the labels of pictures that are not in class folders. */
  readonly labels: string;
  /** A file, or a pattern for the names of pictures: see `groupSource`. */
  readonly groups: string;
  /** Whether pictures stay in their files until they are shown. */
  readonly stream: boolean;
  /** A folder in which the pixels of pictures in files are kept once they are decoded. */
  readonly cache: string;
}

/** How it is trained: what the record of a run tells, but for the weights of classes, which it has as numbers. */
interface TrainingValues extends ModelSizes {
  /** Share of the training images held out for validation, where it is not the usual one. */
  readonly validationShare: number;
  /** The part of equal ones that is held out for validation in its place. */
  readonly fold: DataFold;
  /** Decides which images are held out; where it is not given, `seed` does. */
  readonly splitSeed: number;
  readonly model: string;
  /** A run or a saved model whose layers are taken over. */
  readonly from: string;
  /** Names of layers that stay as they are, parted by commas. */
  readonly freeze: string;
  /** Passes over the training images. */
  readonly epochs: number;
  /** Images in a step. */
  readonly batchSize: number;
  /** Batches whose gradients make a step together. */
  readonly accumulate: number;
  readonly optimizer: OptimizerName;
  /** The part of the previous velocity that stays: of `sgd` and `rmsprop`. */
  readonly momentum: number;
  /** Whether `sgd` looks ahead along its velocity. */
  readonly nesterov: boolean;
  /** The highest rate of the schedule. */
  readonly learningRate: number;
  readonly schedule: ScheduleName;
  /** Share of the steps in which the rate rises; 0: none. */
  readonly warmUp: number;
  readonly weightDecay: number;
  readonly decay: Decayed;
  /** The most that the norm of all gradients together may be; 0: any. */
  readonly clipNorm: number;
  /** How training images are changed at random; empty: not at all. */
  readonly augmentation: NamedChanges;
  /** How pictures are mixed in pairs, by the α of a Beta distribution; 0: not. */
  readonly mixup: number;
  readonly cutmix: number;
  readonly sampling: Sampling;
  /** What is removed of the images, as `removeSpec` reads it: anew for each showing in training, once of the others. */
  readonly remove: string;
  /** `cross-entropy`, `focal`, or `focal:2` with its gamma. */
  readonly loss: string;
  /** The share of the target that is spread evenly over all classes. */
  readonly labelSmoothing: number;
  /** `balanced`, `none`, or `cat=2,dog=0.5`. */
  readonly classWeights: string;
  /** `none`, `ema:0.999` or `swa:20`: which average of the weights the model is left with. */
  readonly average: string;
  /** Views of a test picture over which the answer is the mean: `flip,shift=2`, or `none`. */
  readonly views: string;
  /** Epochs without a new best after which training stops. */
  readonly earlyStopping: number;
  readonly monitor: (typeof monitors)[number];
  readonly seed: number;
  /** Threads that change the pictures of the next steps meanwhile. */
  readonly workers: number;
}

/** All of them. */
export interface SettingValues extends DataValues, TrainingValues {
  readonly device: keyof DeviceOptions;
}

export type SettingName = keyof SettingValues;

/** Those that were asked for; of what is left out, the defaults say what it is. */
export type Settings = { readonly [Name in SettingName]?: SettingValues[Name] };

/** What is always decided before training. */
type Decided =
  | 'model'
  | 'epochs'
  | 'batchSize'
  | 'optimizer'
  | 'learningRate'
  | 'schedule'
  | 'weightDecay'
  | 'augmentation'
  | 'seed';

/**
 * How a model is trained, as decided before training and recorded. Sizes, and whatever was not asked for, are left out where they are
 * the model's own.
 */
export type TrainSettings = Pick<TrainingValues, Decided> &
  Pick<Settings, Exclude<keyof TrainingValues, Decided | 'classWeights'>> & {
    /** What an image of each class counts in the loss, by the names of the classes. */
    readonly classWeights?: Readonly<Record<string, number>> | undefined;
  };

/** All that is decided before training: the settings that were asked for, and the defaults of the others. */
export type PlannedSettings = Settings & Pick<SettingValues, 'data' | 'device' | Decided>;
