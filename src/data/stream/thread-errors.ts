/** Errors on their way from one thread to another: their class goes with them. */
import { type ErrorParts, LabelError, NonFiniteError, OptionError, WeftError } from '../../errors.ts';
import { messageOf } from '../../text.ts';
import { DatasetError, IdxError, JpegError, PictureError, PngError } from '../errors.ts';

/** An error as it is sent. */
export interface SentError extends ErrorParts {
  readonly name: string;
}

const classes = [
  DatasetError,
  IdxError,
  JpegError,
  LabelError,
  NonFiniteError,
  OptionError,
  PictureError,
  PngError,
  WeftError,
] as const;

/** What is sent of something thrown. */
export function sentError(thrown: unknown): SentError {
  if (thrown instanceof WeftError) {
    const { name, where, got, expected, cure } = thrown;
    return { name, where, got, expected, cure };
  }
  return { name: 'WeftError', ...lost(messageOf(thrown)) };
}

/** The error that was sent. */
export function receivedError({ name, ...parts }: SentError): WeftError {
  const [Class = WeftError] = classes.filter((each) => each.name === name);
  return new Class(parts);
}

/** A worker that did not do its work. */
export function lost(reason: string): ErrorParts {
  return {
    where: 'a worker that prepares pictures',
    got: reason,
    expected: 'a batch',
    cure: 'Train with fewer workers; with workers: 0 the main thread prepares the pictures itself.',
  };
}
