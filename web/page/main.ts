/** The page: connects what the visitor does to the worker, and what the worker says to what is shown. */
import type { DeviceChoice, Report, Request } from '../protocol.ts';
import { byId } from './elements.ts';
import { FailureView } from './failure-view.ts';
import { showKernels } from './kernels.ts';
import { changeBy } from './reports.ts';
import { SettingsForm } from './settings-form.ts';
import { isBusy, type State, Store } from './state.ts';
import { TrainingView } from './training-view.ts';
import { TryIt } from './try-it.ts';

const worker = new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module' });
const ask = (request: Request): void => worker.postMessage(request);

const store = new Store(show);
const settings = new SettingsForm(store);
const training = new TrainingView();
const tryIt = new TryIt(ask);
const failure = new FailureView(store);
const train = byId('train', HTMLButtonElement);
const device = byId('device', HTMLSelectElement);
const kernels = byId('kernels', HTMLDetailsElement);

function show(state: State): void {
  settings.show(state);
  training.show(state);
  tryIt.show(state);
  failure.show(state);
}

worker.addEventListener('message', ({ data: report }: MessageEvent<Report>) => {
  store.change(changeBy(report, store.state));
  if (report.kind === 'classified') tryIt.answered(report);
  if (report.kind === 'failed') tryIt.settle();
  if (report.kind === 'kernels') showKernels(report);
  if (report.kind === 'device' || report.kind === 'model') listKernels();
});
worker.addEventListener('error', (event) => {
  const message = event.message || 'The script of the worker could not be loaded.';
  const cure = 'Reload the page.';
  store.change({ failure: { during: 'The worker', name: 'Error', message, cure }, awaiting: undefined });
});

train.addEventListener('click', () => {
  store.change({ failure: undefined, failedTraining: false });
  if (store.state.phase === 'training') ask({ kind: 'pause' });
  else if (store.state.phase === 'paused') ask({ kind: 'resume' });
  else start();
});
byId('reset', HTMLButtonElement).addEventListener('click', () => ask({ kind: 'reset' }));
device.addEventListener('change', () => {
  store.change({ failure: undefined, deviceAsked: true });
  ask({ kind: 'device', choice: device.value as DeviceChoice });
});
kernels.addEventListener('toggle', listKernels);
addEventListener('resize', () => store.change({}));
addEventListener('beforeunload', (event) => {
  if (isBusy(store.state)) event.preventDefault();
});

ask({ kind: 'device', choice: 'wasm' });

function start(): void {
  const read = settings.read();
  if (read !== undefined) ask({ kind: 'start', settings: read });
}

function listKernels(): void {
  if (kernels.open) ask({ kind: 'kernels' });
}
