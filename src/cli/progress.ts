/** Shows training as it goes: a live bar on a terminal, and everywhere one line per epoch. */
import type { Options, SingleBar } from 'cli-progress';
import type { EpochReport, StepReport } from '../index.ts';
import { duration, percent, type Terminal } from './terminal.ts';

/** Shows steps and epochs; `stop` gives the terminal back, however training ended. */
export interface Progress {
  readonly step: (report: StepReport) => void;
  readonly epoch: (report: EpochReport) => void;
  readonly stop: () => void;
}

/** Columns of the bar itself, at most; and at least, before something beside it is left out. */
const WIDEST_BAR = 24;
const NARROWEST_BAR = 6;
/** Columns of a stream that does not say how many it has. */
const USUAL_COLUMNS = 80;

/** What stands beside the bar. */
export interface BarTexts {
  readonly epoch: string;
  readonly loss: string;
  readonly accuracy: string;
  readonly left: string;
}

/** The bar with its texts in fewer than `columns` columns, however few there are. `part` is what is done, 0 to 1. */
export function barLine(columns: number, part: number, { epoch, loss, accuracy, left }: BarTexts): string {
  const room = columns - 1;
  const done = `${Math.floor(part * 100)} %`;
  for (const texts of [[loss, accuracy, left], [loss, left], [left], []]) {
    const beside = texts.map((text) => `  ${text}`).join('');
    const width = Math.min(WIDEST_BAR, room - `${epoch}  [] ${done}${beside}`.length);
    if (width < NARROWEST_BAR) continue;
    const filled = Math.round(part * width);
    return `${epoch}  [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done}${beside}`;
  }
  return `${epoch}  ${done}`.slice(0, Math.max(room, 0));
}

/** Progress over `epochs` epochs. */
export async function showProgress({ say, progress: stream }: Terminal, epochs: number): Promise<Progress> {
  // Loaded where it is needed: most commands, and training without a terminal, do without.
  const bars = stream.isTTY === true ? await import('cli-progress') : undefined;
  let bar: SingleBar | undefined;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  const name = (epoch: number): string => `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`;
  return {
    step: ({ epoch, step, steps, loss, accuracy, secondsLeft }) => {
      if (bars === undefined) return;
      const payload: BarTexts = {
        epoch: name(epoch),
        loss: `loss ${lossText(loss)}`,
        accuracy: `accuracy ${percent(accuracy)}`,
        left: `${duration(secondsLeft)} left`,
      };
      if (bar === undefined) {
        bar = new bars.SingleBar(barOptions(stream));
        bar.start(steps, step, payload);
      } else {
        bar.update(step, payload);
      }
    },
    epoch: ({ epoch, trainLoss, trainAccuracy, valLoss, valAccuracy, seconds, best }) => {
      stop();
      // Both are there because a validation set is given.
      const validation = `validation loss ${lossText(valLoss!)}  accuracy ${padded(valAccuracy!)}`;
      say(
        `${name(epoch)}  train loss ${lossText(trainLoss)}  accuracy ${padded(trainAccuracy)}` +
          `  ${validation}  ${duration(seconds)}${best ? '  best' : ''}`,
      );
    },
    stop,
  };
}

function barOptions(stream: Terminal['progress']): Options {
  return {
    stream,
    format: (_, { progress }, texts: BarTexts) => barLine(stream.columns ?? USUAL_COLUMNS, progress, texts),
    fps: 8,
    hideCursor: true,
    clearOnComplete: true,
    // The handler of Ctrl-C ends training, and that stops the bar.
    gracefulExit: false,
  };
}

/** `0.1234`; of what has gone astray the size, on few columns. */
function lossText(loss: number): string {
  return loss < 1e5 ? loss.toFixed(4) : loss.toExponential(2);
}

function padded(accuracy: number): string {
  return percent(accuracy).padStart('100.00 %'.length);
}
