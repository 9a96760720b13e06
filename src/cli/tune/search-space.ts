/** What a search tries: ranges of settings of `weft train`, read from a file or the default ones, and the settings of each trial. */
import { InvalidArgumentError } from 'commander';
import { readFile } from '../../data/files.ts';
import { RandomGenerator } from '../../data/random-generator.ts';
import { type ModelFacts, modelFacts } from '../../models/index.ts';
import { describeValue, isRecord } from '../../options.ts';
import { messageOf } from '../../text.ts';
import { gammaOf } from '../losses.ts';
import { RunError } from '../run-error.ts';
import { type ConfigValue, requireSetting, settingOf } from '../settings/config-file.ts';
import { misfits } from '../settings/misfits.ts';
import { settings } from '../settings/setting-table.ts';
import type { SettingName, Settings } from '../settings/setting-values.ts';
import { learningDefaults, trainDefaults, usualRate } from '../train-defaults.ts';
import { mostDimensions, scrambledSobolPoint } from './sobol.ts';

/** How numbers between two are drawn: evenly, evenly in their logarithm, or whole ones in either way. */
export const rangeKinds = ['uniform', 'log-uniform', 'integers', 'log-integers'] as const;
type RangeKind = (typeof rangeKinds)[number];

/** What a parameter may be: one of some values, or a number between two, ends included. */
export type ParameterRange =
  | { readonly kind: 'choices'; readonly values: readonly ConfigValue[] }
  | { readonly kind: RangeKind; readonly from: number; readonly to: number };

/** A setting that is searched. */
export interface SearchParameter {
  readonly name: SettingName;
  readonly range: ParameterRange;
}

/** All that is searched, in the order of the file. */
export type SearchSpace = readonly SearchParameter[];

/** Where trials are drawn: independently, or by Sobol's sequence, which leaves no gaps. */
export const searchKinds = ['sobol', 'random'] as const;
export type SearchKind = (typeof searchKinds)[number];

/** The values of a trial; undefined where a parameter does nothing beside the others, as momentum with AdamW. */
export type TrialValues = Readonly<Partial<Record<SettingName, ConfigValue>>>;

/** A trial: what is tried, and what `weft train` is asked for. */
export interface SearchTrial {
  /** From 1. */
  readonly number: number;
  readonly values: TrialValues;
  readonly settings: Settings;
}

/** Settings that say what is learned and how it is judged: other values would make trials that cannot be compared. */
const fixed: readonly SettingName[] = [
  ...(['data', 'classes', 'labels', 'groups', 'validationShare', 'fold', 'splitSeed', 'monitor'] as const),
  ...(['seed', 'views', 'device', 'workers', 'stream', 'cache'] as const),
  // It takes pixels from the validation images as well.
  'remove',
];
/** Settings that change what the loss is: among them no loss says which trial is the better one. */
const ofLoss: readonly SettingName[] = ['loss', 'labelSmoothing', 'classWeights'];

const form = {
  expected: 'an object of settings with what each may be',
  cure: 'Write { "learningRate": { "log-uniform": [0.0003, 0.03] }, "batchSize": [16, 32, 64] }.',
};

/**
 * Reads a space.
 *
 * @throws RunError for what is no space, a name that is no setting, or a value that its option does not take
 */
export function readSpace(path: string): SearchSpace {
  const bytes = readFile(path, { error: RunError, expected: 'a file with a search space' });
  let stored: unknown;
  try {
    stored = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new RunError(
      { where: path, got: `something that is not JSON (${messageOf(cause)})`, ...form },
      { cause },
    );
  }
  return spaceOf(path, stored);
}

/** @throws RunError as `readSpace` */
export function spaceOf(path: string, stored: unknown): SearchSpace {
  if (!isRecord(stored) || Array.isArray(stored) || Object.keys(stored).length === 0) {
    throw new RunError({ where: path, got: describeValue(stored), ...form });
  }
  return Object.entries(stored).map(([text, range]) => {
    const name = requireSetting(path, text);
    if (fixed.includes(name)) {
      throw new RunError({
        where: path,
        got: name,
        expected: 'settings of the model and of how it is trained',
        cure: `All trials are judged alike: give ${settings[name].flag.split(' ')[0]} on the command line instead.`,
      });
    }
    return { name, range: rangeOf(path, name, range) };
  });
}

function rangeOf(path: string, name: SettingName, stored: unknown): ParameterRange {
  const wrong = (got: string, cure: string): RunError =>
    new RunError({ where: `${name} in ${path}`, got, expected: 'what it may be', cure });
  if (Array.isArray(stored)) {
    const values = stored.map((value) => choiceOf(path, name, value));
    if (values.length > 0 && new Set(values).size === values.length) return { kind: 'choices', values };
    throw wrong(`${values.length} values`, 'Give one value or several different ones.');
  }
  const [[kind, ends] = [], ...more] = isRecord(stored) ? Object.entries(stored) : [];
  const known = rangeKinds.find((each) => each === kind);
  if (known === undefined || more.length > 0 || !Array.isArray(ends) || ends.length !== 2) {
    const kinds = rangeKinds.map((each) => `{ "${each}": [from, to] }`).join(', ');
    throw wrong(describeValue(stored), `Give a list of values, or one of ${kinds}.`);
  }
  const [from, to] = ends.map((end) => choiceOf(path, name, end));
  if (typeof from !== 'number' || typeof to !== 'number' || !(from < to)) {
    throw wrong(`${describeValue(ends)} as the ends of a range`, 'Give two numbers, the smaller one first.');
  }
  if (known.startsWith('log') && from <= 0) {
    throw wrong(`a range from ${from}`, `Let it begin above 0, or give { "uniform": [${from}, ${to}] }.`);
  }
  if (known.endsWith('integers') && !(Number.isSafeInteger(from) && Number.isSafeInteger(to))) {
    throw wrong(`${from} to ${to} for integers`, 'Give two whole numbers.');
  }
  return { kind: known, from, to };
}

/** A value as it stands in the file, which the setting takes. */
function choiceOf(path: string, name: SettingName, value: unknown): ConfigValue {
  settingOf(path, name, value);
  // Whatever else it is, the setting has refused it.
  return value as ConfigValue;
}

/** The space as its file has it. */
export function storedSpace(space: SearchSpace): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    space.map(({ name, range }) => [
      name,
      range.kind === 'choices' ? range.values : { [range.kind]: [range.from, range.to] },
    ]),
  );
}

/**
 * What is searched where nobody says it: what matters most of a training, around its defaults. Settings that are given are not searched.
 *
 * @param begun the name of the model whose layers are taken over: its sizes are as they are, since layers of others would be new ones
 */
export function defaultSpace(given: Settings, begun?: string): SearchSpace {
  const { model = trainDefaults.model, optimizer = 'adamw', loss = 'cross-entropy', monitor } = given;
  const sizes: Partial<ModelFacts['sizes']> = begun === undefined ? modelFacts(model).sizes : {};
  const rate = usualRate(begun ?? model, optimizer);
  const decay = optimizer === 'adamw' ? [0.001, 0.3] : [1e-6, 1e-3];
  const hidden = sizes.hidden;
  const usual: SearchSpace = [
    { name: 'learningRate', range: { kind: 'log-uniform', from: short(rate / 10), to: short(rate * 3) } },
    { name: 'weightDecay', range: { kind: 'log-uniform', from: decay[0]!, to: decay[1]! } },
    { name: 'batchSize', range: { kind: 'choices', values: [16, 32, 64] } },
    ...(gammaOf(loss) === undefined && monitor !== 'loss'
      ? [{ name: 'labelSmoothing', range: { kind: 'uniform', from: 0, to: 0.2 } } as const]
      : []),
    ...(hidden === undefined
      ? []
      : [
          {
            name: 'hidden',
            range: { kind: 'choices', values: [hidden / 2, hidden, hidden * 2].map(Math.ceil) },
          } as const,
        ]),
    ...(sizes.dropout === undefined
      ? []
      : [{ name: 'dropout', range: { kind: 'uniform', from: 0, to: 0.5 } } as const]),
  ];
  return usual.filter(({ name }) => given[name] === undefined);
}

/**
 * Refuses a space that does not go with what was asked for besides.
 *
 * @throws InvalidArgumentError
 */
export function requireSearchable(
  space: SearchSpace,
  given: Settings,
  halves: boolean,
  search: SearchKind,
): void {
  const names = space.map(({ name }) => name);
  const twice = names.find((name) => given[name] !== undefined);
  if (twice !== undefined) {
    const flag = settings[twice].flag.split(' ')[0];
    throw new InvalidArgumentError(
      `${flag} is given, and the space has ${twice} as well: leave out the one or the other.`,
    );
  }
  if (names.length === 0) {
    throw new InvalidArgumentError(
      'All that is searched by default is given: say with --space what is to be tried.',
    );
  }
  if (halves && names.includes('epochs')) {
    throw new InvalidArgumentError(
      'The space has epochs, and --halving decides on them: leave out the one or the other.',
    );
  }
  const lossy = given.monitor === 'loss' ? names.find((name) => ofLoss.includes(name)) : undefined;
  if (lossy !== undefined) {
    throw new InvalidArgumentError(
      `With --best loss, ${lossy} cannot be searched: it changes what the loss is.`,
    );
  }
  if (search === 'sobol' && names.length > mostDimensions) {
    throw new InvalidArgumentError(
      `--search sobol is for ${mostDimensions} settings at most: give --search random.`,
    );
  }
}

/** Whether the losses of all trials are of one kind. */
export function hasOneLoss(space: SearchSpace): boolean {
  return !space.some(({ name }) => ofLoss.includes(name));
}

/** How many digits of a number that is drawn are kept: more would only make commands long. */
const DIGITS = 4;

function short(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

/** The value at a share of a range, from 0 to below 1. */
export function valueAt(range: ParameterRange, share: number): ConfigValue {
  if (range.kind === 'choices') return range.values[Math.floor(share * range.values.length)]!;
  const { kind, from, to } = range;
  const isWhole = kind.endsWith('integers');
  // Each whole number has a part of the range as long as that of each other, or of its logarithm.
  const [low, high] = isWhole ? [from - 0.5, to + 0.5] : [from, to];
  const value = kind.startsWith('log')
    ? Math.exp(Math.log(low) + share * (Math.log(high) - Math.log(low)))
    : low + share * (high - low);
  return Math.min(Math.max(isWhole ? Math.round(value) : short(value), from), to);
}

/** How trials are drawn. */
export interface Drawing {
  readonly space: SearchSpace;
  readonly search: SearchKind;
  readonly seed: number;
  /** What holds for all trials. */
  readonly given: Settings;
  /** The model and its sizes, where trials begin with the layers of another. */
  readonly begun?: Settings | undefined;
}

/** What a training comes to that is asked for, as far as it follows from that alone: a default may be what makes a setting useless. */
export function completed(asked: Settings, { begun }: Pick<Drawing, 'begun'>): Settings {
  return { ...learningDefaults(asked), ...begun, ...asked };
}

/**
 * A trial: it depends on the seed and its number alone, not on how many there are. A value that does nothing beside the others is left out.
 *
 * @param number from 1
 * @throws InvalidArgumentError when its settings do not fit together
 */
export function trialOf(drawing: Drawing, number: number): SearchTrial {
  const { space, search, seed, given } = drawing;
  const shares =
    search === 'sobol'
      ? scrambledSobolPoint(number - 1, space.length, seed)
      : randomPoint(seed, number, space.length);
  const drawn = space.map(({ name, range }, at) => [name, valueAt(range, shares[at]!)] as const);
  let values: TrialValues = Object.fromEntries(drawn);
  for (;;) {
    const asked: Settings = { ...given, ...settingsOf(values) };
    const [misfit] = misfits(completed(asked, drawing));
    if (misfit === undefined) return { number, values, settings: asked };
    const { of, text } = misfit;
    if (of === undefined || values[of] === undefined)
      throw new InvalidArgumentError(`Trial ${number}: ${text}`);
    values = { ...values, [of]: undefined };
  }
}

/**
 * Throws InvalidArgumentError where a value that is searched does nothing in any of the trials: a size that the model does not have, for
 * example.
 */
export function requireEachUsed(space: SearchSpace, trials: readonly SearchTrial[]): void {
  const unused = space.find(({ name }) => trials.every(({ values }) => values[name] === undefined));
  if (unused === undefined) return;
  throw new InvalidArgumentError(
    `The space has ${unused.name}, which does nothing in any trial beside the other settings: leave it out.`,
  );
}

function randomPoint(seed: number, number: number, dimensions: number): number[] {
  const generator = new RandomGenerator(seed).fork(number);
  return Array.from({ length: dimensions }, () => generator.uniform());
}

function settingsOf(values: TrialValues): Settings {
  const entries = Object.entries(values).flatMap(([text, value]) => {
    const name = requireSetting(PLACE, text);
    return value === undefined ? [] : [[name, settingOf(PLACE, name, value)]];
  });
  return Object.fromEntries(entries);
}

/** Where a value that a setting does not take comes from. */
const PLACE = 'the search space';
