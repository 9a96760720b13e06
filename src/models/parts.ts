/** Parts that several models have: convolutions with pooling, blocks that follow each other, dropout, what tells of missing values. */
import {
  BatchNorm,
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

/** Pooling leaves at least so many rows and columns: with fewer, a layer that reads them has too few steps. */
const fewestRows = 5;

/** Layers by name, and the shape [H, W, maps] of what they make of an image. */
interface Stem {
  readonly layers: NamedParts;
  readonly shape: GridShape;
}

/**
 * Convolutions 3×3 with as many maps as `maps` says, each with batch normalization, relu, and pooling by 2 as long as enough rows and
 * columns are left: conv1, norm1, relu1, pool1, conv2 … Small images keep their steps so, and large ones become few. The
 * normalization has the biases of a convolution.
 */
export function convolutionStem([height, width, channels]: GridShape, maps: readonly number[]): Stem {
  let side: Area = [height, width];
  const layers = maps.flatMap((count, index): [string, Module][] => {
    const number = index + 1;
    const half: Area = [Math.floor(side[0] / 2), Math.floor(side[1] / 2)];
    const pools = Math.min(...half) >= fewestRows;
    if (pools) side = half;
    return [
      [
        `conv${number}`,
        new Conv2d(index === 0 ? channels : maps[index - 1], count, 3, { padding: 'same', bias: false }),
      ],
      [`norm${number}`, new BatchNorm(count)],
      [`relu${number}`, new ReLU()],
      ...(pools ? [[`pool${number}`, new MaxPool2d(2)] as [string, Module]] : []),
    ];
  });
  return { layers: Object.fromEntries(layers), shape: [...side, maps.at(-1)!] };
}
