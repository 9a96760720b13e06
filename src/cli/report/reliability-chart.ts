/** The reliability diagram of the report: how often answers are right, by how sure the model is of them. Colors are variables of the style sheet. */
import * as Plot from '@observablehq/plot';
import type { ReliabilityBin } from '../../metrics/index.ts';
import { formatInteger } from '../../text.ts';
import { drawSvg } from './svg.ts';

/** A bar for each bin, as high as its accuracy; on the diagonal it would be as sure as it is right. */
export function reliabilityChart(bins: readonly ReliabilityBin[]): string {
  return drawSvg('Accuracy by confidence', {
    width: 440,
    height: 330,
    marginTop: 30,
    marginLeft: 44,
    marginRight: 16,
    marginBottom: 40,
    x: {
      label: 'how sure the model is (%)',
      labelArrow: 'none',
      labelAnchor: 'center',
      domain: [0, 100],
      ticks: 5,
    },
    y: { label: 'how often it is right (%)', labelArrow: 'none', domain: [0, 100], grid: true, ticks: 5 },
    marks: [
      Plot.rectY(bins, {
        x1: ({ low }: ReliabilityBin) => 100 * low,
        x2: ({ high }: ReliabilityBin) => 100 * high,
        y: ({ accuracy }: ReliabilityBin) => 100 * accuracy,
        inset: 1,
        fill: 'var(--right)',
        fillOpacity: 0.75,
        title: ({ low, high, count, confidence, accuracy }: ReliabilityBin) =>
          `${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)} % sure: ${formatInteger(count)} images, ` +
          `on average ${(100 * confidence).toFixed(1)} % sure, ${(100 * accuracy).toFixed(1)} % right`,
      }),
      Plot.text(bins, {
        x: ({ low, high }: ReliabilityBin) => 50 * (low + high),
        y: ({ accuracy }: ReliabilityBin) => 100 * accuracy,
        text: ({ count }: ReliabilityBin) => formatInteger(count),
        dy: -7,
        fill: 'var(--quiet)',
        fontSize: 11,
      }),
      Plot.line(
        [
          [0, 0],
          [100, 100],
        ],
        { stroke: 'var(--wrong)', strokeDasharray: '4 3' },
      ),
    ],
  });
}
