/**
 * The evaluator: what happens when somebody awaits a value. It captures the graph, finds or makes the plan, binds the
 * leaves and lets the current device run. It implements the runtime that tensors know.
 */
import { NonFiniteError, TraceError } from '../errors.ts';
import { captureGraph, type Graph } from '../plan/graph.ts';
import { makePlan } from '../plan/plan.ts';
import type { NumericArray } from '../tensor/dtype.ts';
import { eagerRecorder, recorder } from '../tensor/recorder.ts';
import type { CompileOptions, Runtime, TensorTree } from '../tensor/runtime.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Variable } from '../tensor/variable.ts';
import { CompiledFunction } from './compiled.ts';
import type { Device } from './device.ts';
import { leafArray, type PlanRunner, type Prepared } from './prepared.ts';

/** Tensors that are computed in one turn. */
interface Batch {
  readonly tensors: Tensor[];
  requests: number;
  readonly done: Promise<void>;
}

/** Plans of uncompiled code that are kept: more than any training loop uses, few enough to stay small. */
const cachedPlans = 64;

export class Evaluator implements Runtime, PlanRunner {
  #device: Device;
  readonly #plans = new Map<string, Prepared>();
  /** Runs happen one after another: they share the arena and the variables. */
  #tail: Promise<unknown> = Promise.resolve();
  /** Requests that wait for their turn together. */
  #batch: Batch | undefined;
  /** The device that was chosen last; it takes over with the next turn. */
  #chosen: Device;

  constructor(device: Device) {
    this.#device = device;
    this.#chosen = device;
  }

  /** The device of the turn that runs. */
  get activeDevice(): Device {
    return this.#device;
  }

  /** The device that was chosen last. */
  get device(): Device {
    return this.#chosen;
  }

  /** Makes `device` the one that runs what is asked from now on. Variables move to it when they are next used. */
  setDevice(device: Device): void {
    this.#chosen = device;
    void this.exclusive(async () => {
      if (this.#device !== device) this.#plans.clear();
      this.#device = device;
    });
  }

  /** What is asked for until the turn comes is computed in one plan. */
  async evaluate(tensors: readonly Tensor[]): Promise<void> {
    refuseInTrace('awaiting a value');
    const asked = tensors.map((tensor) => tensor.snapshot());
    this.#batch ??= this.#newBatch();
    const batch = this.#batch;
    batch.tensors.push(...asked);
    batch.requests++;
    try {
      await batch.done;
    } catch (error) {
      if (batch.requests === 1) throw error;
      // Somebody's request cannot be computed: each finds out for itself whether it was its own.
      await this.exclusive(() => this.#evaluateNow(asked));
    }
  }

  #newBatch(): Batch {
    const tensors: Tensor[] = [];
    const done = this.exclusive(() => {
      this.#batch = undefined;
      return this.#evaluateNow(tensors);
    });
    return { tensors, requests: 0, done };
  }

  async read(variable: Variable): Promise<NumericArray> {
    refuseInTrace(`reading the value of "${variable.name}"`);
    return this.exclusive(async () => {
      await this.#evaluateNow([]);
      await this.#materialize([variable]);
      return variable.storage!.read();
    });
  }

  async write(variable: Variable, data: NumericArray): Promise<void> {
    refuseInTrace(`writing the value of "${variable.name}"`);
    await this.exclusive(async () => {
      await this.#evaluateNow([]);
      if (variable.storage) await variable.storage.write(data);
      else variable.storage = this.#device.allocate({ shape: variable.shape, dtype: variable.dtype }, data);
      variable.initial = undefined;
      variable.version++;
    });
  }

  compile<Arguments extends readonly Tensor[], Result extends TensorTree>(
    body: (...tensors: Arguments) => Result | Promise<Result>,
    options: CompileOptions,
  ): (...tensors: Arguments) => Promise<Result> {
    const compiled = new CompiledFunction(this, body, options);
    return async (...tensors) => {
      refuseInTrace('calling a compiled function');
      return compiled.call(tensors);
    };
  }

  /** Runs a prepared plan with all leaves bound, changing its variables. Only inside `exclusive`. */
  async run(
    prepared: Prepared,
    inputs: readonly NumericArray[],
    variables: readonly Variable[],
    guard?: number,
  ): Promise<NumericArray[]> {
    await this.#evaluateNow([]);
    return this.#run(prepared, inputs, variables, guard);
  }

  /** The plan of a graph on the current device, made once per structure. */
  prepare(graph: Graph): Prepared {
    const known = this.#plans.get(graph.key);
    if (known) {
      // Seen again: to the young end of the map.
      this.#plans.delete(graph.key);
      this.#plans.set(graph.key, known);
      return known;
    }
    const plan = makePlan(graph);
    const prepared = { plan, executable: this.#device.prepare(plan), device: this.#device.name };
    this.#plans.set(graph.key, prepared);
    if (this.#plans.size > cachedPlans) this.#plans.delete(this.#plans.keys().next().value!);
    return prepared;
  }

  /** Runs work after all that was asked before, and before all that is asked later. */
  exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#tail.then(work);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Computes what is not known yet, with all updates that are waiting. An error in what is wanted does not keep the
   * updates from being applied; one in the updates themselves drops them, for they never could be.
   */
  async #evaluateNow(tensors: readonly Tensor[]): Promise<void> {
    const { updates: waiting, gradientsOf } = eagerRecorder();
    // A loss awaited before its step: the gradients share its forward pass.
    const gradients = waiting.size > 0 ? [] : tensors.flatMap(({ node }) => gradientsOf.get(node) ?? []);
    const wanted = [...new Set([...tensors, ...gradients])].filter(
      ({ node, output }) => node.values[output] === undefined,
    );
    if (wanted.length === 0 && waiting.size === 0) return;
    const updates = new Map(waiting);
    waiting.clear();
    try {
      await this.#compute(wanted, updates);
    } catch (error) {
      if (updates.size > 0 && wanted.length > 0) await this.#compute([], updates);
      throw error;
    }
  }

  async #compute(wanted: readonly Tensor[], updates: ReadonlyMap<Variable, Tensor>): Promise<void> {
    const { graph, bindings } = captureGraph(wanted, updates);
    const inputs = bindings.inputs.map((source) => leafArray(source));
    const outputs = await this.#run(this.prepare(graph), inputs, bindings.variables);
    wanted.forEach(({ node, output }, index) => {
      node.values[output] = outputs[index];
    });
    for (const [variable, { node }] of updates) {
      if (!node.source && node.outputs.length === 1) node.storedIn = { variable, version: variable.version };
    }
  }

  async #run(
    { plan, executable }: Prepared,
    inputs: readonly NumericArray[],
    variables: readonly Variable[],
    guard?: number,
  ): Promise<NumericArray[]> {
    await this.#materialize(variables);
    const storages = variables.map((variable) => variable.storage!);
    const { outputs, completed } = await executable.run({ inputs, variables: storages }, guard);
    if (!completed) {
      throw new NonFiniteError({
        where: 'a guarded step',
        got: `${outputs[guard!][0]} as the guarded result`,
        expected: 'a finite number',
        cure: 'No variable was changed. Look for the first operation that is not finite with findNonFinite.',
      });
    }
    for (const index of plan.updated) variables[index].version++;
    return outputs;
  }

  /** Gives variables memory on the current device, computing initial values that are still expressions. */
  async #materialize(variables: readonly Variable[]): Promise<void> {
    const fresh = variables.filter((variable) => !variable.storage);
    if (fresh.length > 0) {
      const initial = fresh.map((variable) => variable.initial!);
      const unknown = initial.filter(({ node, output }) => node.values[output] === undefined);
      if (unknown.length > 0) await this.#compute(unknown, new Map());
      for (const variable of fresh) {
        const { node, output } = variable.initial!;
        variable.storage = this.#device.allocate(node.outputs[output], node.values[output]!);
        variable.initial = undefined;
      }
    }
    for (const variable of variables) {
      const storage = variable.storage!;
      if (storage.device === this.#device.name) continue;
      const spec = { shape: variable.shape, dtype: variable.dtype };
      variable.storage = this.#device.allocate(spec, await storage.read());
    }
  }
}

/** Nothing can be computed while a function is being captured. */
function refuseInTrace(what: string): void {
  if (!recorder().tracing) return;
  throw new TraceError({
    where: 'compile',
    got: `${what} inside the function`,
    expected: 'a function that only builds tensors and returns them',
    cure: 'Return the tensor from the compiled function and await it outside.',
  });
}
