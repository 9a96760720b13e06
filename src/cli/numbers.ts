/** Reads numbers from the command line; commander turns what is thrown here into a message and exit code 2. */
import { InvalidArgumentError } from 'commander';
import type { DataFold } from '../data/split.ts';
import { decimal } from '../text.ts';

/** A whole number of at least 1. */
export function positiveInteger(text: string): number {
  const value = decimal(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('Give a whole number of at least 1.');
}

/** A seed: a whole number of at least 0. */
export function seedNumber(text: string): number {
  const value = decimal(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('Give a whole number of at least 0.');
}

/** Of threads: more are of no use on any machine, and each takes some megabytes. */
export function workerCount(text: string): number {
  const value = decimal(text);
  if (Number.isSafeInteger(value) && value >= 0 && value <= 1000) return value;
  throw new InvalidArgumentError('Give a whole number from 0 to 1000.');
}

/** A number above 0, such as 0.006 or 6e-3. */
export function positiveNumber(text: string): number {
  const value = decimal(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Give a number above 0.');
}

/** A number of at least 0. */
export function nonNegativeNumber(text: string): number {
  const value = decimal(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError('Give a number of at least 0.');
}

/** A share that is neither nothing nor all. */
export function properShare(text: string): number {
  const value = decimal(text);
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError('Give a number between 0 and 1, such as 0.1.');
}

/** A share that may be nothing, but not all. */
export function shareFromNothing(text: string): number {
  const value = decimal(text);
  if (value >= 0 && value < 1) return value;
  throw new InvalidArgumentError('Give a number from 0 to below 1, such as 0.1.');
}

/** A part of several: `2/5`. */
export function foldText(text: string): DataFold {
  const [, first = '', second = '', division] = /^([^/:]+)\/([^/:]+)(?::(.+))?$/.exec(text) ?? [];
  const [part, parts] = [decimal(first), decimal(second)];
  const isWhole = [part, parts].every((value) => Number.isSafeInteger(value));
  if (isWhole && part >= 1 && parts >= 2 && part <= parts) {
    return division === undefined ? [part, parts] : [part, parts, seedNumber(division)];
  }
  throw new InvalidArgumentError('Give a part of two or more, such as 1/5.');
}

/** What a switch is set to, where it is written as a value. */
export function trueOrFalse(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('Give true or false.');
}
