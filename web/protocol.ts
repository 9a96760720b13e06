/** What the page and its worker tell each other. */
import type { DeviceInfo, ModelName } from '../src/index.ts';

/** What the list of devices offers: a device, for the GPU with the way to it, or the choice left to weft. */
export type DeviceChoice = 'wasm' | 'cpu' | 'auto' | 'gpu' | 'gpu:webgpu' | 'gpu:webgl2';

/** What can be learned: the digits that come with weft, or pictures of one's own. */
export type DataChoice = 'digits' | 'own';

/** Where the training stands. `done`: the model is as it will be, trained to the end or opened. */
export type Phase = 'idle' | 'training' | 'paused' | 'done';

/** The knobs of a training. */
export interface Settings {
  readonly model: ModelName;
  readonly epochs: number;
  readonly learningRate: number;
  readonly batchSize: number;
  /** Of the layer before the last; undefined for as many as the model has. */
  readonly hidden: number | undefined;
  /** Share of them that is dropped in training; undefined for as much as the model has. */
  readonly dropout: number | undefined;
  /** Height and width of the pictures; digits have their own. */
  readonly size: number;
}

/** Pictures of one's own, in color, as bytes. */
export interface Pictures {
  readonly classNames: readonly string[];
  /** Height and width of each, before they are brought to the size that is trained with. */
  readonly side: number;
  /** `[N, side, side, 3]` */
  readonly pixels: Uint8Array;
  /** `[N]` */
  readonly labels: Int32Array;
  /** `[N]`: 1 for those that are held out to test with. */
  readonly heldOut: Uint8Array;
}

/** What the page asks for. */
export type Request =
  | { readonly kind: 'device'; readonly choice: DeviceChoice }
  /** From new weights. Without pictures: the digits. */
  | { readonly kind: 'start'; readonly settings: Settings; readonly pictures?: Pictures }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  /** The bytes of a saved model, to be used as it is. `training`: what it was trained with, where the page has kept that. */
  | {
      readonly kind: 'open';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly name: string;
      readonly training: TrainingFacts | undefined;
    }
  /** Back to an untrained model for digits. */
  | { readonly kind: 'reset' }
  /** `[H, W, C]` of the model's input, in [0, 1]. `drawn` ones are moved and scaled as the training images of digits were. */
  | { readonly kind: 'classify'; readonly pixels: Float32Array; readonly drawn: boolean }
  /** Some test images, one of each class. */
  | { readonly kind: 'samples' }
  /** Test images of one class that were taken for another, or for itself. */
  | { readonly kind: 'examples'; readonly actual: number; readonly predicted: number }
  /** The kernels of a training step. */
  | { readonly kind: 'kernels' };

/** What the worker has to say. */
export type Report =
  /** The digits are there. */
  | {
      readonly kind: 'ready';
      readonly train: number;
      readonly test: number;
      readonly models: readonly ModelName[];
    }
  | { readonly kind: 'device'; readonly choice: DeviceChoice; readonly info: DeviceInfo }
  /** What goes on that takes its time; undefined when it is over. */
  | { readonly kind: 'awaiting'; readonly what: string | undefined }
  | { readonly kind: 'phase'; readonly phase: Phase }
  /** Another model: what was shown of the one before is over. */
  | ({ readonly kind: 'model' } & ModelFacts)
  | ({ readonly kind: 'progress'; readonly info: DeviceInfo } & Progress)
  | ({ readonly kind: 'tested' } & Tested)
  /** The model as a file, of the moment of the last test. */
  | { readonly kind: 'weights'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'classified'; readonly probabilities: Float32Array; readonly seen: Float32Array }
  | { readonly kind: 'samples'; readonly samples: readonly Sample[] }
  | {
      readonly kind: 'examples';
      readonly actual: number;
      readonly predicted: number;
      readonly samples: readonly Sample[];
    }
  | ({ readonly kind: 'kernels' } & Kernels)
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What there is to know of a model. */
export interface ModelFacts {
  /** What to call it. */
  readonly name: string;
  readonly classNames: readonly string[];
  /** `[H, W, C]` */
  readonly inputShape: readonly [number, number, number];
  /** Numbers that are trained. */
  readonly parameters: number;
  /** Mean brightness of what it was trained on, in [0, 1]; undefined where nobody knows. */
  readonly brightness: number | undefined;
  /** What it is trained with; undefined for one that was opened, of which nobody knows. */
  readonly training: TrainingFacts | undefined;
}

/** What a model is trained with. */
export interface TrainingFacts {
  readonly settings: Settings;
  readonly data: DataChoice;
  /** Images. */
  readonly train: number;
  readonly test: number;
}

/** Means over the steps since the last report. */
export interface Progress {
  /** Epochs made, with the part of the one that runs. */
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly imagesPerSecond: number;
}

/** How the model does on the test images. */
export interface Tested {
  /** Epochs made, with the part of the one that ran; 0 for a model that was opened. */
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly count: number;
  /** `[classes, classes]`: how often each was taken for each, the row being the truth. */
  readonly confusion: Int32Array;
}

/** A test image. */
export interface Sample {
  /** `[H, W, C]`, in [0, 1]. */
  readonly pixels: Float32Array;
  readonly label: number;
}

/** What a training step turns into on the device that computes. */
export interface Kernels {
  readonly device: string;
  /** What is listed: the step of a training, or a reading alone. */
  readonly of: string;
  /** The plan, as `explain` prints it. */
  readonly table: string;
  /** The functions that run for each kernel: on the GPU only. */
  readonly sources: readonly { readonly kernel: string; readonly label: string; readonly text: string }[];
}

/** An error, as text. */
export interface Failure {
  /** What was going on. */
  readonly during: string;
  /** The class of the error. */
  readonly name: string;
  readonly message: string;
  /** What to do about it. */
  readonly cure: string;
}
