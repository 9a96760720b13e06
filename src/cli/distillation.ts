/** `--teacher` and `--distill`: a training that learns the answers of another model besides the labels. */
import type { Normalization } from '../data/normalize.ts';
import type { TeacherOptions } from '../train/teacher.ts';
import { usualShare, usualTemperature } from '../train/teacher.ts';
import { renormalized } from './renormalized.ts';
import { RunError } from './run-error.ts';
import { readRun, requireClasses } from './run-reading.ts';
import type { TrainSettings } from './settings/setting-values.ts';
import { missingOf } from './train-settings.ts';

/** What the student is trained on. */
interface Student {
  readonly settings: TrainSettings;
  readonly classNames: readonly string[];
  /** `[H, W, C]` */
  readonly image: readonly [height: number, width: number, channels: number];
  readonly normalization: Normalization;
}

/**
 * Reads the teacher of a training; undefined where there is none.
 *
 * @throws RunError when it is no classifier of the same classes and image shape, or cannot take pixels that are missing
 */
export async function readTeacher({
  settings,
  classNames,
  image,
  normalization,
}: Student): Promise<TeacherOptions | undefined> {
  const { teacher: path, distill: share = usualShare } = settings;
  if (path === undefined) return undefined;
  const { record, saved } = await readRun(path);
  const { classNames: own, inputShape, ...model } = requireClasses(path, saved);
  const refusal = (got: string, expected: string, cure: string): RunError =>
    new RunError({ where: `--teacher ${path}`, got, expected, cure });
  if (own.join('\n') !== classNames.join('\n')) {
    throw refusal(
      `a model of the classes ${own.join(', ')}`,
      `those of the training, in their order: ${classNames.join(', ')}`,
      'Give a teacher that was trained for them, or their order with --classes.',
    );
  }
  if (inputShape.join() !== image.join()) {
    throw refusal(
      `a model of pictures of ${inputShape.join('×')} (height × width × channels)`,
      `${image.join('×')}, as those of the training`,
      'Give pictures of its size with --size, or another teacher.',
    );
  }
  if (missingOf(settings) === 'mask' && (record === undefined || missingOf(record) === 'error')) {
    throw refusal(
      'a model that takes no missing pixels',
      'one that does, as the model that is trained',
      'Give a teacher that was trained with --missing.',
    );
  }
  const [, , channels] = image;
  return { model: renormalized(model.model, model.normalization, normalization, channels).freeze(), share };
}

/** The teacher in a sentence; undefined without one. */
export function describeTeacher({ teacher, distill = usualShare }: TrainSettings): string | undefined {
  if (teacher === undefined) return undefined;
  return (
    `${distill} of the loss is of the answers of ${teacher} to the same pictures, at temperature ${usualTemperature}; ` +
    'the rest is of the labels.'
  );
}
