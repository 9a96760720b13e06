/** The training panel and the curves: figures, charts, and the progress in words, all of the same moment. */
import { Announcer } from './announcer.ts';
import { Curves } from './curves.ts';
import { byId, percent, setText } from './elements.ts';
import { isBusy, type State } from './state.ts';
import { deviceInWords, modelInWords, statusInWords } from './words.ts';

const count = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

const actions: Readonly<Record<State['phase'], string>> = {
  idle: 'Train',
  training: 'Pause',
  paused: 'Resume',
  done: 'Train again',
};

export class TrainingView {
  readonly #loss = new Curves(byId('loss-chart', SVGSVGElement), {
    name: 'Loss by epoch',
    format: (value) => value.toFixed(3),
    tickFormat: (value) => `${Number(value.toFixed(2))}`,
  });
  readonly #accuracy = new Curves(byId('accuracy-chart', SVGSVGElement), {
    name: 'Accuracy by epoch',
    format: percent,
    tickFormat: (value) => `${Math.round(100 * value)}%`,
  });
  readonly #curves = byId('curves', HTMLElement);
  readonly #announcer = new Announcer();
  readonly #train = byId('train', HTMLButtonElement);
  readonly #reset = byId('reset', HTMLButtonElement);
  readonly #progress = byId('progress', HTMLProgressElement);
  readonly #awaiting = byId('awaiting', HTMLSpanElement);
  readonly #texts = {
    status: byId('status', HTMLSpanElement),
    model: byId('model-info', HTMLParagraphElement),
    device: byId('device-info', HTMLParagraphElement),
    loss: byId('loss', HTMLElement),
    accuracy: byId('accuracy', HTMLElement),
    testAccuracy: byId('test-accuracy', HTMLElement),
    speed: byId('speed', HTMLElement),
  };

  show(state: State): void {
    const { progress, tested, model, deviceInfo } = state;
    const texts = this.#texts;
    const status = statusInWords(state);
    setText(texts.status, status);
    this.#announcer.say(status);
    setText(texts.model, modelInWords(state));
    setText(texts.device, deviceInfo ? deviceInWords(deviceInfo) : '');
    setText(texts.loss, progress ? progress.loss.toFixed(3) : '–');
    setText(texts.accuracy, progress ? percent(progress.accuracy) : '–');
    setText(texts.speed, progress ? count.format(progress.imagesPerSecond) : '–');
    setText(texts.testAccuracy, tested ? percent(tested.accuracy) : '–');
    this.#showAwaited(state);
    this.#showButtons(state);
    // Of a model that was opened nobody knows how it was trained.
    this.#curves.classList.toggle('unknown', model !== undefined && model.training === undefined);
    const epochs = epochsOf(state);
    const guess = Math.log(model?.classNames.length ?? 10);
    this.#loss.show({ train: state.training.loss, test: state.testing.loss, epochs, top: 1.05 * guess });
    this.#accuracy.show({ train: state.training.accuracy, test: state.testing.accuracy, epochs, top: 1 });
  }

  /** A bar that moves while nobody knows for how long. */
  #showAwaited(state: State): void {
    const { awaiting, progress, phase } = state;
    setText(this.#awaiting, awaiting === undefined ? '' : `${awaiting}…`);
    this.#awaiting.hidden = awaiting === undefined;
    const unknown = awaiting !== undefined && (progress === undefined || phase !== 'training');
    if (unknown) this.#progress.removeAttribute('value');
    else this.#progress.value = (progress?.epoch ?? 0) / epochsOf(state);
  }

  #showButtons(state: State): void {
    const { phase, digits, data, model } = state;
    // Something else than what the model of this moment has learned.
    const other = phase === 'done' && model?.training?.data !== data;
    setText(this.#train, other ? 'Train' : actions[phase]);
    this.#train.disabled = digits === undefined;
    // A button that is switched off loses the focus, and the keyboard its place.
    if (phase === 'idle' && document.activeElement === this.#reset) this.#train.focus();
    this.#reset.disabled = phase === 'idle';
  }
}

/** Of the training that is shown; before one, of the one that would be. */
function epochsOf(state: State): number {
  const { model, progress, texts, data } = state;
  const shown = isBusy(state) || progress !== undefined ? model?.training?.settings.epochs : undefined;
  const typed = Number(texts[data].epochs);
  return shown ?? (typed >= 1 && Number.isInteger(typed) ? typed : 30);
}
