/** The embedded digits to train on. In a page, which cannot read the package, they come from whoever serves it. */
import { type ImageDataset, loadDigits } from '../../src/index.ts';
import { hasNodeModules } from '../../src/node-modules.ts';

const side = 20;
/** Pixels of a picture, and its label. */
const bytesOfPicture = side * side + 1;

/** The digits, from the package or from the page's server. */
export async function trainingDigits(): Promise<ImageDataset> {
  if (hasNodeModules()) return loadDigits().train;
  const response = await fetch('digits');
  return digitsFromBytes(new Uint8Array(await response.arrayBuffer()));
}

/** What a page is sent: all pictures, a byte a pixel, and after them all labels. */
export function digitsAsBytes(): Uint8Array {
  const { images, labels } = loadDigits().train;
  return Uint8Array.from([...images, ...labels]);
}

/** The data set that became those bytes. */
export function digitsFromBytes(bytes: Uint8Array): ImageDataset {
  const count = bytes.length / bytesOfPicture;
  const pixels = count * side * side;
  return {
    name: 'digits train',
    images: bytes.slice(0, pixels),
    shape: [count, side, side, 1],
    labels: Int32Array.from(bytes.subarray(pixels)),
    classNames: Array.from({ length: 10 }, (_, digit) => `${digit}`),
  };
}
