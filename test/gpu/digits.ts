/** The embedded digits in a test page: cells of the sheet in assets/, as the browser decodes it. */
import sheetUrl from '../../assets/digits.png?url';

const side = 20;

/** The sum of all bytes of red: what the browser gives has to be the sheet. */
const sheetSum = 67_616_410;

/** Images [count, 20, 20, 1] from 0 to 1 and their labels: `count` cells spread over the sheet, whose rows are sorted by class. */
export async function loadDigitCells(count: number): Promise<{ images: Float32Array; labels: Int32Array }> {
  const bitmap = await createImageBitmap(await (await fetch(sheetUrl)).blob());
  // Kept off the GPU, which tests lose and exhaust.
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', {
    willReadFrequently: true,
  })!;
  canvas.drawImage(bitmap, 0, 0);
  const { data } = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
  let sum = 0;
  for (let byte = 0; byte < data.length; byte += 4) sum += data[byte];
  if (sum !== sheetSum) throw new Error(`the sheet of digits has the sum ${sum} here, not ${sheetSum}`);
  const [across, cells] = [bitmap.width / side, (bitmap.width * bitmap.height) / side ** 2];
  const images = new Float32Array(count * side * side);
  const labels = new Int32Array(count);
  for (let n = 0; n < count; n++) {
    const cell = Math.floor((n * cells) / count);
    const [top, left] = [Math.floor(cell / across) * side, (cell % across) * side];
    labels[n] = Math.floor((cell * 10) / cells);
    for (let pixel = 0; pixel < side * side; pixel++) {
      const [y, x] = [Math.floor(pixel / side), pixel % side];
      images[n * side * side + pixel] = data[((top + y) * bitmap.width + left + x) * 4] / 255;
    }
  }
  return { images, labels };
}
