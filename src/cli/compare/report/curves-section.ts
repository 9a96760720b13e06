/** The learning curves of all models, over their seeds. */
import type { EpochRecord } from '../../run-record.ts';
import type { ComparedDataset, ComparedModel, ComparedRun } from '../compared-runs.ts';
import { type BandForm, bandChart } from './band-chart.ts';
import { modelLegend } from './model-colors.ts';

/** The section as HTML; nothing of runs that have no history. */
export function curvesSection({ models }: ComparedDataset): string {
  const trained = models.filter(({ runs }) => runs.some(({ record }) => record.history.length > 0));
  if (trained.length < models.length) return '';
  const work = workAxis(trained);
  const seconds: Axis = { name: 'time', across: 'seconds', placeOf: secondsUpTo };
  const accuracy = { name: 'Accuracy', up: 'validation accuracy (%)', pick: accuracyOf };
  const loss = { name: 'Loss', up: 'validation loss (nats)', pick: lossOf };
  const charts = [
    [accuracy, work],
    [accuracy, seconds],
    [loss, work],
  ] as const;
  const figures = charts.map(([{ name, ...figure }, { name: axis, ...across }]) => {
    const title = `${name} by ${axis}`;
    const chart = bandChart(models, { description: title, ...figure, ...across });
    return `<figure><figcaption>${title}</figcaption>${chart}</figure>`;
  });
  return `<section>
<h2>Learning curves</h2>
${modelLegend(models.map(({ label }) => label))}
<div class="multiples">${figures.join('\n')}</div>
<p class="aside">On the validation images. Lines are means over the seeds, bands reach from the least to the most of them. What lies beyond the axis is drawn at its edge.</p>
</section>`;
}

/** What learning is drawn over. */
interface Axis extends Pick<BandForm, 'across' | 'placeOf'> {
  readonly name: string;
}

/** FLOPs, by which models with many short epochs and models with few long ones can be compared; epochs where FLOPs are not known. */
function workAxis(models: readonly ComparedModel[]): Axis {
  const totals = models.flatMap(({ runs }) => runs.map(({ flops }) => flops));
  if (totals.includes(undefined)) {
    return { name: 'epoch', across: 'epoch', placeOf: (_, epoch) => epoch + 1 };
  }
  const most = Math.max(...totals.map((total) => total ?? 0));
  const [unit, across] = most < 1e12 ? [1e9, 'GFLOPs'] : [1e12, 'TFLOPs'];
  return {
    ...{ name: 'arithmetic', across },
    placeOf: ({ flops = 0, record }, epoch) => ((epoch + 1) / record.history.length) * (flops / unit),
  };
}

/** The seconds of all epochs up to this one. */
function secondsUpTo({ record }: ComparedRun, epoch: number): number {
  return record.history.slice(0, epoch + 1).reduce((sum, { seconds }) => sum + seconds, 0);
}

function accuracyOf({ valAccuracy }: EpochRecord): number {
  return 100 * valAccuracy;
}

function lossOf({ valLoss }: EpochRecord): number {
  return valLoss;
}
