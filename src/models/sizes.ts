/** The sizes that models are made in: what each is called, what it may be, how it is written on the command line. */
import { OptionError } from '../errors.ts';
import {
  type MissingFill,
  type ReadingOrder,
  Readout,
  type ReadoutKind,
  readingOrders,
} from '../nn/index.ts';
import { parseOrder } from '../nn/reading/reading-order.ts';
import { describeValue } from '../options.ts';
import { decimal } from '../text.ts';

/** The sizes, by name. A name means the same in every model that has it; which models have it, `listModels` tells. */
export interface ModelSizes {
  /** Units of each recurrent layer (of each direction), or of each hidden dense layer. */
  readonly hidden: number;
  /** Features of each token, in models of blocks that all have one width. */
  readonly width: number;
  /** How many layers, or blocks, follow each other. */
  readonly layers: number;
  /** Share of the features dropped in training mode; `weft models NAME` shows where. */
  readonly dropout: number;
  /** In which order the image, or the feature maps of it, become steps: see `ImageToSequence`. */
  readonly order: ReadingOrder;
  /** What the outputs of all steps come to: see `Readout`. */
  readonly readout: ReadoutKind;
  /** Feature maps of each convolution, from the first to the last: as many convolutions as numbers. */
  readonly maps: readonly number[];
  /** How far the kernel of each convolution reaches along each axis that it moves along, in pixels or steps: an odd number. */
  readonly kernel: number;
  /** Height and width of the pieces that an image is cut into, or of glimpses, which are square. */
  readonly patch: readonly [height: number, width: number];
  /** Heads, of which each has its own memory or attention. */
  readonly heads: number;
  /** How often something is repeated that has its weights once: looks, iterations, strips. */
  readonly steps: number;
  /** What is made of missing pixels, NaN; `listModels` tells which treatments a model takes. */
  readonly missing: MissingTreatment;
}

const treatments = ['error', 'mask', 'mean', 'last', 'learned', 'indicators', 'seen', 'decay'] as const;

/**
 * What a model makes of missing pixels. It takes none ('error'); the recurrent layer leaves them out ('mask'); `FillMissing` puts the mean
 * of each pixel in training, the pixel seen last above, or a learned value in their place ('mean', 'last', 'learned');
 * `MissingIndicators` adds what is seen and how long ago ('indicators'), or gives what is seen and nothing else, to find out whether that
 * tells of the class ('seen'); in a `GRUD` what was seen last fades ('decay').
 */
export type MissingTreatment = (typeof treatments)[number];

/** The treatments of models that know of nothing missing: `FillMissing` can stand in front of each. */
export const outerTreatments: readonly MissingTreatment[] = ['error', 'mean', 'last', 'learned'];

/** The treatments of models of a recurrent layer that leaves out what is missing, and can have indicators in front. */
export const recurrentTreatments: readonly MissingTreatment[] = [
  ...outerTreatments,
  'mask',
  'indicators',
  'seen',
];

/** Sizes that were asked for; a model has others of its own. */
export type GivenSizes = { readonly [Name in SizeName]?: ModelSizes[Name] | undefined };

/** The treatment, if it is a layer in front of a model, whichever it is. */
export function fillingOf(missing: MissingTreatment): MissingFill | undefined {
  return missing === 'mean' || missing === 'last' || missing === 'learned' ? missing : undefined;
}

/** The first of the given sizes that a model does not have, or a treatment of missing pixels that it does not take. */
export function strangeSize(
  own: { readonly sizes: Partial<ModelSizes>; readonly treatments: readonly MissingTreatment[] },
  given: GivenSizes,
): SizeName | undefined {
  const { missing } = given;
  return sizeNames.find((name) => {
    if (given[name] === undefined) return false;
    return name === 'missing' ? !own.treatments.includes(missing!) : !(name in own.sizes);
  });
}

/** What a size may be. */
interface SizeForm<Value> {
  /** In words. */
  readonly expected: string;
  /** As it is written on the command line. */
  readonly example: string;
  /** What stands for it in the help of the command. */
  readonly placeholder: string;
  readonly holds: (value: unknown) => value is Value;
  /** What is said of a value that it may not be, where that is more than `expected`. */
  readonly cure?: (value: unknown) => string | undefined;
  /** What a text of the command line stands for; whether it holds is another question. */
  readonly read: (text: string) => unknown;
  readonly write: (value: Value) => string;
}

/** A size. */
interface SizeKind<Value> extends SizeForm<Value> {
  /** What it is, for the help of the command. */
  readonly what: string;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

const count: SizeForm<number> = {
  expected: 'a whole number of at least 1',
  example: '2',
  placeholder: 'number',
  write: String,
  holds: isCount,
  read: decimal,
};

const counts: SizeForm<readonly number[]> = {
  expected: 'a list of whole numbers of at least 1',
  example: '8,16',
  placeholder: 'numbers',
  write: (values) => values.join(','),
  holds: (value): value is readonly number[] =>
    Array.isArray(value) && value.length > 0 && value.every(isCount),
  read: (text) => text.split(',').map(decimal),
};

const share: SizeForm<number> = {
  expected: 'a number from 0 to below 1',
  example: '0.25',
  placeholder: 'share',
  write: String,
  holds: (value): value is number => typeof value === 'number' && value >= 0 && value < 1,
  read: decimal,
};

const oddCount: SizeForm<number> = {
  ...count,
  expected: 'an odd number of at least 1',
  example: '3',
  holds: (value): value is number => isCount(value) && value % 2 === 1,
};

const area: SizeForm<readonly [number, number]> = {
  expected: 'two whole numbers of at least 1, height and width',
  example: '4x4',
  placeholder: 'HxW',
  holds: (value): value is readonly [number, number] =>
    Array.isArray(value) && value.length === 2 && value.every(isCount),
  read: (text) => text.split('x').map(decimal),
  write: (values) => values.join('x'),
};

/** The error of what is no order, if it is none. */
function orderError(value: unknown): OptionError | undefined {
  try {
    parseOrder('createModel', value);
    return undefined;
  } catch (error) {
    if (error instanceof OptionError) return error;
    throw error;
  }
}

const readingOrder: SizeForm<ReadingOrder> = {
  expected: `one of ${readingOrders.join(', ')}`,
  example: 'columns',
  placeholder: 'name',
  holds: (value): value is ReadingOrder => orderError(value) === undefined,
  cure: (value) => orderError(value)?.cure,
  read: (text) => text,
  write: String,
};

const readoutKind: SizeForm<ReadoutKind> = {
  expected: `one of ${Readout.kinds.join(', ')}`,
  example: 'mean',
  placeholder: 'kind',
  holds: (value): value is ReadoutKind => Readout.kinds.some((kind) => kind === value),
  read: (text) => text,
  write: String,
};

/** All there is to know of each size. */
export const sizeKinds: { readonly [Name in keyof ModelSizes]: SizeKind<ModelSizes[Name]> } = {
  hidden: {
    ...count,
    example: '96',
    what: 'units of each recurrent layer (in each direction), or of the hidden dense one',
  },
  width: { ...count, example: '64', what: 'features of each token, in models of blocks' },
  layers: { ...count, what: 'layers or blocks, one after the other' },
  dropout: { ...share, what: 'share of features dropped in training' },
  order: {
    ...readingOrder,
    what: `how the image becomes steps: ${readingOrders.join(', ')}`,
  },
  readout: { ...readoutKind, what: `what the outputs of all steps come to: ${Readout.kinds.join(', ')}` },
  maps: { ...counts, what: 'feature maps of each convolution, as many convolutions as numbers' },
  kernel: { ...oddCount, what: 'pixels or steps that the kernel of each convolution spans, an odd number' },
  patch: { ...area, what: 'height and width of the pieces that an image is cut into, or of glimpses' },
  heads: { ...count, what: 'heads, each with a memory of its own' },
  steps: { ...count, what: 'repetitions with the same weights: looks, iterations, strips' },
  missing: {
    expected: `one of ${treatments.join(', ')}`,
    example: 'mask',
    placeholder: 'what',
    holds: (value): value is MissingTreatment => treatments.some((each) => each === value),
    read: (text) => text,
    write: String,
    what: 'what the model makes of missing pixels: error (it takes none), mean, last or learned fill them; of models of rows also mask, indicators or seen; of gru-d decay',
  },
};

/** A name of a size. */
export type SizeName = keyof ModelSizes;

/** The names of all sizes. */
export const sizeNames = /* @__PURE__ */ Object.keys(sizeKinds) as readonly SizeName[];

/** @throws OptionError unless `value` is what the size may be */
export function requireSize(where: string, name: SizeName, value: unknown): void {
  const { holds, expected, cure } = sizeKinds[name];
  if (holds(value)) return;
  throw new OptionError({
    where,
    got: `${name} ${describeValue(value)}`,
    expected,
    cure: cure?.(value) ?? `Correct ${name}, or leave it out: each model has its own.`,
  });
}
