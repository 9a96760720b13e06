/** The curve of a search for a learning rate, as a picture that stands alone and as lines for the terminal. */
import * as Plot from '@observablehq/plot';
import type { LearningRateSearch } from '../../train/learning-rate-finder.ts';
import { drawSvg } from './svg.ts';

const colors = { smoothed: '#2f6fb7', batch: '#b3bcc6', suggestion: '#d1621b' } as const;

/** The loss by learning rate as SVG, with the rate that is suggested. */
export function learningRateChart({ rates, losses, smoothed, suggestion }: LearningRateSearch): string {
  const points = rates.map((rate, step) => ({ rate, loss: losses[step], smoothed: smoothed[step] }));
  const suggested = suggestion === undefined ? [] : [suggestion];
  const [least, first] = [Math.min(...smoothed), smoothed[0]];
  // Where it diverges, the curve would flatten all that is to be seen.
  const top = first + (first - least) / 2 || 1;
  return drawSvg('Loss by learning rate', {
    width: 640,
    height: 360,
    marginTop: 30,
    marginLeft: 48,
    x: { type: 'log', label: 'learning rate', labelArrow: 'none', labelAnchor: 'center', tickFormat: '.0e' },
    y: {
      label: 'loss of the batch',
      labelArrow: 'none',
      grid: true,
      nice: true,
      domain: [least, top],
      clamp: true,
    },
    marks: [
      // What shows the picture may be dark.
      Plot.frame({ fill: 'white', stroke: 'none', inset: -60 }),
      Plot.dot(points, { x: 'rate', y: 'loss', fill: colors.batch, r: 2 }),
      Plot.lineY(points, { x: 'rate', y: 'smoothed', stroke: colors.smoothed, strokeWidth: 2 }),
      Plot.ruleX(suggested, { stroke: colors.suggestion, strokeDasharray: '4 3' }),
      Plot.text(suggested, {
        x: (rate: number) => rate,
        text: (rate: number) => `suggested: ${rate}`,
        frameAnchor: 'top',
        textAnchor: 'end',
        dx: -5,
        dy: -13,
        fill: colors.suggestion,
      }),
    ],
  });
}

/** Lines of the curve in the terminal, two or so a decade. */
const mostLines = 20;

/** The smoothed loss by learning rate: a line of `width` columns at most for every few steps, with a bar as long as the loss. */
export function learningRateLines(
  { rates, smoothed, suggestion }: LearningRateSearch,
  width: number,
): string[] {
  const every = Math.ceil(rates.length / mostLines);
  const shown = rates.map((_, step) => step).filter((step) => step % every === 0);
  const marked =
    suggestion === undefined ? undefined : (shown.findLast((step) => rates[step] <= suggestion) ?? shown[0]);
  const note = '  < suggested';
  const room = Math.max(10, width - 20 - note.length);
  const top = Math.max(...smoothed.slice(0, every), Math.min(...smoothed) * 1.5);
  return shown.map((step) => {
    const length = Math.max(1, Math.round((Math.min(1, smoothed[step] / top) || 0) * room));
    const [rate, loss] = [
      rates[step].toExponential(1).padStart(8),
      smoothed[step].toPrecision(3).padStart(8),
    ];
    return `${rate} ${loss}  ${'█'.repeat(length)}${step === marked ? note : ''}`;
  });
}
