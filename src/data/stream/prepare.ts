/** What is done to the pictures of a batch before a step takes them: they are read, and changed at random. The same in any thread. */
import { augmentImage } from '../augment/augment.ts';
import type { AugmentOptions } from '../augment/augment-options.ts';
import { gatherBatch } from '../batches.ts';
import { imageLength } from '../dataset.ts';
import { applyNormalization, type Normalization } from '../normalize.ts';
import { exampleStream } from '../random-generator.ts';
import { PictureReader } from './picture-reader.ts';
import { isStreamed, type PictureDataset } from './streamed-dataset.ts';

/** What batches are made of. All of it can be sent to another thread. */
export interface PictureSetup {
  readonly dataset: PictureDataset;
  readonly augmentation: AugmentOptions | undefined;
  /** Of what is left after the changes. Undefined: pixels stay in [0, 1]. */
  readonly normalization: Normalization | undefined;
  readonly seed: number;
}

/** One batch. */
export interface PictureJob {
  readonly indices: Int32Array;
  /** The place of its first picture in the epoch. */
  readonly first: number;
  /** Undefined for evaluation, where nothing is changed. */
  readonly epoch: number | undefined;
}

/** Makes batches of pictures, `[N, H, W, C]`, one at a time. */
export class PicturePreparer {
  readonly #setup: PictureSetup;
  readonly #reader: PictureReader | undefined;

  constructor(setup: PictureSetup) {
    const { dataset } = setup;
    this.#setup = setup;
    this.#reader = isStreamed(dataset) ? new PictureReader(dataset) : undefined;
  }

  /** @throws PictureError, PngError or JpegError for a file that cannot be read */
  prepare({ indices, first, epoch }: PictureJob): Float32Array {
    const { dataset, normalization, seed } = this.#setup;
    const augmentation = epoch === undefined ? undefined : this.#setup.augmentation;
    // Of bytes a table knows what each becomes, unless they are changed first.
    if (!isStreamed(dataset) && !augmentation) return gatherBatch(dataset, indices, normalization).images;
    const images = isStreamed(dataset) ? this.#reader!.gather(indices) : gatherBatch(dataset, indices).images;
    if (augmentation) {
      const [, height, width, channels] = dataset.shape;
      const length = imageLength(dataset);
      for (let image = 0; image < indices.length; image++) {
        const pixels = images.subarray(image * length, (image + 1) * length);
        const stream = exampleStream(seed, epoch!, first + image);
        augmentImage(pixels, [height, width, channels], augmentation, stream);
      }
    }
    if (normalization) applyNormalization(images, normalization);
    return images;
  }

  /** What should be said of the reading, once. */
  takeTrouble(): string | undefined {
    return this.#reader?.takeTrouble();
  }

  close(): void {
    this.#reader?.close();
  }
}
