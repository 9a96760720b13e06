/** The models the command can train, by name. */
import { OptionError, ShapeError } from '../errors.ts';
import { describeValue, requireKnownOptions, requireNumber } from '../options.ts';
import { describeLengths } from '../tensor/shape.ts';
import { ReLU } from './activations.ts';
import { Conv2d } from './convolution.ts';
import { Dense } from './dense.ts';
import { Dropout } from './dropout.ts';
import type { Module } from './module.ts';
import { MaxPool2d } from './pooling.ts';
import { GRU, LSTM } from './recurrent.ts';
import { Flatten, RowsToSequence } from './reshaping.ts';
import { Sequential } from './sequential.ts';

/** What a model of `createModel` is made for. */
export interface ModelOptions {
  /** Of one image: [H, W, C]. */
  readonly inputShape: readonly [height: number, width: number, channels: number];
  /** How many classes the last layer tells apart. */
  readonly classes: number;
}

/** What a model is made of, for images of a size. */
type Recipe = (options: ModelOptions) => Record<string, Module>;

/** Share of features dropped before the last layer. */
const dropoutRate = 0.25;

/** Two convolutions, each with relu and pooling by 2. They leave ⌊H/4⌋ × ⌊W/4⌋ maps of `second` channels. */
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

/** Length after two poolings by 2. */
function pooledTwice(length: number): number {
  return Math.floor(Math.floor(length / 2) / 2);
}

/** Convolutions, then an LSTM over the rows of the feature maps. */
function convLstm(first: number, second: number, hidden: number): Recipe {
  return ({ inputShape: [height, width, channels], classes }) => {
    requireRoom(height, width);
    return {
      ...convolutions(channels, first, second),
      rows: new RowsToSequence(),
      lstm: new LSTM(pooledTwice(width) * second, hidden),
      dropout: new Dropout(dropoutRate),
      head: new Dense(hidden, classes),
    };
  };
}

const recipes = {
  'conv-lstm': convLstm(8, 16, 64),
  'conv-lstm-large': convLstm(16, 32, 96),
  'row-lstm': ({ inputShape: [, width, channels], classes }) => ({
    rows: new RowsToSequence(),
    lstm: new LSTM(width * channels, 128),
    head: new Dense(128, classes),
  }),
  'bidirectional-lstm': ({ inputShape: [, width, channels], classes }) => ({
    rows: new RowsToSequence(),
    lstm: new LSTM(width * channels, 64, { bidirectional: true }),
    dropout: new Dropout(dropoutRate),
    head: new Dense(128, classes),
  }),
  'row-gru': ({ inputShape: [, width, channels], classes }) => ({
    rows: new RowsToSequence(),
    gru: new GRU(width * channels, 128),
    head: new Dense(128, classes),
  }),
  cnn: ({ inputShape: [height, width, channels], classes }) => {
    requireRoom(height, width);
    return {
      ...convolutions(channels, 16, 32),
      flatten: new Flatten(),
      dense1: new Dense(pooledTwice(height) * pooledTwice(width) * 32, 128),
      relu3: new ReLU(),
      dropout: new Dropout(dropoutRate),
      head: new Dense(128, classes),
    };
  },
} satisfies Record<string, Recipe>;

/** A name that `createModel` knows. */
export type ModelName = keyof typeof recipes;

/** The names `createModel` knows, the default first. */
export const modelNames = Object.keys(recipes) as readonly ModelName[];

/**
 * A new model [N, H, W, C] → logits [N, classes], its weights drawn from the seeded generator. Default 'conv-lstm':
 * convolutions of 8 and 16 channels, then an LSTM of 64 over the rows of the feature maps.
 *
 * @throws OptionError for an unknown name or sizes that are not whole numbers ≥ 1; ShapeError for images too small.
 */
export function createModel(name: string, options: ModelOptions): Sequential {
  if (!isModelName(name)) {
    throw new OptionError({
      where: 'createModel',
      got: describeValue(name),
      expected: `one of ${modelNames.join(', ')}`,
      cure: 'Choose one of these, or build your own from layers with Sequential.',
    });
  }
  requireKnownOptions('createModel', options, ['inputShape', 'classes']);
  requireImageShape(options.inputShape);
  requireNumber('createModel', 'classes', options.classes, 'a whole number of at least 1');
  return new Sequential(recipes[name](options));
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
