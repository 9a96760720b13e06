/** What a layer that reads images as grids is given: pictures with what is missing in them, looked at and cut into patches. */
import { isNaN as isNotANumber, logicalAnd, logicalNot, where } from '../../ops/elementwise.ts';
import { expandDims, tile } from '../../ops/movement.ts';
import { any } from '../../ops/reduce.ts';
import { requireKnownOptions } from '../../options.ts';
import { notATensor, Tensor } from '../../tensor/tensor.ts';
import { requireAxes, requireDTypeFor, requireMask } from '../checks.ts';
import { type Area, tilesOf, tilingOf } from '../tiles.ts';

/** Pictures, and which of their pixels were seen. */
export interface GridInput {
  /** [N, H, W, C] */
  readonly x: Tensor;
  /** bool [N, H, W], or [N, H, W, C] for each channel: what was seen. What was not counts as 0, whatever stands there. */
  readonly mask?: Tensor;
}

/** Pictures as a grid of patches, and what of each is there. */
export interface Grid {
  /** [N, H/p, W/q, p·q·C], 0 where nothing was seen. */
  readonly x: Tensor;
  /** bool, of the shape of x: what was seen. Undefined: everything. */
  readonly seen: Tensor | undefined;
  /** bool [N, H/p, W/q, 1]: where anything of a patch was seen. */
  readonly places: Tensor | undefined;
}

/** What the checks have to know of a layer. */
interface GridLayer {
  readonly kind: string;
  /** Channels of the pictures. */
  readonly inputs: number;
  /** Height and width of a patch. */
  readonly patch: Area;
  /** Whether NaN in x is something that was not seen. */
  readonly nanIsMissing: boolean;
  describe(): string;
}

/** Looks at the input of a layer; behind it there is nothing left of what was not seen. */
export function gridOf(layer: GridLayer, input: Tensor | GridInput): Grid {
  const given = input instanceof Tensor ? { x: input } : input;
  requireKnownOptions(layer.describe(), given, ['x', 'mask']);
  const { x } = given;
  if (!(x instanceof Tensor)) throw notATensor(`${layer.describe()} x`, x);
  requireAxes(
    layer,
    x,
    ['N', 'H', 'W', ['C', layer.inputs]],
    'Images are N,H,W,C, with as many channels as the layer was built for.',
  );
  requireDTypeFor(layer, 'x', x, 'float32');
  const [, height, width] = x.shape;
  tilingOf(layer.describe(), [height, width], layer.patch);
  const mask = given.mask === undefined ? undefined : maskOf(layer, x, given.mask);
  const numbers = layer.nanIsMissing ? logicalNot(isNotANumber(x)) : undefined;
  const seen = mask && numbers ? logicalAnd(mask, numbers) : (mask ?? numbers);
  const ofPatches = seen && tilesOf(seen, layer.patch);
  return {
    x: tilesOf(seen ? where(seen, x, 0) : x, layer.patch),
    seen: ofPatches,
    places: ofPatches && any(ofPatches, -1, { keepDims: true }),
  };
}

/** The same of tokens that lie on their grid, [N, H, W, features], each a patch of one pixel. */
export function tokensOf(
  layer: { readonly features: number } & Pick<GridLayer, 'kind' | 'nanIsMissing' | 'describe'>,
  input: Tensor | GridInput,
): Grid {
  const { kind, features: inputs, nanIsMissing } = layer;
  const describe = () => layer.describe();
  return gridOf({ kind, inputs, nanIsMissing, patch: [1, 1], describe }, input);
}

/** The mask for each channel: bool [N, H, W, C]. */
function maskOf(layer: GridLayer, x: Tensor, mask: Tensor): Tensor {
  if (!(mask instanceof Tensor)) throw notATensor(`${layer.describe()} mask`, mask);
  const axes = ['N', 'H', 'W', 'C'].map((name, axis) => [name, x.shape[axis]] as const);
  requireMask(
    layer,
    'mask',
    mask,
    mask.rank === 3 ? axes.slice(0, 3) : axes,
    'Say of each pixel, or of each channel of it, whether it was seen.',
  );
  return mask.rank === 3 ? tile(expandDims(mask, -1), [1, 1, 1, layer.inputs]) : mask;
}
