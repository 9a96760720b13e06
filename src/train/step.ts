/** One training step: forward, gradients and update as one compiled plan that is refused when it is not finite. */

import type { ImageBatch } from '../data/batches.ts';
import type { ImageDataset } from '../data/dataset.ts';
import { NonFiniteError } from '../errors.ts';
import { inMode } from '../nn/mode.ts';
import type { Module } from '../nn/module.ts';
import { sum } from '../ops/broadcast.ts';
import { cast, equal, sqrt } from '../ops/elementwise.ts';
import { stack } from '../ops/movement.ts';
import { argMax } from '../ops/reduce.ts';
import { squaredNorm } from '../optim/clip.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { fill, fromData } from '../tensor/leaves.ts';
import { keepingRandom, randomState, setRandomState } from '../tensor/random.ts';
import { withoutRecording } from '../tensor/recorder.ts';
import { compile } from '../tensor/runtime.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { describeFinding, findNonFinite, likelyCause, type NonFiniteFinding } from './diagnose.ts';
import { NonFiniteStepError } from './errors.ts';
import { type Loss, lossOf, requireScores } from './evaluate.ts';
import { onTrial, requireListed } from './trial.ts';

/** What a step tells. */
export interface StepResult {
  readonly loss: number;
  /** Images whose class was right, before the update. */
  readonly correct: number;
}

/** Where a step stands, for messages. Both count from 1. */
export interface StepPosition {
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
}

/** Makes steps of a model on batches of a data set. */
export class TrainingStep {
  readonly #model: Module;
  readonly #optimizer: Optimizer;
  readonly #loss: Loss;
  readonly #dataset: ImageDataset;
  readonly #run: (images: Tensor, labels: Tensor) => Promise<Tensor[]>;

  constructor(model: Module, optimizer: Optimizer, loss: Loss, dataset: ImageDataset) {
    this.#model = model;
    this.#optimizer = optimizer;
    this.#loss = loss;
    this.#dataset = dataset;
    this.#run = compile(
      (images: Tensor, labels: Tensor): Tensor[] => {
        const { scores, loss: value, gradientNorm } = this.#build(images, labels);
        const correct = sum(cast(equal(argMax(scores), labels), 'int32'));
        void optimizer.step();
        // The first result guards the step: a loss can be finite and its gradient not.
        return [stack([value, gradientNorm]), correct];
      },
      { requireFinite: true },
    );
  }

  /** Builds a step for so many images without making it: what the model refuses comes out before anything is changed. */
  rehearse(images: number): void {
    const [, ...imageShape] = this.#dataset.shape;
    onTrial(() => this.#build(fill(0, [images, ...imageShape]), fill(0, [images], 'int32')));
  }

  /**
   * Changes the model by one batch.
   *
   * @param indices where the images of the batch stand in the data set, for messages
   * @throws NonFiniteStepError when the loss or a gradient is NaN or infinite; nothing is changed then
   */
  async run(batch: ImageBatch, indices: Int32Array, position: StepPosition): Promise<StepResult> {
    const { images, labels } = this.#tensors(batch);
    const random = randomState();
    try {
      const [guarded, correct] = await this.#run(images, labels);
      return { loss: (await guarded.data())[0], correct: await correct.item() };
    } catch (error) {
      if (!(error instanceof NonFiniteError)) throw error;
      setRandomState(random);
      throw await this.#diagnose(batch, indices, position, error);
    }
  }

  #tensors({ images, labels }: ImageBatch): { images: Tensor; labels: Tensor } {
    const count = labels.length;
    const [, ...imageShape] = this.#dataset.shape;
    return {
      images: fromData(images, [count, ...imageShape], 'float32'),
      labels: fromData(labels, [count], 'int32'),
    };
  }

  /** Forward and gradients, in training mode. */
  #build(images: Tensor, labels: Tensor): { scores: Tensor; loss: Tensor; gradientNorm: Tensor } {
    return inMode(this.#model, 'train', () => {
      this.#optimizer.zeroGradients();
      const scores = this.#model.call(images);
      requireScores(scores.shape, labels.size, this.#dataset.classNames.length, this.#dataset.name);
      requireListed(this.#model, [scores], this.#optimizer.parameters);
      const loss = lossOf(this.#loss, scores, labels);
      loss.backward();
      const gradients = this.#optimizer.parameters.flatMap(({ grad }) => (grad ? [grad] : []));
      return { scores, loss, gradientNorm: sqrt(squaredNorm(gradients)) };
    });
  }

  /** Computes the refused step once more, uncompiled and with the same random numbers, to see where it goes wrong. */
  async #diagnose(
    batch: ImageBatch,
    indices: Int32Array,
    position: StepPosition,
    cause: NonFiniteError,
  ): Promise<NonFiniteStepError> {
    const { images, labels } = this.#tensors(batch);
    const { loss, gradientNorm } = keepingRandom(() => withoutRecording(() => this.#build(images, labels)));
    const inLoss = await findNonFinite(loss);
    const finding = inLoss ?? (await findNonFinite(gradientNorm));
    const { epoch, step, steps } = position;
    const value = await loss.item();
    const got = Number.isFinite(value) ? `a gradient that is not finite (loss ${value})` : `loss ${value}`;
    return new NonFiniteStepError(
      {
        where: `step ${step} of ${steps} in epoch ${epoch}`,
        got: finding ? `${got}: ${this.#origin(finding, images, indices)}` : got,
        expected: 'a finite loss with finite gradients',
        cure: `Likely cause: ${this.#cause(finding, images)} (learning rate ${this.#optimizer.learningRate}). The step was not made: parameters and optimizer state are as they were before it.`,
      },
      { epoch, step, finding, cause },
    );
  }

  /** The first bad operation, or the picture, in words. */
  #origin(finding: NonFiniteFinding, images: Tensor, indices: Int32Array): string {
    if (!isInput(finding, images)) return `first ${describeFinding(finding)}`;
    return `image ${indices[finding.index[0]]} of ${this.#dataset.name} holds ${finding.value}`;
  }

  #cause(finding: NonFiniteFinding | undefined, images: Tensor): string {
    if (finding === undefined) return 'a learning rate that is too high';
    if (isInput(finding, images)) return 'non-finite pixels in the data set, or its normalization';
    return likelyCause(finding);
  }
}

/** Whether the finding is the batch of images itself. */
function isInput({ operation, shape }: NonFiniteFinding, images: Tensor): boolean {
  return operation === 'input' && shape.join() === images.shape.join();
}
