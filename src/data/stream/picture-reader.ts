/** Reads the pictures of a streamed data set in its form; what was decoded before comes from its cache. */
import { imageLength } from '../dataset.ts';
import { decodingSize, pictureInForm } from '../form.ts';
import { decodePicture, readPictureFile } from '../picture.ts';
import { PixelCache } from './pixel-cache.ts';
import type { StreamedDataset } from './streamed-dataset.ts';

export class PictureReader {
  readonly #dataset: Pick<StreamedDataset, 'shape' | 'pictures'>;
  readonly #cache: PixelCache | undefined;
  /** Everything that decides what is decoded, besides the file. */
  readonly #way: string;
  /** By place, of pictures that were read before: their files are not looked at again. */
  readonly #keys: (string | undefined)[] = [];

  /** @throws DatasetError when the folder of the cache cannot be made or read */
  constructor(dataset: Pick<StreamedDataset, 'shape' | 'pictures'>) {
    this.#dataset = dataset;
    const { shape, pictures } = dataset;
    this.#way = `\0${shape.slice(1).join('x')} ${pictures.fit} 2`;
    if (pictures.cache !== undefined) this.#cache = new PixelCache(pictures.cache, imageLength(dataset));
  }

  /**
   * The pixels of a picture, `[H, W, C]`: bytes, or floats from 0 to 1 where the file has more than 8 bits.
   *
   * @throws PictureError, PngError or JpegError naming the file
   */
  read(index: number): Uint8Array | Float32Array {
    const known = this.#keys[index];
    const kept = known === undefined ? undefined : this.#cache?.find(known);
    if (kept !== undefined) return kept;
    const path = this.#dataset.pictures.paths[index];
    const file = readPictureFile(path);
    if (this.#cache === undefined) return this.#decode(file, path);
    const key = PixelCache.keyOf(file, this.#way);
    this.#keys[index] = key;
    const found = this.#cache.find(key);
    if (found !== undefined) return found;
    const pixels = this.#decode(file, path);
    // Pictures of more bits are rare: they are decoded each time.
    if (pixels instanceof Uint8Array) this.#cache.store(key, pixels);
    return pixels;
  }

  /** The pixels of some pictures, `[N, H, W, C]`, in [0, 1]; throws as `read`. */
  gather(indices: ArrayLike<number>): Float32Array {
    const length = imageLength(this.#dataset);
    const images = new Float32Array(indices.length * length);
    for (let image = 0; image < indices.length; image++) {
      const pixels = this.read(indices[image]);
      const full = pixels instanceof Uint8Array ? 255 : 1;
      for (let at = 0; at < length; at++) images[image * length + at] = pixels[at] / full;
    }
    return images;
  }

  /** Why nothing more is kept, said once. */
  takeTrouble(): string | undefined {
    return this.#cache?.takeTrouble();
  }

  close(): void {
    this.#cache?.close();
  }

  #decode(file: Uint8Array, path: string): Uint8Array | Float32Array {
    const { shape, pictures } = this.#dataset;
    const [, height, width, channels] = shape;
    const form = { size: [height, width], fit: pictures.fit } as const;
    const picture = decodePicture(file, path, { atLeast: decodingSize(form.size) });
    return pictureInForm(picture, form, channels === 1 ? 1 : 3).pixels;
  }
}
