/** Saving a model and loading it again, as a folder or as one file: a description of what it is, and its values. */
import { type Normalization, requireNormalization } from '../data/normalize.ts';
import { OptionError, ShapeError } from '../errors.ts';
import { type InputForms, largestPicture, mapForms } from '../nn/input-forms.ts';
import { inMode } from '../nn/mode.ts';
import { type AnyModule, type Module, requireModule } from '../nn/module.ts';
import { type ModuleTypes, moduleFromConfig, moduleToConfig } from '../nn/serialization.ts';
import type { StateDict } from '../nn/state-dict.ts';
import { type Optimizer, requireOptimizer } from '../optim/optimizer.ts';
import { isRecord, requireKnownOptions } from '../options.ts';
import { withinBudget } from '../tensor/budget.ts';
import { fill } from '../tensor/leaves.ts';
import { keepingRandom } from '../tensor/random.ts';
import { formatShape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { NewFiles } from './atomic.ts';
import { blaming, descriptionFile, requireFolder, weightsFile, writeChecked } from './checkpoint-files.ts';
import { type Description, lastAxis, makeDescription, parseDescription } from './description.ts';
import { CheckpointError } from './errors.ts';
import { type ModelFiles, type ModelSource, openSource, refuseOtherFiles } from './model-source.ts';
import { type ModelTarget, openTarget } from './model-target.ts';
import { optimizerState, rememberLoaded } from './optimizer-file.ts';
import { decodeSafetensors } from './safetensors.ts';
import { sha256 } from './sha256.ts';
import { largestValue, onTrial, outputTree, requireListed } from './trial.ts';
import { encodeWeights, notWhole, ownDescription } from './weights.ts';

/** A model with all that is needed to use it. */
export interface SavedModel<Input = Tensor, Output = Tensor> {
  /** The model itself; a loaded one is in training mode, as every new module is. */
  readonly model: Module<Input, Output>;
  /** What to call it. */
  readonly name: string;
  /** The names of its classes, by number. Undefined for a model that tells no classes apart. */
  readonly classNames?: readonly string[] | undefined;
  /**
   * What it takes, without the batch: `[H, W, C]` for pictures, `[T, F]` for sequences, `{ shape: [T], dtype: 'int32' }` for
   * numbers of words; for several inputs a list or a record of such, as the model is called with.
   */
  readonly inputShape: InputForms;
  /** The one it was trained with, of the last axis of its one input. Undefined if there was none. */
  readonly normalization?: Normalization | undefined;
}

/** A model to save, perhaps with the optimizer that trains it. */
export interface ModelToSave extends Omit<SavedModel, 'model'> {
  /** The model itself, whatever it takes and gives. */
  readonly model: AnyModule;
  /** Saved with the model in its folder, of the same moment, for `loadOptimizer`. Default: none. */
  readonly optimizer?: Optimizer | undefined;
}

const savedNames = ['model', 'name', 'classNames', 'inputShape', 'normalization', 'optimizer'];

/**
 * Variables are described by a file that holds their values; up to so many, and so large, it is not held against it: they
 * cost nothing before they have values, and the comparison by name says more.
 */
const harmless = { variables: 2 ** 12, elements: 2 ** 20 };

/**
 * The model as one file, model.safetensors, that says what it is: for `loadModel`, in Node or a page. It is the model as it is
 * at the moment of the call, whatever trains it meanwhile.
 *
 * @param types module classes of one's own, by the name they are stored under
 * @throws ModelConfigError when the model has a module that is in no table, or keeps variables where they cannot be found;
 *   OptionError or ShapeError for what could not be loaded again
 */
export function saveModel(saved: ModelToSave, types?: ModuleTypes): Promise<Uint8Array<ArrayBuffer>>;
/**
 * Writes model.json and model.safetensors into a folder, which is made if it does not exist: the model as it is at the
 * moment of the call, whatever trains it meanwhile. With `optimizer`, optimizer.safetensors as well, of the same moment.
 * In a page, `{ download: 'name' }` lets the browser download model.safetensors under that name, and `{ indexedDB: 'key' }`
 * keeps it in the browser's storage.
 *
 * A save is one act: whoever loads from the folder, and whenever the process is killed, it holds the checkpoint before or
 * the one after. Saves into one folder that overlap, also from several processes, each succeed; the last one stays.
 *
 * @param types module classes of one's own, by the name they are stored under
 * @throws ModelConfigError when the model has a module that is in no table, or keeps variables where they cannot be found;
 *   OptionError or ShapeError for what could not be loaded again; CheckpointError when the target cannot be written to
 */
export function saveModel(target: ModelTarget, saved: ModelToSave, types?: ModuleTypes): Promise<void>;
export async function saveModel(
  first: ModelToSave | ModelTarget,
  second: ModelToSave | ModuleTypes = {},
  third: ModuleTypes = {},
): Promise<unknown> {
  if (isRecord(first) && 'model' in first) {
    return (await weightsOf(describeModel(first as ModelToSave, second as ModuleTypes, 'its bytes'))).weights;
  }
  const saved = second as ModelToSave;
  if (typeof first === 'object') {
    const write = openTarget(first);
    await write((await weightsOf(describeModel(saved, third, 'a page'))).weights);
    return;
  }
  requireFolder('saveModel', first);
  const described = describeModel(saved, third);
  const files = Promise.all([weightsOf(described), saved.optimizer && optimizerState(saved.optimizer)]).then(
    ([{ weights, description }, optimizerFile]): NewFiles => {
      const { architecture, ...rest } = description;
      const complete = { ...rest, weightsSha256: sha256(weights), architecture };
      return [
        // The weights count: they say what they are, and model.json and the optimizer's state say which weights they belong to.
        { name: weightsFile, contents: weights },
        ...(optimizerFile ? [optimizerFile] : []),
        { name: descriptionFile, contents: `${JSON.stringify(complete, undefined, 2)}\n` },
      ];
    },
  );
  await writeChecked(first, files);
}

interface DescribedModel {
  readonly model: AnyModule;
  readonly description: Description;
}

/** @param alone where the model is saved without an optimizer */
function describeModel(saved: ModelToSave, types: ModuleTypes, alone?: string): DescribedModel {
  requireKnownOptions('saveModel', saved, savedNames);
  const { model, name, classNames, inputShape, normalization = null, optimizer } = saved;
  requireModule('saveModel', model);
  if (optimizer !== undefined) requireOptimizer('saveModel', optimizer);
  if (optimizer !== undefined && alone !== undefined) {
    throw new OptionError({
      where: 'saveModel',
      got: `an optimizer for ${alone}`,
      expected: 'the model alone: only a folder holds the optimizer beside it',
      cure: 'Leave the optimizer out, or save to a folder.',
    });
  }
  const said = { name, inputShape, classNames, normalization };
  const description = makeDescription(said, moduleToConfig(model, types));
  requireFitting(model, description);
  return { model, description };
}

/** The file of a model, as it is at the call. */
async function weightsOf({ model, description }: DescribedModel): Promise<{
  readonly weights: Uint8Array<ArrayBuffer>;
  readonly description: Description;
}> {
  return { weights: encodeWeights(await model.stateDict(), description), description };
}

/**
 * Loads what `saveModel` wrote: from a folder or a file in Node, from an address, from bytes or a Blob, or from a browser's
 * storage. The model gives the same numbers, bit for bit, and is in training mode like any new one; `predict` and `evaluate`
 * take care of that.
 *
 * @param types module classes of one's own, as given to `saveModel`
 * @throws CheckpointError naming the file or the address, when it is missing, damaged, something else than a model, or does
 *   not belong to the other
 */
export async function loadModel<Input = Tensor, Output = Tensor>(
  source: ModelSource,
  types: ModuleTypes = {},
): Promise<SavedModel<Input, Output>> {
  const { state, description, place, weightsPlace } = await readModel(openSource(source));
  const { name, inputShape, classNames, normalization, architecture } = description;
  // The initial weights it draws are thrown away: loading a model must not change what is random afterwards.
  const model = await blaming(place, () =>
    keepingRandom(() => withinBudget(budgetOf(state), () => moduleFromConfig(architecture, types))),
  );
  await blaming(weightsPlace, () => model.loadStateDict(state));
  await blaming(place, () => requireFitting(model, description));
  rememberLoaded(model, state);
  return {
    model: model as AnyModule as Module<Input, Output>,
    name,
    inputShape,
    classNames,
    normalization: normalization ?? undefined,
  };
}

interface ReadModel {
  readonly state: StateDict;
  readonly description: Description;
  /** Where the description stands. */
  readonly place: string;
  readonly weightsPlace: string;
}

/** The files of a model, made to agree. */
async function readModel(files: ModelFiles): Promise<ReadModel> {
  const place = files.placeOf(descriptionFile);
  const described = files.folder ? parseDescription(place, await files.read(descriptionFile)) : undefined;
  const weightsPlace = files.placeOf(weightsFile);
  const bytes = await files.read(weightsFile);
  refuseOtherFiles(weightsPlace, bytes);
  const { state, metadata } = decodeSafetensors(bytes, weightsPlace);
  const weightsSha256 = described?.weightsSha256;
  if (described && (weightsSha256 === undefined || weightsSha256 === sha256(bytes))) {
    return { state, description: described, place, weightsPlace };
  }
  // A file alone; or the weights of one save and model.json of another: a save was cut off, or is going on. The weights are the
  // model.
  const asked = weightsSha256 === undefined || /^[0-9a-f]{64}$/.test(weightsSha256);
  const own = asked ? ownDescription(weightsPlace, bytes, metadata) : undefined;
  if (own) return { state, description: own, place: weightsPlace, weightsPlace };
  if (weightsSha256 === undefined) throw notWhole(weightsPlace, metadata);
  throw new CheckpointError({
    where: weightsPlace,
    got: `contents with SHA-256 ${sha256(bytes).slice(0, 12)}…`,
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

/** A model that does not take the inputs, or tell the classes apart, that its description speaks of. */
function requireFitting(model: AnyModule, { inputShape, classNames, normalization }: Description): void {
  const inputs = mapForms(inputShape, ({ shape, dtype }) => fill(0, [1, ...shape], dtype));
  if (normalization) requireNormalization('normalization', normalization, lastAxis(inputShape));
  // Only the shapes are computed: nobody awaits the outputs.
  const outputs = onTrial(() => inMode(model, 'eval', () => outputTree(model, inputs).tensors));
  requireListed(model, outputs);
  const largest = largestValue(outputs);
  if (sizeOf(largest) > largestPicture) {
    throw new ShapeError({
      where: model.kind,
      got: `a value of shape ${formatShape(largest)} on the way from an input to the scores`,
      expected: `at most ${largestPicture} elements`,
      cure: 'Strides, paddings and sizes of the architecture have to be those of a model that can run: correct them, or save it again.',
    });
  }
  if (classNames === undefined) return;
  const [{ shape }] = outputs;
  if (outputs.length === 1 && shape.at(-1) === classNames.length) return;
  throw new ShapeError({
    where: 'classNames',
    got: `${classNames.length} names for scores ${outputs.map((each) => formatShape(each.shape)).join(', ')} of an input ${JSON.stringify(inputShape)}`,
    expected: 'one name for each score',
    cure: 'The architecture, inputShape and classNames have to be those of one model: copy or save it again. Leave classNames out if the model tells no classes apart.',
  });
}
