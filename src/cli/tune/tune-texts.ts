/** What `weft tune` says: before the search, of each trial, and at its end. */
import { formatTable, printable } from '../../text.ts';
import { settings } from '../settings/setting-table.ts';
import { counted, duration, percent } from '../terminal.ts';
import { bracketsOf, type Halving } from './halving.ts';
import type { MainEffect } from './main-effects.ts';
import type { Drawing, ParameterRange, SearchParameter, TrialValues } from './search-space.ts';
import { objectiveOf, type TrialMonitor, type TrialResult, type TrialScores } from './trial-result.ts';

/** Trials that the terminal and the page list. */
export const LISTED_TRIALS = 10;

/** `--lr` */
export function flagOf(name: SearchParameter['name']): string {
  return settings[name].flag.split(' ')[0]!;
}

/** A range in words. */
export function describeRange(range: ParameterRange): string {
  if (range.kind === 'choices') return range.values.join(', ');
  const { kind, from, to } = range;
  const whole = kind.endsWith('integers') ? ', whole numbers' : '';
  return `${from} to ${to}${whole}${kind.startsWith('log') ? ', evenly in the logarithm' : ''}`;
}

/** The objective of a trial, as a number that is read. */
export function objectiveText(scores: TrialScores, monitor: TrialMonitor): string {
  const value = objectiveOf(scores, monitor);
  return monitor === 'accuracy' ? percent(value) : value.toFixed(4);
}

/** The search, a line each for how and what. */
export function describeSearchPlan(
  drawing: Drawing,
  trials: number,
  halving: Halving | undefined,
  slots: number,
): string {
  const { space, search, seed } = drawing;
  const how = search === 'sobol' ? "by Sobol's sequence, scrambled" : 'at random';
  const at = Number.isFinite(slots) ? `, ${slots} at once` : '';
  const lines = [
    `Searching: ${counted(trials, 'trial')}, drawn ${how} with seed ${seed}${at}.`,
    ...space.map(({ name, range }) => `  ${flagOf(name)}: ${describeRange(range)}`),
    ...(halving === undefined ? [] : [describeHalving(halving, trials)]),
  ];
  return lines.map(printable).join('\n');
}

/** What halving does, as a sentence. */
export function describeHalving(halving: Halving, trials: number): string {
  const { factor, rungs, brackets } = halving;
  if (brackets === 1) {
    return `All begin with ${counted(rungs[0]!, 'epoch')}; of every ${factor} the best one goes on, from the beginning, to ${rungs.slice(1).join(', then ')}.`;
  }
  const bracketOf = bracketsOf(trials, halving);
  const begun = rungs.slice(0, brackets).map((epochs, bracket) => {
    const count = bracketOf.filter((its) => its === bracket).length;
    return `${count} with ${epochs}`;
  });
  return `So many begin with so many epochs: ${begun.join(', ')}. Of every ${factor} that began alike the best one goes on, from the beginning, to the next of ${rungs.join(', ')} epochs.`;
}

/** A trial that is done: `trial 7, rung 2 (8 epochs): 92.31 %`. */
export function describeResult(
  result: TrialResult,
  parameters: readonly SearchParameter[],
  { monitor, halves }: { readonly monitor: TrialMonitor; readonly halves: boolean },
): string {
  const { trial, rung, epochs, scores, failure, values } = result;
  const where = halves ? `, rung ${rung + 1} (${counted(epochs, 'epoch')})` : '';
  const end = scores === undefined ? `failed: ${failure}` : objectiveText(scores, monitor);
  return printable(`trial ${trial}${where}: ${end}  ${describeValues(values, parameters)}`);
}

/** `--lr 0.003 --batch 32` */
function describeValues(values: TrialValues, parameters: readonly SearchParameter[]): string {
  return parameters
    .flatMap(({ name }) => (values[name] === undefined ? [] : [`${flagOf(name)} ${values[name]}`]))
    .join(' ');
}

/** The headings and rows of the table of the best trials. */
export function trialTable(
  results: readonly TrialResult[],
  parameters: readonly SearchParameter[],
  { monitor, halves }: { readonly monitor: TrialMonitor; readonly halves: boolean },
): { readonly headings: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  return {
    headings: [
      'trial',
      monitor,
      ...(halves ? ['epochs'] : []),
      ...parameters.map(({ name }) => flagOf(name)),
      'time',
    ],
    rows: results.map(({ trial, scores, epochs, values, seconds }) => [
      `${trial}`,
      scores === undefined ? 'failed' : objectiveText(scores, monitor),
      ...(halves ? [`${epochs}`] : []),
      ...parameters.map(({ name }) => `${values[name] ?? '–'}`),
      duration(seconds),
    ]),
  };
}

/** The best trials as a table of the terminal. */
export function describeBest(...table: Parameters<typeof trialTable>): string {
  const [results, ...rest] = table;
  const { headings, rows } = trialTable(results.slice(0, LISTED_TRIALS), ...rest);
  return formatTable(
    headings.map((heading) => ({ heading, align: 'right' as const })),
    rows,
  );
}

/** What each parameter explains, a line each. */
export function describeEffects(effects: readonly MainEffect[]): string {
  const rows = effects.map(({ name, share, chance, groups }) => {
    const best = [...groups].sort((a, b) => b.meanRank - a.meanRank)[0];
    return [flagOf(name), percent(share, 0), chanceText(chance), share > 0 && best ? best.label : '–'];
  });
  return formatTable(
    [
      { heading: 'what mattered' },
      { heading: 'explains', align: 'right' },
      { heading: 'by chance', align: 'right' },
      { heading: 'best among' },
    ],
    rows,
  );
}

/** How often chance explains as much. */
export function chanceText(chance: number): string {
  return chance < 0.01 ? '< 1 %' : percent(chance, 0);
}
