/** The charts of the report: learning curves and the confusion matrix. Colors are variables of the style sheet. */
import * as Plot from '@observablehq/plot';
import { type Confusion, frequentMistakes } from '../confusion.ts';
import type { EpochRecord } from '../run-record.ts';
import { drawSvg } from './svg.ts';

const colors = { train: 'var(--train)', validation: 'var(--validation)' } as const;

interface CurvePoint {
  readonly epoch: number;
  readonly value: number;
  readonly part: keyof typeof colors;
}

/** Loss by epoch, for the training and the validation images. */
export function lossChart(history: readonly EpochRecord[]): string {
  const points = curvePoints(history, 'trainLoss', 'valLoss');
  return curves('Loss by epoch', points, history.length, {
    label: 'loss (mean cross-entropy, nats)',
    zero: true,
    nice: true,
  });
}

/** Accuracy by epoch, for the training and the validation images. */
export function accuracyChart(history: readonly EpochRecord[]): string {
  const points = curvePoints(history, 'trainAccuracy', 'valAccuracy').map((point) => ({
    ...point,
    value: point.value * 100,
  }));
  return curves('Accuracy by epoch', points, history.length, { label: 'accuracy (%)', nice: true });
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

function curves(
  description: string,
  points: readonly CurvePoint[],
  epochs: number,
  y: Plot.ScaleOptions,
): string {
  return drawSvg(description, {
    width: 520,
    height: 300,
    marginLeft: 48,
    marginRight: 16,
    marginBottom: 40,
    x: {
      label: 'epoch',
      labelArrow: 'none',
      labelAnchor: 'center',
      domain: epochDomain(epochs),
      ticks: epochTicks(epochs),
      tickFormat: 'd',
    },
    y: { grid: true, labelArrow: 'none', ...y },
    color: { domain: Object.keys(colors), range: Object.values(colors) },
    marks: [
      Plot.lineY(points, { x: 'epoch', y: 'value', stroke: 'part', z: 'part', strokeWidth: 2 }),
      Plot.dot(points, {
        x: 'epoch',
        y: 'value',
        fill: 'part',
        r: epochs > 60 ? 0 : 2.5,
        title: ({ part, epoch, value }: CurvePoint) => `${part}, epoch ${epoch}: ${value.toPrecision(4)}`,
      }),
    ],
  });
}

/** A single epoch stands in the middle of its axis. */
function epochDomain(epochs: number): [number, number] {
  return epochs === 1 ? [0, 2] : [1, epochs];
}

/** Whole epochs, a dozen at most. */
function epochTicks(epochs: number): number[] {
  const every = Math.ceil(epochs / 12);
  return Array.from({ length: Math.ceil(epochs / every) }, (_, index) => 1 + index * every);
}

/** With more classes the numbers in the cells would not be readable. */
const MOST_NUMBERED_CLASSES = 30;

interface MatrixCell {
  readonly truth: string;
  readonly predicted: string;
  readonly count: number;
  readonly right: boolean;
  readonly strength: number;
}

/** Longer class names are cut short beside the matrix: the table and the titles of the cells have them whole. */
const LONGEST_LABEL = 20;

/** The confusion matrix as a heat map: right ones in one color, mistakes in another. */
export function confusionChart(confusion: Confusion, classNames: readonly string[]): string {
  const cells = matrixCells(confusion, classNames);
  const labelOf = (name: string): string =>
    name.length > LONGEST_LABEL ? `${name.slice(0, LONGEST_LABEL - 1)}…` : name;
  const longestName = Math.max(...classNames.map((name) => labelOf(name).length));
  const labelSpace = 24 + longestName * 7;
  const cellSize = Math.max(Math.min(44, 640 / classNames.length), 8);
  const turned = longestName > 4;
  // The name of the last column leans over the edge.
  const marginRight = turned ? Math.max(24, labelSpace * 0.7) : 24;
  const numbers = cells.filter(({ count }) => count > 0);
  return drawSvg('Confusion matrix', {
    width: cellSize * classNames.length + labelSpace + 20 + marginRight,
    height: cellSize * classNames.length + (turned ? labelSpace * 0.75 : 24) + 48,
    marginLeft: labelSpace + 20,
    marginTop: (turned ? labelSpace * 0.75 : 24) + 24,
    marginBottom: 16,
    marginRight,
    padding: 0.06,
    x: {
      axis: 'top',
      domain: classNames,
      label: 'predicted class',
      labelAnchor: 'center',
      labelArrow: 'none',
      tickFormat: labelOf,
      tickSize: 0,
      ...(turned ? { tickRotate: -40 } : {}),
    },
    y: {
      domain: classNames,
      label: 'true class',
      labelAnchor: 'center',
      labelArrow: 'none',
      tickFormat: labelOf,
      tickSize: 0,
    },
    color: { domain: [true, false], range: ['var(--right)', 'var(--wrong)'] },
    opacity: { domain: [0, 1], range: [0, 1] },
    marks: [
      Plot.cell(cells, {
        x: 'predicted',
        y: 'truth',
        fill: 'right',
        fillOpacity: 'strength',
        title: ({ truth, predicted, count }: MatrixCell) => `true ${truth}, predicted ${predicted}: ${count}`,
      }),
      ...(classNames.length > MOST_NUMBERED_CLASSES
        ? []
        : [Plot.text(numbers, { x: 'predicted', y: 'truth', text: 'count', fill: 'currentColor' })]),
    ],
  });
}

/** Strength of color: the share of the class for right ones; for mistakes, the count beside the most frequent one. */
function matrixCells(confusion: Confusion, classNames: readonly string[]): MatrixCell[] {
  const most = Math.max(1, frequentMistakes(confusion, 1)[0]?.count ?? 0);
  return confusion.flatMap((row, truth) => {
    const images = Math.max(
      1,
      row.reduce((sum, count) => sum + count, 0),
    );
    return row.map((count, predicted): MatrixCell => {
      const right = truth === predicted;
      const strength = right ? (0.75 * count) / images : 0.05 + 0.75 * Math.sqrt(count / most);
      return {
        truth: classNames[truth]!,
        predicted: classNames[predicted]!,
        count,
        right,
        strength: count === 0 ? 0.05 : strength,
      };
    });
  });
}
