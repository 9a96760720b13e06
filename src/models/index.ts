/** Ready-made models, by name: every way to read an image with a recurrent network, and rivals that are not recurrent. */
import { OptionError } from '../errors.ts';
import { FillMissing, Sequential } from '../nn/index.ts';
import { describeValue, requireKnownOptions, requireText } from '../options.ts';
import { nearest } from '../text.ts';
import { catalogue } from './catalogue.ts';
import { type ModelDefinition, type ModelTask, requireTask } from './model.ts';
import { fillingOf, type ModelSizes, requireSize, type SizeName, sizeNames, takesSize } from './sizes.ts';

export type { ModelTask } from './model.ts';
export type { MissingTreatment, ModelSizes } from './sizes.ts';

/** A name that `createModel` knows. */
export type ModelName = keyof typeof catalogue;

/** Any text, where an editor still offers the names. */
type AnyName = string & Record<never, never>;

/** What a model of `createModel` is made for, and the sizes that differ from its usual ones: each model has some of these. */
export type ModelOptions = ModelTask & { readonly [Name in SizeName]?: ModelSizes[Name] | undefined };

/** The names `createModel` knows, the default first. */
export const modelNames = Object.keys(catalogue) as readonly ModelName[];

/** What there is to know of a model before it is made. */
export interface ModelFacts {
  readonly name: ModelName;
  /** What reads the image how, as part of a sentence. */
  readonly sentence: string;
  /** The sizes that it can be made in, each with what it is where nothing else is asked for. */
  readonly sizes: Partial<ModelSizes>;
  /** The highest learning rate at which Adam trains it without setbacks. */
  readonly learningRate: number;
  /** Whether missing pixels, NaN, are what it is made for. */
  readonly takesMissing: boolean;
}

/**
 * All models of `createModel`, the default of the command first.
 *
 * ```ts
 * listModels().find(({ name }) => name === 'row-lstm')!.sizes.hidden; // 128
 * ```
 */
export function listModels(): readonly ModelFacts[] {
  return modelNames.map((name) => {
    const { sentence, sizes, learningRate = 3e-3, takesMissing = false }: ModelDefinition = catalogue[name];
    return { name, sentence, sizes, learningRate, takesMissing };
  });
}

/**
 * A new model [N, H, W, C] → logits [N, classes], its weights drawn from the seeded generator. `listModels()` (and `weft
 * models`) says what each reads how, and in which sizes it can be made; each is a file of `src/models/`.
 *
 * ```ts
 * const model = createModel('conv-lstm', { inputShape: [20, 20, 1], classes: 10, hidden: 96, dropout: 0.5 });
 * ```
 *
 * @param name one of `modelNames`; a text that is read from somewhere will do
 * @throws OptionError for an unknown name, a size that the model does not have, or one that cannot be; ShapeError for
 *   images that the model cannot read
 */
export function createModel(name: ModelName | AnyName, options: ModelOptions): Sequential {
  const definition = definitionOf(name);
  requireKnownOptions('createModel', options, ['inputShape', 'classes', ...sizeNames]);
  requireTask('createModel', options);
  const given = sizeNames.filter((size) => options[size] !== undefined);
  for (const size of given) {
    requireSize('createModel', size, options[size]);
    if (takesSize(definition.sizes, size, options[size])) continue;
    const own = Object.keys(definition.sizes);
    throw new OptionError({
      where: 'createModel',
      got: `${size} ${describeValue(options[size])} for '${name}', which has none`,
      expected: own.length === 0 ? 'no sizes' : `only ${own.join(', ')}`,
      cure: `Leave it out, or choose another model: ${namesWith(size).join(', ')}.`,
    });
  }
  const sizes = Object.fromEntries(given.map((size) => [size, options[size]]));
  const { inputShape, classes, missing } = options;
  const settled = { inputShape, classes, ...definition.sizes, ...sizes };
  const filling = fillingOf(missing);
  if (filling === undefined) return definition.build(settled);
  const filled = definition.build({ ...settled, missing: 'error' });
  return new Sequential({ fill: new FillMissing(inputShape, filling), ...filled.modules });
}

/** The models that can be made in such a size. */
function namesWith(size: SizeName): readonly ModelName[] {
  return modelNames.filter((name) => size in catalogue[name].sizes);
}

function definitionOf(name: string): ModelDefinition<ModelSizes> {
  requireText('createModel', 'name', name);
  if (isModelName(name)) return catalogue[name] as ModelDefinition<ModelSizes>;
  const near = nearest(name, modelNames);
  throw new OptionError({
    where: 'createModel',
    got: describeValue(name),
    expected: `one of ${modelNames.join(', ')}`,
    cure: `${near === undefined ? 'Choose one of these' : `Did you mean '${near}'? Choose one of these`}, or build your own from layers with Sequential.`,
  });
}

function isModelName(name: string): name is ModelName {
  return Object.hasOwn(catalogue, name);
}
