/** Shows training as it goes: a live bar on a terminal, and everywhere one line per epoch. */
import type { Options, SingleBar } from 'cli-progress';
import type { StepReport } from '../index.ts';
import type { EpochRecord } from './run-record.ts';
import { duration, percent, type Terminal } from './terminal.ts';

/** Shows steps and epochs; `stop` gives the terminal back, however training ended. */
export interface Progress {
  readonly step: (report: StepReport) => void;
  readonly epoch: (record: EpochRecord, isBest: boolean) => void;
  readonly stop: () => void;
}

const barFormat = '{epoch}  [{bar}] {percentage} %  loss {loss}  accuracy {accuracy}  {left} left';

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
      const payload = {
        epoch: name(epoch),
        loss: loss.toFixed(4),
        accuracy: percent(accuracy),
        left: duration(secondsLeft),
      };
      if (bar === undefined) {
        bar = new bars.SingleBar(barOptions(stream));
        bar.start(steps, step, payload);
      } else {
        bar.update(step, payload);
      }
    },
    epoch: (record, isBest) => {
      stop();
      say(
        `${name(record.epoch)}  train loss ${record.trainLoss.toFixed(4)}  accuracy ${padded(record.trainAccuracy)}` +
          `  validation loss ${record.valLoss.toFixed(4)}  accuracy ${padded(record.valAccuracy)}` +
          `  ${duration(record.seconds)}${isBest ? '  best' : ''}`,
      );
    },
    stop,
  };
}

function barOptions(stream: Terminal['progress']): Options {
  return {
    stream,
    format: barFormat,
    barsize: 24,
    barCompleteChar: '#',
    barIncompleteChar: '.',
    fps: 8,
    hideCursor: true,
    clearOnComplete: true,
    // The handler of Ctrl-C ends training, and that stops the bar.
    gracefulExit: false,
  };
}

function padded(accuracy: number): string {
  return percent(accuracy).padStart('100.00 %'.length);
}
