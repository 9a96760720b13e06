/** `--average`, which average of the weights a training leaves: none, ema:DECAY or swa:EPOCH. */
import { InvalidArgumentError } from 'commander';
import { decimal } from '../text.ts';
import type { AverageOptions } from '../train/index.ts';

/** The decay of `ema` without a number. */
const usualDecay = 0.999;
/** Epochs before those of which `swa` without a number is the average, as a share of all: the last quarter is averaged. */
const shareBefore = 0.75;

/** Checks `none`, `ema`, `ema:DECAY`, `swa` or `swa:EPOCH`, and returns it. */
export function averageText(text: string): string {
  const [kind, number] = partsOf(text);
  const holds =
    number === undefined ||
    (kind === 'ema'
      ? number >= 0 && number < 1
      : kind === 'swa' && Number.isSafeInteger(number) && number >= 1);
  if (['none', 'ema', 'swa'].includes(kind) && holds) return text;
  throw new InvalidArgumentError(
    'Give none, ema or ema with its decay below 1 (ema:0.999), swa or swa with the first epoch that counts (swa:20).',
  );
}

function partsOf(text: string): [kind: string, number: number | undefined] {
  const at = text.indexOf(':');
  return at < 0 ? [text, undefined] : [text.slice(0, at), decimal(text.slice(at + 1))];
}

/** What `fit` is told; undefined for none. */
export function averageOf(text: string, epochs: number): AverageOptions | undefined {
  const [kind, number] = partsOf(text);
  if (kind === 'ema') return { kind, decay: number ?? usualDecay };
  if (kind === 'swa') return { kind, from: number ?? Math.floor(epochs * shareBefore) + 1 };
  return undefined;
}

/** A sentence; undefined for none. */
export function describeAverage(text: string, epochs: number): string | undefined {
  const average = averageOf(text, epochs);
  if (average === undefined) return undefined;
  return average.kind === 'ema'
    ? `The model is the moving average of the weights over the steps, of which ${average.decay} stays at each.`
    : `From epoch ${average.from} on the model is the mean of the weights at the ends of epochs.`;
}
