/**
 * Checkpoints of a training: one file each, safetensors, with a digest of the whole; a folder holds the last few. A file
 * appears whole or not at all.
 */
import { node } from '../data/code-files.ts';
import { fileError } from '../data/files.ts';
import { OptionError } from '../errors.ts';
import type { StateDict } from '../nn/state-dict.ts';
import { codeOf } from '../node-modules.ts';
import { isRecord } from '../options.ts';
import { writeWhole } from './atomic.ts';
import { invalid, readChecked, requireFolder } from './checkpoint-files.ts';
import { CheckpointError } from './errors.ts';
import { decodeSafetensors } from './safetensors.ts';
import type { TrainingState } from './training-state.ts';
import { encodeSealed, isSealed } from './weights.ts';

const stateKey = 'weft.training';
/** The format of what stands under `stateKey`. */
const format = 1;
/** Where the tensors of each part stand: `optimizer/adam.firstMoment.head.weight`. */
const parts = ['model', 'optimizer', 'average', 'best'] as const;
/** Of steps and epochs, so that names sort as they were written. */
const fileName = /^epoch-(\d+)-step-(\d+)\.safetensors$/;

/**
 * Writes a checkpoint into a folder, which is made if it does not exist, and removes the oldest of those in it.
 *
 * @param keep how many stay. Default 2: should the last one be damaged, the one before is there
 * @throws CheckpointError when the folder cannot be written to; those before are there as they were
 */
export async function saveTraining(folder: string, state: TrainingState, keep = 2): Promise<void> {
  requireFolder('saveTraining', folder);
  const path = node.path.join(folder, `epoch-${state.epoch}-step-${state.step}.safetensors`);
  try {
    await writeWhole(path, encodeTraining(state));
  } catch (error) {
    throw fileError(path, error, { error: CheckpointError, expected: 'a folder that can be written to' });
  }
  const all = await checkpointPaths(folder);
  const place = all.indexOf(path);
  // Younger ones are of a training that did not come to be: they were damaged, and passed over.
  const outdated = [...all.slice(0, place), ...all.slice(place + keep)];
  for (const each of outdated) await node.fs.promises.rm(each, { force: true }).catch(() => undefined);
}

/** Throws OptionError for a folder with checkpoints: those of a training that begins would take their place. */
export async function requireUnused(folder: string): Promise<void> {
  // What else is wrong with a folder is told when it is written to, and does not end the training.
  const names = await node.fs.promises.readdir(folder).catch(() => []);
  const found = names.find((name) => fileName.test(name));
  if (found === undefined) return;
  throw new OptionError({
    where: 'checkpoint of fit',
    got: `a folder with checkpoints of another training (${found} in ${folder})`,
    expected: 'resume, to go on with that training, or a folder without checkpoints',
    cure: 'Give resume: await loadTraining(folder), or another folder; or remove the checkpoints.',
  });
}

/**
 * Reads the last checkpoint of a folder, for `resume` of `fit`. One that is damaged is passed over for the one before.
 *
 * @throws CheckpointError when the folder has none, or none that is whole
 */
export async function loadTraining(folder: string): Promise<TrainingState> {
  requireFolder('loadTraining', folder);
  const paths = await checkpointPaths(folder);
  let fault: unknown;
  for (const path of paths) {
    try {
      return decodeTraining(path, await readChecked(path));
    } catch (error) {
      fault ??= error;
    }
  }
  if (fault !== undefined) throw fault;
  throw new CheckpointError({
    where: folder,
    got: 'no checkpoint of a training',
    expected: 'a folder that checkpoint of fit was given',
    cure: 'Check the path, or train from the beginning.',
  });
}

/** The checkpoints of a folder, the youngest first. */
export async function checkpointPaths(folder: string): Promise<string[]> {
  const names = await node.fs.promises.readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw fileError(folder, error, { error: CheckpointError, expected: 'a folder with checkpoints' });
  });
  const placeOf = (name: string): number[] => (fileName.exec(name) ?? []).slice(1).map(Number);
  return names
    .filter((name) => fileName.test(name))
    .sort((a, b) => {
      const [[epochA, stepA], [epochB, stepB]] = [placeOf(a), placeOf(b)];
      return epochB - epochA || stepB - stepA;
    })
    .map((name) => node.path.join(folder, name));
}

/** The file of a checkpoint. */
export function encodeTraining(state: TrainingState): Uint8Array<ArrayBuffer> {
  const { model, optimizer, average, best, ...rest } = state;
  const { variables, ...settings } = optimizer;
  const described = {
    format,
    ...rest,
    optimizer: settings,
    average: average && { updates: average.updates },
    best: best && { epoch: best.epoch },
  };
  const tensors = {
    model,
    optimizer: variables,
    average: average?.variables ?? {},
    best: best?.model ?? {},
  };
  const all = parts.flatMap((part) =>
    Object.entries(tensors[part]).map(([name, entry]) => [`${part}/${name}`, entry] as const),
  );
  return encodeSealed(Object.fromEntries(all), { [stateKey]: JSON.stringify(described, writeNumber) });
}

function decodeTraining(path: string, bytes: Uint8Array): TrainingState {
  const { state, metadata } = decodeSafetensors(bytes, path);
  const text = metadata[stateKey];
  if (text === undefined || !isSealed(bytes, metadata)) {
    throw invalid(
      path,
      text === undefined ? 'a file without a training' : 'contents that are not those it was saved with',
      'a checkpoint of fit, as it was written',
    );
  }
  const described = JSON.parse(text, readNumber) as Omit<TrainingState, 'model'> & {
    readonly format: number;
  };
  if (described.format !== format) {
    throw invalid(path, `format ${described.format}`, `format ${format}, of this version of weft`);
  }
  const tensorsOf = (part: (typeof parts)[number]): StateDict =>
    Object.fromEntries(
      Object.entries(state)
        .filter(([name]) => name.startsWith(`${part}/`))
        .map(([name, entry]) => [name.slice(part.length + 1), entry]),
    );
  const { format: _, optimizer, average, best, ...rest } = described;
  return {
    ...rest,
    model: tensorsOf('model'),
    optimizer: { ...optimizer, variables: tensorsOf('optimizer') },
    average: average && { ...average, variables: tensorsOf('average') },
    best: best && { ...best, model: tensorsOf('best') },
  };
}

/** JSON has no number for what is not finite. */
function writeNumber(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { notFinite: String(value) } : value;
}

function readNumber(_: string, value: unknown): unknown {
  return isRecord(value) && typeof value.notFinite === 'string' ? Number(value.notFinite) : value;
}
