/** How the accuracy of all models falls where images are disturbed: a chart for each disturbance. */
import type { RobustnessCurve } from '../../../train/index.ts';
import { escapeHtml } from '../../report/html.ts';
import { type RobustnessLine, robustnessChart } from '../../report/robustness-chart.ts';
import { titleOf } from '../../report/robustness-section.ts';
import type { ComparedDataset, ComparedModel } from '../compared-runs.ts';
import { meanOf } from '../moments.ts';
import { colorOf, modelLegend } from './model-colors.ts';

/** The section as HTML; nothing where not all runs have it measured. */
export function robustnessCharts({ models }: ComparedDataset): string {
  const cards = models.flatMap(({ runs }) => runs.map(({ robustness }) => robustness));
  const [card] = cards;
  if (card === undefined || cards.includes(undefined)) return '';
  const figures = card.disturbances.flatMap((curve) => {
    const lines = models.flatMap((model, place) => lineOf(model, place, curve));
    if (lines.length < models.length) return [];
    return [
      `<figure><figcaption>${escapeHtml(titleOf(curve.name))}</figcaption>${robustnessChart(curve, lines)}</figure>`,
    ];
  });
  if (figures.length === 0) return '';
  return `<section>
<h2>Robustness</h2>
${modelLegend(models.map(({ label }) => label))}
<div class="multiples">${figures.join('\n')}</div>
<p class="aside">The accuracy where test images are changed by exactly so much; means over the seeds.</p>
</section>`;
}

/** The mean curve of a model; nothing where its runs were measured at other strengths. */
function lineOf(
  { label, runs }: ComparedModel,
  place: number,
  { name, points }: RobustnessCurve,
): RobustnessLine[] {
  const curves = runs.map(({ robustness }) => robustness?.disturbances.find((curve) => curve.name === name));
  const isSame = curves.every((curve) =>
    points.every(({ strength }, point) => curve?.points[point]?.strength === strength),
  );
  if (!isSame) return [];
  const mean = points.map(({ strength }, point) => ({
    strength,
    accuracy: meanOf(curves.map((curve) => curve!.points[point]!.accuracy)),
  }));
  return [{ color: colorOf(place), label, points: mean }];
}
