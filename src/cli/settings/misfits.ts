/** Settings that do not fit together: one that does nothing is refused, since whoever gave it waits for what it does. */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { augmentNames, changeFacts } from '../../data/augment/augment-options.ts';
import { modelFacts } from '../../models/index.ts';
import { formatAugmentation } from '../augment-spec.ts';
import { averageOf } from '../averages.ts';
import { gammaOf } from '../losses.ts';
import { sizeMisfit } from '../model-sizes.ts';
import { plateauPatience, rises, stepsOf, takesMomentum } from '../optimizers.ts';
import { counted } from '../terminal.ts';
import { trainDefaults } from '../train-defaults.ts';
import { missingOf } from '../train-settings.ts';
import { viewsOf } from '../views-spec.ts';
import type { SettingName, Settings } from './setting-values.ts';

/** Two settings that do not fit together, or one that does nothing. */
export interface Misfit {
  /** The one that is of no use; undefined where something is missing. */
  readonly of?: SettingName;
  /** What is wrong, as a sentence. */
  readonly text: string;
}

/** What is known of the images once they are read. */
interface ImageFacts {
  readonly count: number;
  /** `[height, width, channels]` */
  readonly image: readonly [height: number, width: number, channels: number];
}

/**
 * Refuses settings that do not fit together. What is not known yet, since it follows from the data, is not looked at.
 *
 * @param out the run folder that was asked for
 * @param images those that are trained on, where they are known
 * @throws InvalidArgumentError
 */
export function requireFitting(settings: Settings, out: string | undefined, images?: ImageFacts): void {
  for (const { text } of misfits(settings, out)) throw new InvalidArgumentError(text);
  for (const text of images === undefined ? [] : imageMisfits(settings, images)) {
    throw new InvalidArgumentError(text);
  }
}

/** What does not fit together. */
export function* misfits(given: Settings, out?: string): Iterable<Misfit> {
  const settings = { model: trainDefaults.model, data: trainDefaults.data, ...given };
  const { data, model, remove, cache } = settings;
  const strange = sizeMisfit(settings);
  if (strange !== undefined) yield { of: strange.size, text: strange.text };
  if (remove !== undefined && missingOf(settings) === 'error') {
    yield {
      text: `--remove takes pixels away, and ${model} takes none that are missing: say what it makes of them with --missing, such as mean${modelFacts(model).treatments.includes('mask') ? ' or mask' : ''}.`,
    };
  }
  yield* heldOutMisfits(settings);
  yield* snapshotMisfits(settings);
  yield* learningMisfits(settings);
  yield* lengthMisfits(settings);
  yield* pictureMisfits(settings);
  for (const [flag, folder] of Object.entries({ out, cache })) {
    if (folder !== undefined && data !== 'digits' && isWithin(resolve(data), folder)) {
      yield {
        text: `--${flag} ${folder} lies in the data set: give a folder outside of ${resolve(data)}.`,
      };
    }
  }
}

function* learningMisfits(settings: Settings): Iterable<Misfit> {
  const { optimizer, momentum, nesterov, weightDecay, decay, loss, labelSmoothing = 0 } = settings;
  if (optimizer !== undefined && momentum !== undefined && !takesMomentum(optimizer)) {
    yield {
      of: 'momentum',
      text: `--momentum ${momentum} does nothing for ${optimizer}: sgd and rmsprop take it.`,
    };
  }
  if (nesterov && optimizer !== undefined && (optimizer !== 'sgd' || momentum === 0)) {
    yield {
      of: 'nesterov',
      text: `--nesterov does nothing for ${optimizer === 'sgd' ? 'sgd without momentum' : optimizer}: it is for sgd with momentum.`,
    };
  }
  if (decay !== undefined && weightDecay === 0) {
    yield {
      of: 'decay',
      text: `--decay ${decay} does nothing without weight decay: say with --weight-decay how much there is.`,
    };
  }
  if (loss !== undefined && gammaOf(loss) !== undefined && labelSmoothing > 0) {
    yield {
      of: 'labelSmoothing',
      text: `--label-smoothing ${labelSmoothing} is part of cross-entropy, not of ${loss}: leave out the one or the other.`,
    };
  }
}

/** What comes too late in a training of so many epochs. */
function* lengthMisfits({ epochs, average, earlyStopping, schedule }: Settings): Iterable<Misfit> {
  if (epochs === undefined) return;
  const swa = averageOf(average ?? 'none', epochs);
  if (swa?.kind === 'swa' && swa.from > epochs) {
    yield {
      of: 'average',
      text: `--average ${average} begins after the last of ${epochs} epochs: let it begin earlier.`,
    };
  }
  if (earlyStopping !== undefined && earlyStopping > epochs - 2) {
    const most = epochs - 2;
    yield {
      of: 'earlyStopping',
      text: `--early-stopping ${earlyStopping} never stops ${epochs} epochs early: ${most < 1 ? 'train for 3 epochs or more' : `give ${most} or less, or more --epochs`}.`,
    };
  }
  // The first epoch is the best so far, whatever it is.
  const earliest = 1 + (earlyStopping ?? epochs);
  if (swa?.kind === 'swa' && swa.from > earliest) {
    yield {
      of: 'average',
      text: `--average ${average} begins with epoch ${swa.from}, and --early-stopping ${earlyStopping} may stop after epoch ${earliest}: give swa:${earliest} or less, or --early-stopping ${swa.from - 1} or more.`,
    };
  }
  // An epoch that is the best, those that are not, and one in which the lower rate holds.
  const least = plateauPatience + 3;
  if (schedule === 'plateau' && epochs < least) {
    yield {
      of: 'schedule',
      text: `--schedule plateau does nothing in ${epochs} epochs, since it waits for more than ${plateauPatience}: train for ${least} or more, or give another schedule.`,
    };
  }
}

function* heldOutMisfits({ fold, validationShare }: Settings): Iterable<Misfit> {
  if (fold === undefined || validationShare === undefined) return;
  yield {
    of: 'validationShare',
    text: `--val-split ${validationShare} does nothing beside --fold, which says how much is held out: leave out the one or the other.`,
  };
}

/** Snapshots are the models at the ends of whole cycles, each of whole epochs. */
function* snapshotMisfits(settings: Settings): Iterable<Misfit> {
  const { snapshots, schedule, epochs, warmUp = 0, earlyStopping, average = 'none' } = settings;
  const { teacher, distill } = settings;
  if (distill !== undefined && teacher === undefined) {
    yield {
      of: 'distill',
      text: `--distill ${distill} does nothing without a teacher: give one with --teacher.`,
    };
  }
  if (snapshots === undefined) return;
  const wrong = (text: string): Misfit => ({ of: 'snapshots', text: `--snapshots ${snapshots} ${text}` });
  if (schedule !== 'warm-restarts')
    yield wrong('is of cycles, which only warm restarts have: give --schedule warm-restarts.');
  if (epochs !== undefined && epochs % snapshots !== 0) {
    const more = Math.ceil(epochs / snapshots) * snapshots;
    yield wrong(`does not divide ${counted(epochs, 'epoch')} into equal cycles: give --epochs ${more}.`);
  }
  if (warmUp > 0) yield wrong(`leaves no steps for --warm-up ${warmUp}: leave it out.`);
  if (earlyStopping !== undefined)
    yield wrong(`are of all cycles, which --early-stopping ${earlyStopping} may cut off: leave it out.`);
  if (averageOf(average, 1)?.kind === 'swa')
    yield wrong(
      `are the models at the ends of cycles, of which --average ${average} is the mean: give another average.`,
    );
}

/** Changes of pictures where there is nothing to change. */
function* pictureMisfits(settings: Settings): Iterable<Misfit> {
  const { batchSize, accumulate = 1, augmentation, remove, stream, workers = 0 } = settings;
  for (const name of ['mixup', 'cutmix'] as const) {
    const alpha = settings[name] ?? 0;
    if (alpha > 0 && batchSize === 1 && accumulate === 1) {
      yield {
        of: name,
        text: `--${name} ${alpha} does nothing with one picture a step: give --batch 2 or more.`,
      };
    }
  }
  const changes =
    augmentation === undefined || formatAugmentation(augmentation) !== '' || remove !== undefined;
  if (workers > 0 && !changes && stream !== true) {
    yield {
      of: 'workers',
      text: `--workers ${workers} does nothing for pictures that lie in memory and are not changed: leave it out, or give --augment or --stream.`,
    };
  }
}

/** What does not fit the images. */
function* imageMisfits(settings: Settings, { count, image }: ImageFacts): Iterable<string> {
  const [height, width, channels] = image;
  const {
    augmentation = {},
    views,
    warmUp = 0,
    schedule,
    epochs = 1,
    batchSize = 1,
    accumulate = 1,
  } = settings;
  for (const name of augmentNames) {
    const value = augmentation[name] ?? 0;
    if (changeFacts[name].ofColors && value !== 0 && channels !== 3) {
      yield `--augment ${name}=${value} is of colors, and the pictures are ${channels === 1 ? 'gray' : `of ${channels} channels`}: leave ${name} out.`;
    }
  }
  const side = Math.min(height, width);
  const shifts = { ...augmentation, views: viewsOf(views)?.shift };
  for (const [what, pixels = 0] of [
    ['--augment shift', shifts.shift],
    ['--augment crop', shifts.crop],
    ['--views shift', shifts.views],
  ] as const) {
    if (pixels >= side) {
      yield `${what}=${pixels} is as much as pictures of ${height}×${width} pixels are large: give less than ${side}.`;
    }
  }
  const steps = stepsOf(count, { epochs, batchSize, accumulate });
  if (warmUp > 0 && schedule !== undefined && !rises(schedule, warmUp, steps)) {
    yield `--warm-up ${warmUp} of ${counted(steps, 'step')} is none: give ${Math.ceil(100 / steps) / 100} or more, or leave it out.`;
  }
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, resolve(path));
  return way.split(sep)[0] !== '..' && !isAbsolute(way);
}
