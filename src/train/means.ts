/** Means over the examples of batches: the loss, the part of labels that are right, and metrics of one's own. */
/** What a step tells. */
export interface StepResult {
  readonly loss: number;
  /** Labels whose class was right before the update, and how many there are. Undefined where there are no classes. */
  readonly correct: { readonly right: number; readonly of: number } | undefined;
  /** In the order of the objective. */
  readonly metrics: ArrayLike<number>;
}

/** What batches came to. */
export interface BatchMeans {
  readonly loss: number;
  /** Undefined where there are no classes. */
  readonly accuracy: number | undefined;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Sums that batches have come to so far. */
export interface MeansState {
  readonly loss: number;
  readonly examples: number;
  readonly right: number;
  readonly labels: number;
  readonly metrics: readonly number[];
}

/** Adds up batches, each as much as it has examples. */
export class Means {
  readonly #names: readonly string[];
  readonly #metrics: Float64Array;
  #loss = 0;
  #examples = 0;
  #right = 0;
  #labels = 0;

  /** @param before sums to go on from */
  constructor(names: readonly string[], before?: MeansState) {
    this.#names = names;
    this.#metrics = new Float64Array(names.length);
    if (before === undefined) return;
    this.#loss = before.loss;
    this.#examples = before.examples;
    this.#right = before.right;
    this.#labels = before.labels;
    this.#metrics.set(before.metrics);
  }

  /** The sums, exactly. */
  get state(): MeansState {
    return {
      loss: this.#loss,
      examples: this.#examples,
      right: this.#right,
      labels: this.#labels,
      metrics: [...this.#metrics],
    };
  }

  add(examples: number, { loss, correct, metrics }: StepResult): void {
    this.#loss += loss * examples;
    this.#examples += examples;
    this.#right += correct?.right ?? 0;
    this.#labels += correct?.of ?? 0;
    for (let index = 0; index < metrics.length; index++) this.#metrics[index] += metrics[index] * examples;
  }

  read(): BatchMeans {
    const means = this.#names.map((name, index): [string, number] => [
      name,
      this.#metrics[index] / this.#examples,
    ]);
    return {
      loss: this.#loss / this.#examples,
      accuracy: this.#labels > 0 ? this.#right / this.#labels : undefined,
      metrics: Object.fromEntries(means),
    };
  }

  /** As if all batches were one. */
  result(): StepResult {
    const { loss, metrics } = this.read();
    return {
      loss,
      correct: this.#labels > 0 ? { right: this.#right, of: this.#labels } : undefined,
      metrics: Object.values(metrics),
    };
  }
}
