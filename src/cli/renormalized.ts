/** A model for pictures that are normalized in another way than those it was trained on. */
import type { Normalization } from '../data/normalize.ts';
import { type Module, Rescale, Sequential } from '../nn/index.ts';

/**
 * The same model for pictures that are normalized as `given`. With mean m and deviation s of both, x of the one becomes
 * x·(s given / s own) + (m given − m own) / s own of the other.
 *
 * @returns the model itself where both are the same
 */
export function renormalized(
  model: Module,
  own: Normalization | undefined,
  given: Normalization | undefined,
  channels: number,
): Module {
  const none = { mean: Array<number>(channels).fill(0), std: Array<number>(channels).fill(1) };
  const [from, to] = [given ?? none, own ?? none];
  const scale = to.std.map((std, channel) => from.std[channel]! / std);
  const offset = to.mean.map((mean, channel) => (from.mean[channel]! - mean) / to.std[channel]!);
  if (scale.every((each) => each === 1) && offset.every((each) => each === 0)) return model;
  return new Sequential({ rescale: new Rescale(scale, offset), model });
}
