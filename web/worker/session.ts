/** One model in training: its weights, its optimizer, and how far through the epochs it is. */

import {
  Adam,
  applyNormalization,
  argMax,
  augmentBatch,
  batchIndices,
  cast,
  compile,
  createModel,
  deviceInfo,
  equal,
  explain,
  gatherBatch,
  type ImageDataset,
  imageCount,
  kernelSources,
  oneCycle,
  RandomGenerator,
  seed,
  softmax,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import type { Kernels, Tested } from '../protocol.ts';
import { type Digits, side } from './digits.ts';

/** The settings of `weft train`. */
const batchSize = 32;
const learningRate = 6e-3;
const augmentation = { shift: 1, rotation: 5 } as const;
/** Every run starts from the same weights and sees the images in the same order. */
const randomSeed = 0;
/** Images tested at a time. */
const testBatch = 250;

/** What one step did. */
export interface StepFigures {
  readonly images: number;
  readonly loss: number;
  /** Images whose class was right, before the update. */
  readonly correct: number;
}

/** Sums over images. */
interface Measured {
  readonly loss: number;
  readonly correct: number;
}

export class Session {
  readonly #digits: Digits;
  readonly #model = newModel();
  readonly #optimizer = new Adam(this.#model.parameters(), { learningRate });
  readonly #train = compile((images: Tensor, labels: Tensor) => this.#trainStep(images, labels), {
    requireFinite: true,
  });
  readonly #test = compile((images: Tensor, labels: Tensor) => this.#testBatch(images, labels));
  readonly #classify = compile((images: Tensor) => softmax(this.#model.eval().call(images)));
  #epochs = 0;
  #epoch = 0;
  /** The batches of the epoch that runs, and how many of them are done. */
  #batches: readonly Int32Array[] = [];
  #done = 0;
  #motion = new RandomGenerator(randomSeed);

  constructor(digits: Digits) {
    this.#digits = digits;
  }

  /** Numbers that are trained. */
  get parameterCount(): number {
    return this.#model.parameterCount();
  }

  get epochs(): number {
    return this.#epochs;
  }

  /** Epochs made, with the part of the one that runs. */
  get position(): number {
    return this.#batches.length === 0 ? 0 : this.#epoch + this.#done / this.#batches.length;
  }

  /** Whether an epoch has just ended. */
  get atEpochEnd(): boolean {
    return this.#done > 0 && this.#done === this.#batches.length;
  }

  get finished(): boolean {
    return this.#epochs > 0 && this.position === this.#epochs;
  }

  /** Says how long the training will be, which the learning rate depends on. Only before the first step. */
  begin(epochs: number): void {
    this.#epochs = epochs;
    const steps = Math.ceil(imageCount(this.#digits.train) / batchSize);
    this.#optimizer.learningRate = oneCycle(learningRate, epochs * steps);
    this.#shuffle(0);
  }

  /** Makes one step. One that fails changes no weights, and is made again by the next call, moved about in another way. */
  async step(): Promise<StepFigures> {
    if (this.atEpochEnd) this.#shuffle(this.#epoch + 1);
    const { train, normalization } = this.#digits;
    const indices = this.#batches[this.#done];
    const batch = gatherBatch(train, indices, normalization);
    augmentBatch(batch.images, [indices.length, side, side, 1], augmentation, this.#motion);
    const [loss, correct] = await this.#train(
      tensor(batch.images, { shape: [indices.length, side, side, 1] }),
      tensor(batch.labels),
    );
    this.#done++;
    return { images: indices.length, loss: await loss.item(), correct: await correct.item() };
  }

  /** Loss and accuracy on all test images. Nothing is chosen by them: they only measure. */
  async test(): Promise<Tested> {
    const { test } = this.#digits;
    const count = imageCount(test);
    const total = { loss: 0, correct: 0 };
    for (const indices of batchIndices(count, testBatch)) {
      const { loss, correct } = await this.#measure(test, indices);
      total.loss += loss;
      total.correct += correct;
    }
    const { position: epoch, epochs } = this;
    return { epoch, epochs, loss: total.loss / count, accuracy: total.correct / count };
  }

  /** The probability of each class for one image in [0, 1]. */
  async classify(pixels: Float32Array): Promise<Float32Array> {
    const image = pixels.slice();
    applyNormalization(image, this.#digits.normalization);
    const probabilities = await this.#classify(tensor(image, { shape: [1, side, side, 1] }));
    return Float32Array.from(await probabilities.data());
  }

  /** What a training step turns into on the device that computes. Nothing is run. */
  async kernels(): Promise<Kernels> {
    const step = (images: Tensor, labels: Tensor) => this.#trainStep(images, labels);
    const examples = [zeros([batchSize, side, side, 1]), zeros([batchSize], 'int32')] as const;
    const device = deviceInfo().name;
    const table = await explain(step, ...examples);
    const kernels = device === 'gpu' ? await kernelSources(step, ...examples) : [];
    const sources = kernels.map(({ kernel, label, sources }) => ({
      kernel,
      label,
      text: sources.join('\n\n'),
    }));
    return { device, table, sources };
  }

  // The mode is set while the function is captured, which nothing can interrupt, so captures never take each other's.
  #trainStep(images: Tensor, labels: Tensor): readonly [loss: Tensor, correct: Tensor] {
    const scores = this.#model.train().call(images);
    const loss = softmaxCrossEntropy(scores, labels);
    loss.backward();
    void this.#optimizer.step();
    return [loss, countCorrect(scores, labels)];
  }

  #testBatch(images: Tensor, labels: Tensor): readonly [loss: Tensor, correct: Tensor] {
    const scores = this.#model.eval().call(images);
    return [softmaxCrossEntropy(scores, labels), countCorrect(scores, labels)];
  }

  async #measure(dataset: ImageDataset, indices: Int32Array): Promise<Measured> {
    const { images, labels } = gatherBatch(dataset, indices, this.#digits.normalization);
    const [loss, correct] = await this.#test(
      tensor(images, { shape: [indices.length, side, side, 1] }),
      tensor(labels),
    );
    return { loss: (await loss.item()) * indices.length, correct: await correct.item() };
  }

  #shuffle(epoch: number): void {
    // Streams of their own, as `fit` has them.
    const shuffle = new RandomGenerator(randomSeed, 2 * epoch + 2);
    this.#motion = new RandomGenerator(randomSeed, 2 * epoch + 3);
    this.#batches = [...batchIndices(imageCount(this.#digits.train), batchSize, { shuffle })];
    this.#epoch = epoch;
    this.#done = 0;
  }
}

function newModel() {
  seed(randomSeed);
  return createModel('conv-lstm', { inputShape: [side, side, 1], classes: 10 });
}

function countCorrect(scores: Tensor, labels: Tensor): Tensor {
  return sum(cast(equal(argMax(scores), labels), 'int32'));
}
