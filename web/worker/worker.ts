/** The worker: all computing happens here, so that the page stays free. It answers the page's requests. */
import sheetUrl from '../../assets/digits.png';
import { RandomGenerator, subset } from '../../src/index.ts';
import type { Report, Request, Sample } from '../protocol.ts';
import { type Digits, fetchDigits, side } from './digits.ts';
import { failureOf } from './failure.ts';
import { fitDrawing } from './fit-drawing.ts';
import { Trainer } from './trainer.ts';

const report = (message: Report): void => postMessage(message);
/** Draws the test images that are shown. */
const lots = new RandomGenerator(Date.now());
const ready = start();
/** What changes the training is done in the order it was asked for; what only reads, at once. */
let last: Promise<unknown> = ready;

ready.catch((error) => fail(error, 'Loading the digits'));
addEventListener('message', ({ data }: MessageEvent<Request>) => {
  void ready.then((worker) => answer(worker, data)).catch(() => undefined);
});

interface Ready {
  readonly digits: Digits;
  readonly trainer: Trainer;
}

async function start(): Promise<Ready> {
  const digits = await fetchDigits(sheetUrl);
  const trainer = new Trainer(digits, report);
  report({ kind: 'ready', images: digits.train.labels.length, parameters: trainer.session.parameterCount });
  return { digits, trainer };
}

function answer({ digits, trainer }: Ready, request: Request): void {
  switch (request.kind) {
    case 'device':
      inOrder(() => trainer.use(request.choice));
      break;
    case 'train':
      inOrder(() => trainer.train(request.epochs));
      break;
    case 'reset':
      inOrder(() => trainer.reset());
      break;
    case 'pause':
      trainer.pause();
      break;
    case 'samples':
      report({ kind: 'samples', samples: drawSamples(digits) });
      break;
    case 'classify':
      classify(trainer, request).catch((error) => fail(error, 'Classifying'));
      break;
    case 'kernels':
      list(trainer).catch((error) => fail(error, 'Listing the kernels'));
  }
}

function inOrder(work: () => Promise<void>): void {
  last = last.then(work).catch((error) => fail(error, 'The worker'));
}

async function classify(
  trainer: Trainer,
  { pixels, drawn }: { readonly pixels: Float32Array; readonly drawn: boolean },
): Promise<void> {
  const seen = drawn ? fitDrawing(pixels, side) : pixels;
  report({ kind: 'classified', probabilities: await trainer.session.classify(seen), seen });
}

async function list(trainer: Trainer): Promise<void> {
  report({ kind: 'kernels', ...(await trainer.session.kernels()) });
}

/** A test image of each class, in order. */
function drawSamples({ test }: Digits): Sample[] {
  return test.classNames.map((_, label) => {
    const candidates = [...test.labels.keys()].filter((index) => test.labels[index] === label);
    const { images } = subset(test, [candidates[lots.nextUint32() % candidates.length]]);
    return { label, pixels: Float32Array.from(images, (value) => value / 255) };
  });
}

function fail(error: unknown, during: string): void {
  report({ kind: 'failed', failure: failureOf(error, during, 'Reload the page.') });
}
