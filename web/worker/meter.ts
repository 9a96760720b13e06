/** Sums what the steps did until it is time for a report: steps can be shorter than anybody can look. */
import type { Progress } from '../protocol.ts';
import type { StepFigures } from './session.ts';

/** Milliseconds between reports. */
const reportEvery = 120;

export class Meter {
  #images = 0;
  #loss = 0;
  #correct = 0;
  #milliseconds = 0;
  #reported = performance.now();

  /** @param milliseconds what the step took */
  add({ images, loss, correct }: StepFigures, milliseconds: number): void {
    this.#images += images;
    this.#loss += loss * images;
    this.#correct += correct;
    this.#milliseconds += milliseconds;
  }

  get due(): boolean {
    return performance.now() - this.#reported >= reportEvery;
  }

  /** Means over what was added since the last call. */
  read(): Omit<Progress, 'epoch' | 'epochs'> {
    const means = {
      loss: this.#loss / this.#images,
      accuracy: this.#correct / this.#images,
      imagesPerSecond: (1000 * this.#images) / this.#milliseconds,
    };
    this.#images = this.#loss = this.#correct = this.#milliseconds = 0;
    this.#reported = performance.now();
    return means;
  }
}
