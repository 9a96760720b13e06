/** Checks of options: no unknown name, no value out of range. Every part of the engine refuses options in these words. */
import { OptionError } from './errors.ts';

/** The most that a message shows of a value. */
const mostCharacters = 60;

/**
 * A value for a message: texts in quotes, NaN as itself, class names for what is no plain data, and what is long cut
 * short. It looks no further into the value than it shows, so nothing is too deep, too large or too circular for it.
 */
export function describeValue(value: unknown): string {
  let text: string;
  try {
    text = shown(value, mostCharacters, 0);
  } catch {
    // Getters and proxies are code of somebody else's.
    text = 'something that cannot be looked at';
  }
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters - 1)}…` : text;
}

/**
 * Whether a function that has to answer at once was an async one. What its promise comes to is of no use then: it is refused, and a
 * rejection that nobody waits for must not end the process.
 */
export function isPromise(value: unknown): value is Promise<unknown> {
  if (!(value instanceof Promise)) return false;
  value.catch(() => {});
  return true;
}

/** The text of a value; what lies beyond `room` characters, or deeper than a message has use for, may be left out. */
function shown(value: unknown, room: number, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, room + 1));
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (room <= 0 || depth > 3) return '…';
  if (Array.isArray(value)) return `[${joined(value.keys(), (key) => value[key], false, room, depth)}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const own: unknown = value.constructor?.name;
    const name = typeof own === 'string' && own !== '' ? own : 'object';
    // The cure, wherever a value is named: nobody means a Promise.
    if (name === 'Promise') return 'a Promise that was not awaited';
    return ArrayBuffer.isView(value) && 'length' in value ? `a ${name} of ${value.length}` : `a ${name}`;
  }
  const entries = value as Record<string, unknown>;
  return `{${joined(Object.keys(value), (key) => entries[key], true, room, depth)}}`;
}

function joined<Key extends string | number>(
  keys: Iterable<Key>,
  at: (key: Key) => unknown,
  named: boolean,
  room: number,
  depth: number,
): string {
  let text = '';
  for (const key of keys) {
    if (text.length > room) break;
    const value = shown(at(key), room - text.length, depth + 1);
    text += `${text === '' ? '' : ','}${named ? `${JSON.stringify(key)}:` : ''}${value}`;
  }
  return text;
}

/** Whether a value is an object that is no array: what JSON calls an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is an object as `{ … }` makes one: no array, no tensor, nothing that a class made. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // The objects of another page or sandbox have another Object.prototype, but that inherits from nothing as well.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Throws OptionError for a view of a buffer that was given away (`postMessage` with a transfer list): it has no data.
 *
 * @internal
 */
export function requireAttached(where: string, { buffer }: ArrayBufferView): void {
  try {
    new Uint8Array(buffer, 0, 0);
  } catch (cause) {
    throw new OptionError(
      {
        where,
        got: 'data whose buffer was transferred',
        expected: 'data that are still here',
        cure: 'Use them before they are transferred, or transfer a copy.',
      },
      { cause },
    );
  }
}

/** Throws OptionError unless `options` is an object with no names but these: what is unknown would be ignored. */
export function requireKnownOptions(where: string, options: object, known: readonly string[]): void {
  const plain = isPlainObject(options);
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
  'a number above 0 and below 1': (value: number) => value > 0 && value < 1,
  'a whole number': (value: number) => Number.isSafeInteger(value),
  'a whole number of at least 0': (value: number) => Number.isSafeInteger(value) && value >= 0,
  'a whole number of at least 1': (value: number) => Number.isSafeInteger(value) && value >= 1,
  'a whole number from 0 to 1000': (value: number) => Number.isInteger(value) && value >= 0 && value <= 1000,
  'a whole number from 1 to 1000': (value: number) => Number.isInteger(value) && value >= 1 && value <= 1000,
  'a whole number from 1 to a million': (value: number) =>
    Number.isInteger(value) && value >= 1 && value <= 1e6,
  '0, or a number of at least 2': (value: number) => value === 0 || value >= 2,
  '1 or 2': (value: number) => value === 1 || value === 2,
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

/** Throws OptionError unless `value` is a text; returns it. */
export function requireText(where: string, name: string, value: string): string {
  if (typeof value === 'string') return value;
  throw new OptionError({
    where,
    got: `${name} ${describeValue(value)}`,
    expected: 'a text',
    cure: `Give ${name} as a string.`,
  });
}

/** Throws OptionError unless `value` is an array; returns it. What the members are is looked at by whoever uses them. */
export function requireList<Value>(where: string, name: string, value: readonly Value[]): readonly Value[] {
  if (Array.isArray(value)) return value;
  throw new OptionError({
    where,
    got: `${name} ${describeValue(value)}`,
    expected: 'an array',
    cure: `Put ${name} into [ ].`,
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
