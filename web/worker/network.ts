/** A network with all that it takes to read pictures: their size, their brightness, and the names of the classes. */
import {
  applyNormalization,
  argMax,
  batchIndices,
  compile,
  confusionMatrix,
  createModel,
  gatherBatch,
  type ImageDataset,
  imageCount,
  type Module,
  type Normalization,
  seed,
  softmax,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import type { ModelFacts, Settings, Tested } from '../protocol.ts';
import type { LearningData } from './pictures.ts';

/** Every model starts from the same weights. */
const randomSeed = 0;
/** Images tested at a time. */
const testBatch = 250;

/** How a network does on a data set, and what it took each image for. */
export interface Test {
  readonly figures: Omit<Tested, 'epoch'>;
  /** `[N]` */
  readonly predictions: Int32Array;
}

export class Network {
  readonly model: Module;
  readonly classNames: readonly string[];
  readonly inputShape: readonly [number, number, number];
  readonly normalization: Normalization | undefined;
  readonly #test = compile((images: Tensor, labels: Tensor) => {
    const scores = this.model.eval().call(images);
    return [softmaxCrossEntropy(scores, labels), argMax(scores)] as const;
  });
  readonly #classify = compile((images: Tensor) => this.read(images));

  constructor(
    model: Module,
    classNames: readonly string[],
    inputShape: readonly [number, number, number],
    normalization: Normalization | undefined,
  ) {
    this.model = model;
    this.classNames = classNames;
    this.inputShape = inputShape;
    this.normalization = normalization;
  }

  /** With new weights. */
  static forData({ train, normalization }: LearningData, { model }: Settings): Network {
    const [, ...inputShape] = train.shape;
    const { classNames } = train;
    seed(randomSeed);
    return new Network(
      createModel(model, { inputShape, classes: classNames.length }),
      classNames,
      inputShape,
      normalization,
    );
  }

  get facts(): Omit<ModelFacts, 'training'> {
    const { model, classNames, inputShape, normalization } = this;
    const mean = normalization?.mean;
    const brightness = mean && mean.reduce((sum, value) => sum + value, 0) / mean.length;
    return { classNames, inputShape, parameters: model.parameterCount(), brightness };
  }

  /** The probabilities of the classes, of normalized images. */
  read(images: Tensor): Tensor {
    return softmax(this.model.eval().call(images));
  }

  /** The probability of each class for one image in [0, 1]. */
  async classify(pixels: Float32Array): Promise<Float32Array> {
    const image = pixels.slice();
    if (this.normalization) applyNormalization(image, this.normalization);
    const probabilities = await this.#classify(tensor(image, { shape: [1, ...this.inputShape] }));
    return Float32Array.from(await probabilities.data());
  }

  /** Nothing is chosen by what comes out: it only measures. */
  async test(dataset: ImageDataset): Promise<Test> {
    const count = imageCount(dataset);
    const predictions = new Int32Array(count);
    let [total, done] = [0, 0];
    for (const indices of batchIndices(count, testBatch)) {
      const { images, labels } = gatherBatch(dataset, indices, this.normalization);
      const shape = [indices.length, ...this.inputShape];
      const [loss, predicted] = await this.#test(tensor(images, { shape }), tensor(labels));
      predictions.set(Int32Array.from(await predicted.data()), done);
      total += (await loss.item()) * indices.length;
      done += indices.length;
    }
    const confusion = confusionMatrix(predictions, dataset.labels, this.classNames.length);
    const correct = predictions.filter((prediction, index) => prediction === dataset.labels[index]).length;
    return { figures: { loss: total / count, accuracy: correct / count, count, confusion }, predictions };
  }
}
