/** The charts of a search: its course, what mattered, and the trials by each parameter. Colors are variables of the style sheet. */
import * as Plot from '@observablehq/plot';
import { drawSvg } from '../report/svg.ts';
import type { MainEffect } from './main-effects.ts';
import type { SearchParameter } from './search-space.ts';
import { objectiveOf, type TrialMonitor, type TrialResult } from './trial-result.ts';
import { flagOf } from './tune-texts.ts';

/** A trial as a point of a chart. */
interface TrialPoint {
  readonly trial: number;
  /** In percent, or nats. */
  readonly objective: number;
  readonly result: TrialResult;
}

function pointsOf(results: readonly TrialResult[], monitor: TrialMonitor): TrialPoint[] {
  return results.flatMap((result) => {
    if (result.scores === undefined) return [];
    const value = objectiveOf(result.scores, monitor);
    return [{ trial: result.trial, objective: monitor === 'accuracy' ? value * 100 : value, result }];
  });
}

const axisOf = (monitor: TrialMonitor): Plot.ScaleOptions => ({
  label: monitor === 'accuracy' ? 'validation accuracy (%)' : 'validation loss (nats)',
  labelArrow: 'none',
  grid: true,
  nice: true,
});

/** How much each parameter explains by itself, as bars. */
export function effectsChart(effects: readonly MainEffect[]): string {
  const bars = effects.map(({ name, share }) => ({ name: flagOf(name), share: share * 100 }));
  return drawSvg('Share of the difference between trials that each parameter explains', {
    width: 480,
    height: 60 + 30 * bars.length,
    marginBottom: 40,
    marginLeft: 120,
    marginRight: 48,
    x: {
      label: 'explains (%)',
      labelArrow: 'none',
      labelAnchor: 'center',
      grid: true,
      domain: [0, Math.max(...bars.map(({ share }) => share), 10)],
    },
    y: { label: null, domain: bars.map(({ name }) => name), padding: 0.25 },
    marks: [
      Plot.barX(bars, { x: 'share', y: 'name', fill: 'var(--train)' }),
      Plot.text(bars, {
        x: 'share',
        y: 'name',
        text: ({ share }: { readonly share: number }) => `${share.toFixed(0)} %`,
        textAnchor: 'start',
        dx: 5,
        fill: 'var(--text)',
      }),
      Plot.ruleX([0], { stroke: 'var(--quiet)' }),
    ],
  });
}

/** The trials by their number, with the best so far. */
export function courseChart(results: readonly TrialResult[], monitor: TrialMonitor): string {
  const points = pointsOf(
    [...results].sort((a, b) => a.trial - b.trial),
    monitor,
  );
  let best: number | undefined;
  const better = monitor === 'accuracy' ? Math.max : Math.min;
  const bests = points.map(({ trial, objective }) => {
    best = best === undefined ? objective : better(best, objective);
    return { trial, best };
  });
  return drawSvg('Trials in their order, and the best so far', {
    width: 560,
    height: 290,
    marginTop: 30,
    marginLeft: 48,
    marginBottom: 40,
    x: { label: 'trial', labelArrow: 'none', labelAnchor: 'center', tickFormat: 'd' },
    y: axisOf(monitor),
    marks: [
      Plot.lineY(bests, {
        x: 'trial',
        y: 'best',
        stroke: 'var(--validation)',
        strokeWidth: 2,
        curve: 'step-after',
      }),
      Plot.dot(points, { x: 'trial', y: 'objective', fill: 'var(--train)', r: 3, title: titleOf }),
    ],
  });
}

/** Trials by the value of a parameter; the best one stands out. */
export function parameterChart(
  { name, range }: SearchParameter,
  results: readonly TrialResult[],
  { monitor, best }: { readonly monitor: TrialMonitor; readonly best: number },
): string {
  const isChoice = range.kind === 'choices';
  const placeOn = (result: TrialResult): number | string => {
    const value = result.values[name];
    return isChoice ? `${value}` : Number(value);
  };
  const used = results.filter(({ values }) => values[name] !== undefined);
  const points = pointsOf(used, monitor).map((point) => ({ ...point, value: placeOn(point.result) }));
  const failed = used
    .filter(({ scores }) => scores === undefined)
    .map((result) => ({ value: placeOn(result), trial: result.trial }));
  const others = points.filter(({ trial }) => trial !== best);
  const chosen = points.filter(({ trial }) => trial === best);
  const x: Plot.ScaleOptions = isChoice
    ? { type: 'point', domain: range.values.map(String), padding: 0.5 }
    : {
        type: range.kind.startsWith('log') ? 'log' : 'linear',
        domain: [range.from, range.to],
        ticks: 4,
        nice: false,
      };
  return drawSvg(`Trials by ${flagOf(name)}`, {
    width: 330,
    height: 240,
    marginTop: 26,
    marginLeft: 46,
    marginBottom: 38,
    x: {
      label: flagOf(name),
      labelArrow: 'none',
      labelAnchor: 'center',
      ...(range.kind.startsWith('log') && { tickFormat: '~g' }),
      ...x,
    },
    y: axisOf(monitor),
    marks: [
      Plot.dot(others, {
        x: 'value',
        y: 'objective',
        fill: 'var(--train)',
        fillOpacity: 0.65,
        r: 3.2,
        title: titleOf,
      }),
      Plot.dot(chosen, { x: 'value', y: 'objective', fill: 'var(--validation)', r: 5, title: titleOf }),
      Plot.text(failed, {
        x: 'value',
        frameAnchor: 'bottom',
        text: () => '×',
        fill: 'var(--wrong-text)',
        fontSize: 14,
        title: ({ trial }: { readonly trial: number }) => `trial ${trial} failed`,
      }),
    ],
  });
}

function titleOf({ trial, objective }: TrialPoint): string {
  return `trial ${trial}: ${objective.toPrecision(4)}`;
}
