/** optimizer.safetensors: what an optimizer remembers, and which weights it belongs to. */
import { node } from '../data/code-files.ts';
import { findEntry } from '../data/files.ts';
import type { Module } from '../nn/module.ts';
import type { StateDict } from '../nn/state-dict.ts';
import { type Optimizer, requireOptimizer } from '../optim/optimizer.ts';
import type { SavedGroup } from '../optim/parameter-groups.ts';
import type { OptimizerState } from '../optim/state.ts';
import { describeValue, isRecord } from '../options.ts';
import type { NumericArray } from '../tensor/dtype.ts';
import { randomState, setRandomState } from '../tensor/random.ts';
import { runtime } from '../tensor/runtime.ts';
import type { Variable } from '../tensor/variable.ts';
import { messageOf } from '../text.ts';
import { leftBehind, type NewFile } from './atomic.ts';
import {
  blaming,
  optimizerFile,
  readChecked,
  requireFolder,
  weightsFile,
  writeChecked,
} from './checkpoint-files.ts';
import { CheckpointError } from './errors.ts';
import { decodeSafetensors, encodeSafetensors, type Safetensors } from './safetensors.ts';
import { sha256 } from './sha256.ts';

/** The digest of each weight by name. */
type Digests = Readonly<Record<string, string>>;

/** The variables of loaded models: what they were loaded with, good as long as they keep that version. */
const loaded = new WeakMap<Variable, { readonly digest: string; readonly version: number }>();

/** Looking again while another process saves. */
const attempts = 5;

/**
 * Writes optimizer.safetensors into a folder: the optimizer's state, the place of the random generator, and which weights
 * they belong to: those that the parameters have at the call. To save a model and its optimizer so that both are always
 * of one moment, also after a crash, give the optimizer to `saveModel`.
 */
export async function saveOptimizer(folder: string, optimizer: Optimizer): Promise<void> {
  requireFolder('saveOptimizer', folder);
  requireOptimizer('saveOptimizer', optimizer);
  await writeChecked(
    folder,
    optimizerState(optimizer).then((file): [NewFile] => [file]),
  );
}

/** The file of an optimizer as it is at the moment of the call. */
export async function optimizerState(optimizer: Optimizer): Promise<NewFile> {
  const { seed, counter } = randomState();
  const [{ stepCount, variables, groups }, weights] = await Promise.all([
    optimizer.stateDict(),
    parameterDigests(optimizer),
  ]);
  const metadata = {
    stepCount: `${stepCount}`,
    seed: `${seed}`,
    counter: `${counter}`,
    weights: JSON.stringify(weights),
    groups: JSON.stringify(groups),
  };
  return { name: optimizerFile, contents: encodeSafetensors(variables, metadata) };
}

/**
 * Loads what `saveOptimizer`, or `saveModel` with an optimizer, wrote into an optimizer of the same kind over the same
 * model, and puts the random generator where it was, so that training goes on as if it had not been interrupted.
 *
 * @throws CheckpointError naming the file, when it is missing, damaged, or belongs to another optimizer, to another model,
 *   or to other weights than those that were loaded, or are in the folder (or, where there are none, than the optimizer's
 *   parameters have)
 */
export async function loadOptimizer(folder: string, optimizer: Optimizer): Promise<void> {
  requireFolder('loadOptimizer', folder);
  requireOptimizer('loadOptimizer', optimizer);
  const { path, state, metadata } = await findState(folder, optimizer);
  const stepCount = wholeNumber(path, metadata, 'stepCount');
  const random = {
    seed: wholeNumber(path, metadata, 'seed'),
    counter: wholeNumber(path, metadata, 'counter'),
  };
  const groups = storedGroups(path, metadata.groups);
  await blaming(path, () => optimizer.loadStateDict({ stepCount, variables: state, ...groups }));
  setRandomState(random);
}

interface StoredState extends Safetensors {
  readonly path: string;
}

/** The state in the folder that belongs to its weights: that of the file, or one that a killed save left behind. */
async function findState(folder: string, optimizer: Optimizer): Promise<StoredState> {
  const path = node.path.join(folder, optimizerFile);
  let fault: unknown;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const weights = await weightDigests(folder, optimizer);
    for (const candidate of [path, ...(await leftBehind(folder, optimizerFile).catch(() => []))]) {
      try {
        const found = { path: candidate, ...decodeSafetensors(await readChecked(candidate), candidate) };
        requireSameWeights(found, weights);
        return found;
      } catch (error) {
        if (candidate === path) fault = error;
      }
    }
  }
  throw fault;
}

function requireSameWeights({ path, metadata }: StoredState, weights: Digests): void {
  if (metadata.weights === undefined) return;
  const trained = parseDigests(path, metadata.weights);
  const other = Object.keys(trained).find(
    (name) => weights[name] !== undefined && weights[name] !== trained[name],
  );
  if (other === undefined) return;
  throw new CheckpointError({
    where: path,
    got: `the state of an optimizer that trained other weights ("${other}" has other values)`,
    expected: `one that was saved with the weights in ${weightsFile}`,
    cure: 'Save both at once, saveModel(folder, { …, optimizer }), and load both again: another save may have come between.',
  });
}

function parseDigests(path: string, text: string): Digests {
  const value = parsed(path, 'weights', text);
  if (isRecord(value) && Object.values(value).every((each) => typeof each === 'string')) {
    return value as Digests;
  }
  throw damaged(path, 'weights', describeValue(text), 'a digest for each parameter');
}

/** The groups of a state, as far as a file can be trusted; the optimizer compares them with its own. Old files have none. */
function storedGroups(path: string, text: string | undefined): Pick<OptimizerState, 'groups'> {
  if (text === undefined) return {};
  const groups = parsed(path, 'groups', text);
  if (Array.isArray(groups) && groups.every(isRecord)) return { groups: groups as unknown[] as SavedGroup[] };
  throw damaged(path, 'groups', describeValue(text), 'a list of groups');
}

function parsed(path: string, name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damaged(path, name, messageOf(error), 'JSON');
  }
}

function damaged(path: string, name: string, got: string, expected: string): CheckpointError {
  return new CheckpointError({
    where: `${path}, ${name}`,
    got,
    expected,
    cure: 'Save the optimizer again with saveOptimizer.',
  });
}

/** To be called when a model has been loaded: an optimizer's state that is loaded next has to belong to it. */
export function rememberLoaded(model: Module, state: StateDict): void {
  for (const [path, variable] of model.namedVariables()) {
    loaded.set(variable, { digest: digestOf(state[path].data), version: variable.planned });
  }
}

/**
 * The weights that a state has to belong to: those that parameters were loaded with and still have, else those in the
 * folder; where there are none, those that the parameters have.
 */
async function weightDigests(folder: string, optimizer: Optimizer): Promise<Digests> {
  const path = node.path.join(folder, weightsFile);
  const wanted = { error: CheckpointError, expected: 'a file that saveModel wrote' };
  if (findEntry(path, wanted) === undefined) return parameterDigests(optimizer);
  const { state } = decodeSafetensors(await readChecked(path), path);
  const kept = optimizer.parameters.flatMap((parameter): [string, string][] => {
    const known = loaded.get(parameter);
    return known?.version === parameter.planned ? [[parameter.name, known.digest]] : [];
  });
  return { ...digestsOf(state), ...Object.fromEntries(kept) };
}

async function parameterDigests({ parameters }: Optimizer): Promise<Digests> {
  const names = parameters.map(({ name }) => name);
  const values = await runtime().readAll(parameters);
  const digests = names.map((name, index): [string, string] => [name, digestOf(values[index])]);
  // A name that two have says nothing.
  return Object.fromEntries(digests.filter(([name]) => names.indexOf(name) === names.lastIndexOf(name)));
}

function digestsOf(state: StateDict): Digests {
  return Object.fromEntries(Object.entries(state).map(([name, { data }]) => [name, digestOf(data)]));
}

/** Short: it tells weights apart, and damage is found elsewhere. */
function digestOf(data: NumericArray): string {
  return sha256(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).slice(0, 16);
}

function wholeNumber(path: string, metadata: Safetensors['metadata'], name: string): number {
  const text = metadata[name];
  const value = Number(text);
  if (text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  const got = text === undefined ? 'nothing' : describeValue(text);
  throw damaged(path, name, got, 'a whole number of at least 0');
}
