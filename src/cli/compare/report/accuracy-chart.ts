/** The accuracies of all models with their intervals, a line for each model. */
import * as Plot from '@observablehq/plot';
import { digitsFor } from '../../figures.ts';
import { drawSvg } from '../../report/svg.ts';
import { percent } from '../../terminal.ts';
import type { ModelStatistics } from '../statistics.ts';
import { colorOf } from './model-colors.ts';

/** In pixels. Narrow, so that what is written can be read on a phone, which makes the picture smaller. */
const LINE_HEIGHT = 34;
const WIDTH = 460;
const FONT_SIZE = 13;
/** The mean width of a character is about this part of the font size. */
const CHARACTER = 0.58;
/** Longer names are shortened: the table has them whole. */
const LONGEST_LABEL = 28;

/** A model and a number of it, in percent. */
interface PlacedAccuracy {
  readonly model: number;
  readonly accuracy: number;
  readonly title: string;
}

/** The mean as a large dot, its 95 % interval as a line, each seed as a small dot. */
export function accuracyIntervals(models: readonly ModelStatistics[], images: number): string {
  const labels = models.map(({ label }) =>
    label.length <= LONGEST_LABEL ? label : `${label.slice(0, LONGEST_LABEL - 1)}…`,
  );
  const digits = digitsFor(images);
  const seeds = models.flatMap(({ label, accuracies }, model): PlacedAccuracy[] =>
    accuracies.map((accuracy, seed) => ({
      ...{ model, accuracy: 100 * accuracy },
      title: `${label}, ${seed + 1}. seed: ${percent(accuracy, digits)}`,
    })),
  );
  return drawSvg('Accuracy with its 95 % interval', {
    width: WIDTH,
    height: LINE_HEIGHT * models.length + 50,
    marginLeft: 16 + FONT_SIZE * CHARACTER * Math.max(...labels.map(({ length }) => length)),
    marginTop: 8,
    marginRight: 20,
    marginBottom: 38,
    x: {
      label: 'test accuracy (%)',
      labelArrow: 'none',
      labelAnchor: 'center',
      nice: true,
      grid: true,
      ticks: 5,
    },
    y: { axis: null, type: 'band', domain: [...models.keys()] },
    color: { type: 'identity' },
    marks: [
      Plot.text(labels, {
        y: (_, model) => model,
        text: (label: string) => label,
        frameAnchor: 'left',
        textAnchor: 'end',
        dx: -10,
        fontSize: FONT_SIZE,
      }),
      Plot.ruleY(models, {
        y: (_, model) => model,
        x1: ({ accuracy }: ModelStatistics) => 100 * accuracy.low,
        x2: ({ accuracy }: ModelStatistics) => 100 * accuracy.high,
        stroke: (_, model) => colorOf(model),
        strokeWidth: 2.5,
      }),
      Plot.dot(seeds, {
        x: 'accuracy',
        y: 'model',
        stroke: 'var(--text)',
        strokeOpacity: 0.7,
        fill: 'var(--background)',
        r: 2.5,
        dy: 8,
        title: 'title',
      }),
      Plot.dot(models, {
        x: ({ accuracy }: ModelStatistics) => 100 * accuracy.estimate,
        y: (_, model) => model,
        fill: (_, model) => colorOf(model),
        r: 6,
        title: ({ label, accuracy }: ModelStatistics) => `${label}: ${percent(accuracy.estimate, digits)}`,
      }),
    ],
  });
}
