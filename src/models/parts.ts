/** Parts that several models have: convolutions with pooling, blocks that follow each other, dropout, what tells of missing values. */
import { ShapeError } from '../errors.ts';
import {
  Conv2d,
  Dropout,
  type GridShape,
  MaxPool2d,
  MissingIndicators,
  type Module,
  ReLU,
} from '../nn/index.ts';
import { type Area, tilingOf } from '../nn/tiles.ts';
import type { MissingTreatment } from './sizes.ts';

/** Modules by name, in order. */
type NamedParts = Readonly<Record<string, Module>>;

/** Dropout by name, or nothing. */
export function dropped(rate: number): NamedParts {
  return rate > 0 ? { dropout: new Dropout(rate) } : {};
}

/** The rate of dropout between recurrent layers, of which one alone has none. */
export function between(layers: number, rate: number): number {
  return layers > 1 ? rate : 0;
}

/** Modules as name1, name2 …, made one after the other. */
export function numbered(name: string, count: number, make: (index: number) => Module): NamedParts {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`${name}${index + 1}`, make(index)]),
  );
}

/**
 * What tells a recurrent layer of missing values, in front of it, of sequences of `steps` steps of so many features; and how many
 * features the layer reads then.
 */
export function indicated(missing: MissingTreatment, [steps, features]: readonly [number, number]) {
  if (missing !== 'indicators' && missing !== 'seen') return { indicators: {}, inputs: features };
  const layer =
    missing === 'seen'
      ? new MissingIndicators(features, { parts: ['seen'] })
      : new MissingIndicators(features, { unit: steps });
  return { indicators: { indicators: layer }, inputs: layer.parts.length * features };
}

/**
 * Rows and columns of the grid that patches make of an image.
 *
 * @throws ShapeError for a patch that does not divide it
 */
export function patchGrid([height, width]: GridShape, patch: Area): readonly [rows: number, columns: number] {
  return tilingOf('createModel', [height, width], patch);
}

/** Convolutions 3×3 with as many maps as `maps` says, each with relu and pooling by 2: conv1, relu1, pool1, conv2 … */
export function pooledConvolutions(channels: number, maps: readonly number[]): NamedParts {
  return Object.fromEntries(
    maps.flatMap((count, index): [string, Module][] => {
      const number = index + 1;
      return [
        [
          `conv${number}`,
          new Conv2d(index === 0 ? channels : maps[index - 1], count, 3, { padding: 'same' }),
        ],
        [`relu${number}`, new ReLU()],
        [`pool${number}`, new MaxPool2d(2)],
      ];
    }),
  );
}

/**
 * What `pooledConvolutions` leave of an image: each pooling halves height and width, rounded down.
 *
 * @throws ShapeError for an image of which nothing would be left
 */
export function afterPooling([height, width]: GridShape, maps: readonly number[]): GridShape {
  const factor = 2 ** maps.length;
  if (height < factor || width < factor) {
    throw new ShapeError({
      where: 'createModel',
      got: `images [H=${height}, W=${width}]`,
      expected: `at least ${factor}×${factor}, for ${maps.length} ${maps.length === 1 ? 'pooling' : 'poolings'} by 2`,
      cure: "Use larger images, fewer maps, or the model 'row-lstm'.",
    });
  }
  return [Math.floor(height / factor), Math.floor(width / factor), maps.at(-1)!];
}
