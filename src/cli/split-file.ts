/**
 * split.json of a run: which images it was trained, validated and tested on. A part has the number of its images (`count`),
 * their files where they have any, a hash of what each shows (`hashes`, `contentHashes` one after the other, 8 characters
 * each; not of pictures that are read while they are shown) and their classes (`labels`, places in `classNames`: little-endian 16-bit numbers in base64). `copies` lists the test images that are copies of training images: place in test, place in
 * train, 1 where all pixels are equal.
 */
import { join } from 'node:path';
import { findEntry, readFile, type Wanted } from '../data/files.ts';
import {
  type RecordedCopy,
  type RecordedPart,
  type RecordedSplit,
  recordedSplit,
} from '../data/recorded-images.ts';
import { isRecord } from '../options.ts';
import type { PreparedDataset } from './holdout.ts';
import { RunError } from './run-error.ts';

export const SPLIT_FILE = 'split.json';

const format = 2;
/** Characters of a content hash. */
const hashLength = 8;

/** The text of split.json for a data set. */
export function splitText(data: PreparedDataset): string {
  const { classNames, train, validation, test } = recordedSplit(data);
  const parts = {
    train: encodedPart(train),
    ...(validation && { validation: encodedPart(validation) }),
    test: encodedPart(test),
  };
  const copies = data.copies?.test.map(({ first, second, identical }) => [second, first, identical ? 1 : 0]);
  return `${JSON.stringify({ format, classNames, ...parts, copies }, null, 1)}\n`;
}

function encodedPart({ files, hashes, labels = [] }: RecordedPart): object {
  const bytes = Buffer.alloc(2 * labels.length);
  for (let i = 0; i < labels.length; i++) bytes.writeUInt16LE(labels[i]!, 2 * i);
  return { count: labels.length, files, hashes: hashes?.join(''), labels: bytes.toString('base64') };
}

/**
 * Reads the split of a run; undefined where there is none.
 *
 * @throws RunError when it cannot be read or is not what `weft train` writes
 */
export function readSplit(run: string): RecordedSplit | undefined {
  const path = join(run, SPLIT_FILE);
  const wanted: Wanted = { error: RunError, expected: 'the split of a training run' };
  if (findEntry(path, wanted) === undefined) return undefined;
  const split = parsed(new TextDecoder().decode(readFile(path, wanted)));
  if (split !== undefined) return split;
  throw new RunError({
    where: path,
    got: 'something else',
    expected: 'JSON with the images of train, validation and test',
    cure: 'The file is damaged: train again, or restore it.',
  });
}

function parsed(text: string): RecordedSplit | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const decode = value.format === format ? decodedPart : listedPart;
  const [train, validation, test] = [value.train, value.validation, value.test].map(decode);
  const { classNames } = value;
  if (!train || !test || (value.validation !== undefined && !validation)) return undefined;
  if (value.format !== format) return { train, validation, test };
  const copies = value.copies === undefined ? undefined : decodedCopies(value.copies);
  const isWhole = copies !== undefined || value.copies === undefined;
  return isTexts(classNames) && isWhole ? { classNames, train, validation, test, copies } : undefined;
}

function decodedPart(part: unknown): RecordedPart | undefined {
  if (!isRecord(part)) return undefined;
  const { count, files, hashes, labels } = part;
  if (typeof count !== 'number' || typeof labels !== 'string') return undefined;
  if (hashes !== undefined && (typeof hashes !== 'string' || hashes.length !== hashLength * count))
    return undefined;
  const bytes = Buffer.from(labels, 'base64');
  if (bytes.length !== 2 * count) return undefined;
  if (files !== undefined && !(isTexts(files) && files.length === count)) return undefined;
  return {
    files,
    ...(hashes !== undefined && {
      hashes: Array.from({ length: count }, (_, i) => hashes.slice(i * hashLength, (i + 1) * hashLength)),
    }),
    labels: Array.from({ length: count }, (_, i) => bytes.readUInt16LE(2 * i)),
  };
}

function decodedCopies(value: unknown): RecordedCopy[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const rows = value.filter(
    (row): row is number[] => Array.isArray(row) && row.length === 3 && row.every(Number.isSafeInteger),
  );
  if (rows.length < value.length) return undefined;
  return rows.map(([second, first, identical]) => ({
    second: second!,
    first: first!,
    identical: identical === 1,
  }));
}

/** Earlier versions listed files, or for images without files the SHA-256 of their pixels and the number of equal ones. */
function listedPart(part: unknown): RecordedPart | undefined {
  if (!isTexts(part)) return undefined;
  const isHash = part.length > 0 && part.every((key) => /^[0-9a-f]{24}-\d+$/.test(key));
  if (!isHash) return { files: part };
  return { hashes: part.map((key) => Buffer.from(key.slice(0, 12), 'hex').toString('base64')) };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
