/** Which epoch is the best, and what is printed of each. */
import { OptionError } from '../errors.ts';
import type { EpochReport, Monitor } from './fit-options.ts';

/** Whether an epoch is better than the best before it. Without validation none is. */
export function isBetter(
  report: EpochReport<undefined>,
  best: EpochReport<undefined> | undefined,
  monitor: Monitor | undefined,
): boolean {
  const [value, loss] = ranks(report, monitor);
  if (value === undefined || loss === undefined) return false;
  const [bestValue, bestLoss] = best
    ? ranks(best, monitor)
    : [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  return value < bestValue! || (value === bestValue && loss < bestLoss!) || best === undefined;
}

/** What is to be small, and what decides where that is equal. */
function ranks(
  { valAccuracy, valLoss, valMetrics }: EpochReport<undefined>,
  monitor: Monitor = valAccuracy === undefined ? 'loss' : 'accuracy',
): readonly [number | undefined, number | undefined] {
  if (monitor === 'loss') return [valLoss, valLoss];
  if (monitor === 'accuracy') {
    if (valAccuracy !== undefined || valLoss === undefined) return [-valAccuracy!, valLoss];
    throw new OptionError({
      where: 'fit',
      got: "monitor 'accuracy' for a model that does not classify",
      expected: 'int32 targets, and outputs with a score for each class',
      cure: "Take monitor: 'loss', or a metric of your own.",
    });
  }
  const value = valMetrics?.[monitor.metric];
  return [value === undefined || monitor.goal === 'least' ? value : -value, valLoss];
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
