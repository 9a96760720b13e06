/** Saving a model to a folder and loading it again: model.json says what it is, model.safetensors holds its values. */
import { node } from '../data/node.ts';
import { type Normalisation, requireNormalisation } from '../data/normalise.ts';
import { OptionError, ShapeError, WeftError } from '../errors.ts';
import type { Module } from '../nn/module.ts';
import { type ModuleTypes, moduleFromConfig, moduleToConfig } from '../nn/serialization.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { describeValue } from '../options.ts';
import { fill } from '../tensor/leaves.ts';
import { randomState, setRandomState } from '../tensor/random.ts';
import { formatShape } from '../tensor/shape.ts';
import { CheckpointError } from './errors.ts';
import { inMode } from './modes.ts';
import { decodeSafetensors, encodeSafetensors, type Safetensors } from './safetensors.ts';

const descriptionFile = 'model.json';
const weightsFile = 'model.safetensors';
const optimizerFile = 'optimizer.safetensors';
const format = 'weft-model';
const formatVersion = 1;

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
  readonly normalisation?: Normalisation | undefined;
}

/** What model.json holds. */
interface Description {
  readonly format: typeof format;
  readonly version: number;
  readonly name: string;
  readonly inputShape: readonly [number, number, number];
  readonly classNames: readonly string[];
  readonly normalisation: Normalisation | null;
  /** SHA-256 of model.safetensors: finds damage that leaves the file well-formed. */
  readonly weightsSha256?: string;
  readonly architecture: unknown;
}

/**
 * Writes model.json and model.safetensors into a folder, which is made if it does not exist. Each file appears whole
 * or not at all.
 *
 * @param types module classes of one's own, by the name they are stored under
 * @throws ModelConfigError when the model has a module that is in no table
 */
export async function saveModel(folder: string, saved: SavedModel, types: ModuleTypes = {}): Promise<void> {
  const { model, name, classNames, inputShape, normalisation = null } = saved;
  requireSavable({ name, classNames, inputShape, normalisation });
  const weights = encodeSafetensors(await model.stateDict());
  const description: Description = {
    format,
    version: formatVersion,
    name,
    inputShape,
    classNames,
    normalisation,
    weightsSha256: sha256(weights),
    architecture: moduleToConfig(model, types),
  };
  await writeWhole(folder, weightsFile, weights);
  await writeWhole(folder, descriptionFile, `${JSON.stringify(description, undefined, 2)}\n`);
}

/**
 * Loads what `saveModel` wrote. The model gives the same numbers, bit for bit, and is in training mode like any new one;
 * `predict` and `evaluate` take care of that.
 *
 * @param types module classes of one's own, as given to `saveModel`
 * @throws CheckpointError naming the file, when one is missing, damaged, or does not belong to the other
 */
export async function loadModel(folder: string, types: ModuleTypes = {}): Promise<SavedModel> {
  const { join } = node.path;
  const path = join(folder, descriptionFile);
  const description = parseDescription(path, await readChecked(path));
  const { name, inputShape, classNames, normalisation, weightsSha256, architecture } = description;
  const weightsPath = join(folder, weightsFile);
  const bytes = await readChecked(weightsPath);
  const { state } = decodeSafetensors(bytes, weightsPath);
  if (weightsSha256 !== undefined && weightsSha256 !== sha256(bytes)) {
    throw new CheckpointError({
      where: weightsPath,
      got: `contents with SHA-256 ${sha256(bytes).slice(0, 12)}…`,
      expected: `${weightsSha256.slice(0, 12)}…, as ${descriptionFile} says`,
      cure: 'The file is damaged or belongs to another model: copy or save both again. If you changed the weights on purpose, remove weightsSha256 from model.json.',
    });
  }
  const random = randomState();
  const model = await wrapped(path, async () => moduleFromConfig(architecture, types));
  // The initial weights it drew are thrown away: loading a model must not change what is random afterwards.
  setRandomState(random);
  await wrapped(weightsPath, () => model.loadStateDict(state));
  await wrapped(path, () => requireFitting(model, description));
  return { model, name, inputShape, classNames, normalisation: normalisation ?? undefined };
}

/** Writes optimizer.safetensors into a folder: the optimiser's state and the place of the random generator. */
export async function saveOptimizer(folder: string, optimizer: Optimizer): Promise<void> {
  const { stepCount, variables } = await optimizer.stateDict();
  const { seed, counter } = randomState();
  const metadata = { stepCount: `${stepCount}`, seed: `${seed}`, counter: `${counter}` };
  await writeWhole(folder, optimizerFile, encodeSafetensors(variables, metadata));
}

/**
 * Loads what `saveOptimizer` wrote into an optimiser of the same kind over the same model, and puts the random generator
 * where it was, so that training goes on as if it had not been interrupted.
 *
 * @throws CheckpointError naming the file, when it is missing, damaged, or belongs to another optimiser or model
 */
export async function loadOptimizer(folder: string, optimizer: Optimizer): Promise<void> {
  const path = node.path.join(folder, optimizerFile);
  const { state, metadata } = decodeSafetensors(await readChecked(path), path);
  const stepCount = wholeNumber(path, metadata, 'stepCount');
  const random = {
    seed: wholeNumber(path, metadata, 'seed'),
    counter: wholeNumber(path, metadata, 'counter'),
  };
  await wrapped(path, () => optimizer.loadStateDict({ stepCount, variables: state }));
  setRandomState(random);
}

function wholeNumber(path: string, metadata: Safetensors['metadata'], name: string): number {
  const text = metadata[name];
  const value = Number(text);
  if (text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new CheckpointError({
    where: `${path}, ${name}`,
    got: text === undefined ? 'nothing' : `"${text}"`,
    expected: 'a whole number of at least 0',
    cure: 'Save the optimizer again with saveOptimizer.',
  });
}

/** A model that does not take the pictures, or tell the classes apart, that its description speaks of. */
async function requireFitting(
  model: Module,
  { inputShape, classNames, normalisation }: Description,
): Promise<void> {
  if (normalisation) requireNormalisation('normalisation', normalisation, inputShape[2]);
  // Only the shapes are computed: nobody awaits the scores.
  const { shape } = await inMode(model, 'eval', async () => model.call(fill(0, [1, ...inputShape])));
  if (shape.at(-1) === classNames.length) return;
  throw new ShapeError({
    where: 'classNames',
    got: `${classNames.length} names for scores ${formatShape(shape)} of a picture ${formatShape(inputShape, ['H', 'W', 'C'])}`,
    expected: 'one name for each score',
    cure: 'The architecture, inputShape and classNames have to be those of one model: copy or save it again.',
  });
}

/** What could not be read back is not written. */
function requireSavable(values: Record<string, unknown>): void {
  const fault = fieldChecks.find(({ field, holds }) => !holds(values[field]));
  if (fault === undefined) return;
  throw new OptionError({
    where: 'saveModel',
    got: `${fault.field} ${describeValue(values[fault.field])}`,
    expected: fault.expected,
    cure: `Correct ${fault.field}.`,
  });
}

/** Writes beside the file and renames, so that no reader and no crash ever sees half of it. Makes the folder. */
async function writeWhole(folder: string, file: string, contents: Uint8Array | string): Promise<void> {
  const { mkdir, rename, rm, writeFile } = node.fs.promises;
  const path = node.path.join(folder, file);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(temporary, contents);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new CheckpointError(
      {
        where: path,
        got: messageOf(error),
        expected: 'a folder that can be written to',
        cure: 'Choose another folder, or make room and check its permissions.',
      },
      { cause: error },
    );
  }
}

async function readChecked(path: string): Promise<Uint8Array> {
  const { readFile } = node.fs.promises;
  try {
    return await readFile(path);
  } catch (error) {
    throw new CheckpointError(
      {
        where: path,
        got: messageOf(error),
        expected: 'a readable file',
        cure: 'Check the folder: it has to be one that saveModel wrote.',
      },
      { cause: error },
    );
  }
}

/** Runs `body`; whatever goes wrong in it is the file's fault. */
async function wrapped<Result>(path: string, body: () => Promise<Result>): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof WeftError)) throw invalid(path, messageOf(error), 'what saveModel writes', error);
    const { got, expected, cure } = error;
    throw new CheckpointError({ where: `${path}: ${error.where}`, got, expected, cure }, { cause: error });
  }
}

function parseDescription(path: string, bytes: Uint8Array): Description {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid(path, `something that is not JSON (${messageOf(error)})`, 'a JSON object', error);
  }
  if (!isRecord(value)) throw invalid(path, 'no JSON object', 'a JSON object');
  if (value.format !== format) throw invalid(path, `format ${describeValue(value.format)}`, `"${format}"`);
  if (value.version !== formatVersion) {
    throw new CheckpointError({
      where: path,
      got: `version ${describeValue(value.version)}`,
      expected: `${formatVersion}`,
      cure: 'Load it with the version of weft that saved it.',
    });
  }
  requireFields(path, value);
  return value;
}

function requireFields(
  path: string,
  value: Record<string, unknown>,
): asserts value is Record<string, unknown> & Description {
  const fault = fieldChecks.find(({ field, holds }) => !holds(value[field]));
  if (fault) throw invalid(path, `${fault.field} ${describeValue(value[fault.field])}`, fault.expected);
}

const fieldChecks: readonly { field: string; expected: string; holds: (value: unknown) => boolean }[] = [
  { field: 'name', expected: 'a text', holds: (value) => typeof value === 'string' },
  {
    field: 'inputShape',
    expected: 'three whole numbers above 0: height, width, channels',
    holds: (value) =>
      Array.isArray(value) &&
      value.length === 3 &&
      value.every((each) => Number.isSafeInteger(each) && each > 0),
  },
  {
    field: 'classNames',
    expected: 'a list of texts',
    holds: (value) =>
      Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string'),
  },
  {
    field: 'normalisation',
    expected: 'null, or a mean and a std for each channel',
    holds: (value) => value === null || (isRecord(value) && isNumbers(value.mean) && isNumbers(value.std)),
  },
  {
    field: 'weightsSha256',
    expected: 'a text, or nothing',
    holds: (value) => value === undefined || typeof value === 'string',
  },
];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((each) => Number.isFinite(each));
}

function invalid(path: string, got: string, expected: string, cause?: unknown): CheckpointError {
  const cure = 'The file is damaged or was not written by saveModel: copy or save the model again.';
  return new CheckpointError({ where: path, got, expected, cure }, { cause });
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function sha256(bytes: Uint8Array): string {
  return node.crypto.createHash('sha256').update(bytes).digest('hex');
}
