/** The table of a model: what each layer gives out, how many parameters it has and what a call costs. */
import { OptionError } from '../errors.ts';
import { zeros } from '../ops/creation.ts';
import { scanPrimitive } from '../ops/scan-primitive.ts';
import { describeValue, requireKnownOptions } from '../options.ts';
import type { DType, TensorSpec } from '../tensor/dtype.ts';
import { type Node, nodesBehind } from '../tensor/node.ts';
import { isOf } from '../tensor/primitive.ts';
import { traceSync } from '../tensor/recorder.ts';
import { type Shape, sameShape, sizeOf } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { formatCount, formatInteger, formatTable } from '../text.ts';
import { type InputForms, isInputForms, mapForms } from './input-forms.ts';
import { inMode } from './mode.ts';
import { type AnyModule, observeCalls, requireModule } from './module.ts';

/** One layer of a model. */
export interface SummaryRow {
  /** In the model, such as `encoder.lstm`; '' is the model itself. */
  readonly path: string;
  /** The kind of layer: `dense`, `lstm`. */
  readonly kind: string;
  /** For one sample, so that the first length is the batch of 1; undefined where no single tensor comes out. */
  readonly outputShape: Shape | undefined;
  /** Values of the layer's own parameters. */
  readonly parameters: number;
  /** Those of them that training changes: all, unless some are frozen. */
  readonly trainable: number;
  /** Floating-point operations of a call in evaluation mode on one sample; a multiply and an add count as two. */
  readonly flops: number;
}

/** A model in numbers. */
export interface Summary {
  /** One per layer that has parameters or computes, in the order of the tree. */
  readonly rows: readonly SummaryRow[];
  /** Values of all parameters. */
  readonly parameters: number;
  /** Those of them that training changes, in all. */
  readonly trainable: number;
  /** Floating-point operations of a call on one sample, in all. */
  readonly flops: number;
}

/** Options of `summary` and `summarize`. */
export interface SummaryOptions {
  /** Of inputs that are given by their shape alone. Default float32; embeddings take int32. */
  readonly dtype?: DType;
}

/**
 * What each layer of a model does for one sample of `inputShape`: the lengths of its axes without the batch, `{ shape, dtype }`, or
 * a list or record of such for several inputs, as in `saveModel`. The model is traced in evaluation mode, not run: nothing is
 * computed and nothing changes.
 *
 * @throws ShapeError of the layer that the input does not fit.
 */
export function summarize(model: AnyModule, inputShape: InputForms, options: SummaryOptions = {}): Summary {
  requireModule('summary', model);
  requireKnownOptions('summary', options, ['dtype']);
  if (!isInputForms(inputShape)) {
    throw new OptionError({
      where: 'summary',
      got: `inputShape ${describeValue(inputShape)}`,
      expected:
        'the lengths of the axes of one sample, such as [20, 20, 1], { shape, dtype }, or a list or record of such for several inputs',
      cure: 'The shape is the second argument, without the batch.',
    });
  }
  const zerosOf = ({ shape, dtype }: TensorSpec): Tensor => zeros([1, ...shape], dtype);
  const outputs = new Map<string, unknown>();
  const results: unknown[] = [];
  const modules = model.namedModules();
  const result = traceSync(() =>
    observeCalls(
      ({ path, output, atEveryStep }) => {
        outputs.set(path, output);
        // What a step of a loop does is counted with the loop.
        if (!atEveryStep) results.push(output);
      },
      () => inMode(model, 'eval', () => model.call(mapForms(inputShape, zerosOf, options.dtype) as never)),
    ),
  );
  const flops = flopsByScope([result, ...results].filter((each) => each instanceof Tensor));
  const parameters = parametersByModule(model, modules);
  const rows = modules
    .map(([path, module]): SummaryRow => {
      const output = outputs.get(path);
      return {
        path,
        kind: module.kind,
        outputShape: output instanceof Tensor ? output.shape : undefined,
        ...(parameters.get(path) ?? { parameters: 0, trainable: 0 }),
        flops: flops.get(path) ?? 0,
      };
    })
    .filter((row, index) => {
      if (row.parameters > 0 || row.flops > 0) return true;
      const shapes = modules[index][1]
        .children()
        .map(([name]) => outputs.get(row.path ? `${row.path}.${name}` : name));
      // Containers that only pass on have nothing to say.
      return !shapes.some(
        (output) => output instanceof Tensor && sameShape(output.shape, row.outputShape ?? []),
      );
    });
  const total = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value, 0);
  return {
    rows,
    parameters: total([...parameters.values()].map((counts) => counts.parameters)),
    trainable: total([...parameters.values()].map((counts) => counts.trainable)),
    flops: total(flops.values()),
  };
}

/** Of a layer's own parameters, without those of its children. */
type ParameterCounts = Pick<SummaryRow, 'parameters' | 'trainable'>;

/** The parameters of each module itself, without those of its children. */
function parametersByModule(
  model: AnyModule,
  modules: readonly (readonly [string, AnyModule])[],
): Map<string, ParameterCounts> {
  const counts = new Map<string, ParameterCounts>();
  for (const [path, { size, trainable }] of model.namedParameters()) {
    const owners = modules.map(([owner]) => owner).filter((owner) => !owner || path.startsWith(`${owner}.`));
    const owner = owners.reduce((longest, each) => (each.length > longest.length ? each : longest), '');
    const before = counts.get(owner) ?? { parameters: 0, trainable: 0 };
    counts.set(owner, {
      parameters: before.parameters + size,
      trainable: before.trainable + (trainable ? size : 0),
    });
  }
  return counts;
}

/** Floating-point operations of everything behind the tensors, by the layer that asked for them. */
function flopsByScope(outputs: readonly Tensor[]): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (tensors: readonly Tensor[], times: number): void => {
    for (const node of nodesBehind(tensors)) {
      if (isOf(node, scanPrimitive)) {
        const { body, steps } = node.attributes;
        count(body.results, times * steps);
      }
      const flops = times * flopsOf(node);
      if (flops > 0) counts.set(node.scope, (counts.get(node.scope) ?? 0) + flops);
    }
  };
  count(outputs, 1);
  return counts;
}

/** As the kernel's contract says; one per element for elementwise operations and reductions; moving costs none. */
function flopsOf({ primitive, inputs, outputs, attributes }: Node): number {
  if (primitive.contract) {
    const specs = inputs.map(({ shape, dtype }) => ({ shape, dtype }));
    return primitive.contract.flops({ inputs: specs, outputs, attributes });
  }
  if (inputs.length === 0) return 0;
  if (primitive.kind === 'elementwise') return sizeOf(outputs[0].shape);
  return primitive.kind === 'reduce' ? inputs[0].size : 0;
}

/**
 * The summary as a text table with totals: one line per layer, `N` for the batch, operations for one sample. Where some
 * parameters are frozen, a column says how many are trained.
 */
export function summary(model: AnyModule, inputShape: InputForms, options: SummaryOptions = {}): string {
  const { rows, ...total } = summarize(model, inputShape, options);
  const someFrozen = total.trainable < total.parameters;
  const line = (name: string, kind: string, output: string, counts: ParameterCounts & { flops: number }) => [
    name,
    kind,
    output,
    formatInteger(counts.parameters),
    ...(someFrozen ? [formatInteger(counts.trainable)] : []),
    formatCount(counts.flops),
  ];
  return formatTable(
    [
      { heading: 'layer' },
      { heading: 'kind' },
      { heading: 'output' },
      { heading: 'parameters', align: 'right' },
      ...(someFrozen ? [{ heading: 'trained', align: 'right' } as const] : []),
      { heading: 'FLOPs a sample', align: 'right' },
    ],
    [
      ...rows.map((row) => {
        const shape = row.outputShape ? `[${['N', ...row.outputShape.slice(1)].join(', ')}]` : '-';
        return line(row.path || '(model)', row.kind, shape, row);
      }),
      line('total', '', '', total),
    ],
  );
}
