/** Layers that only arrange: flattening, and the scan orders that turn an image into a sequence. */
import { ShapeError } from '../errors.ts';
import { reshape } from '../ops/broadcast.ts';
import { permute } from '../ops/movement.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireAxes, requireTensorFor } from './checks.ts';
import { type JsonValue, Layer } from './layer.ts';

const imageCure = 'Give images as N,H,W,C; a single gray picture [H, W] is reshape(1, H, W, 1).';

/**
 * x [N, …] → [N, all other axes in one].
 *
 * @throws ShapeError for a scalar.
 */
export class Flatten extends Layer {
  override get kind(): string {
    return 'flatten';
  }

  config(): readonly JsonValue[] {
    return [];
  }

  forward(x: Tensor): Tensor {
    if (requireTensorFor(this, x).rank === 0) {
      throw new ShapeError({
        where: this.describe(),
        got: '[] (rank 0)',
        expected: '[N, …] (rank 1 or more)',
        cure: 'The first axis is the batch; add it with expandDims(0).',
      });
    }
    return reshape(x, [x.shape[0], sizeOf(x.shape.slice(1))]);
  }
}

/**
 * Reads an image from top to bottom, one row per step: x [N, H, W, C] → [N, T = H, F = W·C]. After convolutions the
 * rows are rows of feature maps, so this is also the bridge from a convolutional front to a recurrent layer.
 *
 * @throws ShapeError for another rank.
 */
export class RowsToSequence extends Layer {
  override get kind(): string {
    return 'rowsToSequence';
  }

  config(): readonly JsonValue[] {
    return [];
  }

  forward(x: Tensor): Tensor {
    requireAxes(this, x, ['N', 'H', 'W', 'C'], imageCure);
    const [n, height, width, channels] = x.shape as [number, number, number, number];
    return reshape(x, [n, height, width * channels]);
  }
}

/**
 * Reads an image from left to right, one column per step: x [N, H, W, C] → [N, T = W, F = H·C].
 *
 * @throws ShapeError for another rank.
 */
export class ColumnsToSequence extends Layer {
  override get kind(): string {
    return 'columnsToSequence';
  }

  config(): readonly JsonValue[] {
    return [];
  }

  forward(x: Tensor): Tensor {
    requireAxes(this, x, ['N', 'H', 'W', 'C'], imageCure);
    const [n, height, width, channels] = x.shape as [number, number, number, number];
    return reshape(permute(x, [0, 2, 1, 3]), [n, width, height * channels]);
  }
}
