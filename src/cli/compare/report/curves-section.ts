/** The learning curves of all models, over their seeds. */
import type { ComparedDataset } from '../compared-runs.ts';
import { bandChart, byEpoch, bySeconds } from './band-chart.ts';
import { modelLegend } from './model-colors.ts';

/** The section as HTML; nothing of runs that have no history. */
export function curvesSection({ models }: ComparedDataset): string {
  const trained = models.filter(({ runs }) => runs.some(({ record }) => record.history.length > 0));
  if (trained.length < models.length) return '';
  const accuracy = { up: 'validation accuracy (%)', pick: accuracyOf } as const;
  const charts = [
    [
      'Accuracy by epoch',
      bandChart(models, {
        description: 'Validation accuracy by epoch',
        across: 'epoch',
        placeOf: byEpoch,
        ...accuracy,
      }),
    ],
    [
      'Accuracy by time',
      bandChart(models, {
        ...{
          description: 'Validation accuracy by seconds of training',
          across: 'seconds',
          placeOf: bySeconds,
        },
        ...accuracy,
      }),
    ],
    [
      'Loss by epoch',
      bandChart(models, {
        ...{ description: 'Validation loss by epoch', across: 'epoch', placeOf: byEpoch },
        ...{ up: 'validation loss (nats)', pick: ({ valLoss }) => valLoss },
      }),
    ],
  ];
  const figures = charts.map(([title, svg]) => `<figure><figcaption>${title}</figcaption>${svg}</figure>`);
  return `<section>
<h2>Learning curves</h2>
${modelLegend(models.map(({ label }) => label))}
<div class="multiples">${figures.join('\n')}</div>
<p class="aside">On the validation images. Lines are means over the seeds, bands reach from the least to the most of them. What lies beyond the axis is drawn at its edge.</p>
</section>`;
}

function accuracyOf({ valAccuracy }: { readonly valAccuracy: number }): number {
  return 100 * valAccuracy;
}
