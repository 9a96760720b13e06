/** The models the command can train, by name. */
import { OptionError, ShapeError } from '../errors.ts';
import { describeValue, requireKnownOptions, requireNumber } from '../options.ts';
import { describeLengths } from '../tensor/shape.ts';
import { nearest } from '../text.ts';
import { ReLU } from './activations.ts';
import { Conv2d } from './convolution.ts';
import { Dense } from './dense.ts';
import { Dropout } from './dropout.ts';
import type { Module } from './module.ts';
import { MaxPool2d } from './pooling.ts';
import { GRU } from './recurrent/gru.ts';
import { LSTM } from './recurrent/lstm.ts';
import { Flatten, RowsToSequence } from './reshaping.ts';
import { Sequential } from './sequential.ts';

/** What a model of `createModel` is made for, and what may differ from its usual form. */
export interface ModelOptions {
  /** Of one image: [H, W, C]. */
  readonly inputShape: readonly [height: number, width: number, channels: number];
  /** How many classes the last layer tells apart. */
  readonly classes: number;
  /**
   * Units of the recurrent layers (of each direction), or of the hidden dense layer of 'cnn'. Default 128; 64 for
   * 'conv-lstm' and 'bidirectional-lstm', 96 for 'conv-lstm-large'.
   */
  readonly hidden?: number | undefined;
  /** Recurrent layers, each reading the sequence of the one before. Default 1; 'cnn' has none. */
  readonly layers?: number | undefined;
  /**
   * Share of the features dropped before the last layer and between recurrent layers, in training mode. Default 0.25; 0
   * for 'row-lstm' and 'row-gru'.
   */
  readonly dropout?: number | undefined;
}

/** What tells the models apart. */
interface Recipe {
  /** Maps of two convolutions, each with relu and pooling by 2. Default: none, the pixels of a row are the features. */
  readonly maps?: readonly [first: number, second: number];
  /** What reads the rows from top to bottom. Default: nothing, a dense layer sees them all at once. */
  readonly cell?: 'lstm' | 'gru';
  readonly bidirectional?: boolean;
  readonly hidden: number;
  readonly dropout: number;
}

const recipes = {
  'conv-lstm': { maps: [8, 16], cell: 'lstm', hidden: 64, dropout: 0.25 },
  'conv-lstm-large': { maps: [16, 32], cell: 'lstm', hidden: 96, dropout: 0.25 },
  'row-lstm': { cell: 'lstm', hidden: 128, dropout: 0 },
  'bidirectional-lstm': { cell: 'lstm', bidirectional: true, hidden: 64, dropout: 0.25 },
  'row-gru': { cell: 'gru', hidden: 128, dropout: 0 },
  cnn: { maps: [16, 32], hidden: 128, dropout: 0.25 },
} satisfies Record<string, Recipe>;

/** A name that `createModel` knows. */
export type ModelName = keyof typeof recipes;

/** Any text, where an editor still offers the names. */
type AnyName = string & Record<never, never>;

/** The names `createModel` knows, the default first. */
export const modelNames = Object.keys(recipes) as readonly ModelName[];

/**
 * A new model [N, H, W, C] → logits [N, classes], its weights drawn from the seeded generator:
 *
 * - `'conv-lstm'`, the default of the command: convolutions of 8 and 16 maps, then an LSTM of 64 over the rows of the maps
 * - `'conv-lstm-large'`: convolutions of 16 and 32 maps, then an LSTM of 96
 * - `'row-lstm'`, `'row-gru'`: an LSTM or a GRU of 128 over the rows of pixels
 * - `'bidirectional-lstm'`: an LSTM of 64 from the top and one from the bottom
 * - `'cnn'`: convolutions of 16 and 32 maps, then a dense layer of 128, nothing recurrent
 *
 * ```ts
 * const model = createModel('conv-lstm', { inputShape: [20, 20, 1], classes: 10, hidden: 96, dropout: 0.5 });
 * ```
 *
 * @param name one of `modelNames`; a text that is read from somewhere will do
 * @throws OptionError for an unknown name, sizes that are not whole numbers ≥ 1, a dropout that is not in [0, 1), or layers
 *   for a model without recurrent ones; ShapeError for images too small
 */
export function createModel(name: ModelName | AnyName, options: ModelOptions): Sequential {
  if (!isModelName(name)) {
    const near = nearest(name, modelNames);
    throw new OptionError({
      where: 'createModel',
      got: describeValue(name),
      expected: `one of ${modelNames.join(', ')}`,
      cure: `${near === undefined ? 'Choose one of these' : `Did you mean '${near}'? Choose one of these`}, or build your own from layers with Sequential.`,
    });
  }
  requireKnownOptions('createModel', options, ['inputShape', 'classes', 'hidden', 'layers', 'dropout']);
  const recipe: Recipe = recipes[name];
  const { inputShape, classes, hidden = recipe.hidden, layers = 1, dropout = recipe.dropout } = options;
  requireImageShape(inputShape);
  requireNumber('createModel', 'classes', classes, 'a whole number of at least 1');
  requireNumber('createModel', 'hidden', hidden, 'a whole number of at least 1');
  requireNumber('createModel', 'layers', layers, 'a whole number of at least 1');
  requireNumber('createModel', 'dropout', dropout, 'a number from 0 to below 1');
  if (options.layers !== undefined && recipe.cell === undefined) {
    throw new OptionError({
      where: 'createModel',
      got: `layers ${layers} for '${name}'`,
      expected: 'layers for models with recurrent layers only',
      cure: `Leave it out: the dense layer of '${name}' has hidden units. Or choose another model, '${modelNames[0]}'.`,
    });
  }
  return new Sequential(layersOf(recipe, { inputShape, classes, hidden, layers, dropout }));
}

/** Options with nothing left open. */
interface SettledOptions extends ModelOptions {
  readonly hidden: number;
  readonly layers: number;
  readonly dropout: number;
}

function layersOf(recipe: Recipe, settled: SettledOptions): Record<string, Module> {
  const { maps, cell, bidirectional = false } = recipe;
  const { inputShape, classes, hidden, layers, dropout } = settled;
  const [height, width, channels] = maps ? pooled(inputShape, maps[1]) : inputShape;
  const dropped = dropout > 0 ? { dropout: new Dropout(dropout) } : {};
  const convolved = maps ? convolutions(inputShape[2], ...maps) : {};
  if (cell === undefined) {
    return {
      ...convolved,
      flatten: new Flatten(),
      dense1: new Dense(height * width * channels, hidden),
      relu3: new ReLU(),
      ...dropped,
      head: new Dense(hidden, classes),
    };
  }
  const Cell = cell === 'lstm' ? LSTM : GRU;
  return {
    ...convolved,
    rows: new RowsToSequence(),
    [cell]: new Cell(width * channels, hidden, { layers, bidirectional, dropout: layers > 1 ? dropout : 0 }),
    ...dropped,
    head: new Dense(bidirectional ? 2 * hidden : hidden, classes),
  };
}

/** Two convolutions, each with relu and pooling by 2. */
function convolutions(channels: number, first: number, second: number): Record<string, Module> {
  return {
    conv1: new Conv2d(channels, first, 3, { padding: 'same' }),
    relu1: new ReLU(),
    pool1: new MaxPool2d(2),
    conv2: new Conv2d(first, second, 3, { padding: 'same' }),
    relu2: new ReLU(),
    pool2: new MaxPool2d(2),
  };
}

/** What the convolutions leave of an image: two poolings by 2 halve each length twice. */
function pooled([height, width]: ModelOptions['inputShape'], maps: number): ModelOptions['inputShape'] {
  requireRoom(height, width);
  const halvedTwice = (length: number): number => Math.floor(Math.floor(length / 2) / 2);
  return [halvedTwice(height), halvedTwice(width), maps];
}

function isModelName(name: string): name is ModelName {
  return typeof name === 'string' && Object.hasOwn(recipes, name);
}

function requireImageShape(shape: readonly number[]): void {
  const whole = (length: number) => Number.isSafeInteger(length) && length >= 1;
  if (Array.isArray(shape) && shape.length === 3 && shape.every(whole)) return;
  throw new OptionError({
    where: 'createModel',
    got: `inputShape ${Array.isArray(shape) ? describeLengths(shape) : describeValue(shape)}`,
    expected: '[H, W, C]: three whole numbers of at least 1',
    cure: 'Give height, width and channels of one image, [28, 28, 1] for example, without the batch.',
  });
}

function requireRoom(height: number, width: number): void {
  if (height >= 4 && width >= 4) return;
  throw new ShapeError({
    where: 'createModel',
    got: `images [H=${height}, W=${width}]`,
    expected: 'at least 4×4, for two poolings by 2',
    cure: "Use larger images, or the model 'row-lstm'.",
  });
}
