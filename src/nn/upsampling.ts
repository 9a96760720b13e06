/** The layer that enlarges images without weights. */
import type { Pair } from '../ops/convolution.ts';
import { requireUpsampling, type Upsample2dOptions, upsample2d } from '../ops/upsampling.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireAxes } from './checks.ts';
import { type JsonValue, Layer } from './layer.ts';

/**
 * Images at another size: x [N, H, W, C] → [N, OH, OW, C], by `factor` (default 2) or to `size`, `'nearest'` (default) or
 * `'bilinear'` (PyTorch's `align_corners=False`). With learned weights: `ConvTranspose2d`.
 *
 * @throws OptionError for options out of range; ShapeError for another rank.
 */
export class Upsample extends Layer {
  static readonly ofLibrary = true;

  readonly #options: { readonly mode: 'nearest' | 'bilinear'; readonly factor?: Pair; readonly size?: Pair };

  /**
   * Images x [N, H, W, C] at another size: `{ factor: 2 }` (default) times as high and wide, or of `{ size: [h, w] }`. `mode`:
   * `'nearest'` (default) or `'bilinear'`.
   *
   * @throws OptionError for options out of range
   */
  constructor(options: Upsample2dOptions = {}) {
    super();
    this.#options = requireUpsampling('Upsample', options);
  }

  override get kind(): string {
    return 'upsample';
  }

  config(): readonly JsonValue[] {
    return [{ ...this.#options }];
  }

  forward(x: Tensor): Tensor {
    requireAxes(this, x, ['N', 'H', 'W', 'C'], 'Give images; add the missing axis with expandDims.');
    return upsample2d(x, this.#options);
  }
}
