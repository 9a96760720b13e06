/** A plan as text: its kernels in order, with shapes, arithmetic, memory traffic and places in memory. */
import { bytesOf } from '../../kernels/support/contract.ts';
import { requireTensors } from '../ops/apply.ts';
import { leaf } from '../tensor/leaves.ts';
import { nextNodeId } from '../tensor/node.ts';
import { trace } from '../tensor/recorder.ts';
import type { TensorTree } from '../tensor/runtime.ts';
import { formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { flattenTree } from '../tensor/tree.ts';
import { formatBytes, formatCount, formatTable } from '../text.ts';
import { captureGraph } from './capture.ts';
import type { Plan, PlanBuffer, PlanLoop, PlanStep } from './plan.ts';
import { makePlan } from './planner.ts';

/**
 * The plan behind a tensor, or behind a function of tensors as `compile` would capture it for arguments shaped like
 * `examples`. Nothing is run and no parameter changes.
 *
 * ```ts
 * console.log(await explain((x: Tensor) => x.matmul(w).add(b).relu(), zeros([32, 64])));
 * ```
 */
export async function explain<Arguments extends readonly Tensor[]>(
  target: TensorTree | ((...tensors: Arguments) => TensorTree | Promise<TensorTree>),
  ...examples: Arguments
): Promise<string> {
  return formatPlan(await planOf(target, ...examples));
}

/**
 * The plan that `explain` prints, as data.
 *
 * @throws DTypeError for an example that is no tensor; TraceError for a target that gives no tensors
 */
export async function planOf<Arguments extends readonly Tensor[]>(
  target: TensorTree | ((...tensors: Arguments) => TensorTree | Promise<TensorTree>),
  ...examples: Arguments
): Promise<Plan> {
  if (typeof target !== 'function') return makePlan(captureGraph(flattenTree(target).tensors).graph);
  requireTensors('planOf examples', examples);
  const start = nextNodeId();
  const placeholders = examples.map(({ shape, dtype }, index) =>
    leaf(shape, dtype, { kind: 'placeholder', index }),
  );
  const { finished, recorded } = trace(
    () => target(...(placeholders as readonly Tensor[] as Arguments)),
    flattenTree,
  );
  const updates = new Map([...recorded.updates].map(([variable, { value }]) => [variable, value]));
  return makePlan(captureGraph((await finished).tensors, updates, start).graph);
}

/** A table of the kernels, and totals below it: of each part of a training step, where there are several. Fits 100 columns. */
export function formatPlan(plan: Plan): string {
  const parts = [...new Set(plan.steps.map(partOf))];
  const rows = plan.steps.flatMap((step, index) => {
    const begins = parts.length > 1 && (index === 0 || partOf(plan.steps[index - 1]) !== partOf(step));
    const own = rowsOf(step, `${index}`, (buffer) => formatPlace(plan.buffers[buffer]));
    return begins ? [`${partOf(step)}:`, ...own] : own;
  });
  const all = totalsOf(plan.steps);
  return [
    stepTable(rows),
    '',
    ...(parts.length > 1 ? [totalsTable(plan, parts), ''] : []),
    `${all.kernels} kernels, ${all.flops} FLOPs, ${all.bytes} read and written, ` +
      `arena ${formatBytes(plan.arenaBytes)}, ${plan.updated.length} variables updated`,
    'places: in = argument or data, var = parameter or state, out = result, @ = offset in the arena',
    ...(plan.steps.some(({ loop }) => loop) ? placesInLoops : []),
  ].join('\n');
}

/** What a table may be wide. */
const widest = 100;

/** How wide columns may be before their cells are broken: the first of these that fits is taken. */
const columnWidths = [
  { computes: 48, shape: 48, reads: 48, writes: 48 },
  { computes: 36, shape: 24, reads: 24, writes: 15 },
  { computes: 30, shape: 16, reads: 15, writes: 9 },
];

function stepTable(rows: readonly (readonly string[] | string)[]): string {
  const tables = columnWidths.map(({ computes, shape, reads, writes }) =>
    formatTable(
      [
        { heading: '#', align: 'right' },
        { heading: 'computes', widest: computes },
        { heading: 'shape', widest: shape },
        { heading: 'FLOPs', align: 'right' },
        { heading: 'bytes', align: 'right' },
        { heading: 'reads', widest: reads },
        { heading: 'writes', widest: writes },
      ],
      rows,
    ),
  );
  return tables.find((table) => widthOf(table) <= widest) ?? tables.at(-1)!;
}

/** The length of the longest line. */
function widthOf(text: string): number {
  return text.split('\n').reduce((most, { length }) => Math.max(most, length), 0);
}

const placesInLoops = [
  "inside a loop: carry = as the step before left it, next = for the step behind, x[t] = a step's slice",
  'of what the loop reads, y[t] of what it writes, @ = offset in its own arena',
];

/** What of a training step a kernel belongs to; `forward and gradient` where it computes some of both. */
function partOf({ parts }: PlanStep): string {
  return parts.join(' and ');
}

/** What steps cost together. */
function totalsOf(steps: readonly PlanStep[]): { kernels: string; flops: string; bytes: string } {
  const flops = steps.reduce((total, { contract, call }) => total + contract.flops(call), 0);
  const bytes = steps.reduce((total, { contract, call }) => total + bytesOf(contract, call), 0);
  return { kernels: `${steps.length}`, flops: formatCount(flops), bytes: formatBytes(bytes) };
}

function totalsTable({ steps }: Plan, parts: readonly string[]): string {
  const right = { align: 'right' } as const;
  return formatTable(
    [
      { heading: 'part' },
      { heading: 'kernels', ...right },
      { heading: 'FLOPs', ...right },
      { heading: 'bytes', ...right },
    ],
    parts.map((part) => {
      const { kernels, flops, bytes } = totalsOf(steps.filter((step) => partOf(step) === part));
      return [part, kernels, flops, bytes];
    }),
  );
}

/** The row of a step, those of a loop's body below it. */
function rowsOf(
  { contract, call, inputs, outputs, label, loop }: PlanStep,
  number: string,
  place: (buffer: number) => string,
): string[][] {
  const row = [
    number,
    `${label.length > longestLabel ? `${label.slice(0, longestLabel - 1)}…` : label}${loop ? ` × ${loop.steps}` : ''}`,
    spaceOf(call),
    formatCount(contract.flops(call)),
    formatBytes(bytesOf(contract, call)),
    inputs.map(place).join(' '),
    outputs.map(place).join(' '),
  ];
  if (!loop) return [row];
  const inside = (buffer: number): string =>
    placeInLoop(
      loop,
      buffer,
      (at) => place(inputs[at]),
      (at) => place(outputs[at]),
    );
  return [row, ...loop.plan.steps.flatMap((step, index) => rowsOf(step, `${number}.${index}`, inside))];
}

/** A place in the body of a loop; `input` and `output` say where those of the loop itself are. */
function placeInLoop(
  { plan, carries, sequences, inputs, stacks }: PlanLoop,
  buffer: number,
  input: (at: number) => string,
  output: (at: number) => string,
): string {
  const { place } = plan.buffers[buffer];
  if (place.kind === 'input') {
    const at = inputs[place.index];
    if (at < carries) return `carry${at}`;
    return at < carries + sequences ? `${input(at)}[t]` : input(at);
  }
  if (place.kind !== 'output') return formatPlace(plan.buffers[buffer]);
  const names = stacks.flatMap(({ kind, index }, at) =>
    kind === 'output' && index === place.index ? [`${output(carries + at)}[t]`] : [],
  );
  return [...(place.index < carries ? [`next${place.index}`] : []), ...names].join('=');
}

/** Labels of merged kernels can list dozens of operations. */
const longestLabel = 48;

/** The shape that says most: the space of a fused kernel, else the first output. */
function spaceOf({ attributes, outputs }: PlanStep['call']): string {
  const { shape } = { shape: outputs[0].shape, ...attributes };
  const result = formatShape(outputs[0].shape);
  const space = formatShape(shape);
  return space === result ? result : `${space} → ${result}`;
}

function formatPlace({ place }: PlanBuffer): string {
  if (place.kind === 'arena') return `@${place.offset}`;
  const short = { input: 'in', variable: 'var', output: 'out' } as const;
  return `${short[place.kind]}${place.index}`;
}
