/** Letting the event loop run between steps, so that timers, input and pages stay alive during training. */

/** Longest time without a pause, in milliseconds, where steps are shorter than that. */
const longestStretch = 50;

/** Pauses of a loop: awaited after each step, it gives way to the event loop when the next step could be too late. */
export class Pace {
  #lastPause = performance.now();
  #lastStep = this.#lastPause;

  /** To be awaited after each step. */
  async afterStep(): Promise<void> {
    const now = performance.now();
    const step = now - this.#lastStep;
    this.#lastStep = now;
    // The next step may well take twice as long as this one.
    if (now - this.#lastPause + 2 * step < longestStretch) return;
    await giveWay();
    this.#lastPause = performance.now();
    this.#lastStep = this.#lastPause;
  }
}

/** Resolves after the event loop has had a turn. Browsers slow nested timers to 4 ms, but not messages. */
function giveWay(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    if (typeof MessageChannel !== 'function') {
      setTimeout(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    const arrived = (): void => {
      port1.close();
      resolve();
    };
    port1.addEventListener('message', arrived);
    port1.start();
    port2.postMessage(undefined);
  });
}
