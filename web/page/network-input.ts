/** Pictures of any kind as what a network takes: gray or color, and handwriting as light ink on dark ground. */
import { toGray } from '../../src/data/image.ts';
import type { ModelFacts } from '../protocol.ts';

/** A network whose images are darker than this on the mean has learned light ink. */
const darkMean = 0.3;

/** Whether a network reads single characters in light ink. */
export function readsHandwriting({ classNames, inputShape, brightness }: ModelFacts): boolean {
  return inputShape[2] === 1 && (brightness ?? 0) < darkMean && classNames.every((name) => name.length === 1);
}

/**
 * A picture `[H, W, 3]` of bytes as the input of a network `[H, W, C]`, in [0, 1]. For a network that reads handwriting, dark
 * ink on paper becomes light ink, and shadows on the paper go.
 */
export function inputOf(bytes: Uint8Array, model: ModelFacts): Float32Array {
  const [height, width, channels] = model.inputShape;
  const pixels = Float32Array.from(bytes, (value) => value / 255);
  if (channels === 3) return pixels;
  const { pixels: gray } = toGray({ width, height, channels: 3, bitDepth: 8, pixels });
  return readsHandwriting(model) ? asLightInk(gray) : gray;
}

/** The ground, which most pixels are, becomes black; the ink, on whichever side of it, white. */
function asLightInk(gray: Float32Array): Float32Array {
  const ground = gray.slice().sort()[Math.floor(gray.length / 2)];
  const sign = ground > 0.5 ? -1 : 1;
  const ink = gray.map((value) => Math.max(0, sign * (value - ground)));
  const most = ink.reduce((largest, value) => Math.max(largest, value), 0.1);
  // Paper is never quite even: what is fainter than a quarter of the ink is ground.
  return ink.map((value) => Math.min(1, Math.max(0, (value / most - 0.25) / 0.5)));
}
