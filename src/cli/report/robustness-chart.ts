/** The curve of one disturbance: small, to stand beside others on one scale. Colors are variables of the style sheet. */
import * as Plot from '@observablehq/plot';
import type { RobustnessCurve } from '../../train/index.ts';
import { formatStrength, strengthForms } from '../robustness-card.ts';
import { percent } from '../terminal.ts';
import { drawSvg } from './svg.ts';

/** The curve of one model. */
export interface RobustnessLine {
  readonly color: string;
  /** The name of the model, where there are several. */
  readonly label?: string;
  readonly points: RobustnessCurve['points'];
}

/** Accuracy by strength, of one or several models; a broken line is the accuracy of the only one without the disturbance. */
export function robustnessChart(
  { name, unit }: Pick<RobustnessCurve, 'name' | 'unit'>,
  lines: readonly RobustnessLine[],
): string {
  const { scale, axis } = strengthForms[unit];
  const scaled = lines.flatMap(({ color, label, points }, line) =>
    points.map(({ strength, accuracy }) => ({
      line,
      color,
      strength: strength * scale,
      accuracy: accuracy * 100,
      text: `${label === undefined ? '' : `${label}, `}${formatStrength(unit, strength)}: ${percent(accuracy)}`,
    })),
  );
  const [first] = scaled;
  const strengths = [...new Set(scaled.map(({ strength }) => strength))];
  return drawSvg(`Accuracy by ${name}`, {
    width: 320,
    height: 200,
    marginTop: 12,
    marginLeft: 48,
    marginRight: 16,
    marginBottom: 38,
    x: {
      label: axis,
      labelArrow: 'none',
      labelAnchor: 'center',
      ticks: strengths,
      tickFormat: (strength: number) => `${Number(strength.toFixed(0))}`,
    },
    y: {
      label: null,
      grid: true,
      domain: [0, 100],
      ticks: [0, 25, 50, 75, 100],
      tickFormat: (part) => `${part} %`,
    },
    marks: [
      Plot.ruleY(lines.length === 1 ? [first] : [], {
        y: 'accuracy',
        stroke: 'var(--quiet)',
        strokeDasharray: '4 3',
      }),
      Plot.lineY(scaled, { x: 'strength', y: 'accuracy', z: 'line', stroke: colorOfPoint, strokeWidth: 2 }),
      Plot.dot(scaled, { x: 'strength', y: 'accuracy', fill: colorOfPoint, r: 3, title: 'text' }),
    ],
    color: { type: 'identity' },
  });
}

function colorOfPoint({ color }: { readonly color: string }): string {
  return color;
}
