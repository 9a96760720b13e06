/** What model.json holds, and the checks that it does. */

import type { Normalization } from '../data/normalize.ts';
import { OptionError } from '../errors.ts';
import { type InputForms, isForm, isInputForms, largestPicture, specOf } from '../nn/input-forms.ts';
import { TextDecoder } from '../node-modules.ts';
import { describeValue, isRecord } from '../options.ts';
import { messageOf } from '../text.ts';
import { invalid } from './checkpoint-files.ts';
import { CheckpointError } from './errors.ts';

const format = 'weft-model';
const formatVersion = 1;

/** A model without its values. */
export interface Description {
  readonly format: typeof format;
  readonly version: number;
  readonly name: string;
  readonly inputShape: InputForms;
  readonly classNames?: readonly string[] | undefined;
  readonly normalization: Normalization | null;
  /** SHA-256 of model.safetensors: finds damage that leaves the file well-formed. */
  readonly weightsSha256?: string;
  readonly architecture: unknown;
}

/** What a caller says of a model. */
type Said = Pick<Description, 'name' | 'inputShape' | 'classNames' | 'normalization'>;

/** @throws OptionError for what could not be read back */
export function makeDescription(said: Said, architecture: unknown): Description {
  const fault = faultOf({ ...said });
  if (fault === undefined) return { format, version: formatVersion, ...said, architecture };
  throw new OptionError({
    where: 'saveModel',
    got: fault.got,
    expected: fault.expected,
    cure: `Correct ${fault.field}.`,
  });
}

/** @throws CheckpointError naming the file, when its contents are no description */
export function parseDescription(path: string, contents: Uint8Array | string): Description {
  let value: unknown;
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    value = JSON.parse(typeof contents === 'string' ? contents : decoder.decode(contents));
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
  const fault = faultOf(value);
  if (fault) throw invalid(path, fault.got, fault.expected);
}

function faultOf(
  values: Record<string, unknown>,
): { field: string; got: string; expected: string } | undefined {
  const fault = fieldChecks.find(({ field, holds }) => !holds(values[field]));
  return fault && { ...fault, got: `${fault.field} ${describeValue(values[fault.field])}` };
}

const fieldChecks: readonly { field: string; expected: string; holds: (value: unknown) => boolean }[] = [
  { field: 'name', expected: 'a text', holds: (value) => typeof value === 'string' },
  {
    field: 'inputShape',
    expected: `whole numbers above 0, of pictures [height, width, channels]; { shape, dtype } for other values than float32, a list or a record of these for several inputs; ${largestPicture} values at most`,
    holds: isInputForms,
  },
  {
    field: 'classNames',
    expected: 'a list of texts, or nothing',
    holds: (value) =>
      value === undefined ||
      (Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string')),
  },
  {
    field: 'normalization',
    expected: 'null, or a mean and a std for each channel',
    holds: (value) => value === null || (isRecord(value) && isNumbers(value.mean) && isNumbers(value.std)),
  },
  {
    field: 'weightsSha256',
    expected: 'a text, or nothing',
    holds: (value) => value === undefined || typeof value === 'string',
  },
];

/**
 * The length of the last axis of a model's one input, which is what a normalization is of.
 *
 * @throws OptionError when there are several inputs
 */
export function lastAxis(forms: InputForms): number {
  if (isForm(forms)) return specOf(forms).shape.at(-1) ?? 1;
  throw new OptionError({
    where: 'normalization',
    got: 'one normalization for several inputs',
    expected: 'a model of one input',
    cure: 'Normalize inputs before they are given to the model, or by a layer of its own.',
  });
}

function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((each) => Number.isFinite(each));
}
