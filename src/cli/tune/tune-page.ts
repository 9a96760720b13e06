/** The page of a search: one HTML file with nothing outside it, in the style of the report of a run. */
import { commandBlock, headline, htmlPage, numberTable, valueTable } from '../report/html.ts';
import { styleSheet } from '../report/style.ts';
import type { Metrics } from '../run-record.ts';
import { counted, duration, percent } from '../terminal.ts';
import type { Halving } from './halving.ts';
import type { MainEffect } from './main-effects.ts';
import type { Drawing } from './search-space.ts';
import { highestRungs, type TrialMonitor, type TrialResult } from './trial-result.ts';
import { courseChart, effectsChart, parameterChart } from './tune-charts.ts';
import {
  chanceText,
  describeHalving,
  describeRange,
  flagOf,
  objectiveText,
  trialTable,
} from './tune-texts.ts';

/** What the page tells. */
export interface TunePageContents {
  readonly drawing: Drawing;
  readonly halving: Halving | undefined;
  readonly monitor: TrialMonitor;
  /** All results, the best first. */
  readonly ranked: readonly TrialResult[];
  /** How many trials there are: each has a training in every rung that it was in. */
  readonly trials: number;
  /** Those of the first rung, which all trials were in, or with brackets those of the first one. */
  readonly first: readonly TrialResult[];
  readonly effects: readonly MainEffect[];
  /** Of the best trial. */
  readonly metrics: Metrics;
  /** The arguments that train with the best settings. */
  readonly command: readonly string[];
}

/** The page as HTML text. */
export function renderTunePage(contents: TunePageContents): string {
  const { metrics, ranked, monitor, halving, drawing, first } = contents;
  const title = `Search for ${metrics.model} on ${metrics.data.name}`;
  const best = ranked[0]!;
  const body = `${headline(factsOf(contents))}
<p>Trials were chosen by their ${monitor} on ${counted(metrics.data.validation, 'validation image')}, of which the best of many is a little too
good. The test images had no part in it: what is told of them is the accuracy of the best trial, once it was chosen.</p>
<section>
<h2>What mattered</h2>
${effectsSection(contents)}
</section>
<section>
<h2>Trials by what was tried</h2>
<p class="legend"><span class="train">a trial</span> <span class="validation">the best one</span></p>
<div class="multiples">
${drawing.space.map((parameter) => `<figure>${parameterChart(parameter, first, { monitor, best: best.trial })}</figure>`).join('\n')}
</div>
${halving === undefined ? '' : `<p class="aside">After ${counted(halving.rungs[0]!, 'epoch')}, in the first rung, where ${halving.brackets === 1 ? 'all trials are' : 'the trials of the first bracket are'}.</p>`}
</section>
<div class="side-by-side">
<section>
<h2>Course</h2>
<p class="legend"><span class="train">a trial</span> <span class="validation">the best so far</span></p>
<figure>${courseChart(first, monitor)}</figure>
</section>
<section>
<h2>Best settings</h2>
${valueTable(drawing.space.map(({ name }) => [flagOf(name), `${best.values[name] ?? 'not used'}`]))}
<p>The command that trains with them:</p>
${commandBlock(contents.command)}
</section>
</div>
<section>
<h2>Best trials</h2>
${trialsSection(contents)}
</section>
<section>
<h2>The search</h2>
${valueTable(searchRows(contents))}
</section>`;
  return htmlPage(title, styleSheet, body);
}

function factsOf({
  ranked,
  metrics,
  monitor,
  trials,
}: TunePageContents): (readonly [value: string, name: string])[] {
  const [best] = ranked;
  const scores = best!.scores!;
  const seconds = ranked.reduce((sum, result) => sum + result.seconds, 0);
  return [
    [objectiveText(scores, monitor), `validation ${monitor} of trial ${best!.trial}, the best`],
    [percent(metrics.testAccuracy), `its test accuracy, ${counted(metrics.data.test, 'image')}`],
    [`${trials}`, 'trials'],
    [duration(seconds), 'training, of all together'],
  ];
}

function effectsSection({ effects, first }: TunePageContents): string {
  const rows = effects.flatMap(({ name, share, chance, groups }) =>
    groups.map(({ label, trials, meanRank }, at) => [
      at === 0 ? flagOf(name) : '',
      label,
      `${trials}`,
      percent(meanRank, 0),
      at === 0 ? percent(share, 0) : '',
      at === 0 ? chanceText(chance) : '',
    ]),
  );
  return `<p>How much of the difference between ${counted(first.length, 'trial')} each setting explains by itself. What is left of 100 % is what
settings do together, and chance.</p>
<div class="side-by-side">
<figure>${effectsChart(effects)}</figure>
${numberTable(['setting', 'values', 'trials', 'mean rank', 'explains', 'by chance'], rows, 2)}
</div>
<p class="aside">Trials are put in groups by their values. The mean rank is 0 % of the worst trial and 100 % of the best; "explains" is the
part of the variance of ranks that lies between the groups, less what chance puts there (ε²); "by chance" is how often groups that are
made by lot explain as much: above 5 % it may well be nothing.</p>`;
}

/** Trials that the page lists. */
const LISTED = 25;

function trialsSection({ ranked, drawing, monitor, halving }: TunePageContents): string {
  const shown = highestRungs(ranked).slice(0, LISTED);
  const { headings, rows } = trialTable(shown, drawing.space, { monitor, halves: halving !== undefined });
  const more =
    ranked.length > shown.length
      ? `<p class="aside">trials.jsonl has all ${ranked.length} trainings.</p>`
      : '';
  return `${numberTable(headings, rows)}\n${more}`;
}

function searchRows({ drawing, halving, monitor, trials }: TunePageContents): [string, string][] {
  return [
    ['drawn', drawing.search === 'sobol' ? "by Sobol's sequence, scrambled" : 'at random'],
    ['seed of the search', `${drawing.seed}`],
    ['chosen by', `${monitor} on the validation images, of the best epoch`],
    ...(halving === undefined ? [] : [['halving', describeHalving(halving, trials)] as [string, string]]),
    ...drawing.space.map(({ name, range }): [string, string] => [flagOf(name), describeRange(range)]),
  ];
}
