/** The robustness card of a model on the command line: measured with its progress, as a table, and in a sentence. */
import type { StrengthUnit } from '../data/index.ts';
import { isStreamed, type PictureDataset } from '../data/stream/streamed-dataset.ts';
import { WeftError } from '../errors.ts';
import type { Module } from '../nn/index.ts';
import { formatTable, printable } from '../text.ts';
import type { Robustness, RobustnessCurve, RobustnessOptions, RobustnessPoint } from '../train/index.ts';
import { type MeasuringHooks, measureRobustness } from '../train/robustness.ts';
import { removeSpec } from './remove-spec.ts';
import { Counter, counted, duration, percent, type Terminal } from './terminal.ts';
import { viewsOf } from './views-spec.ts';

/** What is measured, and how the model is asked: as a run records it. */
export interface CardRequest extends Pick<RobustnessOptions, 'normalization' | 'missing' | 'workers'> {
  readonly model: Module;
  readonly images: PictureDataset;
  readonly seed: number;
  readonly views: string | undefined;
  readonly remove: string | undefined;
}

/**
 * Measures a card, and says how long it took.
 *
 * @returns undefined when the signal ended it
 */
export async function measureCard(
  { model, images, views, remove, workers, ...asked }: CardRequest,
  { say, progress }: Pick<Terminal, 'say' | 'progress'>,
  signal?: MeasuringHooks['signal'],
): Promise<Robustness | undefined> {
  const options = {
    ...asked,
    views: viewsOf(views),
    remove: remove === undefined ? undefined : removeSpec(remove),
    ...(isStreamed(images) && { workers }),
  };
  const counter = new Counter(progress);
  const onProgress = (done: number) => counter.show(`robustness ${percent(done, 0)}`);
  const start = performance.now();
  const card = await measureRobustness(model, images, options, { signal, onProgress }).finally(() =>
    counter.clear(),
  );
  const took = duration((performance.now() - start) / 1000);
  say(
    card === undefined
      ? 'Interrupted: the robustness is not measured.'
      : `Measured the robustness on ${counted(card.images, 'image')} in ${took}.`,
  );
  return card;
}

/** `measureCard` at the end of a training: what goes wrong is said, and the run is finished without it. */
export async function finishWithCard(
  request: CardRequest,
  terminal: Pick<Terminal, 'say' | 'progress'>,
  signal: MeasuringHooks['signal'],
): Promise<{ readonly robustness?: Robustness }> {
  try {
    const card = await measureCard(request, terminal, signal);
    if (card === undefined) return {};
    terminal.say(describeWeakest(card));
    return { robustness: card };
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    terminal.say(printable(`The robustness is not measured: ${error.message}`));
    return {};
  }
}

/** A point of a curve, and the curve it is of. */
interface PlacedPoint extends RobustnessPoint {
  readonly curve: RobustnessCurve;
}

/** Of each disturbance the strength at which the accuracy is least; of equal ones the weakest. */
function leastPoints({ disturbances }: Robustness): PlacedPoint[] {
  return disturbances.map((curve) => {
    const [, ...disturbed] = curve.points;
    const least = disturbed.reduce((low, point) => (point.accuracy < low.accuracy ? point : low));
    return { ...least, curve };
  });
}

/** What the model is weakest under, and what it bears best. */
export function describeWeakest(card: Robustness): string {
  const points = leastPoints(card).sort((first, second) => first.accuracy - second.accuracy);
  const [weakest, ...others] = points;
  const undisturbed = percent(card.accuracy);
  if (weakest === undefined) return `The images are too small to be disturbed.`;
  if (weakest.accuracy >= card.accuracy) return `No disturbance lowers the accuracy, ${undisturbed}.`;
  const fall = `The model is weakest under ${nameOf(weakest)}, where the accuracy falls from ${undisturbed} to ${percent(weakest.accuracy)}`;
  const best = others.at(-1);
  if (best === undefined || best.accuracy === weakest.accuracy) return `${fall}.`;
  return `${fall}; it bears ${best.curve.name} best, where it is ${percent(best.accuracy)} at least.`;
}

function nameOf({ curve, strength }: PlacedPoint): string {
  return `${curve.name} (${formatStrength(curve.unit, strength)})`;
}

/** All points: a line for each. */
export function formatRobustness(card: Robustness): string {
  const table = formatTable(
    [
      { heading: 'disturbance' },
      { heading: 'strength', align: 'right' },
      { heading: 'accuracy', align: 'right' },
      { heading: 'change', align: 'right' },
    ],
    robustnessRows(card),
  );
  return `Robustness on ${counted(card.images, 'image')}. ${describeWeakest(card)} ${describeMeasuring(card)}\n\n${table}`;
}

/** Disturbance, strength, accuracy and its change in points. */
export function robustnessRows({ accuracy, disturbances }: Robustness): string[][] {
  const disturbed = disturbances.flatMap(({ name, unit, points: [, ...points] }) =>
    points.map(({ strength, accuracy: left }) => [
      name,
      formatStrength(unit, strength),
      percent(left),
      pointsText(left - accuracy),
    ]),
  );
  return [['none', '', percent(accuracy), ''], ...disturbed];
}

/** A difference of accuracies in points of 100: `-3.20`. */
function pointsText(difference: number): string {
  const text = (difference * 100).toFixed(2);
  return difference > 0 ? `+${text}` : Number(text) === 0 ? '0.00' : text;
}

const places: Readonly<Record<Robustness['missing'], string>> = {
  mean: 'The mean stands in the place of missing rows.',
  last: 'The pixel seen last above stands in the place of missing rows.',
  mask: 'The model is given missing rows as in training.',
};

/** What was asked of the model, and how long an answer took. */
export function describeMeasuring({ missing, secondsPerImage, batchSize, disturbances }: Robustness): string {
  const place = disturbances.some(({ name }) => name === 'missing rows') ? ` ${places[missing]}` : '';
  const each = `${Number((secondsPerImage * 1000).toPrecision(2))} ms`;
  return `An image takes ${each}, ${batchSize === 1 ? 'alone' : `${batchSize} at a time`}.${place}`;
}

/** How strengths of a unit are told. */
interface StrengthForm {
  /** What a strength is multiplied by: shares are told in percent. */
  readonly scale: number;
  /** Below the axis of a chart. */
  readonly axis: string;
  /** A scaled strength in words. */
  readonly text: (scaled: number) => string;
}

function percentOf(what: string): StrengthForm {
  const axis = `% ${what}`;
  return { scale: 100, axis, text: (scaled) => `${scaled} ${axis}` };
}

export const strengthForms: Readonly<Record<StrengthUnit, StrengthForm>> = {
  pixels: { scale: 1, axis: 'pixels', text: (scaled) => counted(scaled, 'pixel') },
  degrees: { scale: 1, axis: 'degrees', text: (scaled) => `${scaled}°` },
  'share of the area': percentOf('of the area'),
  'share of full brightness': percentOf('of full brightness'),
  'share of the rows': percentOf('of the rows'),
  times: { scale: 1, axis: 'times lower', text: (scaled) => `${scaled} times` },
};

/** `4 pixels`, `45°`, `20.3 % of the area`, `3 times`. */
export function formatStrength(unit: StrengthUnit, strength: number): string {
  const { scale, text } = strengthForms[unit];
  return text(Number((strength * scale).toFixed(1)));
}
