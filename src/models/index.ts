/** Ready-made models, by name: every way to read an image with a recurrent network, and rivals that are not recurrent. */
import { OptionError } from '../errors.ts';
import { FillMissing, Sequential } from '../nn/index.ts';
import { describeValue, requireKnownOptions, requireText } from '../options.ts';
import { nearest } from '../text.ts';
import { catalogue } from './catalogue.ts';
import { type ModelDefinition, type ModelTask, requireTask } from './model.ts';
import {
  fillingOf,
  type GivenSizes,
  type MissingTreatment,
  type ModelSizes,
  outerTreatments,
  requireSize,
  type SizeName,
  sizeNames,
  strangeSize,
} from './sizes.ts';

export type { ModelTask } from './model.ts';
export type { MissingTreatment, ModelSizes } from './sizes.ts';

/** A name that `createModel` knows. */
export type ModelName = keyof typeof catalogue;

/** Any text, where an editor still offers the names. */
type AnyName = string & Record<never, never>;

/** What a model of `createModel` is made for, and the sizes that differ from its usual ones: each model has some of these. */
export type ModelOptions = ModelTask & GivenSizes;

/** The names `createModel` knows, the default first. */
export const modelNames = /* @__PURE__ */ Object.keys(catalogue) as readonly ModelName[];

/** What there is to know of a model before it is made. */
export interface ModelFacts {
  readonly name: ModelName;
  /** What reads the image how, as part of a sentence. */
  readonly sentence: string;
  /** The sizes that it can be made in, each with what it is where nothing else is asked for. */
  readonly sizes: Partial<ModelSizes>;
  /** The highest learning rate at which Adam trains it without setbacks. */
  readonly learningRate: number;
  /** What it can make of missing pixels, NaN, the usual treatment first: values of the size `missing`. */
  readonly treatments: readonly MissingTreatment[];
}

/** All models of `createModel`, the default of the command first. */
export function listModels(): readonly ModelFacts[] {
  return modelNames.map(modelFacts);
}

/**
 * What there is to know of one model of `createModel`.
 *
 * ```ts
 * modelFacts('row-lstm').sizes.hidden; // 128
 * ```
 *
 * @param name one of `modelNames`; a text that is read from somewhere will do
 * @throws OptionError for an unknown name
 */
export function modelFacts(name: ModelName | AnyName): ModelFacts {
  const known = requireName('modelFacts', name);
  const {
    sentence,
    sizes,
    learningRate = 3e-3,
    treatments = outerTreatments,
  }: ModelDefinition = catalogue[known];
  return { name: known, sentence, sizes: { ...sizes, missing: treatments[0] }, learningRate, treatments };
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
  const known = requireName('createModel', name);
  requireKnownOptions('createModel', options, ['inputShape', 'classes', ...sizeNames]);
  requireTask('createModel', options);
  const given = sizeNames.filter((size) => options[size] !== undefined);
  for (const size of given) requireSize('createModel', size, options[size]);
  const facts = modelFacts(known);
  const strange = strangeSize(facts, options);
  if (strange !== undefined) throw strangeError(facts, strange, options);
  const sizes = Object.fromEntries(given.map((size) => [size, options[size]]));
  const { inputShape, classes, missing = facts.treatments[0] } = options;
  const definition = catalogue[known] as ModelDefinition<ModelSizes>;
  const settled = { inputShape, classes, ...definition.sizes, missing, ...sizes };
  const filling = fillingOf(missing);
  if (filling === undefined) return definition.build(settled);
  const filled = definition.build({ ...settled, missing: 'error' });
  return new Sequential({ fill: new FillMissing(inputShape, filling), ...filled.modules });
}

/** The error of a size that the model does not have, or of a treatment that it does not take. */
function strangeError(
  { name, sizes, treatments }: ModelFacts,
  strange: SizeName,
  options: GivenSizes,
): OptionError {
  const others = listModels().filter(
    (facts) => strangeSize(facts, { [strange]: options[strange] }) === undefined,
  );
  return new OptionError({
    where: 'createModel',
    got: `${strange} ${describeValue(options[strange])} for '${name}', which ${strange === 'missing' ? 'does not take it' : 'has none'}`,
    expected:
      strange === 'missing'
        ? `missing as one of ${treatments.join(', ')}`
        : `only ${Object.keys(sizes).join(', ')}`,
    cure: `Leave it out, or choose another model: ${others.map((other) => other.name).join(', ')}.`,
  });
}

/** @throws OptionError unless it is the name of a model */
function requireName(where: string, name: string): ModelName {
  requireText(where, 'name', name);
  if (isModelName(name)) return name;
  const near = nearest(name, modelNames);
  throw new OptionError({
    where,
    got: describeValue(name),
    expected: `one of ${modelNames.join(', ')}`,
    cure: `${near === undefined ? 'Choose one of these' : `Did you mean '${near}'? Choose one of these`}, or build your own from layers with Sequential.`,
  });
}

function isModelName(name: string): name is ModelName {
  return Object.hasOwn(catalogue, name);
}
