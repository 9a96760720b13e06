/** The learning curves of the report. Colors are variables of the style sheet. */
import * as Plot from '@observablehq/plot';
import type { EpochRecord } from '../run-record.ts';
import { curveFrame, drawSvg } from './svg.ts';

const colors = { train: 'var(--train)', validation: 'var(--validation)' } as const;

interface CurvePoint {
  readonly epoch: number;
  readonly value: number;
  readonly part: keyof typeof colors;
}

/** Loss by epoch, for the training and the validation images; `name` says what it is. */
export function lossChart(history: readonly EpochRecord[], best: number | undefined, name: string): string {
  const points = curvePoints(history, 'trainLoss', 'valLoss');
  return curves('Loss by epoch', points, best, {
    label: `loss (mean ${name}, nats)`,
    zero: true,
    nice: true,
  });
}

/** Accuracy by epoch, for the training and the validation images. */
export function accuracyChart(history: readonly EpochRecord[], best: number | undefined): string {
  const points = curvePoints(history, 'trainAccuracy', 'valAccuracy').map((point) => ({
    ...point,
    value: point.value * 100,
  }));
  return curves('Accuracy by epoch', points, best, { label: 'accuracy (%)', nice: true });
}

function curvePoints(
  history: readonly EpochRecord[],
  train: 'trainLoss' | 'trainAccuracy',
  validation: 'valLoss' | 'valAccuracy',
): CurvePoint[] {
  return history.flatMap((record): CurvePoint[] => [
    { epoch: record.epoch, value: record[train], part: 'train' },
    { epoch: record.epoch, value: record[validation], part: 'validation' },
  ]);
}

/** Of longer runs the points would hide their line. */
const MOST_DOTTED_EPOCHS = 60;

/** Curves, with a line through the epoch whose model was kept. */
function curves(
  description: string,
  points: readonly CurvePoint[],
  best: number | undefined,
  y: Plot.ScaleOptions,
): string {
  const epochs = points.length / 2;
  const dotted = epochs <= MOST_DOTTED_EPOCHS ? points : points.filter(({ epoch }) => epoch === best);
  const kept = best === undefined ? [] : [best];
  const domain = epochDomain(epochs);
  return drawSvg(description, {
    ...curveFrame,
    x: {
      label: 'epoch',
      labelArrow: 'none',
      labelAnchor: 'center',
      domain,
      ticks: epochTicks(epochs),
      tickFormat: 'd',
    },
    y: { grid: true, labelArrow: 'none', ...y },
    color: { domain: Object.keys(colors), range: Object.values(colors) },
    marks: [
      Plot.ruleX(kept, { stroke: 'var(--quiet)', strokeDasharray: '4 3' }),
      Plot.text(kept, {
        x: (epoch: number) => epoch,
        text: (epoch: number) => `best: ${epoch}`,
        frameAnchor: 'top',
        // Beside the line, on the side with more room.
        textAnchor: best !== undefined && best > (domain[0] + domain[1]) / 2 ? 'end' : 'start',
        dx: best !== undefined && best > (domain[0] + domain[1]) / 2 ? -5 : 5,
        dy: -13,
        fill: 'var(--quiet)',
      }),
      Plot.lineY(points, {
        x: 'epoch',
        y: 'value',
        stroke: 'part',
        z: 'part',
        strokeWidth: epochs > 200 ? 1.2 : 2,
      }),
      Plot.dot(dotted, {
        x: 'epoch',
        y: 'value',
        fill: 'part',
        r: 2.5,
        title: ({ part, epoch, value }: CurvePoint) => `${part}, epoch ${epoch}: ${value.toPrecision(4)}`,
      }),
    ],
  });
}

/** A single epoch stands in the middle of its axis. */
function epochDomain(epochs: number): [number, number] {
  return epochs === 1 ? [0, 2] : [1, epochs];
}

/** Whole epochs, ten at most, at round distances. */
function epochTicks(epochs: number): number[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
  const every = steps.find((step) => epochs / step <= 10) ?? Math.ceil(epochs / 10);
  const ticks = Array.from({ length: Math.floor(epochs / every) }, (_, index) => (index + 1) * every);
  return every === 1 ? ticks : [1, ...ticks];
}
