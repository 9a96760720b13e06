/** The files of a checkpoint: their names, and how they are read and written, so that errors name them. */

import { node } from '../data/code-files.ts';
import { fileError, readFile } from '../data/files.ts';
import {
  DeviceLimitError,
  DeviceLostError,
  DeviceUnavailableError,
  HeapExhaustedError,
  OptionError,
  WeftError,
} from '../errors.ts';
import { describeValue } from '../options.ts';
import { messageOf } from '../text.ts';
import { type NewFiles, writeTogether } from './atomic.ts';
import { CheckpointError } from './errors.ts';

export const descriptionFile = 'model.json';
export const weightsFile = 'model.safetensors';
export const optimizerFile = 'optimizer.safetensors';

/** Throws OptionError unless it is the path of a folder, or could be one. `cure`: how it is given. */
export function requireFolder(
  where: string,
  folder: unknown,
  cure = 'The folder is the first argument, as a text.',
): asserts folder is string {
  if (typeof folder === 'string' && folder !== '') return;
  throw new OptionError({
    where,
    got: `${describeValue(folder)} for a folder`,
    expected: 'a path',
    cure,
  });
}

/** Writes files that belong together: see `writeTogether`. */
export async function writeChecked(folder: string, files: Promise<NewFiles>): Promise<void> {
  // What cannot be made is not the folder's fault.
  const made = files.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const contents = made.then((each) => ('value' in each ? each.value : Promise.reject(each.error)));
  try {
    await writeTogether(folder, contents);
  } catch (error) {
    const failed = await made;
    if ('error' in failed) throw failed.error;
    const path = node.path.join(folder, failed.value[0].name);
    throw fileError(path, error, { error: CheckpointError, expected: 'a folder that can be written to' });
  }
}

/** @throws CheckpointError when the file cannot be read */
export async function readChecked(path: string): Promise<Uint8Array> {
  return readFile(path, { error: CheckpointError, expected: 'a file that saveModel wrote' });
}

const deviceErrors = [DeviceUnavailableError, DeviceLostError, DeviceLimitError, HeapExhaustedError];

/** Runs `body`; whatever goes wrong in it is the file's fault, unless a device says that it is its own. */
export async function blaming<Result>(path: string, body: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    if (deviceErrors.some((type) => error instanceof type)) throw error;
    if (!(error instanceof WeftError)) throw invalid(path, messageOf(error), 'what saveModel writes', error);
    const { got, expected, cure } = error;
    throw new CheckpointError({ where: `${path}: ${error.where}`, got, expected, cure }, { cause: error });
  }
}

export function invalid(path: string, got: string, expected: string, cause?: unknown): CheckpointError {
  const cure = 'The file is damaged or was not written by saveModel: copy or save the model again.';
  return new CheckpointError({ where: path, got, expected, cure }, { cause });
}
