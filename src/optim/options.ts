/** Checks of options: no unknown name, no value out of range. */
import { OptionError } from '../errors.ts';

/** Throws OptionError when `options` has a name that is not one of `known`, so that no option is silently ignored. */
export function requireKnownOptions(where: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new OptionError({
    where,
    got: `unknown option "${unknown}"`,
    expected: `only ${known.join(', ')}`,
    cure: 'Correct the name, or leave it out.',
  });
}

/** The ranges that number options have. */
const ranges = {
  'a number of at least 0': (value: number) => value >= 0,
  'a number above 0': (value: number) => value > 0,
  'a number from 0 to below 1': (value: number) => value >= 0 && value < 1,
  'a number from 0 to 1': (value: number) => value >= 0 && value <= 1,
  'a whole number of at least 0': (value: number) => Number.isSafeInteger(value) && value >= 0,
  'a whole number of at least 1': (value: number) => Number.isSafeInteger(value) && value >= 1,
} satisfies Record<string, (value: number) => boolean>;

/** Throws OptionError unless `value` is a finite number of the range; returns it. */
export function requireNumber(
  where: string,
  name: string,
  value: number,
  range: keyof typeof ranges,
): number {
  if (typeof value === 'number' && Number.isFinite(value) && ranges[range](value)) return value;
  throw new OptionError({
    where,
    got: `${name} ${String(value)}`,
    expected: range,
    cure: `Correct ${name}, or leave it out where it has a default.`,
  });
}

/** Throws OptionError unless `value` is true or false; returns it. */
export function requireBoolean(where: string, name: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value;
  throw new OptionError({
    where,
    got: `${name} ${String(value)}`,
    expected: 'true or false',
    cure: `Correct ${name}, or leave it out.`,
  });
}
