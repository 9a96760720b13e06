/** `weft predict`: the classes of pictures. */
import { printable } from '../text.ts';
import { predict } from '../train/index.ts';
import { preparePicture } from './pictures.ts';
import { readRun, requireFiniteAnswers } from './run-reading.ts';
import { percent, type Terminal } from './terminal.ts';

/** The options of the command line. */
export interface PredictCommandOptions {
  readonly invert: boolean;
  readonly json: boolean;
}

/** The most probable class is followed by this many others. */
const RUNNERS_UP = 2;

/** Runs the command. All pictures are read before anything is printed, so a broken one leaves no half result. */
export async function predictCommand(
  run: string,
  paths: readonly string[],
  options: PredictCommandOptions,
  { result, aside }: Terminal,
): Promise<void> {
  const { record, saved, notes: runNotes } = await readRun(run);
  for (const note of runNotes) aside(printable(note));
  const { model, inputShape, classNames, normalization } = saved;
  const form = { image: inputShape, borderBrightness: record.data.borderBrightness };
  const pictures = paths.map((path) => preparePicture(path, form, options.invert));
  const images = new Float32Array(pictures.length * inputShape.reduce((size, length) => size * length, 1));
  pictures.forEach(({ pixels }, index) => {
    images.set(pixels, index * pixels.length);
  });
  const predictions = await predict(model, images, [pictures.length, ...inputShape], { normalization });
  for (const { probabilities } of predictions) requireFiniteAnswers(run, probabilities);
  const answers = predictions.map(({ label, probabilities }, index) => {
    const classes = classNames
      .map((name, place) => ({ name, probability: probabilities[place]! }))
      .sort((first, second) => second.probability - first.probability);
    return {
      picture: paths[index]!,
      class: classNames[label]!,
      probability: probabilities[label]!,
      classes,
      notes: pictures[index]!.notes,
    };
  });
  if (options.json) {
    result(JSON.stringify(answers, null, 2));
    return;
  }
  for (const { picture, classes, notes } of answers) {
    const [first, ...others] = classes.slice(0, 1 + RUNNERS_UP);
    const then = others.map(({ name, probability }) => `${name} ${percent(probability)}`).join(', ');
    result(printable(`${picture}: ${first!.name} ${percent(first!.probability)}${then && `, then ${then}`}`));
    for (const note of notes) result(`  note: ${printable(note)}`);
  }
}
