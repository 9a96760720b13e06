/** A compiled function: one captured plan for each combination of argument shapes. */
import { type Bindings, captureGraph, type Graph, refuseEarlierReads } from '../plan/graph.ts';
import { flattenTree } from '../plan/tree.ts';
import type { NumericArray, TensorSpec } from '../tensor/dtype.ts';
import { fromData, leaf } from '../tensor/leaves.ts';
import { nextNodeId } from '../tensor/node.ts';
import { trace } from '../tensor/recorder.ts';
import type { CompileOptions, TensorTree } from '../tensor/runtime.ts';
import { formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { leafArray, type PlanRunner, type Prepared } from './prepared.ts';

/** One capture: the plan, its leaves, and the shape of the result. */
interface Capture {
  readonly graph: Graph;
  readonly bindings: Bindings;
  readonly specs: readonly TensorSpec[];
  /** Puts the output tensors back into the structure the function returned. */
  readonly rebuild: (tensors: readonly Tensor[]) => TensorTree;
  prepared: Prepared;
}

export class CompiledFunction<Arguments extends readonly Tensor[], Result extends TensorTree> {
  readonly #runner: PlanRunner;
  readonly #body: (...tensors: Arguments) => Result | Promise<Result>;
  readonly #guard: number | undefined;
  readonly #captures = new Map<string, Capture>();

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
    const values = await Promise.all(tensors.map((tensor) => tensor.data()));
    const key = tensors.map(({ dtype, shape }) => `${dtype}${formatShape(shape)}`).join();
    return this.#runner.exclusive(async () => {
      const capture = this.#captures.get(key) ?? (await this.#capture(tensors));
      this.#captures.set(key, capture);
      if (capture.prepared.device !== this.#runner.device.name) {
        capture.prepared = this.#runner.prepare(capture.graph);
      }
      const inputs = capture.bindings.inputs.map(
        (source): NumericArray => (source.kind === 'placeholder' ? values[source.index] : leafArray(source)),
      );
      const outputs = await this.#runner.run(
        capture.prepared,
        inputs,
        capture.bindings.variables,
        this.#guard,
      );
      const results = outputs.map((data, index) => {
        const { shape, dtype } = capture.specs[index];
        return fromData(data, shape, dtype);
      });
      return capture.rebuild(results) as Result;
    });
  }

  async #capture(tensors: Arguments): Promise<Capture> {
    const start = nextNodeId();
    const placeholders = tensors.map(({ shape, dtype }, index) =>
      leaf(shape, dtype, { kind: 'placeholder', index }),
    );
    const { result, recorded } = await trace(() =>
      this.#body(...(placeholders as readonly Tensor[] as Arguments)),
    );
    const { tensors: outputs, rebuild } = flattenTree(result);
    refuseEarlierReads([...outputs, ...recorded.updates.values()], start);
    const { graph, bindings } = captureGraph(outputs, recorded.updates);
    const specs = outputs.map(({ shape, dtype }) => ({ shape, dtype }));
    return { graph, bindings, specs, rebuild, prepared: this.#runner.prepare(graph) };
  }
}
