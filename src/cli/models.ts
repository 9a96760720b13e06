/** `weft models`: the models that `weft train` knows, with what they cost. */
import { type Command, Option } from 'commander';
import { WeftError } from '../errors.ts';
import { createModel, listModels, type ModelFacts, modelFacts, modelNames } from '../models/index.ts';
import type { GivenSizes } from '../models/sizes.ts';
import { type Summary, summarize, summary } from '../nn/index.ts';
import { formatCount, formatInteger, formatTable } from '../text.ts';
import { exitCodes } from './exit-codes.ts';
import { givenSizes, sizeMisfit, sizeOptions, writtenSizes } from './model-sizes.ts';
import { positiveInteger } from './numbers.ts';
import { choiceError, jsonOption, pictureSize } from './shared-options.ts';
import { type CommandContext, openTerminal, type Terminal } from './terminal.ts';

/** The options of the command line. */
interface ModelsOptions extends GivenSizes {
  readonly size: readonly [height: number, width: number];
  readonly channels: number;
  readonly classes: number;
  readonly json: boolean;
}

/** A model with what it costs for one image, or why it cannot read such. */
type Costs = ModelFacts &
  ({ readonly costs: Pick<Summary, 'parameters' | 'flops'> } | { readonly refusal: string });

/** The characters that sentences may be wide. */
const widestSentence = 56;

function taskOf({ size: [height, width], channels, classes }: ModelsOptions) {
  return { inputShape: [height, width, channels] as const, classes };
}

function costsOf(facts: ModelFacts, options: ModelsOptions): Costs {
  const task = taskOf(options);
  try {
    const { parameters, flops } = summarize(createModel(facts.name, task), task.inputShape);
    return { ...facts, costs: { parameters, flops } };
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    return { ...facts, refusal: `needs ${error.expected}` };
  }
}

/** Lists all models. */
function listAll(options: ModelsOptions, { result }: Terminal): void {
  const rows = listModels().map((facts) => costsOf(facts, options));
  if (options.json) {
    result(JSON.stringify(rows, undefined, 2));
    return;
  }
  const { size, channels, classes } = options;
  result(
    `Models for images of ${size.join('×')}×${channels} and ${classes} classes; a multiply and an add are two FLOPs:\n`,
  );
  result(
    formatTable(
      [
        { heading: 'model' },
        { heading: 'how it reads an image', widest: widestSentence },
        { heading: 'parameters', align: 'right' },
        { heading: 'FLOPs per image', align: 'right' },
      ],
      rows.map((row) =>
        'costs' in row
          ? [row.name, row.sentence, formatInteger(row.costs.parameters), formatCount(row.costs.flops)]
          : [row.name, `${row.sentence} (${row.refusal})`, '', ''],
      ),
    ),
  );
  result('\nThe layers and sizes of one: weft models row-lstm. To train it: weft train --model row-lstm');
}

/** Shows one model: the sizes it takes, and its layers. */
function showOne(name: string, options: ModelsOptions, { result }: Terminal): void {
  const facts = modelFacts(name);
  const task = taskOf(options);
  const model = createModel(name, { ...task, ...givenSizes(options) });
  const sizes = { ...facts.sizes, ...givenSizes(options) };
  if (options.json) {
    const { inputShape, classes } = task;
    const layers = summarize(model, inputShape);
    result(JSON.stringify({ ...facts, sizes, inputShape, classes, layers }, undefined, 2));
    return;
  }
  result(`${name}: ${facts.sentence}.`);
  result(
    `Sizes: ${
      Object.entries(writtenSizes(sizes))
        .map(([size, value]) => `--${size} ${value}`)
        .join(' ') || 'none'
    }\n`,
  );
  result(summary(model, task.inputShape));
}

/** Declares `weft models`. */
export function addModels(program: Command, { streams }: CommandContext): void {
  const command = program
    .command('models')
    .description('list the models that can be trained, or show the layers of one')
    .argument('[name]', 'a model: its sizes and its layers')
    .addOption(
      new Option('--size <HxW>', 'height and width of the images in pixels')
        .default([28, 28], '28x28')
        .argParser(pictureSize),
    )
    .addOption(
      new Option('--channels <number>', 'channels of the images: 1 of gray ones, 3 of colored ones')
        .default(1)
        .argParser(positiveInteger),
    )
    .option('--classes <number>', 'classes to tell apart', positiveInteger, 10);
  for (const option of sizeOptions()) command.addOption(option);
  command.addOption(jsonOption('the models')).action((name: string | undefined, options: ModelsOptions) => {
    const refuse = (text: string) => command.error(`error: ${text}`, { exitCode: exitCodes.usage });
    const terminal = openTerminal(streams, options.json);
    if (name === undefined) {
      const [size] = Object.keys(givenSizes(options));
      if (size !== undefined) refuse(`--${size} is of one model: weft models NAME --${size} …`);
      listAll(options, terminal);
      return;
    }
    const misspelt = choiceError(name, modelNames);
    if (misspelt !== undefined) refuse(`there is no model '${name}'. ${misspelt}`);
    const wrong = sizeMisfit({ ...options, model: name });
    if (wrong !== undefined) refuse(wrong.text);
    showOne(name, options, terminal);
  });
}
