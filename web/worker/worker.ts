/** The worker: all computing happens here, so that the page stays free. It answers the page's requests. */
import sheetUrl from '../../assets/digits.png';
import { type ImageDataset, listModels, RandomGenerator } from '../../src/index.ts';
import { defaultSettings } from '../defaults.ts';
import type { Report, Request, Sample } from '../protocol.ts';
import { fetchDigits } from './digits.ts';
import { failureOf } from './failure.ts';
import { fitDrawing } from './fit-drawing.ts';
import { kernelsOf } from './kernels.ts';
import { type LearningData, learningDataOf, samplesOf } from './pictures.ts';
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
  readonly digits: LearningData;
  readonly trainer: Trainer;
}

async function start(): Promise<Ready> {
  const digits = await fetchDigits(sheetUrl);
  const trainer = new Trainer(digits, defaultSettings.digits, report);
  const [train, test] = [digits.train.labels.length, digits.test.labels.length];
  report({
    kind: 'ready',
    train,
    test,
    models: listModels()
      .filter(({ sizes }) => 'hidden' in sizes && 'dropout' in sizes)
      .map(({ name }) => name),
  });
  return { digits, trainer };
}

function answer({ digits, trainer }: Ready, request: Request): void {
  switch (request.kind) {
    case 'device':
      inOrder(() => trainer.use(request.choice));
      break;
    case 'start': {
      const { settings, pictures } = request;
      inOrder(async () =>
        trainer.start(pictures ? learningDataOf(pictures, settings.size) : digits, settings),
      );
      break;
    }
    case 'open':
      open(trainer, request);
      break;
    case 'resume':
      inOrder(() => trainer.resume());
      break;
    case 'reset':
      inOrder(() => trainer.renew(digits, defaultSettings.digits));
      break;
    case 'pause':
      trainer.pause();
      break;
    case 'samples': {
      const { test } = trainer;
      report({ kind: 'samples', samples: test ? drawSamples(test) : [] });
      break;
    }
    case 'examples':
      showExamples(trainer, request).catch((error) => fail(error, 'Looking for pictures'));
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

function open(trainer: Trainer, { bytes, name, training }: Extract<Request, { kind: 'open' }>): void {
  last = last
    .then(() => trainer.open(bytes, name, training))
    .catch((error) => {
      const cure =
        'Open a model that weft has saved for pictures: model.safetensors of a run, or a download from this page.';
      report({ kind: 'failed', failure: failureOf(error, `Opening ${name}`, cure) });
    });
}

async function showExamples(
  trainer: Trainer,
  { actual, predicted }: { readonly actual: number; readonly predicted: number },
): Promise<void> {
  report({ kind: 'examples', actual, predicted, samples: await trainer.examples(actual, predicted) });
}

async function classify(
  { network }: Trainer,
  { pixels, drawn }: { readonly pixels: Float32Array; readonly drawn: boolean },
): Promise<void> {
  const [height, width, channels] = network.inputShape;
  // The page may have asked about another model than the one that is there by now: no probabilities, then.
  const fits = pixels.length === height * width * channels;
  const seen = drawn && fits && height === width ? fitDrawing(pixels, height) : pixels;
  const probabilities = fits ? await network.classify(seen) : new Float32Array();
  report({ kind: 'classified', probabilities, seen });
}

async function list({ network, session }: Trainer): Promise<void> {
  report({ kind: 'kernels', ...(await kernelsOf(network, session)) });
}

/** A test image of each class, in order. */
function drawSamples(test: ImageDataset): Sample[] {
  const chosen = test.classNames.flatMap((_, label) => {
    const candidates = [...test.labels.keys()].filter((index) => test.labels[index] === label);
    return candidates.length === 0 ? [] : [candidates[lots.nextUint32() % candidates.length]];
  });
  return samplesOf(test, chosen);
}

function fail(error: unknown, during: string): void {
  report({ kind: 'failed', failure: failureOf(error, during, 'Reload the page.') });
}
