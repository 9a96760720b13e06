/**
 * The errors of the engine. Each class names one kind of fault; each message says where, what was got, what was
 * expected, and the cure.
 */
import { printable } from './text.ts';

/** The parts of a message. They stay readable on the error object. */
export interface ErrorParts {
  /** Where it happened: a layer by name, a file, an operation, an option. */
  readonly where: string;
  /** What was got. */
  readonly got: string;
  /** What was expected. */
  readonly expected: string;
  /** What to do about it. */
  readonly cure: string;
}

/** The most characters of one part. Names and lists from outside may be of any length. */
const longestPart = 2000;

/** A part as it is shown: printable, and within a bound. */
function shown(part: string): string {
  const text = printable(part.slice(0, longestPart + 1));
  return text.length > longestPart ? `${text.slice(0, longestPart - 1)}…` : text;
}

/** The base class of every error weft throws on purpose. */
export class WeftError extends Error {
  /** The name of the class, also after minifying. */
  override readonly name: string = 'WeftError';
  /** Where it happened: a layer by name, a file, an operation, an option. */
  readonly where: string;
  /** What was got. */
  readonly got: string;
  /** What was expected. */
  readonly expected: string;
  /** What to do about it. */
  readonly cure: string;

  /** The message reads "where: got …, expected …. cure". */
  constructor(parts: ErrorParts, options?: ErrorOptions) {
    const [where, got, expected, cure] = [parts.where, parts.got, parts.expected, parts.cure].map(shown);
    super(`${where}: got ${got}, expected ${expected}. ${cure}`, options);
    this.where = where;
    this.got = got;
    this.expected = expected;
    this.cure = cure;
  }
}

/** A tensor has the wrong rank or the wrong size along an axis. */
export class ShapeError extends WeftError {
  override readonly name: string = 'ShapeError';
}

/** A tensor has the wrong element type, or a value that the element type cannot hold. */
export class DTypeError extends WeftError {
  override readonly name: string = 'DTypeError';
}

/** An argument or option is unknown or out of its range. */
export class OptionError extends WeftError {
  override readonly name: string = 'OptionError';
}

/** A label lies outside `[0, classes)`. */
export class LabelError extends WeftError {
  override readonly name: string = 'LabelError';
}

/** An index that was computed lies outside the axis it points into. */
export class IndexError extends WeftError {
  override readonly name: string = 'IndexError';
}

/** A function given to `compile` did something that cannot be captured, such as awaiting a value. */
export class TraceError extends WeftError {
  override readonly name: string = 'TraceError';
}

/** A derivative was asked for that does not exist or was never connected. */
export class GradientError extends WeftError {
  override readonly name: string = 'GradientError';
}

/** A value that has to be finite is NaN or infinite. */
export class NonFiniteError extends WeftError {
  override readonly name: string = 'NonFiniteError';
}

/** A device is unknown, missing or unable to run. */
export class DeviceUnavailableError extends WeftError {
  override readonly name: string = 'DeviceUnavailableError';
}

/** A device has no memory left for what was asked. Nothing that it holds has changed. */
export class HeapExhaustedError extends WeftError {
  override readonly name: string = 'HeapExhaustedError';
}

/** A device lost what it computes on, or that failed. Variables are as the last completed step left them, or the message says so. */
export class DeviceLostError extends WeftError {
  override readonly name: string = 'DeviceLostError';
}

/** What was asked is more than the engine or the device can ever do: too many elements, too many bytes at once, too many pieces. */
export class DeviceLimitError extends WeftError {
  override readonly name: string = 'DeviceLimitError';
}
