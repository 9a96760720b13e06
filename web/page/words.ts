/** The sentences of the page, made from its state: they say what the figures and the curves show at that moment. */
import type { DeviceInfo } from '../../src/index.ts';
import type { ModelFacts, Tested } from '../protocol.ts';
import { percent } from './elements.ts';
import { missingOf } from './own-pictures.ts';
import { settingsInWords } from './settings.ts';
import { isBusy, isTrained, type State } from './state.ts';

const whole = new Intl.NumberFormat('en');

/** How the training is going. */
export function statusInWords(state: State): string {
  const { digits, data, classes, phase, model, progress, tested, failedTraining } = state;
  if (digits === undefined) return '';
  const epochs = model?.training?.settings.epochs;
  const result = tested && `${percent(tested.accuracy)} of ${countOf(model, tested)} are recognized`;
  switch (phase) {
    case 'idle': {
      const missing = data === 'own' ? missingOf(classes) : undefined;
      return `Nothing is learned yet. ${missing ?? 'Ready.'}`;
    }
    case 'training':
      if (result) return `Epoch ${place(tested.epoch)} of ${epochs} done: ${result}.`;
      return progress ? 'Training the first epoch…' : '';
    case 'paused': {
      const how = failedTraining ? 'Stopped by an error' : 'Paused';
      return result
        ? `${how}. After epoch ${place(tested.epoch)} of ${epochs}, ${result}.`
        : `${how} in the first epoch.`;
    }
    case 'done': {
      if (model?.training === undefined) {
        return `Opened “${model?.name}”. ${result ? capital(result) : 'There is nothing here to test it with'}.`;
      }
      const early = tested !== undefined && tested.epoch < model.training.settings.epochs;
      if (early) return `Kept after epoch ${place(tested.epoch)} of ${epochs}: ${result}.`;
      return result ? `Done. ${capital(result)}.` : 'Done.';
    }
  }
}

/** What the model is, and what it was trained with. */
export function modelInWords(state: State): string {
  const { model } = state;
  if (model === undefined) return '';
  const { parameters, inputShape, classNames, training } = model;
  const [height, width, channels] = inputShape;
  const kind = channels === 1 ? 'gray' : 'color';
  const size = `${whole.format(parameters)} parameters, ${classNames.length} classes, ${kind} pictures of ${height}×${width}`;
  if (training === undefined || (!isTrained(state) && !isBusy(state))) return `The model: ${size}.`;
  const { settings, train, test } = training;
  const images = `${whole.format(train)} images to train on, ${whole.format(test)} to test`;
  return `Trained with ${settingsInWords(settings)}, ${images}. The model: ${size}.`;
}

export function deviceInWords({ name, description, threads, adapter }: DeviceInfo): string {
  const plural = threads === 1 ? 'one thread' : `${threads} threads`;
  const where = adapter === undefined && name !== 'gpu' ? `, ${plural}` : '';
  return `Computing on ${name}: ${description}${where}.`;
}

function countOf(model: ModelFacts | undefined, { count }: Tested): string {
  return `${whole.format(count)} test ${model?.training?.data === 'own' ? 'pictures' : 'digits'}`;
}

/** Epochs, to a tenth. */
function place(epoch: number): string {
  return `${Number(epoch.toFixed(1))}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
