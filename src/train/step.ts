/** One training step: forward, gradients and update as one compiled plan that is refused when it is not finite. */

import { NonFiniteError, ShapeError } from '../errors.ts';
import { inMode } from '../nn/mode.ts';
import type { AnyModule } from '../nn/module.ts';
import { multiply, sqrt } from '../ops/elementwise.ts';
import { stack } from '../ops/movement.ts';
import { squaredNorm } from '../optim/clip.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { fromData } from '../tensor/leaves.ts';
import { keepingRandom, randomState, setRandomState } from '../tensor/random.ts';
import { withoutRecording } from '../tensor/recorder.ts';
import { compile, type TensorTree } from '../tensor/runtime.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Batch, partsOf, type Structure, treesOf } from './batch-source.ts';
import { describeFinding, findNonFinite, likelyCause, type NonFiniteFinding } from './diagnose.ts';
import { NonFiniteStepError } from './errors.ts';
import { Means, type StepResult } from './means.ts';
import type { Judgment, Objective } from './objective.ts';
import { movedVariables, remember } from './putting-back.ts';
import { distillationLoss, type TeacherOptions } from './teacher.ts';
import { onTrial, outputTree, requireListed } from './trial.ts';
import type { WeightAverage } from './weight-average.ts';

/** Where a step stands, for messages. All count from 1. */
export interface StepPosition {
  readonly epoch: number;
  readonly step: number;
  readonly steps: number | undefined;
}

/** How steps are made. */
export interface StepOptions {
  /** Takes in the weights after each step. */
  readonly average?: WeightAverage | undefined;
  /** Whose answers are learned besides the targets. */
  readonly teacher?: TeacherOptions | undefined;
  /** Examples that are computed at a time: a larger batch adds up the gradients of several parts. Default: all. */
  readonly partSize?: number | undefined;
}

/** A compiled function of the tensors of a batch, or of its part of the loss and the tensors of a part. */
type ComputesPart = (...tensors: Tensor[]) => Promise<Readonly<Record<string, Tensor>>>;

/** Makes steps of a model on batches. */
export class TrainingStep {
  readonly #model: AnyModule;
  readonly #optimizer: Optimizer;
  readonly #objective: Objective;
  readonly #partSize: number;
  readonly #teacher: TeacherOptions | undefined;
  /** A whole step; and one in parts: what adds up gradients, and the last part, which makes the step. */
  readonly #compiled: Readonly<Record<'whole' | 'part' | 'last', ComputesPart>>;
  #structure: Structure | undefined;

  constructor(
    model: AnyModule,
    optimizer: Optimizer,
    objective: Objective,
    { average, teacher, partSize = Number.POSITIVE_INFINITY }: StepOptions = {},
  ) {
    this.#model = model;
    this.#optimizer = optimizer;
    this.#objective = objective;
    this.#partSize = partSize;
    this.#teacher = teacher;
    const compiled = (share: boolean, finish: () => void): ComputesPart =>
      compile(
        (...given: Tensor[]): Record<string, Tensor> => {
          const trees = treesOf(this.#structure!, share ? given.slice(1) : given);
          const { loss, gradientNorm, correct, metrics } = this.#build(
            ...trees,
            share ? given[0] : undefined,
          );
          finish();
          return {
            // The first result guards the step: a loss can be finite and its gradient not.
            guarded: stack([loss, gradientNorm]),
            ...(correct && { correct }),
            ...(metrics && { metrics }),
          };
        },
        { requireFinite: true },
      );
    const step = (): void => {
      void optimizer.step();
      void average?.update();
    };
    this.#compiled = {
      whole: compiled(false, step),
      part: compiled(true, () => void optimizer.accumulate()),
      last: compiled(true, step),
    };
  }

  /** Builds a step without making it: what the model refuses comes out before anything is changed. */
  rehearse({ inputs, targets }: Structure): void {
    onTrial(() => this.#build(inputs.rebuild(inputs.tensors), targets.rebuild(targets.tensors)));
  }

  /**
   * Changes the model by one batch.
   *
   * @throws NonFiniteStepError when the loss or a gradient is NaN or infinite; nothing is changed then
   */
  async run(batch: Batch, position: StepPosition): Promise<StepResult> {
    this.#structure ??= batch;
    requireSameStructure(batch, this.#structure, position);
    if (batch.size <= this.#partSize) return this.#runPart('whole', batch, position);
    // What somebody else left there is no part of this step.
    this.#optimizer.zeroGradients();
    // What each part moves by itself: statistics, and random numbers.
    const putBack = await remember(movedVariables(this.#model));
    const means = new Means(this.#objective.metricNames);
    try {
      let left = batch.size;
      for (const part of partsOf(batch, this.#partSize)) {
        left -= part.size;
        const share = fromData(Float32Array.of(part.size / batch.size), [], 'float32');
        means.add(part.size, await this.#runPart(left === 0 ? 'last' : 'part', part, position, share));
      }
    } catch (error) {
      this.#optimizer.zeroGradients();
      await putBack();
      throw error;
    }
    return means.result();
  }

  /** @param share the part of the loss that these examples make */
  async #runPart(
    kind: 'whole' | 'part' | 'last',
    batch: Batch,
    position: StepPosition,
    share?: Tensor,
  ): Promise<StepResult> {
    const { inputs, targets } = batch;
    const random = randomState();
    try {
      const given = [...(share ? [share] : []), ...inputs.tensors, ...targets.tensors];
      const found = await this.#compiled[kind](...given);
      const [loss] = await found.guarded.data();
      const right = 'correct' in found ? await found.correct.item() : undefined;
      return {
        loss,
        correct: right === undefined ? undefined : { right, of: targets.tensors[0].size },
        metrics: 'metrics' in found ? await found.metrics.data() : [],
      };
    } catch (error) {
      if (!(error instanceof NonFiniteError)) throw await this.#objective.explain(error, batch);
      setRandomState(random);
      throw await this.#diagnose(batch, position, error);
    }
  }

  /** Forward and gradients, in training mode. */
  #build(
    inputs: TensorTree,
    targets: TensorTree,
    share?: Tensor,
  ): Judgment & { readonly gradientNorm: Tensor } {
    return inMode(this.#model, 'train', () => {
      if (share === undefined) this.#optimizer.zeroGradients();
      const { tree, tensors } = outputTree(this.#model, inputs);
      const judgment = this.#objective.judge(tree, targets);
      const loss = this.#teacher
        ? distillationLoss(judgment.loss, tree, inputs, this.#teacher)
        : judgment.loss;
      requireListed(this.#model, tensors, this.#optimizer.parameters);
      (share ? multiply(loss, share) : loss).backward();
      const gradients = this.#optimizer.parameters.flatMap(({ grad }) => (grad ? [grad] : []));
      return { ...judgment, loss, gradientNorm: sqrt(squaredNorm(gradients)) };
    });
  }

  /** Computes the refused step once more, uncompiled and with the same random numbers, to see where it goes wrong. */
  async #diagnose(batch: Batch, position: StepPosition, cause: NonFiniteError): Promise<NonFiniteStepError> {
    const trees = treesOf(batch, [...batch.inputs.tensors, ...batch.targets.tensors]);
    const { loss, gradientNorm } = keepingRandom(() => withoutRecording(() => this.#build(...trees)));
    const inLoss = await findNonFinite(loss);
    const finding = inLoss ?? (await findNonFinite(gradientNorm));
    const { epoch, step, steps } = position;
    const value = await loss.item();
    const got = Number.isFinite(value) ? `a gradient that is not finite (loss ${value})` : `loss ${value}`;
    return new NonFiniteStepError(
      {
        where: `step ${step}${steps === undefined ? '' : ` of ${steps}`} in epoch ${epoch}`,
        got: finding ? `${got}: ${origin(finding, batch)}` : got,
        expected: 'a finite loss with finite gradients',
        cure: `Likely cause: ${causeOf(finding, batch)} (learning rate ${Number(this.#optimizer.learningRate.toPrecision(3))}). The step was not made: parameters and optimizer state are as they were before it.`,
      },
      { epoch, step, finding, cause },
    );
  }
}

function requireSameStructure(
  { inputs, targets }: Structure,
  first: Structure,
  { step }: StepPosition,
): void {
  const pathsOf = (each: Structure): string => `${each.inputs.paths.join()}; ${each.targets.paths.join()}`;
  if (inputs.paths === first.inputs.paths && targets.paths === first.targets.paths) return;
  const [got, expected] = [{ inputs, targets }, first].map(pathsOf);
  if (got === expected) return;
  throw new ShapeError({
    where: `batch ${step}`,
    got: `tensors in another structure (${got})`,
    expected: `that of the first batch (${expected})`,
    cure: 'Give all batches with the same names and numbers of tensors.',
  });
}

/** The first bad operation, or the example, in words. */
function origin(finding: NonFiniteFinding, batch: Batch): string {
  if (!isInput(finding, batch)) return `first ${describeFinding(finding)}`;
  return `${batch.nameOf(finding.index[0])} holds ${finding.value}`;
}

function causeOf(finding: NonFiniteFinding | undefined, batch: Batch): string {
  if (finding === undefined) return 'a learning rate that is too high';
  if (isInput(finding, batch)) {
    return 'non-finite pixels in the data set, or its normalization; of pictures, the option missing says what is done with NaN';
  }
  return likelyCause(finding);
}

/** Whether the finding is in what the batch holds. */
function isInput({ operation, shape }: NonFiniteFinding, { inputs, targets }: Batch): boolean {
  const given = [...inputs.tensors, ...targets.tensors];
  return operation === 'input' && given.some((tensor) => tensor.shape.join() === shape.join());
}
