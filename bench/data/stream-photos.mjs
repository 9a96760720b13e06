/**
 * What it costs to train on a folder of photographs that are read while they are shown: seconds to the first step, memory, and how long
 * steps wait for pictures. A line of JSON.
 *
 *     npm run build && node bench/data/stream-photos.mjs FOLDER [--workers 1] [--steps 300] [--cache FOLDER] [--model conv-lstm] [--size 32]
 *
 * For a first step with cold caches: `sync; echo 3 > /proc/sys/vm/drop_caches` before.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const started = performance.now();
/** Of all threads: on a machine that does other things as well, the clock says little. */
const processorSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    workers: { type: 'string', default: '1' },
    steps: { type: 'string', default: '300' },
    cache: { type: 'string' },
    model: { type: 'string', default: 'conv-lstm' },
    size: { type: 'string', default: '32' },
    weft: { type: 'string', default: '../../dist/src/index.js' },
  },
});
const { Adam, channelStatistics, createModel, fit, memory, openDataset, samplePictures, setDevice } =
  await import(options.weft);
await setDevice('auto');
const size = [Number(options.size), Number(options.size)];
const { train, notes } = openDataset(positionals[0], { size, cache: options.cache });
console.error(notes.join('\n'));
const opened = performance.now();
const openedProcessor = processorSeconds();
const normalization = channelStatistics(samplePictures(train));
const sampled = performance.now();
const sampledProcessor = processorSeconds();
const [, ...inputShape] = train.shape;
const model = createModel(options.model, { inputShape, classes: train.classNames.length });
const optimizer = new Adam(model.parameters(), { learningRate: 1e-3 });

const steps = Number(options.steps);
/** `fit` looks at its signal when a batch has come: from the end of the step before until then a step waits for pictures. */
let [waited, stepEnd, enough] = [0, 0, false];
const signal = {
  get aborted() {
    if (stepEnd > 0) waited += performance.now() - stepEnd;
    stepEnd = 0;
    return enough;
  },
};
let [first, firstProcessor, done, accuracy] = [0, 0, 0, 0];
await fit(model, train, {
  epochs: 1,
  batchSize: 64,
  optimizer,
  normalization,
  augmentation: { shift: 2, flip: true },
  workers: Number(options.workers),
  signal,
  onStep: (report) => {
    done++;
    if (done === 1) [first, firstProcessor] = [performance.now(), processorSeconds()];
    accuracy = report.accuracy;
    enough = done === steps;
    stepEnd = performance.now();
  },
});
const ended = performance.now();
const status = readFileSync('/proc/self/status', 'utf8');
const megabytes = (name) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1024);
console.log(
  JSON.stringify({
    pictures: train.shape[0],
    workers: Number(options.workers),
    secondsToOpen: (opened - started) / 1000,
    secondsToSample: (sampled - opened) / 1000,
    secondsToFirstStep: first / 1000,
    processor: {
      open: openedProcessor,
      sample: sampledProcessor - openedProcessor,
      toFirstStep: firstProcessor,
      aStep: (processorSeconds() - firstProcessor) / (done - 1),
    },
    secondsAStep: (ended - first) / 1000 / (done - 1),
    shareOfWaiting: waited / (ended - first),
    megabytesAtMost: megabytes('VmHWM'),
    megabytesAtEnd: megabytes('VmRSS'),
    heap: memory(),
    accuracy,
  }),
);
