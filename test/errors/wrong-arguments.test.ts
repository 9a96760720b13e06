/**
 * Wrong arguments, by the table: every function, class and method that the package exports is called with what JavaScript
 * can hand over in place of each argument of a right call, and of each option. Each call is either fine, down to the
 * values of its result, or refused in words.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as weft from '../../src/index.ts';
import { denseModel } from './support.ts';
import * as valid from './valid-calls.ts';

const exported: Record<string, unknown> = { ...weft };
type Callable = (...parameters: unknown[]) => unknown;

const isClass = (value: unknown) => typeof value === 'function' && /^class\b/.test(`${value}`);
const isErrorClass = (value: unknown) =>
  typeof value === 'function' && (value === weft.WeftError || value.prototype instanceof weft.WeftError);
const isOptions = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** What JavaScript hands over where something else was meant. */
function wrongValues(): Record<string, unknown> {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const ring: unknown[] = [];
  ring.push(ring);
  const transferred = new Float32Array(4);
  structuredClone(transferred.buffer, { transfer: [transferred.buffer] });
  const deep: unknown = JSON.parse('['.repeat(5000) + ']'.repeat(5000));
  return {
    undefined: undefined,
    null: null,
    true: true,
    NaN: Number.NaN,
    Infinity: Number.POSITIVE_INFINITY,
    '-1': -1,
    '0': 0,
    '1.5': 1.5,
    '2^40': 2 ** 40,
    "''": '',
    "'x'": 'x',
    "'int64'": 'int64',
    '[]': [],
    '[[1]]': [[1]],
    '[-1]': [-1],
    '[NaN, 1.5]': [Number.NaN, 1.5],
    '[2^20, 2^20]': [2 ** 20, 2 ** 20],
    '[,,1]': new Array(2).concat(1),
    "['x', null]": ['x', null],
    '{}': {},
    circular,
    ring,
    deep,
    '{ length: 2^32 }': { length: 2 ** 32 },
    'no prototype': Object.create(null),
    '1n': 1n,
    function: () => undefined,
    Symbol: Symbol('s'),
    Date: new Date(0),
    Map: new Map(),
    BigInt64Array: new BigInt64Array(2),
    Uint16Array: Uint16Array.of(1, 65535),
    'transferred Float32Array': transferred,
    DataView: new DataView(new ArrayBuffer(8)),
    ArrayBuffer: new ArrayBuffer(64),
    Promise: Promise.resolve(weft.ones([2])),
    'odd constructor': Object.create({ constructor: { name: Symbol('name') } }),
    "['2', 2]": ['2', 2],
    uneven: [[1, 2], [3]],
    'int32 tensor': weft.tensor([1, 5], { dtype: 'int32' }),
    'bool tensor': weft.tensor([[true]]),
    'float32 scalar': weft.tensor(0.5),
    'empty tensor': weft.zeros([0, 3]),
    'tensor of rank 5': weft.ones([1, 1, 2, 1, 1]),
  };
}

/** What is not called, and why: the beginning of the path, and the value, or '' for all. */
const notCalled: readonly (readonly [path: string, value: string, reason: string])[] = [
  ['fit 2.epochs', '2^40', 'is right, and trains for 2^40 epochs'],
  ['new Optimizer 2', '', 'is given by the class of an optimizer, not by who uses it'],
];

function isCalled(path: string, value: string): boolean {
  return !notCalled.some(([start, what]) => path.startsWith(start) && (what === '' || what === value));
}

/** What stands for one argument more than a call takes. */
const more = ['undefined', 'true', '-1', "'x'", '{}', '[[1]]', 'int32 tensor'];

/** A call: what is called, by name, with which receiver and arguments. */
interface Target {
  readonly name: string;
  readonly row: valid.Arguments;
  readonly run: (given: readonly unknown[]) => unknown;
}

const folder = mkdtempSync(join(tmpdir(), 'weft-wrong-'));
const table = valid.functions(folder);

/** Everything that is called, and the names of what has no row. */
function targets(): { found: Target[]; without: string[] } {
  const found: Target[] = [];
  const without: string[] = [];
  const add = (name: string, row: valid.Arguments | undefined, run: Target['run']) => {
    if (row) found.push({ name, row, run });
    else without.push(name);
  };
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value !== 'function' || isErrorClass(value)) continue;
    if (!isClass(value)) {
      add(name, table[name], (given) => (value as Callable)(...given));
      continue;
    }
    const row = valid.constructors[name];
    const maker = valid.instances[name] ?? name;
    const make = exported[maker] as new (...given: readonly unknown[]) => Record<string, Callable>;
    add(`new ${name}`, row, (given) => Reflect.construct(value, given, make));
    if (name === 'Tensor' || !row) continue;
    for (const method of methodsOf(value)) {
      const key = `${name}.${method}`;
      if (valid.internal.includes(key)) continue;
      // Those without a row take nothing.
      add(key, valid.methods[key] ?? (() => []), (given) =>
        new make(...valid.constructors[maker]())[method](...given),
      );
    }
  }
  for (const method of methodsOf(weft.Tensor)) {
    add(`Tensor.${method}`, valid.tensorMethod(method, table), ([x, ...given]) =>
      (Reflect.get(weft.Tensor.prototype, method) as Callable).call(x, ...given),
    );
  }
  for (const [name, value] of Object.entries(weft.initializers as Record<string, Callable>)) {
    add(`initializers.${name}`, valid.initializers[name], (given) => value(...given));
  }
  return { found, without };
}

function methodsOf(type: unknown): string[] {
  const { prototype } = type as { prototype: object };
  return Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { value }]) =>
    typeof value === 'function' && name !== 'constructor' ? [name] : [],
  );
}

/** Looks at a result as its user would: awaits it, and the values of tensors in it. */
async function use(result: unknown): Promise<void> {
  const value = await result;
  if (value instanceof weft.Tensor) {
    if (value.size <= 4096) await value.data();
  } else if (Array.isArray(value)) {
    for (const each of value.slice(0, 8)) if (each instanceof weft.Tensor) await use(each);
  } else if (typeof value === 'object' && value !== null && Symbol.iterator in value && 'next' in value) {
    (value as Iterator<unknown>).next();
  }
}

/** The faults of a call that is neither fine nor refused in words. */
const faults: string[] = [];
let calls = 0;
let refused = 0;

async function attempt(name: string, act: () => unknown): Promise<void> {
  calls++;
  try {
    await use(act());
  } catch (error) {
    if (error instanceof weft.WeftError && error.message.length < 2000) refused++;
    else faults.push(`${name}: ${`${error}`.slice(0, 120)}`);
  }
}

beforeAll(async () => {
  // Wrong paths lead here.
  process.chdir(folder);
  mkdirSync(`${folder}/pictures/a`, { recursive: true });
  const pixels = Float32Array.of(0, 0.25, 0.5, 1);
  const png = weft.encodePng({ width: 2, height: 2, channels: 1, bitDepth: 8, pixels });
  writeFileSync(`${folder}/one.png`, png);
  for (let index = 0; index < 5; index++) writeFileSync(`${folder}/pictures/a/${index}.png`, png);
  writeFileSync(`${folder}/two.idx`, weft.encodeIdx({ shape: [2], data: Uint8Array.of(1, 2) }));
  const model = denseModel();
  await weft.saveModel(`${folder}/model`, {
    model,
    name: 'm',
    classNames: ['a', 'b', 'c'],
    inputShape: [4, 4, 1],
  });
  weft.setDevice('cpu');
});

afterAll(() => {
  process.chdir(tmpdir());
  rmSync(folder, { recursive: true });
});

const { found, without } = targets();

test('everything that is exported has a right call in the table, and it is right', async () => {
  expect(without).toEqual([]);
  for (const { name, row, run } of found) {
    // Methods without a row take nothing: some are refused, without a gradient for example, and that is in words.
    const own = name.includes('.') && !name.startsWith('Tensor.') && !name.startsWith('initializers.');
    if ((own && !(name in valid.methods)) || valid.refused.includes(name)) continue;
    try {
      await use(run(row()));
    } catch (error) {
      throw new Error(`the right call of ${name} fails: ${error}`, { cause: error });
    }
  }
});

/** The places of a call's arguments at which something else can stand: positions, one more, options and first members. */
function places(given: readonly unknown[]): readonly (readonly (string | number)[])[] {
  const inner = given.flatMap((value, position) => {
    if (isOptions(value)) return Object.keys(value).map((key) => [position, key]);
    return Array.isArray(value) && value.length > 0 ? [[position, 0]] : [];
  });
  return [...[...given, undefined].map((_, position) => [position]), ...inner];
}

/** The arguments with another value at a place. */
function changed(given: readonly unknown[], [position, key]: readonly (string | number)[], value: unknown) {
  const copy: unknown[] = [...given];
  const at = Number(position);
  if (key === undefined) copy[at] = value;
  else if (Array.isArray(copy[at])) copy[at] = [value, ...copy[at].slice(1)];
  else copy[at] = { ...(copy[at] as object), [key]: value };
  return copy;
}

/** What is called, in parts: all calls together take most of the time that a test is given. */
const kinds: readonly (readonly [kind: string, isOf: (name: string) => boolean])[] = [
  ['classes and their methods', (name) => /^new |^[A-Z]\w*\./.test(name) && !name.startsWith('Tensor.')],
  ['methods of tensors', (name) => name.startsWith('Tensor.')],
  ['functions from a to l', (name) => /^[a-l]/.test(name) && !name.startsWith('new ')],
  ['functions from m to z', (name) => /^[m-z]/.test(name) && !name.startsWith('new ')],
];

test('the parts are all of it, each once', () => {
  for (const { name } of found)
    expect(
      kinds.filter(([, isOf]) => isOf(name)),
      name,
    ).toHaveLength(1);
});

test.each(kinds)('one wrong argument: %s', async (kind, isOf) => {
  const values = Object.entries(wrongValues());
  const before = { calls, refused };
  const called = found.filter(({ name }) => isOf(name));
  for (const { name, row, run } of called) {
    const right = row();
    for (const place of places(right)) {
      // Whose method it is: without a tensor there is none to call.
      if (name.startsWith('Tensor.') && place[0] === 0) continue;
      for (const [label, value] of values) {
        const path = `${name} ${place.join('.')}`;
        // One more argument than there are matters by being there, whatever it is.
        if (place[0] === right.length && !more.includes(label)) continue;
        if (!isCalled(path, label)) continue;
        await attempt(`${path} = ${label}`, () => run(changed(row(), place, value)));
      }
    }
    // Missing ones.
    const least = name.startsWith('Tensor.') ? 1 : name === 'new Optimizer' ? 3 : 0;
    for (let count = least; count < right.length; count++) {
      await attempt(`${name} with ${count} arguments`, () => run(row().slice(0, count)));
    }
  }
  for (const [path, value, reason] of notCalled) {
    if (isOf(path)) console.log(`not called: ${path} ${value}, which ${reason}`);
  }
  console.log(
    `${kind}: ${called.length}; ${calls - before.calls} calls, ${refused - before.refused} refused`,
  );
  expect(faults).toEqual([]);
});

test('an option that does not exist', async () => {
  const passing: string[] = [];
  for (const { name, row, run } of found) {
    const given = row();
    const last = given.at(-1);
    if (!isOptions(last) || valid.records.includes(name)) continue;
    try {
      await use(run([...given.slice(0, -1), { ...last, nonsense: 1 }]));
      passing.push(name);
    } catch (error) {
      if (!(error instanceof weft.OptionError)) passing.push(`${name}: ${error}`);
    }
  }
  expect(passing).toEqual([]);
});

test('two wrong arguments, drawn at random', async () => {
  faults.length = 0;
  const random = new weft.RandomGenerator(7);
  const values = Object.entries(wrongValues());
  const several = found.filter(({ name, row }) => row().length > 1 && !name.startsWith('Tensor.'));
  for (let round = 0; round < 4000; round++) {
    const { name, row, run } = several[random.nextBelow(several.length)];
    const all = places(row());
    const drawn = [0, 1].map(() => ({
      place: all[random.nextBelow(all.length)],
      value: values[random.nextBelow(values.length)],
    }));
    const paths = drawn.map(({ place, value: [label] }) => `${place.join('.')} = ${label}`);
    if (!drawn.every(({ place, value: [label] }) => isCalled(`${name} ${place.join('.')}`, label))) continue;
    await attempt(`${name} ${paths.join(', ')}`, () =>
      run(
        drawn.reduce<readonly unknown[]>((given, { place, value: [, value] }) => {
          // What stands there may be no array or object any more.
          const [position, key] = place;
          const whole = key !== undefined && !Array.isArray(given[+position]) && !isOptions(given[+position]);
          return changed(given, whole ? [position] : place, value);
        }, row()),
      ),
    );
  }
  expect(faults).toEqual([]);
});
