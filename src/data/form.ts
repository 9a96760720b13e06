/** The form that the pictures of a data set are brought to: given, or chosen by the sizes of the training pictures. */
import { OptionError } from '../errors.ts';
import { describeValue, requireOneOf } from '../options.ts';
import { MOST_PIXELS, type PictureFit, pictureFits } from './image.ts';
import type { PictureSize } from './picture.ts';

/** How pictures are brought to a form; what is left out is chosen by the pictures. */
export interface FormOptions {
  /** `[height, width]` in pixels. */
  readonly size?: readonly [number, number] | undefined;
  /** How pictures of other proportions are brought to it; default 'stretch'. */
  readonly fit?: PictureFit | undefined;
}

/** The form of the pictures of a data set. */
export interface ImageForm {
  /** `[height, width]` in pixels. */
  readonly size: readonly [number, number];
  readonly fit: PictureFit;
}

/** A size that fewer of the pictures have is chance. */
const LEAST_SHARE = 0.25;
/** Pictures whose common size has no longer side stay as they are. */
const LONGEST_KEPT_SIDE = 256;
/** Others become squares of this side: what a small network trains on in minutes, and in which photographs can be told apart. */
const CHOSEN_SIDE = 64;

/** Throws OptionError for a size or a fit that is none. */
export function requireForm(where: string, { size, fit }: FormOptions): void {
  if (fit !== undefined) requireOneOf(where, 'fit', fit, pictureFits);
  if (size === undefined) return;
  const isSide = (side: unknown): boolean => Number.isSafeInteger(side) && Number(side) >= 1;
  if (Array.isArray(size) && size.length === 2 && size.every(isSide) && size[0] * size[1] <= MOST_PIXELS) return;
  throw new OptionError({
    where,
    got: `size ${describeValue(size)}`,
    expected: `[height, width] in whole pixels, at most ${MOST_PIXELS} in all`,
    cure: 'Give both sides, for example [64, 64], or leave size out.',
  });
}

/** Counts sizes, and chooses one for all. */
export class SizeCounts {
  readonly #counts = new Map<string, { readonly size: readonly [number, number]; count: number }>();
  /** Of the shorter side. */
  readonly #shorter: number[] = [];

  add({ height, width }: PictureSize): void {
    const key = `${height}×${width}`;
    const counted = this.#counts.get(key) ?? { size: [height, width], count: 0 };
    counted.count++;
    this.#counts.set(key, counted);
    this.#shorter.push(Math.min(height, width));
  }

  /** How many different ones there are. */
  get kinds(): number {
    return this.#counts.size;
  }

  /**
   * The commonest size, if a quarter of the pictures or more have it and it is no photograph's; else a square whose side is
   * the median of the shorter sides, but at most 64 pixels. Undefined when nothing was counted.
   */
  choose(): readonly [number, number] | undefined {
    if (this.kinds === 0) return undefined;
    const [{ size, count }] = [...this.#counts.values()].sort((first, second) => second.count - first.count);
    const total = this.#shorter.length;
    if (count >= LEAST_SHARE * total && Math.max(...size) <= LONGEST_KEPT_SIDE) return size;
    const median = this.#shorter.sort((first, second) => first - second)[Math.floor(total / 2)];
    const side = Math.min(median, CHOSEN_SIDE);
    return [side, side];
  }
}
