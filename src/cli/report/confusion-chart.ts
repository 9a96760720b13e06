/** The confusion matrix of the report as a heat map. Colors are variables of the style sheet. */
import * as Plot from '@observablehq/plot';
import type { Confusion } from '../confusion.ts';
import { drawSvg } from './svg.ts';

interface MatrixCell {
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
  /** Of the images of the true class. */
  readonly share: number;
}

/** In pixels. Smaller cells could not be told apart, larger ones say no more. */
const SMALLEST_CELL = 16;
const LARGEST_CELL = 44;
/** What the cells of a matrix share, as long as they need not be smaller. */
const MATRIX_WIDTH = 640;
const FONT_SIZE = 12;
/** The mean width of a character is about this part of the font size. */
const CHARACTER = 0.58;

/** Longer class names are shortened beside the matrix: titles and tables have them whole. */
const LONGEST_LABEL = 20;
const LABEL_END = 6;

/** Names are mostly told apart by how they begin or end. */
function labelOf(name: string): string {
  if (name.length <= LONGEST_LABEL) return name;
  return `${name.slice(0, LONGEST_LABEL - LABEL_END - 1)}…${name.slice(-LABEL_END)}`;
}

/** Rows are true classes, columns predicted ones; the stronger the color, the larger the share of the row. */
export function confusionChart(confusion: Confusion, classNames: readonly string[]): string {
  const cells = matrixCells(confusion);
  const classes = [...classNames.keys()];
  const names = {
    text: (index: number) => labelOf(classNames[index]!),
    title: (index: number) => classNames[index],
    fontSize: FONT_SIZE,
  };
  const longest = Math.max(...classNames.map((name) => labelOf(name).length));
  const labelSpace = 10 + longest * FONT_SIZE * CHARACTER;
  const cellSize = Math.min(Math.max(MATRIX_WIDTH / classNames.length, SMALLEST_CELL), LARGEST_CELL);
  const turned = longest * FONT_SIZE * CHARACTER > cellSize;
  const marginTop = turned ? labelSpace : 24;
  const side = cellSize * classNames.length;
  const counted = cells.filter(({ count }) => count > 0);
  const digits = Math.max(...counted.map(({ count }) => `${count}`.length));
  const numberSize = Math.min(FONT_SIZE, (cellSize - 4) / (digits * CHARACTER));
  return drawSvg('Confusion matrix', {
    width: side + labelSpace + 2,
    height: side + marginTop + 2,
    marginLeft: labelSpace,
    marginTop,
    marginBottom: 2,
    marginRight: 2,
    padding: 0.06,
    x: { axis: null, domain: classes },
    y: { axis: null, domain: classes },
    color: { domain: ['none', 'right', 'wrong'], range: ['var(--quiet)', 'var(--right)', 'var(--wrong)'] },
    opacity: { domain: [0, 1], range: [0, 1] },
    marks: [
      Plot.cell(cells, {
        x: 'predicted',
        y: 'truth',
        fill: kindOf,
        fillOpacity: strength,
        title: ({ truth, predicted, count, share }: MatrixCell) =>
          `true ${classNames[truth]}, predicted ${classNames[predicted]}: ${count} (${(share * 100).toFixed(1)} % of the row)`,
      }),
      Plot.text(classes, {
        ...names,
        y: (index: number) => index,
        frameAnchor: 'left',
        textAnchor: 'end',
        dx: -6,
      }),
      Plot.text(classes, {
        ...names,
        x: (index: number) => index,
        frameAnchor: 'top',
        textAnchor: turned ? 'start' : 'middle',
        rotate: turned ? -90 : 0,
        dy: turned ? -6 : -12,
      }),
      ...(numberSize < SMALLEST_NUMBER
        ? []
        : [
            Plot.text(counted, {
              x: 'predicted',
              y: 'truth',
              text: 'count',
              fill: 'currentColor',
              fontSize: numberSize,
            }),
          ]),
    ],
  });
}

/** Numbers that would have to be smaller are left to the titles. */
const SMALLEST_NUMBER = 8;

function kindOf({ truth, predicted, count }: MatrixCell): string {
  if (count === 0) return 'none';
  return truth === predicted ? 'right' : 'wrong';
}

/** Even a rare mistake is seen: the color of a share grows fast at first, and an empty cell is nearly the paper's. */
function strength({ count, share }: MatrixCell): number {
  return count === 0 ? 0.07 : 0.15 + 0.65 * Math.sqrt(share);
}

function matrixCells(confusion: Confusion): MatrixCell[] {
  return confusion.flatMap((row, truth) => {
    const images = row.reduce((sum, count) => sum + count, 0);
    return row.map(
      (count, predicted): MatrixCell => ({
        truth,
        predicted,
        count,
        share: count / Math.max(1, images),
      }),
    );
  });
}
