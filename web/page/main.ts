/** The page: connects what the visitor does to the worker, and what the worker says to what is shown. */
import type { DeviceChoice, Failure, Phase, Report, Request } from '../protocol.ts';
import { Classifier } from './classifier.ts';
import { byId, setText } from './elements.ts';
import { showKernels } from './kernels.ts';
import { TrainingView } from './training-view.ts';

const worker = new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module' });
const ask = (request: Request): void => worker.postMessage(request);

const view = new TrainingView();
const classifier = new Classifier(ask, () => view.trained);
const device = byId('device', HTMLSelectElement);
const epochs = byId('epochs', HTMLSelectElement);
const train = byId('train', HTMLButtonElement);
const reset = byId('reset', HTMLButtonElement);
const kernels = byId('kernels', HTMLDetailsElement);
const failure = byId('failure', HTMLDivElement);

/** Milliseconds between answers about a picture that stays, while the network learns. */
const askAgainEvery = 500;
let asked = 0;
let phase: Phase = 'idle';

worker.addEventListener('message', ({ data }: MessageEvent<Report>) => show(data));
worker.addEventListener('error', (event) => {
  const message = event.message || 'The script of the worker could not be loaded.';
  fail({ during: 'The worker', name: 'Error', message, cure: 'Reload the page.' });
});

train.addEventListener('click', () => {
  failure.hidden = true;
  if (phase === 'training') {
    ask({ kind: 'pause' });
    return;
  }
  if (phase === 'done') ask({ kind: 'reset' });
  if (phase !== 'paused') view.begin(Number(epochs.value));
  ask({ kind: 'train', epochs: Number(epochs.value) });
});
reset.addEventListener('click', () => ask({ kind: 'reset' }));
device.addEventListener('change', () => {
  failure.hidden = true;
  device.setAttribute('aria-busy', 'true');
  ask({ kind: 'device', choice: device.value as DeviceChoice });
});
epochs.addEventListener('change', () => view.begin(Number(epochs.value)));
kernels.addEventListener('toggle', listKernels);
byId('failure-close', HTMLButtonElement).addEventListener('click', () => {
  failure.hidden = true;
  train.focus();
});

ask({ kind: 'device', choice: device.value as DeviceChoice });
ask({ kind: 'samples' });

function show(report: Report): void {
  switch (report.kind) {
    case 'ready':
      train.disabled = false;
      enter('idle');
      break;
    case 'device':
      device.value = report.choice;
      device.removeAttribute('aria-busy');
      view.showDevice(report.info);
      listKernels();
      break;
    case 'phase':
      enter(report.phase);
      break;
    case 'fresh':
      view.clear();
      break;
    case 'progress':
      view.progress(report);
      view.showDevice(report.info);
      askAgain();
      break;
    case 'tested':
      view.tested(report);
      break;
    case 'samples':
      classifier.showSamples(report.samples);
      break;
    case 'classified':
      classifier.show(report);
      break;
    case 'kernels':
      showKernels(report);
      break;
    case 'failed':
      fail(report.failure);
  }
}

const actions: Readonly<Record<Phase, string>> = {
  idle: 'Train',
  training: 'Pause',
  paused: 'Resume',
  done: 'Train again',
};

function enter(next: Phase): void {
  phase = next;
  setText(train, actions[phase]);
  // A button that is switched off loses the focus, and the keyboard its place.
  if (phase === 'idle' && document.activeElement === reset) train.focus();
  reset.disabled = phase === 'idle';
  epochs.disabled = phase === 'training' || phase === 'paused';
  view.enter(phase);
  classifier.update();
}

function askAgain(): void {
  if (performance.now() - asked < askAgainEvery) return;
  asked = performance.now();
  classifier.update();
}

function listKernels(): void {
  if (kernels.open) ask({ kind: 'kernels' });
}

function fail({ during, name, message, cure }: Failure): void {
  setText(byId('failure-title', HTMLElement), `${during}: ${name}`);
  setText(byId('failure-message', HTMLElement), message);
  setText(byId('failure-cure', HTMLElement), `What to do: ${cure}`);
  failure.hidden = false;
  failure.scrollIntoView({ block: 'nearest' });
  classifier.settle();
}
