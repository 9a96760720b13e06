/** Data sets, pictures, and what is done to them before training. */
export { augmentBatch } from './augment/augment.ts';
export type { AugmentOptions } from './augment/augment-options.ts';
export type { DisturbanceName, StrengthUnit } from './augment/disturbances.ts';
export type { MixOptions } from './augment/mixing.ts';
export { balancedIndices, type Sampling } from './balanced-order.ts';
export { type BatchOptions, batchIndices, gatherBatch, type ImageBatch } from './batches.ts';
export {
  classCounts,
  concatenate,
  type ImageDataset,
  imageCount,
  type LabeledImages,
  shuffledIndices,
  stratifiedSplit,
  stridedSplit,
  subset,
  validateLabels,
} from './dataset.ts';
export { digitsFromSheet, loadDigits } from './digits.ts';
export { DatasetError, IdxError, JpegError, PictureError, PngError } from './errors.ts';
export { datasetFromFolder, type FolderOptions } from './folder.ts';
export type { FormOptions, ImageForm } from './form.ts';
export type { GroupSource } from './groups.ts';
export { decodeIdx, encodeIdx, type IdxArray, type IdxData, type IdxOptions, readIdx } from './idx.ts';
export { compositeAlpha, type Image, invert, toGray, toRgb } from './image.ts';
export { decodeJpeg, type JpegOptions } from './jpeg.ts';
export { type LoadedDataset, type LoadOptions, loadDataset } from './load.ts';
export type { MissingPixels } from './missing.ts';
export {
  applyNormalization,
  channelStatistics,
  type Normalization,
  type StatisticsOptions,
} from './normalize.ts';
export { type CopiedImage, findOverlap, type Mirroring, type OverlapOptions } from './overlap.ts';
export { type PictureOptions, readPicture } from './picture.ts';
export { decodePng, encodePng, type PngOptions, readPng } from './png.ts';
export { RandomGenerator } from './random-generator.ts';
export { type Removal, type RemovePixelsOptions, removePixels } from './removal.ts';
export { fitTo, type PictureFit, resize } from './resize.ts';
export { datasetFromSheet, type SheetOptions } from './sheet.ts';
export { type OpenOptions, openDataset, samplePictures } from './stream/open-dataset.ts';
export type { StoredPictures, StreamedDataset } from './stream/streamed-dataset.ts';
