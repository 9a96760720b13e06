/** Random numbers on the host, for shuffling, splitting and augmentation: seeded and the same everywhere. */
import { threefry2x32 } from '../../kernels/support/threefry.ts';
import { OptionError } from '../errors.ts';
import { describeValue } from '../options.ts';

/** Added when the key is derived, so that host streams never repeat those that devices draw from the same seed. */
const HOST_DOMAIN = 0x686f7374;
/** Added when a generator is forked; in its place a sequence has the number of a block, which never gets so large. */
const FORK_DOMAIN = 0x666f726b;
const TWO_TO_32 = 2 ** 32;

/**
 * A sequence of random numbers from Threefry-2x32-20. Equal seed and stream give equal numbers on every machine; every
 * other pair gives an independent sequence. 0 is a seed like any other.
 */
export class RandomGenerator {
  readonly #key = new Int32Array(2);
  readonly #block = new Uint32Array(2);
  #blocks = 0;
  #wordsLeft = 0;

  /**
   * @param seed an integer from 0 to 2^53 − 1
   * @param stream an integer from 0 to 2^32 − 1; default 0. Give each use of one seed (shuffling, augmentation, each
   *   epoch) a stream of its own, and none depends on how much another one drew
   * @throws OptionError when seed or stream is not such an integer
   */
  constructor(seed: number, stream = 0) {
    requireInteger('RandomGenerator', 'seed', seed, 0, Number.MAX_SAFE_INTEGER);
    requireInteger('RandomGenerator', 'stream', stream, 0, TWO_TO_32 - 1);
    threefry2x32(seed | 0, Math.floor(seed / TWO_TO_32), stream | 0, HOST_DOMAIN, this.#key, 0);
  }

  /**
   * The generator of a place: a sequence of its own, which depends on this one's seed, stream and forks, and not on how much
   * was drawn. What each example of a data set draws from the fork of its index is the same in whatever order they are seen.
   *
   * @param place an integer from 0 to 2^32 − 1
   * @throws OptionError when it is not such an integer
   */
  fork(place: number): RandomGenerator {
    requireInteger('RandomGenerator.fork', 'place', place, 0, TWO_TO_32 - 1);
    const forked = new RandomGenerator(0);
    threefry2x32(this.#key[0], this.#key[1], place | 0, FORK_DOMAIN, forked.#key, 0);
    return forked;
  }

  /** An integer from 0 to 2^32 − 1, each equally likely. */
  nextUint32(): number {
    if (this.#wordsLeft === 0) {
      const high = Math.floor(this.#blocks / TWO_TO_32);
      threefry2x32(this.#key[0], this.#key[1], this.#blocks | 0, high, this.#block, 0);
      this.#blocks++;
      this.#wordsLeft = 2;
    }
    return this.#block[2 - this.#wordsLeft--];
  }

  /**
   * An integer from 0 to limit − 1, each exactly equally likely.
   *
   * @throws OptionError when `limit` is not an integer from 1 to 2^32
   */
  nextBelow(limit: number): number {
    requireInteger('RandomGenerator', 'limit', limit, 1, TWO_TO_32);
    // 2^32 is rarely a multiple of the limit; words of the incomplete last round are drawn again.
    const even = TWO_TO_32 - (TWO_TO_32 % limit);
    let word = this.nextUint32();
    while (word >= even) word = this.nextUint32();
    return word % limit;
  }

  /** A number in [0, 1): a multiple of 2^−32. */
  uniform(): number {
    return this.nextUint32() / TWO_TO_32;
  }

  /**
   * The numbers 0 to count − 1 in random order, every order equally likely (Fisher-Yates).
   *
   * @throws OptionError when `count` is not an integer from 0 to 2^31 − 1
   */
  permutation(count: number): Int32Array {
    requireCount('RandomGenerator', count);
    const order = Int32Array.from({ length: count }, (_, index) => index);
    for (let last = count - 1; last > 0; last--) {
      const chosen = this.nextBelow(last + 1);
      const kept = order[last];
      order[last] = order[chosen];
      order[chosen] = kept;
    }
    return order;
  }
}

/** What the order of an epoch's examples is drawn from. Streams of one seed: two for each epoch. */
export function shuffleStream(seed: number, epoch: number): RandomGenerator {
  return new RandomGenerator(seed, 2 * epoch);
}

/**
 * What the changes of one example are drawn from, in one epoch. `place`: in the order of the epoch, from 0, so that an example that is
 * shown twice in an epoch is changed in two ways; it depends on seed and epoch alone, as the order does.
 */
export function exampleStream(seed: number, epoch: number, place: number): RandomGenerator {
  return new RandomGenerator(seed, 2 * epoch + 1).fork(place);
}

/** No example has this place: they are int32. */
const BATCHES = TWO_TO_32 - 1;

/** What the changes of a batch as a whole are drawn from. `step`: from 1. */
export function batchStream(seed: number, epoch: number, step: number): RandomGenerator {
  return exampleStream(seed, epoch, BATCHES).fork(step);
}

/** What the pictures of a batch are mixed by. `step`: from 1. */
export function mixStream(seed: number, epoch: number, step: number): RandomGenerator {
  return batchStream(seed, epoch, step).fork(0);
}

/** Throws OptionError unless `generator` draws random numbers. */
export function requireGenerator(where: string, generator: RandomGenerator): void {
  if (typeof generator?.permutation === 'function' && typeof generator.uniform === 'function') return;
  throw new OptionError({
    where,
    got: describeValue(generator),
    expected: 'a RandomGenerator',
    cure: 'Make one of a seed: new RandomGenerator(0).',
  });
}

/** Throws OptionError unless `count` things can be numbered: places are int32. */
export function requireCount(where: string, count: number): void {
  requireInteger(where, 'count', count, 0, 2 ** 31 - 1);
}

function requireInteger(where: string, option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new OptionError({
    where,
    got: `${option} ${describeValue(value)}`,
    expected: `an integer from ${least} to ${most}`,
    cure: `Correct the ${option}.`,
  });
}
