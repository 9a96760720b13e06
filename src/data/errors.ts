/** The errors of reading data: pictures, IDX files and data sets. */
import { WeftError } from '../errors.ts';

/** A PNG file is broken, truncated, too large, or not a PNG file. */
export class PngError extends WeftError {
  override readonly name: string = 'PngError';
}

/** An IDX file is broken, truncated, too large, or not an IDX file. */
export class IdxError extends WeftError {
  override readonly name: string = 'IdxError';
}

/** The files of a data set are readable, but do not make up a data set. */
export class DatasetError extends WeftError {
  override readonly name: string = 'DatasetError';
}
