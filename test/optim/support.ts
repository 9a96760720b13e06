/** What the tests of optimizers share: a model whose training is the same each time, and its steps, compiled and not. */
import {
  compile,
  matmul,
  type Optimizer,
  Parameter,
  randn,
  seed,
  type Tensor,
  tensor,
} from '../../src/index.ts';

/** A model of two products, which starts the same each time. */
export class Model {
  readonly weight: Parameter;
  readonly head: Parameter;

  constructor() {
    seed(0);
    this.weight = new Parameter(randn([3, 4]), 'weight');
    this.head = new Parameter(randn([4, 1]), 'head');
  }

  /** With its gradients left at the parameters. */
  loss(x: Tensor): Tensor {
    const loss = matmul(matmul(x, this.weight).tanh(), this.head).sub(0.5).square().sum();
    loss.backward();
    return loss;
  }

  get parameters(): Parameter[] {
    return [this.weight, this.head];
  }

  values(): Promise<ArrayLike<number>[]> {
    return Promise.all(this.parameters.map((parameter) => parameter.data()));
  }
}

/** Its inputs, one a step. */
export const xs = Array.from({ length: 8 }, (_, step) => tensor([[Math.sin(step), Math.cos(step), 1]]));

/** One step of some optimizers along one loss. */
export type Step = (x: Tensor) => Promise<number>;

/** A step that is awaited. */
export function eagerStep(model: Model, ...optimizers: Optimizer[]): Step {
  return async (x) => {
    const loss = model.loss(x);
    for (const optimizer of optimizers) await optimizer.step();
    return loss.item();
  };
}

/** The same step as one compiled function. */
export function compiledStep(model: Model, ...optimizers: Optimizer[]): Step {
  const step = compile((x: Tensor) => {
    const loss = model.loss(x);
    for (const optimizer of optimizers) void optimizer.step();
    return loss;
  });
  return async (x) => (await step(x)).item();
}
