/** The training of one network: its optimizer, and how far through the epochs it is. */
import {
  Adam,
  argMax,
  augmentBatch,
  batchIndices,
  cast,
  compile,
  equal,
  gatherBatch,
  imageCount,
  oneCycle,
  RandomGenerator,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import type { Settings } from '../protocol.ts';
import type { Network } from './network.ts';
import type { LearningData } from './pictures.ts';

const augmentation = { shift: 1, rotation: 5 } as const;
/** Every run sees the images in the same order. */
const randomSeed = 0;

/** What one step did. */
export interface StepFigures {
  readonly images: number;
  readonly loss: number;
  /** Images whose class was right, before the update. */
  readonly correct: number;
}

export class Session {
  readonly network: Network;
  readonly data: LearningData;
  readonly settings: Settings;
  readonly #optimizer: Adam;
  readonly #train = compile((images: Tensor, labels: Tensor) => this.trainStep(images, labels), {
    requireFinite: true,
  });
  #epoch = 0;
  /** The batches of the epoch that runs, and how many of them are done. */
  #batches: readonly Int32Array[] = [];
  #done = 0;
  #motion = new RandomGenerator(randomSeed);

  constructor(network: Network, data: LearningData, settings: Settings) {
    this.network = network;
    this.data = data;
    this.settings = settings;
    const { epochs, batchSize, learningRate } = settings;
    const steps = Math.ceil(imageCount(data.train) / batchSize);
    this.#optimizer = new Adam(network.model.parameters(), {
      learningRate: oneCycle(learningRate, epochs * steps),
    });
    this.#shuffle(0);
  }

  /** Epochs made, with the part of the one that runs. */
  get position(): number {
    return this.#epoch + this.#done / this.#batches.length;
  }

  /** Whether an epoch has just ended. */
  get atEpochEnd(): boolean {
    return this.#done === this.#batches.length;
  }

  get finished(): boolean {
    return this.position === this.settings.epochs;
  }

  /** Makes one step. One that fails changes no weights, and is made again by the next call, moved about in another way. */
  async step(): Promise<StepFigures> {
    if (this.atEpochEnd) this.#shuffle(this.#epoch + 1);
    const { train, normalization } = this.data;
    const indices = this.#batches[this.#done];
    const batch = gatherBatch(train, indices, normalization);
    const [, ...imageShape] = train.shape;
    augmentBatch(batch.images, [indices.length, ...imageShape], augmentation, this.#motion);
    const [loss, correct] = await this.#train(
      tensor(batch.images, { shape: [indices.length, ...imageShape] }),
      tensor(batch.labels),
    );
    this.#done++;
    return { images: indices.length, loss: await loss.item(), correct: await correct.item() };
  }

  // The mode is set while the function is captured, which nothing can interrupt, so captures never take each other's.
  trainStep(images: Tensor, labels: Tensor): readonly [loss: Tensor, correct: Tensor] {
    const scores = this.network.model.train().call(images);
    const loss = softmaxCrossEntropy(scores, labels);
    loss.backward();
    void this.#optimizer.step();
    return [loss, sum(cast(equal(argMax(scores), labels), 'int32'))];
  }

  #shuffle(epoch: number): void {
    // Streams of their own, as `fit` has them.
    const shuffle = new RandomGenerator(randomSeed, 2 * epoch + 2);
    this.#motion = new RandomGenerator(randomSeed, 2 * epoch + 3);
    this.#batches = [...batchIndices(imageCount(this.data.train), this.settings.batchSize, { shuffle })];
    this.#epoch = epoch;
    this.#done = 0;
  }
}
