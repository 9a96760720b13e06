/** The errors of reading data: pictures, IDX files and data sets. */
import { WeftError } from '../errors.ts';

/** A file is no picture that is read. Its subclasses are for pictures that are. */
export class PictureError extends WeftError {
  override readonly name: string = 'PictureError';
}

/** A PNG file is broken, truncated, too large, or not a PNG file. */
export class PngError extends PictureError {
  override readonly name: string = 'PngError';
}

/** A JPEG file is broken, truncated, too large, or not a JPEG file. */
export class JpegError extends PictureError {
  override readonly name: string = 'JpegError';
}

/** An IDX file is broken, truncated, too large, or not an IDX file. */
export class IdxError extends WeftError {
  override readonly name: string = 'IdxError';
}

/** The files of a data set are readable, but do not make up a data set. */
export class DatasetError extends WeftError {
  override readonly name: string = 'DatasetError';
}
