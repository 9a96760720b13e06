/** The embedded digits in a browser: the sheet of cells that `loadDigits` reads from the package, fetched and cut alike. */
import { channelStatistics, digitsFromSheet, type Image } from '../../src/index.ts';
import type { LearningData } from './pictures.ts';

/** Fetches the sheet. */
export async function fetchDigits(url: string): Promise<LearningData> {
  const response = await fetch(url);
  if (!response.ok)
    throw new Error(`The digits could not be fetched: ${url} gives status ${response.status}.`);
  const { train, test } = digitsFromSheet(await decode(await response.blob()));
  return { choice: 'digits', train, test, normalization: channelStatistics(train) };
}

/** A gray picture, decoded by the browser: weft's own reader of PNG files needs Node. */
async function decode(file: Blob): Promise<Image> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (context === null)
    throw new Error('The digits cannot be decoded: this browser gives a worker no canvas.');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = Float32Array.from({ length: width * height }, (_, pixel) => data[4 * pixel] / 255);
  return { width, height, channels: 1, bitDepth: 8, pixels };
}
