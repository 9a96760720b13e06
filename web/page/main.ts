/** The page: connects what the visitor does to the worker, and what the worker says to what is shown. */
import type { DeviceChoice, Report, Request } from '../protocol.ts';
import { Camera } from './camera.ts';
import { ConfusionView } from './confusion-view.ts';
import { byId } from './elements.ts';
import { FailureView } from './failure-view.ts';
import { Keeper } from './keeper.ts';
import { showKernels } from './kernels.ts';
import { ModelsView } from './models-view.ts';
import { OwnAlbum } from './own-album.ts';
import { assembled, missingOf, picturesOf } from './own-pictures.ts';
import { OwnView } from './own-view.ts';
import { filesOf } from './read-picture.ts';
import { changeBy } from './reports.ts';
import { SettingsForm } from './settings-form.ts';
import { isBusy, type State, Store } from './state.ts';
import { Storage } from './storage.ts';
import { Tabs } from './tabs.ts';
import { TrainingView } from './training-view.ts';
import { TryIt } from './try-it.ts';

const worker = new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module' });
const ask = (request: Request): void => worker.postMessage(request);

const store = new Store(show);
const storage = new Storage();
const tabs = new Tabs(
  (otherTabs) => store.change({ otherTabs }),
  () => void keeper.list(),
);
const keeper = new Keeper(store, storage, ask, () => tabs.tellKept());
const camera = new Camera();
const album = new OwnAlbum(store, storage, keeper.complain);

const settings = new SettingsForm(store);
const training = new TrainingView();
const tryIt = new TryIt(store, ask, camera);
const views = [
  settings,
  training,
  tryIt,
  new FailureView(store),
  new OwnView(store, album, camera),
  new ConfusionView(store, ask, tryIt.take),
  new ModelsView(store, keeper, (file) => void open(file)),
];
const train = byId('train', HTMLButtonElement);
const device = byId('device', HTMLSelectElement);
const kernels = byId('kernels', HTMLDetailsElement);

function show(state: State): void {
  for (const view of views) view.show(state);
}

worker.addEventListener('message', ({ data: report }: MessageEvent<Report>) => {
  store.change(changeBy(report, store.state));
  if (report.kind === 'weights') void keeper.keep(report.bytes);
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
byId('reset', HTMLButtonElement).addEventListener('click', () => {
  store.change({ failure: undefined });
  if (mayLose()) ask({ kind: 'reset' });
});
device.addEventListener('change', () => {
  store.change({ failure: undefined, deviceAsked: true });
  ask({ kind: 'device', choice: device.value as DeviceChoice });
});
kernels.addEventListener('toggle', listKernels);
addEventListener('resize', () => store.change({}));
addEventListener('beforeunload', (event) => {
  if (isBusy(store.state) || wouldLose()) event.preventDefault();
});
// A file that is dropped beside a place for it would take the place of the page.
addEventListener('dragover', (event) => event.preventDefault());
addEventListener('drop', (event) => {
  event.preventDefault();
  take(filesOf(event.dataTransfer));
});
addEventListener('paste', (event) => take(filesOf(event.clipboardData)));

ask({ kind: 'device', choice: 'wasm' });
void keeper.list();
Promise.all([storage.all('classes'), storage.all('pictures')])
  .then(([names, pictures]) => store.change({ classes: assembled(names, pictures) }))
  .catch(keeper.complain)
  // Not before: what is kept would take the place of what was made meanwhile.
  .finally(() => {
    byId('learn-own', HTMLInputElement).disabled = false;
  });

function start(): void {
  const { data, classes } = store.state;
  const read = settings.read();
  if (read === undefined) return;
  if (data === 'own' && missingOf(classes) !== undefined) {
    byId('own-heading', HTMLHeadingElement).scrollIntoView();
    return;
  }
  if (!mayLose()) return;
  store.change({ offered: false });
  ask({ kind: 'start', settings: read, ...(data === 'own' && { pictures: picturesOf(classes) }) });
}

/** A model, or a picture to try. */
function take(files: readonly File[]): void {
  for (const file of files.slice(0, 1))
    void (file.name.endsWith('.safetensors') ? open(file) : tryIt.read(file));
}

async function open(file: File): Promise<void> {
  if (!mayLose()) return;
  store.change({ failure: undefined, offered: false });
  const name = file.name.replace(/\.safetensors$/, '');
  ask({ kind: 'open', bytes: new Uint8Array(await file.arrayBuffer()), name, training: undefined });
}

/** Whether the model of this moment is nowhere but here. */
function wouldLose(): boolean {
  const { keepsNothing, model, weights } = store.state;
  return keepsNothing !== undefined && model?.training !== undefined && weights !== undefined;
}

function mayLose(): boolean {
  return (
    !wouldLose() || confirm('This browser keeps no models, and this one is not downloaded. Go on without it?')
  );
}

function listKernels(): void {
  if (kernels.open) ask({ kind: 'kernels' });
}
