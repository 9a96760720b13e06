/** Which epoch is the best, and what is printed of each. */
import { OptionError } from '../errors.ts';
import type { Monitor } from './fit-options.ts';
import type { EpochReport } from './reports.ts';

/** The figures of an epoch that decide. */
type Judged = Pick<EpochReport<undefined>, 'valAccuracy' | 'valLoss'> &
  Partial<Pick<EpochReport<undefined>, 'valMetrics'>>;

/**
 * How an epoch stands beside the best before it. The best is the last of equal ones: it has learned for longer, and with few
 * validation images many epochs are equal, of which the first is mostly a lucky one. Without validation every epoch is worse.
 */
export function compareEpochs(
  report: Judged,
  best: Judged | undefined,
  monitor?: Monitor,
): 'better' | 'equal' | 'worse' {
  const value = figureOf(report, monitor);
  if (value === undefined) return 'worse';
  const before = best && figureOf(best, monitor);
  if (before === undefined || value < before) return 'better';
  return value === before ? 'equal' : 'worse';
}

/** The figure of an epoch that decides, of which less is better. */
export function figureOf(
  { valAccuracy, valLoss, valMetrics }: Judged,
  monitor: Monitor = valAccuracy === undefined ? 'loss' : 'accuracy',
): number | undefined {
  if (monitor === 'loss') return valLoss;
  if (monitor === 'accuracy') {
    if (valAccuracy !== undefined) return -valAccuracy;
    if (valLoss === undefined) return undefined;
    throw new OptionError({
      where: 'fit',
      got: "monitor 'accuracy' for a model that does not classify",
      expected: 'int32 targets, and outputs with a score for each class',
      cure: "Take monitor: 'loss', or a metric of your own.",
    });
  }
  const value = valMetrics?.[monitor.metric];
  return value === undefined || monitor.goal === 'least' ? value : -value;
}

/** An epoch in a line. */
export function describeEpoch(report: EpochReport<undefined>, last: number): string {
  const { epoch, trainLoss, trainAccuracy, trainMetrics, valLoss, valAccuracy, valMetrics, seconds } = report;
  const parts = (
    loss: number,
    accuracy: number | undefined,
    metrics: Readonly<Record<string, number>>,
  ): string =>
    [
      `loss ${rounded(loss)}`,
      ...(accuracy === undefined ? [] : [`accuracy ${(100 * accuracy).toFixed(1)} %`]),
      ...Object.entries(metrics).map(([name, value]) => `${name} ${rounded(value)}`),
    ].join(', ');
  const validation =
    valLoss === undefined ? '' : `; validation ${parts(valLoss, valAccuracy, valMetrics ?? {})}`;
  return `epoch ${epoch} of ${last}: ${parts(trainLoss, trainAccuracy, trainMetrics ?? {})}${validation}; ${seconds.toFixed(1)} s`;
}

function rounded(value: number): string {
  return `${Number(value.toPrecision(4))}`;
}
