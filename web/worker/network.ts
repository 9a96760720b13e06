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
  loadModel,
  type Module,
  type Normalization,
  saveModel,
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
  readonly name: string;
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
    name: string,
    model: Module,
    classNames: readonly string[],
    inputShape: readonly [number, number, number],
    normalization: Normalization | undefined,
  ) {
    this.name = name;
    this.model = model;
    this.classNames = classNames;
    this.inputShape = inputShape;
    this.normalization = normalization;
  }

  /** With new weights. */
  static forData(
    { choice, train, normalization }: LearningData,
    { model, hidden, dropout }: Settings,
  ): Network {
    const [, ...inputShape] = train.shape;
    const { classNames } = train;
    seed(randomSeed);
    return new Network(
      `${model} for ${choice === 'digits' ? 'digits' : listed(classNames)}`,
      createModel(model, { inputShape, classes: classNames.length, hidden, dropout }),
      classNames,
      inputShape,
      normalization,
    );
  }

  /** Of a saved model, if it reads pictures. */
  static async open(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Network> {
    const { model, classNames, inputShape, normalization } = await loadModel(bytes);
    if (!isPictureShape(inputShape) || classNames === undefined) {
      throw new Error(
        `The model “${name}” ${classNames ? `takes ${JSON.stringify(inputShape)}, no pictures` : 'tells no classes apart'}.`,
      );
    }
    return new Network(name, model, classNames, inputShape, normalization);
  }

  /** As one file. */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    const { model, name, classNames, inputShape, normalization } = this;
    return saveModel({ model, name, classNames, inputShape, normalization });
  }

  get facts(): Omit<ModelFacts, 'training'> {
    const { name, model, classNames, inputShape, normalization } = this;
    const mean = normalization?.mean;
    const brightness = mean && mean.reduce((sum, value) => sum + value, 0) / mean.length;
    return { name, classNames, inputShape, parameters: model.parameterCount(), brightness };
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

/** `cat, dog, bird and 4 more` */
function listed(names: readonly string[]): string {
  return names.length <= 3
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

function isPictureShape(shape: unknown): shape is readonly [number, number, number] {
  const isPicture = Array.isArray(shape) && shape.length === 3 && shape.every(Number.isInteger);
  return isPicture && [1, 3].includes(shape[2]);
}
