/**
 * Who is listening while tensors are built: the eager recorder, whose updates the next evaluation applies, or the
 * trace of a function that is being compiled.
 */
import type { NumericArray } from './dtype.ts';
import type { Tensor } from './tensor.ts';
import type { Variable } from './variable.ts';

export interface Recorder {
  /** Set while `compile` captures a function; nothing can be evaluated then. */
  readonly tracing: boolean;
  /** New values of variables, waiting to be applied. */
  readonly updates: Map<Variable, Tensor>;
  /** Losses whose gradients feed the updates: computed along with them, so that they can be read afterwards. */
  readonly losses: Set<Tensor>;
}

function newRecorder(tracing: boolean): Recorder {
  return { tracing, updates: new Map(), losses: new Set() };
}

const eager = newRecorder(false);
let active = eager;

/** The recorder that listens now. */
export function recorder(): Recorder {
  return active;
}

/** The recorder of code that is not being compiled. */
export function eagerRecorder(): Recorder {
  return eager;
}

/**
 * Runs `body` under a fresh trace and returns what it recorded. Reading a variable inside sees its new value. An
 * asynchronous body may await nothing but `optimizer.step()`: the trace stays open until it is done.
 */
export async function trace<Result>(
  body: () => Result | Promise<Result>,
): Promise<{ result: Result; recorded: Recorder }> {
  const outer = active;
  const { result: started, recorded } = traceSync(body);
  if (!(started instanceof Promise)) return { result: started, recorded };
  active = recorded;
  try {
    return { result: await started, recorded };
  } finally {
    active = outer;
  }
}

/** As `trace`, for a body without awaits. */
export function traceSync<Result>(body: () => Result): { result: Result; recorded: Recorder } {
  const recorded = newRecorder(true);
  const outer = active;
  active = recorded;
  try {
    return { result: body(), recorded };
  } finally {
    active = outer;
  }
}

/** A value the host gives: read once now, or, inside a trace, anew each time the plan runs. */
export function hostValue(
  read: () => NumericArray,
): { kind: 'data'; data: NumericArray } | { kind: 'host'; read: typeof read } {
  return active.tracing ? { kind: 'host', read } : { kind: 'data', data: read() };
}
