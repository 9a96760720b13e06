/** What all models of a comparison may cost alike, and the arithmetic of it: epochs that cost so much, sizes of so many parameters. */
import { InvalidArgumentError } from 'commander';
import type { ModelSizes } from '../../models/index.ts';
import { decimal, formatCount, formatInteger, nearest } from '../../text.ts';
import { counted } from '../terminal.ts';

/** What can be equal. */
export const budgetKinds = ['flops', 'parameters', 'minutes'] as const;
export type BudgetKind = (typeof budgetKinds)[number];

/** What is equal for all models. */
export interface Budget {
  readonly kind: BudgetKind;
  /** FLOPs, parameters or minutes of one training. Undefined: as much as the first model takes as it comes; 2 minutes. */
  readonly amount?: number | undefined;
}

/** Where none is given: as many FLOPs as the first model takes. */
export const usualBudget: Budget = { kind: 'flops' };

/** A budget whose amount is known. */
export type StatedBudget = Required<Budget> & { readonly amount: number };

/** Minutes of a training where nothing else is said. */
export const usualMinutes = 2;

/**
 * Reads what `--budget` takes: `flops`, `flops:5e12`, `parameters:300000`, `minutes:2`.
 *
 * @throws InvalidArgumentError
 */
export function readBudget(text: string): Budget {
  const [name = '', given, ...more] = text.split(':');
  const kind = budgetKinds.find((each) => each === name);
  if (kind === undefined || more.length > 0) {
    const near = nearest(name, budgetKinds);
    throw new InvalidArgumentError(
      `Give ${budgetKinds.join(', ')}, or one with its amount, such as flops:5e12.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    );
  }
  if (given === undefined) return { kind };
  const amount = decimal(given);
  if (Number.isFinite(amount) && amount > 0) return { kind, amount };
  throw new InvalidArgumentError(`Give a number above 0 for ${kind}, such as ${examples[kind]}.`);
}

const examples: Readonly<Record<BudgetKind, string>> = {
  flops: 'flops:5e12',
  parameters: 'parameters:300000',
  minutes: 'minutes:2',
};

/** A budget as the command line takes it. */
export function writtenBudget({ kind, amount }: Budget): string {
  return amount === undefined ? kind : `${kind}:${amount}`;
}

/** `5 T FLOPs`, `300,000 parameters`, `2 minutes`. */
export function describeAmount({ kind, amount }: StatedBudget): string {
  if (kind === 'flops') return `${formatCount(amount)} FLOPs`;
  if (kind === 'parameters') return counted(Math.round(amount), 'parameter');
  return `${Number(amount.toPrecision(3))} ${amount === 1 ? 'minute' : 'minutes'}`;
}

/** How much of a budget something takes, as a number of its kind: `4.9 T`, `301,200`, `1.95`. */
export function amountText(kind: BudgetKind, amount: number): string {
  if (kind === 'flops') return formatCount(amount);
  return kind === 'parameters' ? formatInteger(amount) : `${Number(amount.toPrecision(3))}`;
}

/** The whole number of epochs, one at least, that comes nearest to a budget. */
export function epochsWithin(amount: number, costOfEpoch: number): number {
  return Math.max(Math.round(amount / costOfEpoch), 1);
}

/** How far something is from a budget, as a share of it: 0.05 is 5 % more. */
export function deviationFrom(amount: number, actual: number): number {
  return actual / amount - 1;
}

/** The sizes that make a model wider; the others say what it is. */
type Widths = Pick<Partial<ModelSizes>, 'hidden' | 'width' | 'maps'>;

/** The widths among the sizes of a model. */
export function widthsOf({ hidden, width, maps }: Partial<ModelSizes>): Widths {
  return {
    ...(hidden !== undefined && { hidden }),
    ...(width !== undefined && { width }),
    ...(maps !== undefined && { maps }),
  };
}

/** All widths times `factor`, whole numbers of at least 1; the features of heads are divided among them. */
export function scaledWidths(sizes: Partial<ModelSizes>, factor: number): Widths {
  const { hidden, width, maps } = widthsOf(sizes);
  const times = (value: number, unit = 1): number => unit * Math.max(Math.round((value * factor) / unit), 1);
  return {
    ...(hidden !== undefined && { hidden: times(hidden) }),
    ...(width !== undefined && { width: times(width, sizes.heads) }),
    ...(maps !== undefined && { maps: maps.map((count) => times(count)) }),
  };
}

/** Widths with the number of parameters that they come to. */
export interface FittedWidths {
  readonly widths: Widths;
  readonly parameters: number;
}

/** Models are made up to this many times as wide, or as narrow. */
const MOST_SCALING = 64;
/** Around the factor that halving ends at, factors are tried by half a percent, up to 8 % to either side: widths are whole numbers. */
const NEAR = Array.from({ length: 33 }, (_, index) => 1 + (index - 16) / 200);

/**
 * The widths, all scaled by one factor, with which a model has nearly `target` parameters. Parameters grow with the widths.
 *
 * @param sizes of the model, all of them
 * @param parametersOf how many a model of these widths has; undefined where there is no such model
 * @returns undefined where the model has no widths to scale, or none of them makes a model
 */
export function fittedWidths(
  sizes: Partial<ModelSizes>,
  target: number,
  parametersOf: (widths: Widths) => number | undefined,
): FittedWidths | undefined {
  if (Object.keys(widthsOf(sizes)).length === 0) return undefined;
  const known = new Map<string, number | undefined>();
  let best: FittedWidths | undefined;
  const tried = (factor: number): number | undefined => {
    const widths = scaledWidths(sizes, factor);
    const key = JSON.stringify(widths);
    if (!known.has(key)) known.set(key, parametersOf(widths));
    const parameters = known.get(key);
    if (parameters === undefined) return undefined;
    if (best === undefined || Math.abs(parameters - target) < Math.abs(best.parameters - target)) {
      best = { widths, parameters };
    }
    return parameters;
  };
  /** Of a factor, or where no model is so wide, of one a little larger. */
  const nearly = (factor: number): number | undefined => {
    for (let wider = factor; wider < 1.3 * factor; wider *= 1.03) {
      const parameters = tried(wider);
      if (parameters !== undefined) return parameters;
    }
    return undefined;
  };
  // From its own widths on outwards, so that nothing larger than is needed is made.
  let [low, high] = [1, 1];
  const isTooMany = (factor: number): boolean => (nearly(factor) ?? target) > target;
  if (isTooMany(1)) while (low > 1 / MOST_SCALING && isTooMany(low)) low /= 2;
  else while (high < MOST_SCALING && !isTooMany(high)) high *= 2;
  for (let step = 0; step < 20; step++) {
    const middle = Math.sqrt(low * high);
    if (isTooMany(middle)) high = middle;
    else low = middle;
  }
  for (const near of NEAR) tried(low * near);
  return best;
}
