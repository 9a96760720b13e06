/**
 * Who is listening while tensors are built: the eager recorder, whose updates the next request takes with it, or the
 * trace of a function that is being captured. Each has gradients and updates of its own.
 */
import { TraceError } from '../errors.ts';
import type { NumericArray } from './dtype.ts';
import { type HostSource, type LeafSource, type Node, nextNodeId } from './node.ts';
import type { Tensor } from './tensor.ts';
import type { Parameter, Variable } from './variable.ts';

/** A gradient that `backward()` left for the optimizer. */
export interface RecordedGradient {
  readonly value: Tensor;
  /** The losses it is the gradient of. */
  readonly losses: readonly Tensor[];
}

/** A new value of a variable. */
export interface RecordedUpdate {
  /** How it is computed. */
  readonly value: Tensor;
  /** What the variable is called once it has it; counted by the variable, undefined in a trace. */
  readonly version: number | undefined;
}

/** What is remembered while tensors are built. */
export interface Recorder {
  /** Set while a function is being captured; nothing can be evaluated then. */
  readonly tracing: boolean;
  /** New values of variables, waiting to be applied. */
  readonly updates: Map<Variable, RecordedUpdate>;
  /** Losses whose gradients the updates are made of: their graphs are let go with them. */
  readonly spent: Tensor[];
  /** In a trace, called at each call of the captured function: see `whenAsked`. */
  readonly whenAsked: ((mayBeRefused: boolean) => void)[];
  /** Called when the turn of the updates is over, with whether they were applied. */
  readonly whenOver: ((applied: boolean) => void)[];
  /** What `parameter.grad` is. */
  readonly gradients: WeakMap<Variable, RecordedGradient>;
  /** The parameters that a loss left gradients on, by its node: computed along with it, so that the forward pass runs once. */
  readonly leftBy: WeakMap<Node, readonly Parameter[]>;
  /** In a trace, the leaves that stand for variables. */
  readonly leaves: Map<Variable, Tensor>;
  /** In a trace, the values that the host gives at each call, in the order in which they were built. */
  readonly hostSources: HostSource[];
  /** What a captured function read besides tensors, with what it found: see `notice`. */
  readonly noticed: Map<() => unknown, unknown>;
}

function newRecorder(tracing: boolean): Recorder {
  return {
    tracing,
    updates: new Map(),
    spent: [],
    whenAsked: [],
    whenOver: [],
    gradients: new WeakMap(),
    leftBy: new WeakMap(),
    leaves: new Map(),
    hostSources: [],
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

/** The gradient that `backward()` left on a parameter. */
export function recordedGradient(parameter: Variable): RecordedGradient | undefined {
  return active.gradients.get(parameter);
}

/** Leaves a gradient on a parameter, or takes it away. */
export function recordGradient(parameter: Variable, gradient: RecordedGradient | undefined): void {
  refuseInLoop(
    'a gradient that is left on a parameter',
    'Call backward() on a loss that is built behind the scan, or take grad(…) inside.',
  );
  const { gradients } = active;
  const before = gradients.get(parameter);
  // Somebody will ask for it: an optimizer.
  if (before) before.value.node.uses--;
  if (gradient) gradient.value.node.uses++;
  if (gradient) gradients.set(parameter, gradient);
  else gradients.delete(parameter);
}

/** What a captured function left behind. */
export interface Trace<Finished> {
  /** What was recorded, complete once `trace` returns. */
  readonly recorded: Recorder;
  /** Nodes from this id on were built after the function first awaited something: they were not listened to. */
  readonly end: number;
  /** What `finish` made of the function's result: a promise where the function gave one. */
  readonly finished: Finished | Promise<Finished>;
}

/**
 * Runs `body` under a fresh trace, up to its first await, and hands its result to `finish`, which runs under the trace
 * too. Reading a variable inside sees its new value.
 */
export function trace<Result, Finished>(
  body: () => Result | Promise<Result>,
  finish: (result: Result) => Finished,
): Trace<Finished> {
  const recorded = newRecorder(true);
  const finishInside = (result: Result): Finished => listenWith(recorded, () => finish(result));
  const started = listenWith(recorded, body);
  const end = nextNodeId();
  // Other code may run while a promise is waited for, so the trace does not listen then.
  const finished = started instanceof Promise ? started.then(finishInside) : finishInside(started);
  return { recorded, end, finished };
}

/** As `trace`, for a body without awaits whose recordings nobody needs. */
export function traceSync<Result>(body: () => Result): Result {
  return listenWith(newRecorder(true), body);
}

let loopBodies = 0;

/** Builds the body of a loop: nothing can change a variable there, since that would not happen once a step. */
export function buildingLoop<Result>(body: () => Result): Result {
  loopBodies++;
  try {
    return body();
  } finally {
    loopBodies--;
  }
}

/** Whether what is built now is built for every step of a loop. */
export function isBuildingLoop(): boolean {
  return loopBodies > 0;
}

/** Throws TraceError, with what to do instead, inside the body of a loop that is being built. */
export function refuseInLoop(what: string, cure: string): void {
  if (!isBuildingLoop()) return;
  throw new TraceError({
    where: 'scan',
    got: `${what} inside the body`,
    expected: 'a body that only builds tensors and returns them',
    cure,
  });
}

/** The error of a tensor that outlived the captured function it was made in. */
export function leftBehind(): TraceError {
  return new TraceError({
    where: 'an evaluation',
    got: 'a tensor made inside a function that was being captured: one that is compiled, or the body of a scan',
    expected: 'tensors made outside, or inside the function that uses them',
    cure: 'Return the tensor from that function instead of keeping it in a variable.',
  });
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

/**
 * Calls `listener` when what is recorded is asked for: now, or, inside a trace, at each call of the captured function. It is
 * told whether the updates may be refused by `requireFinite`.
 */
export function whenAsked(listener: (mayBeRefused: boolean) => void): void {
  if (active.tracing) active.whenAsked.push(listener);
  else if (active === eager) listener(false);
}

/**
 * A value the host gives. `begin` is called when the computation is asked for: once, now, or, inside a trace, at each call
 * of the captured function. What it returns is called when the computation's turn comes, and gives the value.
 */
export function hostValue(begin: () => () => NumericArray): LeafSource {
  if (active.tracing) {
    const source: HostSource = { kind: 'host', begin, traced: true };
    active.hostSources.push(source);
    return source;
  }
  const read = begin();
  let value: NumericArray | undefined;
  const once = (): NumericArray => {
    value ??= read();
    return value;
  };
  return { kind: 'host', begin: () => once, traced: false };
}
