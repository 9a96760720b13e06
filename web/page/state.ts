/** All that the page knows, in one place; whatever shows it is drawn from one moment of it, once a frame at most. */
import type { DeviceInfo, ModelName } from '../../src/index.ts';
import { defaultSettings, type NumericSetting } from '../defaults.ts';
import type {
  DataChoice,
  DeviceChoice,
  Failure,
  ModelFacts,
  Phase,
  Progress,
  Sample,
  Settings,
  Tested,
} from '../protocol.ts';
import type { KeptModel } from './kept-model.ts';
import type { OwnClass } from './own-pictures.ts';

/** A value at some point of the training. */
export interface Point {
  readonly epoch: number;
  readonly value: number;
}

/** One quantity over the epochs. */
export interface History {
  readonly loss: readonly Point[];
  readonly accuracy: readonly Point[];
}

/** Answers of a kind: images of a class, and what they were taken for. */
export interface Cell {
  readonly actual: number;
  readonly predicted: number;
}

/** A class as it was before something of it was removed, or all of it. */
export interface Removed {
  readonly words: string;
  readonly before: readonly OwnClass[];
}

/** What is typed into the fields, right or wrong. */
export type SettingTexts = Readonly<Record<NumericSetting, string>> & { readonly model: ModelName };

export interface State {
  /** How many digits there are, once they are loaded. */
  readonly digits: { readonly train: number; readonly test: number } | undefined;
  /** The names of the models there are. */
  readonly models: readonly ModelName[];
  /** What goes on that takes its time. */
  readonly awaiting: string | undefined;
  readonly device: DeviceChoice;
  /** A device has been asked for and has not answered. */
  readonly deviceAsked: boolean;
  readonly deviceInfo: DeviceInfo | undefined;
  readonly phase: Phase;
  /** What the next training will learn. */
  readonly data: DataChoice;
  readonly texts: Readonly<Record<DataChoice, SettingTexts>>;
  readonly model: ModelFacts | undefined;
  readonly progress: Progress | undefined;
  readonly tested: Tested | undefined;
  readonly training: History;
  readonly testing: History;
  readonly samples: readonly Sample[];
  /** The model as a file, of the last test. */
  readonly weights: Uint8Array<ArrayBuffer> | undefined;
  /** The kind of answer whose pictures are wanted, and the pictures. */
  readonly cell: Cell | undefined;
  readonly examples: readonly Sample[] | undefined;
  /** Classes of one's own. */
  readonly classes: readonly OwnClass[];
  /** The last thing that was removed from them, to be put back. */
  readonly removed: Removed | undefined;
  /** What is to be said about them: of a picture that cannot be read, of the camera. */
  readonly trouble: string | undefined;
  readonly camera: 'off' | 'asked' | 'own' | 'try';
  /** Under which name the model of this moment is kept. */
  readonly keptId: string | undefined;
  /** The kept model that is being opened. */
  readonly openingId: string | undefined;
  readonly kept: readonly KeptModel[];
  /** Whether the last kept model is offered: until something else is chosen. */
  readonly offered: boolean;
  /** Why nothing can be kept. */
  readonly keepsNothing: string | undefined;
  readonly otherTabs: number;
  readonly failure: Failure | undefined;
  /** The training was ended by the failure. */
  readonly failedTraining: boolean;
}

const noHistory: History = { loss: [], accuracy: [] };

/** What is over when another model comes. */
export const nothingLearned = {
  progress: undefined,
  tested: undefined,
  training: noHistory,
  testing: noHistory,
  failedTraining: false,
  weights: undefined,
  cell: undefined,
  examples: undefined,
} as const;

const texts = (settings: Settings): SettingTexts => ({
  model: settings.model,
  epochs: `${settings.epochs}`,
  learningRate: `${settings.learningRate}`,
  batchSize: `${settings.batchSize}`,
  hidden: `${settings.hidden ?? ''}`,
  dropout: `${settings.dropout ?? ''}`,
  size: `${settings.size}`,
});

const initial: State = {
  ...nothingLearned,
  digits: undefined,
  models: [],
  awaiting: 'Loading the digits',
  device: 'wasm',
  deviceAsked: true,
  deviceInfo: undefined,
  phase: 'idle',
  data: 'digits',
  texts: { digits: texts(defaultSettings.digits), own: texts(defaultSettings.own) },
  model: undefined,
  samples: [],
  classes: [],
  removed: undefined,
  trouble: undefined,
  camera: 'off',
  keptId: undefined,
  openingId: undefined,
  kept: [],
  offered: true,
  keepsNothing: undefined,
  otherTabs: 0,
  failure: undefined,
};

export class Store {
  readonly #render: (state: State) => void;
  #state = initial;
  #frame: number | undefined;

  /** @param render draws everything; called at the next frame after a change, or many */
  constructor(render: (state: State) => void) {
    this.#render = render;
    this.#drawSoon();
  }

  get state(): State {
    return this.#state;
  }

  change(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    this.#drawSoon();
  }

  #drawSoon(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#render(this.#state);
    });
  }
}

/** Whether the model has learned anything. */
export function isTrained({ model, progress, phase }: State): boolean {
  return progress !== undefined || (model !== undefined && model.training === undefined) || phase === 'done';
}

/** Whether what is trained, or what it is trained with, must stay as it is for now. */
export function isBusy({ phase }: State): boolean {
  return phase === 'training' || phase === 'paused';
}
