/** What `--combine weights` and `stack` learn from answers to images that no member was trained on. */
import {
  compile,
  eye,
  logSoftmax,
  oneHot,
  Parameter,
  type Tensor,
  tensor,
  tile,
  zeros,
} from '../../index.ts';
import { Adam, cosine } from '../../optim/index.ts';

/** Answers of several models to the same images. */
export interface JointAnswers {
  /** Of each model: `[N, classes]`. */
  readonly probabilities: readonly ArrayLike<number>[];
  /** `[N]` */
  readonly labels: ArrayLike<number>;
  readonly classes: number;
}

/** A probability may be too small for a number; its logarithm has to be one. */
const leastProbability = 1e-37;

/**
 * The weights w, in all 1, of the mixture Σ w p of several models under which the labels are likeliest, by expectation maximization: each
 * image is divided among the models by how much of its probability they give, and a model gets the mean of its parts (Dempster, Laird and
 * Rubin, 1977). Each model counts one image more than it has, so that few images leave none without weight.
 */
export function mixtureWeights({ probabilities, labels, classes }: JointAnswers): number[] {
  const models = probabilities.length;
  const given = probabilities.map((each) =>
    Float64Array.from(labels, (label, image) => Math.max(each[image * classes + label]!, leastProbability)),
  );
  let weights = Array<number>(models).fill(1 / models);
  for (let round = 0; round < mostRounds; round++) {
    const shares = Array<number>(models).fill(1);
    for (let image = 0; image < labels.length; image++) {
      const whole = weights.reduce((sum, weight, model) => sum + weight * given[model]![image]!, 0);
      weights.forEach((weight, model) => {
        shares[model]! += (weight * given[model]![image]!) / whole;
      });
    }
    const next = shares.map((share) => share / (labels.length + models));
    const change = Math.max(...next.map((weight, model) => Math.abs(weight - weights[model]!)));
    weights = next;
    if (change < 1e-9) break;
  }
  return weights;
}

/** Of the expectation maximization; it comes to its end long before. */
const mostRounds = 10_000;

/** The layer of a stacking. */
export interface Stacking {
  /** `[models·classes, classes]` */
  readonly weight: Float32Array;
  /** `[classes]` */
  readonly bias: Float32Array;
  /** How strongly it was held to the mean of the members: of `penalties`. */
  readonly penalty: number;
}

/** λ, the strongest first: under the first nothing is learned. */
const penalties = [Number.POSITIVE_INFINITY, 1, 0.1, 0.01, 0.001] as const;
/** Parts of the cross-validation that chooses among them. */
const parts = 5;
/** Of Adam, whose rate goes from this down to 0. */
const steps = 200;
const rate = 0.02;

/**
 * A linear layer on the logarithms of the probabilities of all models, one after the other: W = W₀ + V and b, with W₀ the mean of the models.
 * What is made small is the mean cross-entropy plus λ/2·(‖V‖² + ‖b‖²); λ is the one, of a few, with the least cross-entropy in a
 * cross-validation on these images, the strongest of equal ones. With λ = ∞ it stays the mean, so that few images change little.
 */
export async function stackedLayer(answers: JointAnswers): Promise<Stacking> {
  const { labels } = answers;
  const part = partsOf(labels);
  // Of fewer images a part would have none, and what is learned could not be tried on others.
  const candidates = labels.length < parts ? penalties.slice(0, 1) : penalties;
  const losses: number[] = [];
  for (const penalty of candidates) {
    let sum = 0;
    for (let held = 0; held < parts; held++) {
      const outside = part.map((each) => (each === held ? 0 : 1));
      const inside = part.map((each) => (each === held ? 1 : 0));
      const layer = await learnedLayer(answers, penalty, outside);
      sum += await layer.lossOf(inside);
    }
    losses.push(sum);
  }
  const penalty = candidates[losses.indexOf(Math.min(...losses))]!;
  const { weight, bias } = await learnedLayer(answers, penalty, part.fill(1));
  const [rows, offsets] = await Promise.all([weight.data(), bias.data()]);
  return { weight: Float32Array.from(rows), bias: Float32Array.from(offsets), penalty };
}

/** The part of each image: they are dealt in turns, class after class, so that parts are equal and classes are spread over them. */
function partsOf(labels: ArrayLike<number>): Float32Array {
  const dealt = Array.from(labels, (label, image) => ({ label, image })).sort((a, b) => a.label - b.label);
  const part = new Float32Array(labels.length);
  for (const [place, { image }] of dealt.entries()) part[image] = place % parts;
  return part;
}

interface LearnedLayer {
  readonly weight: Tensor;
  readonly bias: Tensor;
  /** The sum of the cross-entropies of images, each times how often it counts. */
  readonly lossOf: (counts: Float32Array) => Promise<number>;
}

/** @param counts how often each image counts, `[N]` */
async function learnedLayer(
  { probabilities, labels, classes }: JointAnswers,
  penalty: number,
  counts: Float32Array,
): Promise<LearnedLayer> {
  const [images, models] = [labels.length, probabilities.length];
  const width = models * classes;
  const features = new Float32Array(images * width);
  probabilities.forEach((each, model) => {
    for (let at = 0; at < images * classes; at++) {
      const image = Math.floor(at / classes);
      features[image * width + model * classes + (at % classes)] = Math.log(
        Math.max(each[at]!, leastProbability),
      );
    }
  });
  const inputs = tensor(features, { shape: [images, width] });
  const truth = oneHot(tensor(Int32Array.from(labels)), classes);
  const mean = tile(eye(classes).mul(1 / models), [models, 1]);
  const change = new Parameter(zeros([width, classes]), 'change');
  const bias = new Parameter(zeros([classes]), 'bias');
  const sumOfLosses = (counted: Tensor): Tensor =>
    logSoftmax(inputs.matmul(mean.add(change)).add(bias))
      .mul(truth)
      .sum(-1)
      .mul(counted)
      .sum()
      .mul(-1);
  if (penalty < Number.POSITIVE_INFINITY) {
    const optimizer = new Adam([change, bias], { learningRate: cosine(rate, steps) });
    const total = counts.reduce((sum, each) => sum + each, 0);
    const counted = tensor(counts);
    const step = compile(() => {
      optimizer.zeroGradients();
      const squares = change.square().sum().add(bias.square().sum());
      const loss = sumOfLosses(counted)
        .mul(1 / total)
        .add(squares.mul(penalty / 2));
      loss.backward();
      void optimizer.step();
      return loss;
    });
    for (let made = 0; made < steps; made++) await step();
  }
  return {
    weight: mean.add(change),
    bias: bias.mul(1),
    lossOf: (inside) => sumOfLosses(tensor(inside)).item(),
  };
}
