/** What bounds a GPU, and the devices that it bounds. */
import type { Device } from '../device.ts';

/** What bounds the passes of a GPU. */
export interface PassLimits {
  /** The most buffers or textures that a function may read. */
  readonly mostReads: number;
  /** The most floats in one of them: those of a segment. */
  readonly mostFloats: number;
}

/** A device that runs plans as passes. */
export type PassesDevice = Device & PassLimits;
