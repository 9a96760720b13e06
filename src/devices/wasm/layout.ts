/**
 * What lies at the start of the heap: the words by which threads find their work and wait for each other. Each has a
 * cache line of its own, because two threads that spin on one line slow each other down.
 */
import { faultRecord } from '../../../kernels/support/wasm/wasm-kernel.ts';

const line = 64;

/** Addresses in bytes. Address 0 stays empty. */
export const control = {
  /** Counts jobs; the workers wait for it to change. */
  job: 1 * line,
  /** The plan of the job. */
  plan: 2 * line,
  /** How many threads take part. */
  parts: 3 * line,
  /** Where the arena begins. */
  arena: 4 * line,
  /** Which phases of the plan are run: see `phases`. */
  phases: 5 * line,
  /** How many messages were posted to each worker. */
  posted: 6 * line,
  /** How many threads have reached the barrier. */
  arrived: 7 * line,
  /** Counts barriers; those who wait, wait for it to change. */
  barrier: 8 * line,
  /** How many threads sleep at the barrier, so that nobody wakes those who do not. */
  sleepers: 9 * line,
  /** See `faultRecord`; behind it the step that reported. */
  fault: 10 * line,
  /** The step of the plan in which a fault was reported. */
  faultStep: 10 * line + faultRecord.bytes,
  /** Set when a thread cannot go on: whoever waits for it at the barrier gives up as well. */
  abandoned: 11 * line,
  /** From here on, one line per worker: how many messages it has handled. */
  handled: 12 * line,
} as const;

/** The most threads there can be. */
export const maximumThreads = 64;

/** Where the words end and everything else begins. */
export const controlBytes = control.handled + maximumThreads * line;

/** The address of the word in which a worker (1 …) counts the messages it has handled. */
export function handledAddress(worker: number): number {
  return control.handled + worker * line;
}

/**
 * The parts of a plan: a guarded run looks at a result between them. `inPieces` says that it is their first run, in which
 * long stages are called several times.
 */
export const phases = { beforeUpdates: 1, updates: 2, both: 3, inPieces: 4 } as const;

/** Every block begins at a multiple of this. */
export const alignment = 64;

/** What kernels may read behind an array. */
export const padding = 64;

/** A size rounded up to the alignment. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}
