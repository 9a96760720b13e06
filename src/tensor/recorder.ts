/**
 * Who is listening while tensors are built: the eager recorder, whose updates the next evaluation applies, or the
 * trace of a function that is being captured. Each has gradients and updates of its own.
 */
import type { NumericArray } from './dtype.ts';
import { type Node, nextNodeId } from './node.ts';
import type { Tensor } from './tensor.ts';
import type { Variable } from './variable.ts';

/** A gradient that `backward()` left for the optimiser. */
export interface RecordedGradient {
  readonly value: Tensor;
  /** The losses it is the gradient of. */
  readonly losses: readonly Tensor[];
}

/** What is remembered while tensors are built. */
export interface Recorder {
  /** Set while a function is being captured; nothing can be evaluated then. */
  readonly tracing: boolean;
  /** New values of variables, waiting to be applied. */
  readonly updates: Map<Variable, Tensor>;
  /** What `parameter.grad` is. */
  readonly gradients: WeakMap<Variable, RecordedGradient>;
  /** The gradients of a loss, by its node: computed along with it, so that the forward pass runs once. */
  readonly gradientsOf: WeakMap<Node, readonly Tensor[]>;
  /** What a captured function read besides tensors, with what it found: see `notice`. */
  readonly noticed: Map<() => unknown, unknown>;
}

function newRecorder(tracing: boolean): Recorder {
  return {
    tracing,
    updates: new Map(),
    gradients: new WeakMap(),
    gradientsOf: new WeakMap(),
    noticed: new Map(),
  };
}

const eager = newRecorder(false);
let active = eager;

/** The recorder that listens now. */
export function recorder(): Recorder {
  return active;
}

/** The recorder of code that is not being captured. */
export function eagerRecorder(): Recorder {
  return eager;
}

/** What a captured function left behind. */
export interface Trace<Finished> {
  readonly finished: Finished;
  readonly recorded: Recorder;
  /** Nodes from this id on were built after the function first awaited something: they were not listened to. */
  readonly end: number;
}

/**
 * Runs `body` under a fresh trace, up to its first await, and hands its result to `finish`, which runs under the trace
 * too. Reading a variable inside sees its new value.
 */
export async function trace<Result, Finished>(
  body: () => Result | Promise<Result>,
  finish: (result: Result) => Finished,
): Promise<Trace<Finished>> {
  const recorded = newRecorder(true);
  const started = listenWith(recorded, body);
  const end = nextNodeId();
  // Other code may run during this wait, so the trace does not listen.
  const result = await started;
  return { finished: listenWith(recorded, () => finish(result)), recorded, end };
}

/** As `trace`, for a body without awaits whose recordings nobody needs. */
export function traceSync<Result>(body: () => Result): Result {
  return listenWith(newRecorder(true), body);
}

/** Runs eager code whose updates and gradients are forgotten. */
export function withoutRecording<Result>(body: () => Result): Result {
  return listenWith(newRecorder(false), body);
}

function listenWith<Result>(listener: Recorder, body: () => Result): Result {
  const outer = active;
  active = listener;
  try {
    return body();
  } finally {
    active = outer;
  }
}

/**
 * Reads what a graph is built by that is no tensor: the mode of a layer, whether a parameter is trained. A function that
 * is being captured remembers it, and is captured anew when a later call finds something else. `read` is called at each
 * call of the compiled function, so it has to be cheap; give the same function for the same thing.
 */
export function notice<Found>(read: () => Found): Found {
  const found = read();
  if (active.tracing) active.noticed.set(read, found);
  return found;
}

/** A value the host gives: read once now, or, inside a trace, anew each time the plan runs. */
export function hostValue(
  read: () => NumericArray,
): { kind: 'data'; data: NumericArray } | { kind: 'host'; read: typeof read } {
  return active.tracing ? { kind: 'host', read } : { kind: 'data', data: read() };
}
