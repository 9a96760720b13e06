/**
 * The evaluator: what happens when somebody awaits a value. It captures the graph, finds or makes the plan, binds the
 * leaves and lets the current device run. It implements the runtime that tensors know.
 *
 * Requests have turns, in the order in which they were made. A request takes with it, when it is made, the updates that
 * were recorded until then; what is recorded later belongs to a later one.
 */
import { NonFiniteError, TraceError } from '../errors.ts';
import { captureGraph } from '../plan/capture.ts';
import { type Graph, isOf } from '../plan/graph.ts';
import { makePlan } from '../plan/planner.ts';
import { allocate, type NumericArray, type TensorSpec } from '../tensor/dtype.ts';
import { fillPrimitive, fromData } from '../tensor/leaves.ts';
import { recorder, refuseInLoop } from '../tensor/recorder.ts';
import type { CompileOptions, Runtime, TensorTree, VariableStorage } from '../tensor/runtime.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Variable } from '../tensor/variable.ts';
import { CompiledFunction } from './compiled.ts';
import type { Device } from './device.ts';
import { isUnknown, leafArray, type PlanRunner, type Prepared, type SharedPlan } from './prepared.ts';
import { alongWith, hold, type Taken, takeUpdates, valuesOf } from './request.ts';

/** Tensors that are computed in one turn: those of one request, and of later ones that only look at values. */
interface EvaluationBatch {
  readonly requests: (readonly Tensor[])[];
  /** For each request, what went wrong with it. */
  readonly done: Promise<readonly unknown[]>;
  /** Takes what requests need under its protection until their turn comes. */
  readonly holds: (() => void)[];
  /** Whether other requests have their turn before it, and so may change what it needs. */
  readonly isBehind: boolean;
}

/** Plans of uncompiled code that are kept: more than any training loop uses, few enough to stay small. */
const cachedPlans = 64;

export class Evaluator implements Runtime, PlanRunner {
  #device: Device;
  readonly #plans = new Map<string, SharedPlan>();
  /** Runs happen one after another: they share the arena and the variables. */
  #tail: Promise<unknown> = Promise.resolve();
  /** The request that was made last, while it waits for its turn: others may join it. */
  #open: EvaluationBatch | undefined;
  /** Turns that are not over. */
  #pending = 0;
  readonly #over = (): void => {
    this.#pending--;
  };
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

  async evaluate(tensors: readonly Tensor[]): Promise<void> {
    refuseInTrace('awaiting a value');
    const taken = takeUpdates();
    const asked = tensors.map((tensor) => tensor.operand());
    const request = [...asked, ...(taken ? (taken.foresight?.along ?? []) : alongWith(asked))];
    if (!taken && !request.some(isUnknown)) return;
    // What only looks at values may be computed with what waits for its turn anyway: an expression means the same there.
    const batch = taken || !this.#open ? this.#newBatch(taken) : this.#open;
    const number = batch.requests.push(request) - 1;
    if (batch.isBehind) batch.holds.push(hold([...request, ...valuesOf(taken)]));
    const error = (await batch.done)[number];
    if (error !== undefined) throw error;
  }

  #newBatch(taken: Taken | undefined): EvaluationBatch {
    const requests: (readonly Tensor[])[] = [];
    const isBehind = this.#pending > 0;
    const holds: (() => void)[] = [];
    const done = this.exclusive(() => {
      if (this.#open === batch) this.#open = undefined;
      for (const release of holds) release();
      return this.#evaluateBatch(requests, taken);
    });
    const batch: EvaluationBatch = { requests, done, holds, isBehind };
    this.#open = batch;
    return batch;
  }

  /** Computes requests together; where that fails, each by itself, so that each finds out whether it was its own fault. */
  async #evaluateBatch(
    requests: readonly (readonly Tensor[])[],
    taken: Taken | undefined,
  ): Promise<readonly unknown[]> {
    try {
      await this.#compute(requests.flat(), taken);
      return [];
    } catch (error) {
      if (requests.length === 1 && !taken) return [error];
    }
    taken?.foresight?.takeBack();
    const errors: unknown[] = [];
    const release = hold(requests.flat());
    // An error in what is wanted does not keep the updates from being applied.
    if (taken) errors[0] = await failureOf(this.#applyAlone(taken));
    for (const [number, request] of requests.entries()) {
      errors[number] ??= await failureOf(this.#compute(request, undefined));
    }
    release();
    return errors;
  }

  async readAll(tensors: readonly Tensor[]): Promise<NumericArray[]> {
    const [first] = tensors;
    refuseInTrace(first instanceof Variable ? `reading the value of "${first.name}"` : 'reading a value');
    const taken = takeUpdates();
    const asked = tensors.map((tensor) => tensor.operand());
    const release = hold(asked);
    return this.exclusive(async () => {
      if (taken) await this.#applyAlone(taken).finally(release);
      else release();
      const held = asked.map((tensor) => heldVariable(tensor));
      await this.#materialize(held.filter((variable) => variable !== undefined));
      await this.#compute(
        asked.filter((_, index) => held[index] === undefined),
        undefined,
      );
      return Promise.all(
        asked.map(({ node, output }, index) => held[index]?.storage?.read() ?? node.values[output]!.slice()),
      );
    }, valuesOf(taken));
  }

  async writeAll(values: ReadonlyMap<Variable, NumericArray>): Promise<void> {
    refuseInTrace('writing a value');
    for (const [variable, data] of values) {
      variable.assign(fromData(data.slice(), variable.shape, variable.dtype));
    }
    await this.evaluate([]);
  }

  compile<Arguments extends readonly Tensor[], Result extends TensorTree>(
    body: (...tensors: Arguments) => Result | Promise<Result>,
    options: CompileOptions,
  ): (...tensors: Arguments) => Promise<Result> {
    const compiled = new CompiledFunction(this, body, options);
    return (...tensors) => {
      try {
        refuseInTrace('calling a compiled function');
        return compiled.call(tensors);
      } catch (error) {
        return Promise.reject(error);
      }
    };
  }

  /** Gives what was recorded so far a turn of its own; undefined where that is nothing. */
  flush(): Promise<void> | undefined {
    const taken = takeUpdates();
    if (!taken) return undefined;
    const applied = this.exclusive(() => this.#applyAlone(taken), valuesOf(taken));
    // Whoever flushed waits for it; until then a failure is not unheard.
    applied.catch(() => undefined);
    return applied;
  }

  /** Applies updates, or drops them all: they never could be. */
  async #applyAlone(taken: Taken): Promise<void> {
    try {
      await this.#compute([], taken);
    } catch (error) {
      taken.foresight?.takeBack();
      const versions = new Map([...taken.updates].map(([variable, { version }]) => [variable, version!]));
      for (const listener of taken.whenOver) listener(false);
      await this.abandon(versions);
      throw error;
    }
  }

  /** The turn of changes came, and they could not be made: variables stay as they are. Only inside `exclusive`. */
  async abandon(versions: ReadonlyMap<Variable, number>): Promise<void> {
    try {
      await this.#keep([...versions.keys()]);
    } finally {
      for (const [variable, version] of versions) variable.settle(version, false);
    }
  }

  /** Makes sure of the values of tensors. Only inside `exclusive`. */
  async compute(tensors: readonly Tensor[]): Promise<void> {
    await this.#compute(tensors, undefined);
  }

  /** The plan of a graph on the current device, made once per structure. */
  prepare(graph: Graph): Prepared {
    const known = this.#plans.get(graph.key);
    if (known) {
      // Seen again: to the young end of the map.
      this.#plans.delete(graph.key);
      this.#plans.set(graph.key, known);
      // Labels are wanted when something fails: until then nothing is planned again.
      return { ...known, labeled: () => makePlan(graph) };
    }
    const plan = makePlan(graph);
    const made = { plan, executable: this.#device.prepare(plan), device: this.#device.name };
    this.#plans.set(graph.key, made);
    if (this.#plans.size > cachedPlans) this.#plans.delete(this.#plans.keys().next().value!);
    return { ...made, labeled: () => plan };
  }

  /**
   * Runs work after all that was asked before, and before all that is asked later.
   *
   * @param needed what the work computes: until its turn comes, old values are kept for it, whoever closes it meanwhile
   */
  exclusive<Result>(work: () => Promise<Result>, needed: readonly Tensor[] = []): Promise<Result> {
    this.#open = undefined;
    const held = this.#pending > 0 && needed.length > 0 ? hold(needed) : undefined;
    this.#pending++;
    const turn = this.#tail.then(held ? () => after(held, work) : work);
    this.#tail = turn.then(this.#over, this.#over);
    return turn;
  }

  /** Computes what is not known yet, and applies updates, in one plan. */
  async #compute(tensors: readonly Tensor[], taken: Taken | undefined): Promise<void> {
    const wanted = [...new Set(tensors)].filter(isUnknown);
    const computed = new Map<Variable, Tensor>();
    const given = new Map<Variable, NumericArray>();
    for (const [variable, { value }] of taken?.updates ?? []) {
      const data = value.node.values[value.output];
      if (data) given.set(variable, data);
      else computed.set(variable, value);
    }
    if (wanted.length > 0 || computed.size > 0) {
      const { graph, bindings } = captureGraph(wanted, computed);
      const inputs = bindings.inputs.map((source) => leafArray(source));
      const outputs = await this.run(this.prepare(graph), inputs, bindings.variables);
      wanted.forEach(({ node, output }, index) => {
        node.values[output] = outputs[index];
      });
    }
    // Only now, since the plan reads the old values of those that are given.
    for (const [variable, data] of given) {
      await this.#keep([variable]);
      await this.#write(variable, data);
    }
    for (const [variable, { version }] of taken?.updates ?? []) variable.settle(version!, true);
    for (const listener of taken?.whenOver ?? []) listener(true);
    taken?.foresight?.letGo();
  }

  async #write(variable: Variable, data: NumericArray): Promise<void> {
    if (variable.storage) await variable.storage.write(data);
    else variable.storage = await this.#allocate({ shape: variable.shape, dtype: variable.dtype }, data);
    variable.initial = undefined;
  }

  /** Runs a prepared plan with all leaves bound, changing its variables. Only inside `exclusive`. */
  async run(
    { plan, executable, labeled }: Prepared,
    inputs: readonly NumericArray[],
    variables: readonly Variable[],
    guard?: number,
  ): Promise<NumericArray[]> {
    if (variables.some((variable) => variable.storage?.device !== this.#device.name)) {
      await this.#materialize(variables);
    }
    for (const index of plan.updated) {
      if (variables[index].reader()) await this.#keep([variables[index]]);
    }
    const storages = variables.map((variable) => variable.storage!);
    const { outputs, completed } = await executable.run({ inputs, variables: storages, labeled }, guard);
    if (completed) return outputs;
    throw new NonFiniteError({
      where: 'a guarded step',
      got: `${outputs[guard!][0]} as the guarded result`,
      expected: 'a finite number',
      cure: 'No variable was changed. Look for the first operation that is not finite with findNonFinite.',
    });
  }

  /** Copies the values that variables have for those who may still read them, now that they are about to change. */
  async #keep(variables: readonly Variable[]): Promise<void> {
    for (const variable of variables) {
      const reader = variable.reader();
      if (!reader) continue;
      await this.#materialize([variable]);
      reader.values[0] = await variable.storage!.read();
    }
  }

  /** Gives variables memory on the current device, computing initial values that are still expressions. */
  async #materialize(variables: readonly Variable[]): Promise<void> {
    const fresh = variables.filter((variable) => !variable.storage);
    if (fresh.length > 0) {
      for (const variable of fresh) fillAtOnce(variable.initial!);
      await this.#compute(
        fresh.map((variable) => variable.initial!),
        undefined,
      );
      for (const variable of fresh) {
        const { node, output } = variable.initial!;
        variable.storage = await this.#allocate(node.outputs[output], node.values[output]!);
        variable.initial = undefined;
      }
    }
    for (const variable of variables) {
      const storage = variable.storage!;
      if (storage.device === this.#device.name) continue;
      const spec = { shape: variable.shape, dtype: variable.dtype };
      variable.storage = await this.#allocate(spec, await storage.read());
    }
  }

  /** Memory on the current device, after what nobody holds any more was given back. */
  async #allocate(spec: TensorSpec, data: NumericArray): Promise<VariableStorage> {
    await this.#device.makeRoom?.(data.byteLength);
    return this.#device.allocate(spec, data);
  }
}

/** Computes a tensor that has one value everywhere: the state of optimizers is such, and needs no plan. */
function fillAtOnce({ node }: Tensor): void {
  if (!isOf(node, fillPrimitive) || node.known) return;
  const { value, shape, dtype } = node.attributes;
  node.values[0] = allocate(dtype, sizeOf(shape)).fill(value);
}

/** Work that begins when what it needs is no longer held. */
function after<Result>(release: () => void, work: () => Promise<Result>): Promise<Result> {
  release();
  return work();
}

/** The variable whose value of now, on the device, a tensor is. */
function heldVariable({ node }: Tensor): Variable | undefined {
  const { source } = node;
  if (source?.kind !== 'variable' || source.assigned || node.values[0] !== undefined) return undefined;
  return source.version === source.variable.version ? source.variable : undefined;
}

async function failureOf(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Nothing can be computed while a function is being captured. */
function refuseInTrace(what: string): void {
  refuseInLoop(what, 'Return the tensor as an output of the body, and await it behind the scan.');
  if (!recorder().tracing) return;
  throw new TraceError({
    where: 'compile',
    got: `${what} inside the function`,
    expected: 'a function that only builds tensors and returns them',
    cure: 'Return the tensor from the compiled function and await it outside.',
  });
}
