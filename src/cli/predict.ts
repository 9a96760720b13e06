/** `weft predict`: the classes of pictures. */

import type { Command } from 'commander';
import { type DeviceOptions, setDevice } from '../index.ts';
import { printable } from '../text.ts';
import { predict } from '../train/index.ts';
import { preparePicture } from './pictures.ts';
import { readRun, requireFiniteAnswers } from './run-reading.ts';
import { deviceOption, jsonOption, runHelp } from './shared-options.ts';
import { type CommandContext, openTerminal, percent, type Terminal } from './terminal.ts';

/** The options of the command line. */
export interface PredictCommandOptions {
  readonly device: keyof DeviceOptions;
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
  await setDevice(options.device);
  const { record, saved, notes: runNotes } = await readRun(run);
  for (const note of runNotes) aside(printable(note));
  const { model, inputShape, classNames, normalization } = saved;
  const form = { image: inputShape, borderBrightness: record?.data.borderBrightness };
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

const help = `
Pictures are made gray or RGB and resized to what the model was trained on, with a note. They should look like the
training pictures: the embedded digits are white on black, so a dark digit on white paper needs --invert.`;

/** Declares `weft predict`. */
export function addPredict(program: Command, { streams }: CommandContext): void {
  program
    .command('predict')
    .description('classify pictures')
    .argument('<run>', runHelp)
    .argument('<pictures...>', 'PNG files')
    .option('--invert', 'classify the negatives of the pictures', false)
    .addOption(deviceOption())
    .addOption(jsonOption('the result'))
    .addHelpText('after', help)
    .action(async (run, pictures, options) => {
      await predictCommand(run, pictures, options, openTerminal(streams, options.json));
    });
}
