/** What the page and its worker tell each other. */
import type { DeviceInfo } from '../src/index.ts';

/** What the list of devices offers: a device, for the GPU with the way to it, or the choice left to weft. */
export type DeviceChoice = 'wasm' | 'cpu' | 'auto' | 'gpu' | 'gpu:webgpu' | 'gpu:webgl2';

/** Where the training stands. */
export type Phase = 'idle' | 'training' | 'paused' | 'done';

/** What the page asks for. */
export type Request =
  | { readonly kind: 'device'; readonly choice: DeviceChoice }
  /** Starts, or goes on after a pause; `epochs` counts for a start. */
  | { readonly kind: 'train'; readonly epochs: number }
  | { readonly kind: 'pause' }
  /** Back to new weights. */
  | { readonly kind: 'reset' }
  /** `drawn` ones are moved and scaled as the training images were; pixels are in [0, 1]. */
  | { readonly kind: 'classify'; readonly pixels: Float32Array; readonly drawn: boolean }
  /** Some test images, one of each class. */
  | { readonly kind: 'samples' }
  /** The kernels of a training step. */
  | { readonly kind: 'kernels' };

/** What the worker has to say. */
export type Report =
  | { readonly kind: 'ready'; readonly images: number; readonly parameters: number }
  | { readonly kind: 'device'; readonly choice: DeviceChoice; readonly info: DeviceInfo }
  | { readonly kind: 'phase'; readonly phase: Phase }
  /** A fresh model: what was shown of the one before is over. */
  | { readonly kind: 'fresh' }
  | ({ readonly kind: 'progress'; readonly info: DeviceInfo } & Progress)
  | ({ readonly kind: 'tested' } & Tested)
  | { readonly kind: 'classified'; readonly probabilities: Float32Array; readonly seen: Float32Array }
  | { readonly kind: 'samples'; readonly samples: readonly Sample[] }
  | ({ readonly kind: 'kernels' } & Kernels)
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Means over the steps since the last report. */
export interface Progress {
  /** Epochs made, with the part of the one that runs. */
  readonly epoch: number;
  readonly epochs: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly imagesPerSecond: number;
}

/** How the model does on the test images. */
export interface Tested {
  readonly epoch: number;
  readonly epochs: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** A test image. */
export interface Sample {
  /** `[20, 20]`, in [0, 1]. */
  readonly pixels: Float32Array;
  readonly label: number;
}

/** What a training step turns into on the device that computes. */
export interface Kernels {
  readonly device: string;
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
