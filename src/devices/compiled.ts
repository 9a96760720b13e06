/** A compiled function: one captured plan for each combination of argument shapes. */
import { OptionError, TraceError } from '../errors.ts';
import { describeValue } from '../options.ts';
import {
  type Bindings,
  captureGraph,
  type Graph,
  refuseEarlierReads,
  refuseLaterNodes,
} from '../plan/graph.ts';
import { flattenTree } from '../plan/tree.ts';
import type { NumericArray, TensorSpec } from '../tensor/dtype.ts';
import { fromData, leaf } from '../tensor/leaves.ts';
import { nextNodeId } from '../tensor/node.ts';
import { trace } from '../tensor/recorder.ts';
import type { CompileOptions, TensorTree } from '../tensor/runtime.ts';
import { formatShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { leafArray, type PlanRunner, type Prepared } from './prepared.ts';

/** One capture: the plan, its leaves, and the shape of the result. */
interface Capture {
  readonly graph: Graph;
  readonly bindings: Bindings;
  readonly specs: readonly TensorSpec[];
  /** Puts the output tensors back into the structure the function returned. */
  readonly rebuild: (tensors: readonly Tensor[]) => TensorTree;
  /** On the device it last ran on. */
  prepared: Prepared | undefined;
}

export class CompiledFunction<Arguments extends readonly Tensor[], Result extends TensorTree> {
  readonly #runner: PlanRunner;
  readonly #body: (...tensors: Arguments) => Result | Promise<Result>;
  readonly #guard: number | undefined;
  /** By the shapes of the arguments. */
  readonly #captures = new Map<string, Promise<Capture>>();

  constructor(
    runner: PlanRunner,
    body: (...tensors: Arguments) => Result | Promise<Result>,
    options: CompileOptions,
  ) {
    this.#runner = runner;
    this.#body = body;
    this.#guard = options.requireFinite ? 0 : undefined;
  }

  async call(tensors: Arguments): Promise<Result> {
    for (const tensor of tensors) requireTensor(tensor);
    const values = await Promise.all(tensors.map((tensor) => tensor.data()));
    const capture = await this.#captureFor(tensors);
    return this.#runner.exclusive(async () => {
      if (capture.prepared?.device !== this.#runner.activeDevice.name) {
        capture.prepared = this.#runner.prepare(capture.graph);
      }
      const { prepared, bindings, specs } = capture;
      const inputs = bindings.inputs.map(
        (source): NumericArray => (source.kind === 'placeholder' ? values[source.index] : leafArray(source)),
      );
      const outputs = await this.#runner.run(prepared, inputs, bindings.variables, this.#guard);
      const results = outputs.map((data, index) => fromData(data, specs[index].shape, specs[index].dtype));
      return capture.rebuild(results) as Result;
    });
  }

  /** The capture for arguments of these shapes, made once; one that fails is forgotten. */
  #captureFor(tensors: Arguments): Promise<Capture> {
    const key = tensors.map(({ dtype, shape }) => `${dtype}${formatShape(shape)}`).join();
    const known = this.#captures.get(key);
    if (known) return known;
    const capture = this.#capture(tensors);
    this.#captures.set(key, capture);
    capture.catch(() => this.#captures.delete(key));
    return capture;
  }

  async #capture(tensors: Arguments): Promise<Capture> {
    const start = nextNodeId();
    const placeholders = tensors.map(({ shape, dtype }, index) =>
      leaf(shape, dtype, { kind: 'placeholder', index }),
    );
    const { finished, recorded, end } = await trace(
      () => this.#body(...(placeholders as readonly Tensor[] as Arguments)),
      flattenTree,
    );
    const { tensors: outputs, rebuild } = finished;
    if (this.#guard !== undefined && outputs.length === 0) throw nothingToGuard();
    const roots = [...outputs, ...recorded.updates.values()];
    refuseEarlierReads(roots, start);
    refuseLaterNodes(roots, end);
    const { graph, bindings } = captureGraph(outputs, recorded.updates);
    const specs = outputs.map(({ shape, dtype }) => ({ shape, dtype }));
    return { graph, bindings, specs, rebuild, prepared: undefined };
  }
}

function nothingToGuard(): OptionError {
  return new OptionError({
    where: 'compile',
    got: 'requireFinite for a function that returns no tensor',
    expected: 'a result to look at',
    cure: 'Return the loss, first of all results.',
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
