/** Learning curves of several models: the mean over seeds as a line, from the least to the most as a band. */
import * as Plot from '@observablehq/plot';
import { curveFrame, drawSvg } from '../../report/svg.ts';
import type { EpochRecord } from '../../run-record.ts';
import type { ComparedModel, ComparedRun } from '../compared-runs.ts';
import { meanOf } from '../moments.ts';
import { colorOf } from './model-colors.ts';

/** A place on a curve. */
interface BandPoint {
  readonly model: number;
  readonly x: number;
  readonly mean: number;
  readonly least: number;
  readonly most: number;
  /** Whether it is of the second half of the training. */
  readonly isLate: boolean;
  readonly title: string;
}

/** What a chart shows. */
export interface BandForm {
  readonly description: string;
  /** Below the axis. */
  readonly across: string;
  /** Where the end of an epoch of a run stands on it. */
  readonly placeOf: (run: ComparedRun, epoch: number) => number;
  /** Beside the axis. */
  readonly up: string;
  readonly pick: (record: EpochRecord) => number;
}

/** The chart as SVG. Seeds that ended earlier than others count as long as they went. */
export function bandChart(models: readonly ComparedModel[], form: BandForm): string {
  const points = models.flatMap((model, place) => bandPoints(model, place, form));
  const spread = points.filter(({ model }) => models[model]!.runs.length > 1);
  const first = Math.min(...points.map(({ x }) => x));
  return drawSvg(form.description, {
    ...curveFrame,
    x: {
      label: form.across,
      labelArrow: 'none',
      labelAnchor: 'center',
      nice: false,
      ...(points.every(({ x }) => x === first) && { domain: [0, 2 * first] }),
      ticks: 6,
      tickFormat: (value: number) => `${Number(value.toFixed(2))}`,
    },
    y: {
      label: form.up,
      grid: true,
      labelArrow: 'none',
      nice: true,
      clamp: true,
      domain: valueDomain(points),
    },
    marks: [
      Plot.areaY(spread, {
        x: 'x',
        y1: 'least',
        y2: 'most',
        z: 'model',
        fill: ({ model }: BandPoint) => colorOf(model),
        fillOpacity: 0.18,
      }),
      Plot.lineY(points, {
        x: 'x',
        y: 'mean',
        z: 'model',
        stroke: ({ model }: BandPoint) => colorOf(model),
        strokeWidth: 2,
      }),
      Plot.dot(points, {
        x: 'x',
        y: 'mean',
        fill: ({ model }: BandPoint) => colorOf(model),
        r: points.length > 120 ? 1.2 : 2.2,
        title: 'title',
      }),
    ],
    color: { type: 'identity' },
  });
}

function bandPoints({ label, runs }: ComparedModel, model: number, { placeOf, pick }: BandForm): BandPoint[] {
  const epochs = Math.max(...runs.map(({ record }) => record.history.length));
  return Array.from({ length: epochs }, (_, epoch) => {
    const reached = runs.filter(({ record }) => record.history.length > epoch);
    const values = reached.map(({ record }) => pick(record.history[epoch]!));
    const mean = meanOf(values);
    return {
      model,
      x: meanOf(reached.map((run) => placeOf(run, epoch))),
      ...{ mean, least: Math.min(...values), most: Math.max(...values) },
      isLate: 2 * epoch >= epochs - 1,
      title: `${label}, epoch ${epoch + 1}: ${mean.toPrecision(4)}`,
    };
  });
}

/** The values that matter: what the second half of the epochs reaches, with some room; how training began would flatten that. */
function valueDomain(points: readonly BandPoint[]): [low: number, high: number] {
  const late = points.filter(({ isLate }) => isLate);
  const [least, most] = [
    Math.min(...late.map((point) => point.least)),
    Math.max(...late.map((point) => point.most)),
  ];
  const room = 1.5 * (most - least);
  const all = [
    Math.min(...points.map((point) => point.least)),
    Math.max(...points.map((point) => point.most)),
  ] as const;
  const [low, high] = [Math.max(least - room, all[0]), Math.min(most + room, all[1])];
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}
