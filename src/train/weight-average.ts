/** The average of a model's weights over the steps of a training, which often does better than the last weights. */
import { OptionError } from '../errors.ts';
import type { AnyModule } from '../nn/module.ts';
import { requireModule } from '../nn/module.ts';
import { BatchNorm } from '../nn/normalization.ts';
import { matchState, type StateDict } from '../nn/state-dict.ts';
import { add, multiply, subtract } from '../ops/elementwise.ts';
import { requireKnownOptions, requireNumber } from '../options.ts';
import { fill, leaf } from '../tensor/leaves.ts';
import { hostValue, recorder } from '../tensor/recorder.ts';
import { runtime } from '../tensor/runtime.ts';
import { Parameter, Variable } from '../tensor/variable.ts';

/** Options of `WeightAverage`. */
export interface WeightAverageOptions {
  /**
   * How much of the average stays at an update, from 0 to below 1: an exponential moving average (EMA), 0.999 for some thousand
   * steps. The n-th update, from 0, keeps n / (n + 9) if that is less, so that the first weights are soon forgotten. Default: none, all
   * updates count the same, as in stochastic weight averaging (SWA).
   */
  readonly decay?: number;
}

/** What an average remembers. */
export interface WeightAverageState {
  /** How many values it is the average of. */
  readonly updates: number;
  /** The averages, by the paths in the model. */
  readonly variables: StateDict;
}

/**
 * The average of the parameters of a model that are trainable, and of the running statistics of its batch norms: their exponential
 * moving average (Polyak & Juditsky 1992), or the mean of all updates (Izmailov et al. 2018). PyTorch's AveragedModel. `fit` has
 * the option `average`; in a loop of your own:
 *
 * ```ts
 * const average = new WeightAverage(model, { decay: 0.999 });
 * const step = compile((images: Tensor, labels: Tensor) => {
 *   const loss = softmaxCrossEntropy(model.call(images), labels);
 *   loss.backward();
 *   void optimizer.step();
 *   void average.update();
 *   return loss;
 * });
 * await step(x, y);
 * await average.exchange(); // the model has the averages, until they are exchanged again
 * ```
 */
export class WeightAverage {
  /** Variables of the model by path, each with its average. */
  readonly #pairs: readonly { readonly path: string; readonly own: Variable; readonly average: Variable }[];
  readonly #decay: number | undefined;
  #updates = 0;

  /** @throws OptionError for what is no model, an unknown option, or one out of range */
  constructor(model: AnyModule, options: WeightAverageOptions = {}) {
    requireModule('WeightAverage', model);
    requireKnownOptions('WeightAverage', options, ['decay']);
    const { decay } = options;
    if (decay !== undefined) requireNumber('WeightAverage', 'decay', decay, 'a number from 0 to below 1');
    this.#decay = decay;
    const statistics = new Set<Variable>(batchNormsOf(model).flatMap(statisticsOf));
    this.#pairs = model
      .namedVariables()
      .filter(([, own]) => (own instanceof Parameter ? own.trainable : statistics.has(own)))
      .map(([path, own]) => ({ path, own, average: new Variable(fill(0, own.shape), `average.${path}`) }));
  }

  /** How many values it is the average of. */
  get updates(): number {
    return this.#updates;
  }

  /** Takes in the values that the model has now. In a function given to `compile` it is recorded, once a call: `void update()`. */
  update(): Promise<void> {
    // How many updates there were is known when the turn of this one comes.
    const share = leaf(
      [],
      'float32',
      hostValue(() => () => Float32Array.of(this.#nextShare)),
    );
    for (const { own, average } of this.#pairs) {
      const before = average.operand();
      average.assign(add(before, multiply(share, subtract(own.operand(), before))));
    }
    recorder().whenOver.push((applied) => {
      if (applied) this.#updates++;
    });
    return recorder().tracing ? Promise.resolve() : runtime().evaluate([]);
  }

  /** The part of the average that the next value makes: all of it at first. */
  get #nextShare(): number {
    if (this.#decay === undefined) return 1 / (this.#updates + 1);
    return Math.max(1 - this.#decay, 9 / (this.#updates + 9));
  }

  /**
   * Gives the model the averages, and keeps its own values instead. A second call puts everything back, bit for bit.
   *
   * @throws OptionError before the first update, when there is no average
   */
  async exchange(): Promise<void> {
    const variables = this.#pairs.flatMap(({ own, average }) => [own, average]);
    const values = await runtime().readAll(variables);
    // Updates that were asked for before are made by now.
    if (this.#updates === 0) {
      throw new OptionError({
        where: 'WeightAverage.exchange',
        got: 'an average of no values',
        expected: 'at least one update',
        cure: 'Call update() after a step first, or load the state of an average.',
      });
    }
    await runtime().writeAll(new Map(variables.map((variable, index) => [variable, values[index ^ 1]])));
  }

  /** A copy of all that it remembers, of the moment of the call. */
  async stateDict(): Promise<WeightAverageState> {
    const updates = this.#updates;
    const values = await runtime().readAll(this.#pairs.map(({ average }) => average));
    return {
      updates,
      variables: Object.fromEntries(
        this.#pairs.map(({ path, own: { shape, dtype } }, index) => [
          path,
          { shape, dtype, data: values[index] },
        ]),
      ),
    };
  }

  /**
   * Goes on from a saved state.
   *
   * @throws OptionError for what is no state, missing or unknown names, or an impossible number of updates; ShapeError for another shape
   */
  async loadStateDict(state: WeightAverageState): Promise<void> {
    const where = 'WeightAverage.loadStateDict';
    requireKnownOptions(where, state, ['updates', 'variables']);
    const { updates, variables } = state;
    requireNumber(where, 'updates', updates, 'a whole number of at least 0');
    const pairs = this.#pairs.map(({ path, average }) => [path, average] as const);
    await runtime().writeAll(matchState(pairs, variables, true).values);
    this.#updates = updates;
  }
}

/** The batch norms of a model. */
export function batchNormsOf(model: AnyModule): BatchNorm[] {
  return [...new Set(model.namedModules().map(([, module]) => module))].filter(
    (module): module is AnyModule & BatchNorm => module instanceof BatchNorm,
  );
}

/** The running statistics of a batch norm. */
export function statisticsOf({ runningMean, runningVariance }: BatchNorm): Variable[] {
  return [runningMean, runningVariance];
}
