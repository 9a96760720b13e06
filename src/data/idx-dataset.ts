/** The IDX files of one split, read as a data set. */
import { LabelError } from '../errors.ts';
import { node } from './code-files.ts';
import { type ImageDataset, validateLabels } from './dataset.ts';
import { DatasetError } from './errors.ts';
import { type IdxArray, readIdx } from './idx.ts';
import type { IdxSplitFiles } from './idx-files.ts';

/**
 * Reads one split: images of type uint8 `[N, H, W]` or `[N, H, W, C]` with 1 to 4 channels, or float32/float64 with
 * values in [0, 1]; labels of any integer type, `[N]`.
 *
 * @param classNames default '0', '1', … up to the largest label, at least two; no more than 256, or than there are images
 * @throws DatasetError when a file is missing or holds something else; LabelError when a label is out of range;
 *   IdxError when a file is broken
 */
export function datasetFromIdx(
  folder: string,
  files: IdxSplitFiles,
  name: string,
  classNames?: readonly string[],
): ImageDataset {
  if (files.images === undefined || files.labels === undefined) {
    throw new DatasetError({
      where: folder,
      got: `${files.images ?? files.labels} without its ${files.images === undefined ? 'images' : 'labels'}`,
      expected: 'an images file and a labels file',
      cure: 'Add the missing file.',
    });
  }
  const imagesPath = node.path.join(folder, files.images);
  const labelsPath = node.path.join(folder, files.labels);
  const pictures = readIdx(imagesPath);
  const labels = labelsOf(readIdx(labelsPath), labelsPath);
  const dataset: ImageDataset = {
    name,
    images: pixelsOf(pictures, imagesPath),
    shape: imageShape(pictures, imagesPath),
    labels,
    classNames: classNames ?? numberedClasses(labels, labelsPath),
  };
  validateLabels(dataset, labelsPath);
  return dataset;
}

/** Labels that fit into a byte are always possible. */
const FEW_CLASSES = 256;

/**
 * '0', '1', … up to the largest label. A label far beyond the number of images is no class, and must not decide how
 * many names are made.
 */
function numberedClasses(labels: Int32Array, where: string): string[] {
  const most = Math.max(FEW_CLASSES, labels.length);
  const isClass = (label: number) => label >= 0 && label < most;
  const odd = labels.findIndex((label) => !isClass(label));
  if (odd < 0) {
    const largest = labels.reduce((highest, label) => Math.max(highest, label), 1);
    return Array.from({ length: largest + 1 }, (_, label) => String(label));
  }
  const swapped = new DataView(new ArrayBuffer(4));
  const littleEndian = labels.every((label) => {
    swapped.setInt32(0, label);
    return isClass(swapped.getInt32(0, true));
  });
  throw new LabelError({
    where: `${where}, item ${odd}`,
    got: `label ${labels[odd]}`,
    expected: `0 to ${most - 1}: ${labels.length} images cannot have more classes than that`,
    cure: littleEndian
      ? 'The labels seem to be written little-endian: IDX is big-endian. Swap their bytes, or write them as bytes.'
      : 'Correct the label, or number the classes from 0 without gaps.',
  });
}

function imageShape({ shape }: IdxArray, where: string): [number, number, number, number] {
  const [count, height, width, channels = 1] = shape;
  if (shape.length >= 3 && height > 0 && width > 0 && channels >= 1 && channels <= 4) {
    return [count, height, width, channels];
  }
  throw new DatasetError({
    where,
    got: `shape [${shape.join(', ')}]`,
    expected: '[images, height, width] or [images, height, width, 1 to 4 channels]',
    cure: 'Write the images in this order of axes.',
  });
}

function pixelsOf({ data }: IdxArray, where: string): Uint8Array | Float32Array {
  if (data instanceof Uint8Array) return data;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    const odd = data.findIndex((value) => !(value >= 0 && value <= 1));
    if (odd < 0) return data instanceof Float32Array ? data : Float32Array.from(data);
    throw new DatasetError({
      where,
      got: `the value ${data[odd]} at position ${odd}`,
      expected: 'pixels from 0 to 1 in a floating-point file',
      cure: 'Scale the pixels, or store them as unsigned bytes.',
    });
  }
  throw new DatasetError({
    where,
    got: `pixels in a ${data.constructor.name}`,
    expected: 'unsigned bytes, or floats from 0 to 1',
    cure: 'Convert the pixels to unsigned bytes.',
  });
}

function labelsOf({ data, shape }: IdxArray, where: string): Int32Array {
  const integers = !(data instanceof Float32Array || data instanceof Float64Array);
  if (integers && shape.length === 1) return Int32Array.from(data);
  throw new DatasetError({
    where,
    got: `shape [${shape.join(', ')}] in a ${data.constructor.name}`,
    expected: 'one integer label for each image, shape [images]',
    cure: 'Check that this is the labels file.',
  });
}
