/** Pictures from files, the clipboard and the camera, cut to a shape: the browser decodes whatever it knows. */

/** What a picture can be read from. */
export type PictureSource = Blob | HTMLVideoElement;

/**
 * The middle of a picture in the proportions of `height` and `width`, in that size: `[height, width, 3]`, bytes. What is
 * transparent becomes white, as paper.
 *
 * @throws Error in words when the browser cannot read it
 */
export async function readPicture(
  source: PictureSource,
  height: number,
  width: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bitmap = await decode(source);
  const scale = Math.min(bitmap.width / width, bitmap.height / height);
  const [cutWidth, cutHeight] = [scale * width, scale * height];
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('This browser gives no canvas to read a picture with.');
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  const [left, top] = [(bitmap.width - cutWidth) / 2, (bitmap.height - cutHeight) / 2];
  context.drawImage(bitmap, left, top, cutWidth, cutHeight, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return Uint8Array.from({ length: 3 * width * height }, (_, place) => {
    const pixel = Math.floor(place / 3);
    return data[4 * pixel + (place % 3)];
  });
}

async function decode(source: PictureSource): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(source);
  } catch {
    const name = source instanceof File ? `“${source.name}”` : 'This';
    throw new Error(`${name} is no picture that this browser can read.`);
  }
}

/** The files of a drop or of the clipboard. */
export function filesOf(transfer: DataTransfer | null): File[] {
  return [...(transfer?.files ?? [])];
}
