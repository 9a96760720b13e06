/**
 * Memory that the garbage collector does not see: blocks on a device that belong to objects of a few bytes. Nothing makes
 * the collector look for those, and when it has found some, their callbacks wait for a turn of the event loop.
 */

/**
 * A dropped buffer of this size makes engines collect. Nobody touches it, so it never becomes memory; V8 runs a full
 * collection when so much hangs on its heap from outside.
 */
const provokingBytes = 64 << 20;

/** The collector is called on when so much was given out since it last was, or as much as was alive then. */
const fewestBytes = 64 << 20;

/**
 * How often memory that is missing is asked for, and the turns of the event loop that callbacks are waited for. A collection may be made in
 * steps, in idle moments: so each attempt waits a little longer for each turn, in milliseconds.
 */
const mostAttempts = 10;
const turns = 3;

export class Reclaimer {
  /** Bytes that storages hold now, garbage or not. */
  readonly #held: () => number;
  /** Bytes given out since the last collection. */
  #fresh = 0;
  /** Bytes that were held after it. */
  #kept = 0;

  constructor(held: () => number) {
    this.#held = held;
  }

  /**
   * To be awaited before `bytes` more are given out; undefined where there is nothing to wait for. `hasRoom` tells whether
   * they can be had as things are.
   */
  makeRoom(bytes: number, hasRoom: () => boolean = () => true): Promise<void> | undefined {
    this.#fresh += bytes;
    if (this.#fresh <= Math.max(fewestBytes, this.#kept) && hasRoom()) return undefined;
    return this.#collect(bytes, hasRoom);
  }

  async #collect(bytes: number, hasRoom: () => boolean): Promise<void> {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      provoke();
      for (let turn = 0; turn < turns; turn++) await nextTurn(attempt);
      if (hasRoom()) break;
    }
    this.#fresh = bytes;
    this.#kept = this.#held();
  }
}

function provoke(): void {
  try {
    // As a call: bundlers leave out a `new` whose result nobody uses.
    Reflect.construct(ArrayBuffer, [provokingBytes]);
  } catch {
    // Where not even that can be had, the engine has collected in vain.
  }
}

function nextTurn(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
