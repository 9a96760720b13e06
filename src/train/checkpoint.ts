/** Saving a model to a folder and loading it again: model.json says what it is, model.safetensors holds its values. */
import { node } from '../data/code-files.ts';
import { type Normalization, requireNormalization } from '../data/normalize.ts';
import { ShapeError } from '../errors.ts';
import { inMode } from '../nn/mode.ts';
import { type Module, requireModule } from '../nn/module.ts';
import { type ModuleTypes, moduleFromConfig, moduleToConfig } from '../nn/serialization.ts';
import type { StateDict } from '../nn/state-dict.ts';
import { type Optimizer, requireOptimizer } from '../optim/optimizer.ts';
import { requireKnownOptions } from '../options.ts';
import { withinBudget } from '../tensor/budget.ts';
import { fill } from '../tensor/leaves.ts';
import { keepingRandom } from '../tensor/random.ts';
import { formatShape, sizeOf } from '../tensor/shape.ts';
import type { NewFiles } from './atomic.ts';
import {
  blaming,
  descriptionFile,
  readChecked,
  requireFolder,
  sha256,
  weightsFile,
  writeChecked,
} from './checkpoint-files.ts';
import { type Description, largestPicture, makeDescription, parseDescription } from './description.ts';
import { CheckpointError } from './errors.ts';
import { optimizerState, rememberLoaded } from './optimizer-file.ts';
import { decodeSafetensors } from './safetensors.ts';
import { largestValue, onTrial, requireListed } from './trial.ts';
import { encodeWeights, ownDescription } from './weights.ts';

/** A model with all that is needed to use it on pictures. */
export interface SavedModel {
  /** The model itself; a loaded one is in training mode, as every new module is. */
  readonly model: Module;
  /** What to call it. */
  readonly name: string;
  /** The names of its classes, by number. */
  readonly classNames: readonly string[];
  /** `[H, W, C]` */
  readonly inputShape: readonly [number, number, number];
  /** The one it was trained with. */
  readonly normalization?: Normalization | undefined;
}

/** A model to save, perhaps with the optimizer that trains it. */
export interface ModelToSave extends SavedModel {
  /** Saved with the model, of the same moment, for `loadOptimizer`. Default: none. */
  readonly optimizer?: Optimizer | undefined;
}

const savedNames = ['model', 'name', 'classNames', 'inputShape', 'normalization', 'optimizer'];

/**
 * Variables are described by a file that holds their values; up to so many, and so large, it is not held against it: they
 * cost nothing before they have values, and the comparison by name says more.
 */
const harmless = { variables: 2 ** 12, elements: 2 ** 20 };

/**
 * Writes model.json and model.safetensors into a folder, which is made if it does not exist: the model as it is at the
 * moment of the call, whatever trains it meanwhile. With `optimizer`, optimizer.safetensors as well, of the same moment.
 *
 * A save is one act: whoever loads from the folder, and whenever the process is killed, it holds the checkpoint before or
 * the one after. Saves into one folder that overlap, also from several processes, each succeed; the last one stays.
 *
 * @param types module classes of one's own, by the name they are stored under
 * @throws ModelConfigError when the model has a module that is in no table, or keeps variables where they cannot be found;
 *   OptionError or ShapeError for what could not be loaded again; CheckpointError when the folder cannot be written to
 */
export async function saveModel(folder: string, saved: ModelToSave, types: ModuleTypes = {}): Promise<void> {
  requireFolder('saveModel', folder);
  requireKnownOptions('saveModel', saved, savedNames);
  const { model, name, classNames, inputShape, normalization = null, optimizer } = saved;
  requireModule('saveModel', model);
  if (optimizer !== undefined) requireOptimizer('saveModel', optimizer);
  const said = { name, inputShape, classNames, normalization };
  const description = makeDescription(said, moduleToConfig(model, types));
  requireFitting(model, description);
  const files = Promise.all([model.stateDict(), optimizer && optimizerState(optimizer)]).then(
    ([state, optimizerFile]): NewFiles => {
      const weights = encodeWeights(state, description);
      const { architecture, ...rest } = description;
      const described = { ...rest, weightsSha256: sha256(weights), architecture };
      return [
        // The weights count: they say what they are, and model.json and the optimizer's state say which weights they belong to.
        { name: weightsFile, contents: weights },
        ...(optimizerFile ? [optimizerFile] : []),
        { name: descriptionFile, contents: `${JSON.stringify(described, undefined, 2)}\n` },
      ];
    },
  );
  await writeChecked(folder, files);
}

/**
 * Loads what `saveModel` wrote. The model gives the same numbers, bit for bit, and is in training mode like any new one;
 * `predict` and `evaluate` take care of that.
 *
 * @param types module classes of one's own, as given to `saveModel`
 * @throws CheckpointError naming the file, when one is missing, damaged, or does not belong to the other
 */
export async function loadModel(folder: string, types: ModuleTypes = {}): Promise<SavedModel> {
  requireFolder('loadModel', folder);
  const { state, description, path } = await readModel(folder);
  const { name, inputShape, classNames, normalization, architecture } = description;
  // The initial weights it draws are thrown away: loading a model must not change what is random afterwards.
  const model = await blaming(path, () =>
    keepingRandom(() => withinBudget(budgetOf(state), () => moduleFromConfig(architecture, types))),
  );
  await blaming(node.path.join(folder, weightsFile), () => model.loadStateDict(state));
  await blaming(path, () => requireFitting(model, description));
  rememberLoaded(model, state);
  return { model, name, inputShape, classNames, normalization: normalization ?? undefined };
}

/** The files of a folder, made to agree. `path`: where the description stands. */
async function readModel(
  folder: string,
): Promise<{ readonly state: StateDict; readonly description: Description; readonly path: string }> {
  const path = node.path.join(folder, descriptionFile);
  const description = parseDescription(path, await readChecked(path));
  const weightsPath = node.path.join(folder, weightsFile);
  const bytes = await readChecked(weightsPath);
  const { state, metadata } = decodeSafetensors(bytes, weightsPath);
  const { weightsSha256 } = description;
  const actual = sha256(bytes);
  if (weightsSha256 === undefined || weightsSha256 === actual) return { state, description, path };
  // The weights of one save and model.json of another: a save was cut off, or is going on. The weights are the model.
  const own = /^[0-9a-f]{64}$/.test(weightsSha256) ? ownDescription(weightsPath, bytes, metadata) : undefined;
  if (own) return { state, description: own, path: weightsPath };
  throw new CheckpointError({
    where: weightsPath,
    got: `contents with SHA-256 ${actual.slice(0, 12)}…`,
    expected: `${weightsSha256.slice(0, 12)}…, as ${descriptionFile} says`,
    cure: 'The file is damaged or belongs to another model: copy or save both again. If you changed the weights on purpose, remove weightsSha256 from model.json.',
  });
}

function budgetOf(state: StateDict): typeof harmless {
  const entries = Object.values(state);
  const elements = entries.reduce((total, { shape }) => total + sizeOf(shape), 0);
  return {
    variables: Math.max(entries.length, harmless.variables),
    elements: Math.max(elements, harmless.elements),
  };
}

/** A model that does not take the pictures, or tell the classes apart, that its description speaks of. */
function requireFitting(model: Module, { inputShape, classNames, normalization }: Description): void {
  if (normalization) requireNormalization('normalization', normalization, inputShape[2]);
  // Only the shapes are computed: nobody awaits the scores.
  const scores = onTrial(() => inMode(model, 'eval', () => model.call(fill(0, [1, ...inputShape]))));
  requireListed(model, scores);
  const largest = largestValue(scores);
  if (sizeOf(largest) > largestPicture) {
    throw new ShapeError({
      where: model.kind,
      got: `a value of shape ${formatShape(largest)} on the way from a picture to its scores`,
      expected: `at most ${largestPicture} elements`,
      cure: 'Strides, paddings and sizes of the architecture have to be those of a model that can run: correct them, or save it again.',
    });
  }
  const { shape } = scores;
  if (shape.at(-1) === classNames.length) return;
  throw new ShapeError({
    where: 'classNames',
    got: `${classNames.length} names for scores ${formatShape(shape)} of a picture ${formatShape(inputShape, ['H', 'W', 'C'])}`,
    expected: 'one name for each score',
    cure: 'The architecture, inputShape and classNames have to be those of one model: copy or save it again.',
  });
}
