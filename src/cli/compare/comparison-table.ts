/** The table of a comparison: a row for each model, with what it reached and what it took. */
import { formatBytes, formatCount, formatInteger, formatTable } from '../../text.ts';
import { digitsFor } from '../figures.ts';
import { duration, percent } from '../terminal.ts';
import { deviationText, type FittedComparison } from './budget-fit.ts';
import { amountText, describeAmount } from './compute-budget.ts';
import { costsOf, type JudgedDataset } from './model-comparison.ts';

/** The headings of `modelRows`. */
export const modelHeadings = [
  'model',
  'accuracy',
  '95 % interval',
  'parameters',
  'training FLOPs',
  'epochs',
  'time',
  'memory',
] as const;

/** A row for each model, in the order in which they were named. */
export function modelRows({ compared, statistics }: JudgedDataset): string[][] {
  const digits = digitsFor(statistics.images);
  return statistics.models.map(({ label, accuracy }, place) => {
    const { parameters, flops, epochs, seconds, memory } = costsOf(compared.models[place]!);
    return [
      label,
      percent(accuracy.estimate, digits),
      `${percent(accuracy.low, digits)} to ${percent(accuracy.high, digits)}`,
      formatInteger(parameters),
      flops === undefined ? '–' : formatCount(flops),
      `${Number(epochs.toFixed(1))}`,
      duration(seconds),
      memory === undefined ? '–' : formatBytes(memory),
    ];
  });
}

/** The table for the terminal. */
export function modelTable(judged: JudgedDataset): string {
  const [name, ...numbers] = modelHeadings;
  return formatTable(
    [{ heading: name }, ...numbers.map((heading) => ({ heading, align: 'right' as const }))],
    modelRows(judged),
  );
}

/** The headings of `fittingRows`. */
export const fittingHeadings = ['model', 'fitted by', 'planned', 'off the budget'] as const;

/** How each model was fitted to the budget, and how far it is from it. */
export function fittingRows({ budget, contestants }: FittedComparison): string[][] {
  return contestants.map(({ label, fitting, amount, deviation }) => [
    label,
    fitting,
    amountText(budget.kind, amount),
    deviationText(deviation),
  ]);
}

const equal = {
  flops: 'the floating-point operations of training, by the epochs',
  parameters: 'the number of parameters, by the widths',
  minutes: 'the time of training on this machine, by the epochs',
} as const;

/** What is said of runs that were not trained for the comparison. */
export const withoutBudget =
  'These runs were there already: the table says what each took, which need not be the same.';

/** The budget in a sentence. */
export function describeBudget({ budget, contestants }: FittedComparison): string {
  const farthest = contestants.reduce((far, each) =>
    Math.abs(each.deviation) > Math.abs(far.deviation) ? each : far,
  );
  const off =
    Math.abs(farthest.deviation) < 5e-4
      ? 'all have just that'
      : `${farthest.label} is farthest from it, by ${deviationText(farthest.deviation)}`;
  return `Budget: ${describeAmount(budget)} for each training. What is equal is ${equal[budget.kind]}; ${off}.`;
}
