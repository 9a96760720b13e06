/** A compiled function: one captured plan for each combination of argument shapes, and of what else it was built by. */
import { OptionError, TraceError } from '../errors.ts';
import { describeValue } from '../options.ts';
import { captureGraph, reachable, refuseEarlierReads, refuseLaterNodes } from '../plan/capture.ts';
import type { Bindings, Graph } from '../plan/graph.ts';
import type { NumericArray, TensorSpec } from '../tensor/dtype.ts';
import { fromData, leaf } from '../tensor/leaves.ts';
import { nextNodeId } from '../tensor/node.ts';
import { type Recorder, type Trace, trace } from '../tensor/recorder.ts';
import type { CompileOptions, TensorTree } from '../tensor/runtime.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type FlatTree, flattenTree } from '../tensor/tree.ts';
import type { Variable } from '../tensor/variable.ts';
import { isUnknown, leafArray, type PlanRunner, type Prepared } from './prepared.ts';

/** Captures that are kept of one function: of more shapes, those that were not called for longest are captured anew. */
const keptCaptures = 64;

/** How long a function may wait for something while others wait for its turn to end, in milliseconds. */
const patience = 5000;

/** One capture: the plan, its leaves, and the shape of the result. */
interface Captured {
  readonly graph: Graph;
  readonly bindings: Bindings;
  readonly specs: readonly TensorSpec[];
  /** Puts the output tensors back into the structure the function returned. */
  readonly rebuild: (tensors: readonly Tensor[]) => TensorTree;
  /** On the device it last ran on. */
  prepared: Prepared | undefined;
}

/** What is known of a capture as soon as the function has run up to its first await. */
interface Capture {
  readonly recorded: Recorder;
  /** The variables that each call changes. */
  readonly updated: readonly Variable[];
  /** Complete, unless the function returned a promise that is still waited for. */
  captured: Captured | Promise<Captured>;
}

export class CompiledFunction<Arguments extends readonly Tensor[], Result extends TensorTree> {
  readonly #runner: PlanRunner;
  readonly #body: (...tensors: Arguments) => Result | Promise<Result>;
  readonly #guard: number | undefined;
  /** By the shapes of the arguments; each list by what was noticed. Those called last come last. */
  readonly #captures = new Map<string, Capture[]>();
  /** The capture of the last call, which is mostly that of the next one. */
  #latest: { readonly capture: Capture; readonly specs: readonly TensorSpec[] } | undefined;

  constructor(
    runner: PlanRunner,
    body: (...tensors: Arguments) => Result | Promise<Result>,
    options: CompileOptions,
  ) {
    this.#runner = runner;
    this.#body = body;
    this.#guard = options.requireFinite ? 0 : undefined;
  }

  /**
   * Everything that depends on the moment of the call is settled before this returns: the values of arguments, learning
   * rates and random numbers, and that variables stand for the values after this call from here on.
   */
  call(tensors: Arguments): Promise<Result> {
    for (const tensor of tensors) requireTensor(tensor);
    const given = tensors.map((tensor) => tensor.operand());
    const flushed = this.#runner.flush();
    const capture = this.#captureFor(given);
    const { recorded, updated } = capture;
    for (const listener of recorded.whenAsked) listener(this.#guard !== undefined);
    const host = new Map(recorded.hostSources.map((source) => [source, source.begin()]));
    const versions = new Map(updated.map((variable) => [variable, variable.plan()]));
    return this.#runner.exclusive(async () => {
      let completed = false;
      try {
        if (flushed) await flushed;
        if (given.some(isUnknown)) await this.#runner.compute(given);
        const captured =
          capture.captured instanceof Promise ? await this.#settled(capture) : capture.captured;
        if (captured.prepared?.device !== this.#runner.activeDevice.name) {
          captured.prepared = this.#runner.prepare(captured.graph);
        }
        const { prepared, bindings, specs, rebuild } = captured;
        const inputs = bindings.inputs.map(
          (source): NumericArray =>
            source.kind === 'placeholder' ? arrayOf(given[source.index]) : leafArray(source, host),
        );
        const outputs = await this.#runner.run(prepared, inputs, bindings.variables, this.#guard);
        completed = true;
        for (const [variable, version] of versions) variable.settle(version, true);
        const results = outputs.map((data, index) => fromData(data, specs[index].shape, specs[index].dtype));
        return rebuild(results) as Result;
      } finally {
        for (const listener of recorded.whenOver) listener(completed);
        if (!completed) await this.#runner.abandon(versions);
      }
    }, given);
  }

  /** The capture for arguments of these shapes, made once for each state of what the function notices. */
  #captureFor(tensors: readonly Tensor[]): Capture {
    const latest = this.#latest;
    if (latest && fits(latest, tensors)) return latest.capture;
    const capture = this.#find(tensors);
    this.#latest = { capture, specs: tensors.map(({ shape, dtype }) => ({ shape, dtype })) };
    return capture;
  }

  #find(tensors: readonly Tensor[]): Capture {
    const key = tensors.map(({ dtype, shape }) => `${dtype}${formatShape(shape)}`).join();
    const known = this.#captures.get(key) ?? [];
    const capture = known.find(({ recorded }) => holds(recorded.noticed)) ?? this.#capture(tensors);
    if (known.at(-1) === capture && this.#captures.size <= keptCaptures) {
      this.#renew(key, known);
      return capture;
    }
    this.#renew(key, [...known.filter((each) => each !== capture), capture].slice(-keptCaptures));
    if (this.#captures.size > keptCaptures) this.#captures.delete(this.#captures.keys().next().value!);
    return capture;
  }

  /** To the young end of the map. */
  #renew(key: string, captures: Capture[]): void {
    this.#captures.delete(key);
    this.#captures.set(key, captures);
  }

  #capture(tensors: readonly Tensor[]): Capture {
    const start = nextNodeId();
    const placeholders = tensors.map(({ shape, dtype }, index) =>
      leaf(shape, dtype, { kind: 'placeholder', index }),
    );
    const traced = trace(() => this.#body(...(placeholders as readonly Tensor[] as Arguments)), flattenTree);
    const { recorded, finished } = traced;
    const updated = [...recorded.updates.keys()];
    const captured =
      finished instanceof Promise
        ? finished.then((tree) => this.#finish(traced, tree, start))
        : this.#finish(traced, finished, start);
    const capture: Capture = { recorded, updated, captured };
    if (captured instanceof Promise) {
      captured.then(
        (result) => {
          capture.captured = result;
        },
        () => this.#forget(capture),
      );
    }
    return capture;
  }

  #finish(
    { recorded, end }: Trace<FlatTree>,
    { tensors: outputs, rebuild }: FlatTree,
    start: number,
  ): Captured {
    if (this.#guard !== undefined && outputs.length === 0) throw nothingToGuard();
    const updates = new Map([...recorded.updates].map(([variable, { value }]) => [variable, value]));
    const roots = [...outputs, ...updates.values()];
    const nodes = reachable(roots);
    refuseEarlierReads(nodes, roots);
    refuseLaterNodes(nodes, end);
    const { graph, bindings } = captureGraph(outputs, updates, start);
    const specs = outputs.map(({ shape, dtype }) => ({ shape, dtype }));
    return { graph, bindings, specs, rebuild, prepared: undefined };
  }

  /** A capture that failed is made again at the next call. */
  #forget(capture: Capture): void {
    if (this.#latest?.capture === capture) this.#latest = undefined;
    for (const [key, captures] of this.#captures) {
      const others = captures.filter((each) => each !== capture);
      if (others.length === 0) this.#captures.delete(key);
      else if (others.length < captures.length) this.#captures.set(key, others);
    }
  }

  /**
   * Waits for the promise that the function returned. One that waits for another value in turn would wait for ever, since
   * the turn of that comes after this one.
   */
  async #settled({ captured }: Capture): Promise<Captured> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(stillWaiting()), patience);
    });
    try {
      return await Promise.race([captured, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Whether a capture is for arguments like these, in the state of now. */
function fits(
  { capture, specs }: { readonly capture: Capture; readonly specs: readonly TensorSpec[] },
  tensors: readonly Tensor[],
): boolean {
  if (specs.length !== tensors.length) return false;
  for (const [index, { shape, dtype }] of specs.entries()) {
    if (tensors[index].dtype !== dtype || !sameShape(tensors[index].shape, shape)) return false;
  }
  return holds(capture.recorded.noticed);
}

/** Whether everything that was noticed is still so. */
function holds(noticed: Recorder['noticed']): boolean {
  for (const [read, found] of noticed) if (read() !== found) return false;
  return true;
}

function arrayOf({ node, output }: Tensor): NumericArray {
  return node.values[output]!;
}

function nothingToGuard(): OptionError {
  return new OptionError({
    where: 'compile',
    got: 'requireFinite for a function that returns no tensor',
    expected: 'a result to look at',
    cure: 'Return the loss, first of all results.',
  });
}

function stillWaiting(): TraceError {
  return new TraceError({
    where: 'compile',
    got: `a function that still waits for something after ${patience / 1000} seconds`,
    expected: 'a function that builds tensors and returns them',
    cure: 'Await values before the call, or return the tensor and await it outside: inside, its turn never comes.',
  });
}

function requireTensor(argument: unknown): void {
  if (argument instanceof Tensor) return;
  throw new TraceError({
    where: 'a compiled function',
    got: `the argument ${describeValue(argument)}`,
    expected: 'tensors only',
    cure: 'Make a tensor of it; numbers and options are fixed when the function is captured, so close over them.',
  });
}
