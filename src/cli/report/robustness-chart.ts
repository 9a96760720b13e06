/** The curve of one disturbance: small, to stand beside others on one scale. Colors are variables of the style sheet. */
import * as Plot from '@observablehq/plot';
import type { RobustnessCurve } from '../../train/index.ts';
import { formatStrength, strengthForms } from '../robustness-card.ts';
import { percent } from '../terminal.ts';
import { drawSvg } from './svg.ts';

/** Accuracy by strength; a broken line is the accuracy without the disturbance. */
export function robustnessChart({ name, unit, points }: RobustnessCurve): string {
  const { scale, axis } = strengthForms[unit];
  const scaled = points.map(({ strength, accuracy }) => ({
    strength: strength * scale,
    accuracy: accuracy * 100,
    text: `${formatStrength(unit, strength)}: ${percent(accuracy)}`,
  }));
  const [first] = scaled;
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
      ticks: scaled.map(({ strength }) => strength),
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
      Plot.ruleY([first], { y: 'accuracy', stroke: 'var(--quiet)', strokeDasharray: '4 3' }),
      Plot.lineY(scaled, { x: 'strength', y: 'accuracy', stroke: 'var(--train)', strokeWidth: 2 }),
      Plot.dot(scaled, { x: 'strength', y: 'accuracy', fill: 'var(--train)', r: 3, title: 'text' }),
    ],
  });
}
