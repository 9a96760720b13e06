/**
 * model.safetensors: the values of a model, with its description and a digest of the whole file, so that it can stand for
 * the model alone when a save was cut off before model.json followed.
 */

import type { StateDict } from '../nn/state-dict.ts';
import { TextDecoder, TextEncoder } from '../node-modules.ts';
import { type Description, parseDescription } from './description.ts';
import { CheckpointError } from './errors.ts';
import { encodeSafetensors, type Safetensors } from './safetensors.ts';
import { sha256 } from './sha256.ts';

const digestKey = 'weft.sha256';
const descriptionKey = 'weft.description';
/** Stands in the digest's place while it is computed. */
const blank = '0'.repeat(64);
/** The digest is the first text of the file: eight bytes with a length, then this, then the digest. */
const digestStart = 8 + `{"__metadata__":{"${digestKey}":"`.length;

/** The file of a model's values. */
export function encodeWeights(state: StateDict, description: Description): Uint8Array<ArrayBuffer> {
  return encodeSealed(state, { [descriptionKey]: JSON.stringify(description) });
}

/** A file with a digest of the whole. */
export function encodeSealed(state: StateDict, texts: Safetensors['metadata']): Uint8Array<ArrayBuffer> {
  const bytes = encodeSafetensors(state, { [digestKey]: blank, ...texts });
  bytes.set(new TextEncoder().encode(sha256(bytes)), digestStart);
  return bytes;
}

/** Whether a file is as `encodeSealed` made it, to the last bit. */
export function isSealed(bytes: Uint8Array, { [digestKey]: digest }: Safetensors['metadata']): boolean {
  if (digest === undefined) return false;
  const end = digestStart + blank.length;
  const written = new TextDecoder().decode(bytes.subarray(digestStart, end));
  const actual = sha256(bytes.subarray(0, digestStart), new TextEncoder().encode(blank), bytes.subarray(end));
  return written === digest && actual === digest;
}

/** What a file says of its model, if it is whole. */
export function ownDescription(
  path: string,
  bytes: Uint8Array,
  metadata: Safetensors['metadata'],
): Description | undefined {
  const { [descriptionKey]: text } = metadata;
  return text !== undefined && isSealed(bytes, metadata) ? parseDescription(path, text) : undefined;
}

/** Why a file without model.json beside it cannot be loaded. */
export function notWhole(path: string, { [descriptionKey]: text }: Safetensors['metadata']): CheckpointError {
  const [got, cure] =
    text === undefined
      ? [
          'weights without a description of their model',
          'Of files that other programs wrote, build the model yourself and give it the weights: model.loadStateDict(decodeSafetensors(bytes).state). What early versions of weft saved needs its folder, with model.json.',
        ]
      : [
          'contents that are not those it was saved with (their SHA-256 differs)',
          'The file is damaged: copy or save it again.',
        ];
  return new CheckpointError({
    where: path,
    got,
    expected: 'model.safetensors as saveModel writes it',
    cure,
  });
}
