/**
 * The errors of the engine. Each class names one kind of fault; each message says where, what was got, what was
 * expected, and the cure.
 */

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
    super(`${parts.where}: got ${parts.got}, expected ${parts.expected}. ${parts.cure}`, options);
    this.where = parts.where;
    this.got = parts.got;
    this.expected = parts.expected;
    this.cure = parts.cure;
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

/** A device lost the hardware it computes on, or that failed. Variables are as the last completed step left them. */
export class DeviceLostError extends WeftError {
  override readonly name: string = 'DeviceLostError';
}

/** An array is larger than the device can count, or so large that it cannot be read in as many pieces as are needed. */
export class DeviceLimitError extends WeftError {
  override readonly name: string = 'DeviceLimitError';
}
