/** Checks of options: no unknown name, no value out of range. Every part of the engine refuses options in these words. */
import { OptionError } from './errors.ts';

/** A value for a message: texts in quotes, NaN as itself, what is long cut short. */
export function describeValue(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  const text = typeof value === 'number' ? `${value}` : (JSON.stringify(value) ?? 'undefined');
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** Throws OptionError unless `options` is an object with no names but these: what is unknown would be ignored. */
export function requireKnownOptions(where: string, options: object, known: readonly string[]): void {
  const plain = typeof options === 'object' && options !== null && !Array.isArray(options);
  const unknown = plain ? Object.keys(options).find((name) => !known.includes(name)) : undefined;
  if (plain && unknown === undefined) return;
  throw new OptionError({
    where,
    got: plain ? `unknown option "${unknown}"` : `${describeValue(options)} for its options`,
    expected: plain ? `only ${known.join(', ')}` : `an object with any of ${known.join(', ')}`,
    cure: plain ? 'Correct the name, or leave it out.' : 'Options go into one object, as { name: value }.',
  });
}

/** The ranges that number options have. */
const ranges = {
  'a number': () => true,
  'a number of at least 0': (value: number) => value >= 0,
  'a number above 0': (value: number) => value > 0,
  'a number from 0 to below 1': (value: number) => value >= 0 && value < 1,
  'a number from 0 to 1': (value: number) => value >= 0 && value <= 1,
  'a whole number': (value: number) => Number.isSafeInteger(value),
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
    got: `${name} ${describeValue(value)}`,
    expected: range,
    cure: `Correct ${name}, or leave it out where it has a default.`,
  });
}

/** Throws OptionError unless `value` is true or false; returns it. */
export function requireBoolean(where: string, name: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value;
  throw new OptionError({
    where,
    got: `${name} ${describeValue(value)}`,
    expected: 'true or false',
    cure: `Correct ${name}, or leave it out.`,
  });
}

/** Throws OptionError unless `value` is one of `allowed`. */
export function requireOneOf<Value extends string>(
  where: string,
  name: string,
  value: Value,
  allowed: readonly Value[],
): void {
  if (allowed.includes(value)) return;
  throw new OptionError({
    where,
    got: `${name} ${describeValue(value)}`,
    expected: `one of ${allowed.map((each) => `'${each}'`).join(', ')}`,
    cure: `Correct ${name}, or leave it out.`,
  });
}

/** Throws OptionError unless `value` is a function. */
export function requireFunction(where: string, name: string, value: unknown): void {
  if (typeof value === 'function') return;
  throw new OptionError({
    where,
    got: `${name} ${describeValue(value)}`,
    expected: 'a function',
    cure: `Give ${name} as a function, not by its name.`,
  });
}
