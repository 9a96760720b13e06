/** `weft predict`: the classes of pictures, of as many as there are. */
import { type Command, Option } from 'commander';
import { applyNormalization } from '../data/normalize.ts';
import { WeftError } from '../errors.ts';
import { compile, type DeviceOptions, setDevice, type Tensor, zeros } from '../index.ts';
import { inMode } from '../nn/mode.ts';
import { fromData } from '../tensor/leaves.ts';
import { formatInteger, printable } from '../text.ts';
import { probabilitiesOf } from '../train/objective.ts';
import { ViewedClassifier } from '../train/picture-views.ts';
import { exitCodes } from './exit-codes.ts';
import { positiveInteger } from './numbers.ts';
import { findPicturePaths } from './picture-paths.ts';
import { type PictureForm, type PreparedPicture, pictureForm, preparePicture } from './pictures.ts';
import { type AnswerForm, csvAnswers, jsonAnswers, jsonLineAnswers, textAnswers } from './predict-answers.ts';
import { type PictureModel, readRun, requireFiniteAnswers } from './run-reading.ts';
import { deviceOption, jsonOption, runHelp } from './shared-options.ts';
import { type CommandContext, Counter, counted, type Streams } from './terminal.ts';
import { viewsHelp, viewsOf, viewsText } from './views-spec.ts';

/** The options of the command line. */
export interface PredictCommandOptions {
  readonly device: keyof DeviceOptions;
  readonly invert: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly jsonl?: boolean;
  readonly top?: number;
  readonly views?: string;
}

/** Pictures that are held and computed at a time: so many, or fewer of large ones. */
const PICTURES_AT_ONCE = 256;
const NUMBERS_AT_ONCE = 2 ** 24;

/** Of more pictures than this, what was done to them is told in sums. */
const MOST_WITH_NOTES = 8;

/**
 * Runs the command; returns its exit code. What cannot be read is told, and the others are classified all the same.
 *
 * @throws RunError or CheckpointError for what is no model of pictures
 */
export async function predictCommand(
  run: string,
  given: readonly string[],
  options: PredictCommandOptions,
  { stdout, stderr }: Streams,
): Promise<number> {
  await setDevice(options.device);
  const { record, saved, notes: runNotes } = await readRun(run);
  const form = pictureForm(saved, record);
  const { paths, notes, faults } = findPicturePaths(given);
  const counter = new Counter(stdout.isTTY ? stdout : stderr);
  const aside = (text: string): void => {
    counter.clear();
    stderr.write(`${text}\n`);
  };
  for (const note of [...runNotes, ...notes]) aside(printable(note));
  const sums = paths.length > MOST_WITH_NOTES ? new Map<string, number>() : undefined;
  const answers = writerOf(options)({
    classNames: saved.classNames,
    outputs: outputsOf(saved),
    top: options.top,
    withNotes: sums === undefined,
    write: (text) => {
      counter.clear();
      stdout.write(text);
    },
  });
  let failures = 0;
  const fail = (picture: string, error: WeftError): void => {
    failures++;
    aside(`${error.name}: ${error.message}`);
    answers.write({ picture, error });
  };
  for (const fault of faults) fail(fault.where, fault);
  const answer = answering(run, saved, options.views ?? record?.views);
  const [height, width, channels] = form.image;
  const most = Math.min(PICTURES_AT_ONCE, Math.floor(NUMBERS_AT_ONCE / (height * width * channels)));
  for (const batch of batches(paths, Math.max(1, most))) {
    const pictures = batch.map(({ path, place }) => {
      counter.show(`${formatInteger(place)} of ${counted(paths.length, 'picture')}`);
      return tryPicture(path, form, options.invert);
    });
    const numbers = await answer(
      pictures.flatMap((picture) => (picture instanceof WeftError ? [] : [picture])),
      form,
    );
    for (const [index, { path }] of batch.entries()) {
      const picture = pictures[index]!;
      if (picture instanceof WeftError) {
        fail(path, picture);
        continue;
      }
      for (const { kind } of picture.notes) sums?.set(kind, (sums.get(kind) ?? 0) + 1);
      answers.write({ picture: path, numbers: numbers.shift()!, notes: picture.notes });
    }
  }
  answers.end();
  for (const [kind, count] of sums ?? []) {
    aside(`note: ${formatInteger(count)} of ${counted(paths.length, 'picture')}: ${printable(kind)}`);
  }
  if (failures > 0 && paths.length + faults.length > 1) {
    aside(
      `${formatInteger(failures)} of ${counted(paths.length + faults.length, 'picture')} could not be read.`,
    );
  }
  return failures > 0 ? exitCodes.failed : exitCodes.done;
}

function writerOf({
  csv,
  json,
  jsonl,
}: PredictCommandOptions): (form: AnswerForm) => ReturnType<typeof textAnswers> {
  if (csv) return csvAnswers;
  if (jsonl) return jsonLineAnswers;
  return json ? jsonAnswers : textAnswers;
}

/** Paths in batches, each with its place among all. */
function* batches(
  paths: readonly string[],
  size: number,
): Generator<readonly { readonly path: string; readonly place: number }[]> {
  for (let start = 0; start < paths.length; start += size) {
    yield paths.slice(start, start + size).map((path, index) => ({ path, place: start + index }));
  }
}

function tryPicture(path: string, form: PictureForm, negative: boolean): PreparedPicture | WeftError {
  try {
    return preparePicture(path, form, negative);
  } catch (error) {
    if (error instanceof WeftError) return error;
    throw error;
  }
}

/** How many numbers a model gives for an input: only shapes are computed. */
function outputsOf({ model, inputShape }: PictureModel): number {
  return inMode(model, 'eval', () => model.call(zeros([1, ...inputShape]))).size;
}

/** What a model says of pictures: for each the probabilities of its classes, or its numbers where it has none. */
function answering(
  run: string,
  { model, classNames, normalization }: PictureModel,
  asked: string | undefined,
): (pictures: readonly PreparedPicture[], form: PictureForm) => Promise<Float32Array[]> {
  const views = viewsOf(asked);
  const answerer = views === undefined ? model : new ViewedClassifier(model, views);
  const compute = compile((batch: Tensor): Tensor => {
    const outputs = inMode(answerer, 'eval', () => answerer.call(batch));
    return classNames === undefined ? outputs : probabilitiesOf(outputs);
  });
  return async (pictures, { image }) => {
    if (pictures.length === 0) return [];
    const length = pictures[0]!.pixels.length;
    const pixels = new Float32Array(pictures.length * length);
    pictures.forEach((picture, index) => {
      pixels.set(picture.pixels, index * length);
    });
    if (normalization) applyNormalization(pixels, normalization);
    const outputs = await compute(fromData(pixels, [pictures.length, ...image], 'float32'));
    const numbers = Float32Array.from(await outputs.data());
    requireFiniteAnswers(run, numbers);
    const each = numbers.length / pictures.length;
    return pictures.map((_, index) => numbers.subarray(index * each, (index + 1) * each));
  };
}

const help = `
Folders are looked through with the folders in them. Pictures are brought to the size and the colors that the model was
trained on, as they were in training; what was done is said, of many pictures in sums. They should look like the training
pictures: the embedded digits are white on black, so a dark digit on white paper needs --invert. What is transparent is laid
over white or black, whichever is farther from what is drawn.

A picture that cannot be read is told on standard error, and the others are classified; the exit code is then 1.`;

/** Declares `weft predict`. */
export function addPredict(program: Command, { streams, finish }: CommandContext): void {
  program
    .command('predict')
    .description('classify pictures')
    .argument('<run>', runHelp)
    .argument('<pictures...>', 'PNG or JPEG files, or folders of them')
    .option('--invert', 'classify the negatives of the pictures', false)
    .option('--top <number>', 'how many classes to give (default: 3, in CSV 1, in JSON all)', positiveInteger)
    .option('--views <views>', `${viewsHelp} (default: as in training)`, viewsText)
    .addOption(deviceOption())
    .addOption(
      new Option('--csv', 'write the result as CSV: picture, class, probability, error').conflicts('json'),
    )
    .addOption(
      new Option('--jsonl', 'write it as lines of JSON: picture, class, probabilities of all').conflicts([
        'csv',
        'json',
        'top',
      ]),
    )
    .addOption(jsonOption('the result'))
    .addHelpText('after', help)
    .action(async (run, pictures, options) => {
      finish(await predictCommand(run, pictures, options, streams));
    });
}
