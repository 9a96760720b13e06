/** `scan`: a loop over time as one operation, whose body is a plain function of tensors. */
import { ShapeError } from '../errors.ts';
import { requireFunction } from '../options.ts';
import { concealedResults, expose, isExposing } from '../tensor/exposure.ts';
import { nextNodeId } from '../tensor/node.ts';
import { drawingPerStep } from '../tensor/random.ts';
import { buildingLoop } from '../tensor/recorder.ts';
import type { TensorTree } from '../tensor/runtime.ts';
import { inScope } from '../tensor/scope.ts';
import { checkSize, formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { FlatTree } from '../tensor/tree.ts';
import { apply } from './apply.ts';
import { reshape, reshapePrimitive } from './broadcast.ts';
import { where as select } from './elementwise.ts';
import { iota } from './indexing.ts';
import { standIn } from './loop-body.ts';
import { buildLoop, type LoopDraft, type StandIn } from './loop-motion.ts';
import { permute } from './movement.ts';
import {
  checkInputs,
  checkStep,
  type ScanInputs,
  type ScanOptions,
  type ScanResult,
  type ScanStep,
  type Tensors,
  type UntypedBody,
} from './scan-arguments.ts';
import { loopInBlocks } from './scan-blocks.ts';
import { makeScan } from './scan-primitive.ts';

export type { ScanOptions, ScanResult, ScanStep, Tensors, TreeOfTensors } from './scan-arguments.ts';

/**
 * A loop over time: `{ carry, output } = body(carry, x_t, t)` for t = 0 … T-1.
 *
 * The body is called once, to be captured: it builds what one step computes. So a JS `if` in it is decided once, for all
 * steps (`where` decides for each), layers and parameters are made outside, and tensors leave it as carry and output only. The loop is then planned, differentiated and
 * run as a loop, so that neither the time to prepare it nor the size of its code depends on T. It may read tensors and
 * parameters from outside, whose gradients are summed over the steps. What it computes without the carry is computed for
 * all steps at once. Random numbers that it draws differ from step to step; those drawn outside are the same at every step.
 * `t` is the step's number, an int32 scalar.
 *
 * ```ts
 * const w = tensor([[0.5, -0.2], [0.1, 0.3]]);
 * const x = ones([3, 4, 2]); // [N, T, F]
 * const { carry, outputs } = scan(
 *   (h, xt) => {
 *     const next = tanh(add(xt, matmul(h, w)));
 *     return { carry: next, output: next };
 *   },
 *   { initial: zeros([3, 2]), inputs: x },
 * );
 * carry.shape; // [3, 2]
 * outputs.shape; // [3, 4, 2]
 * ```
 *
 * @param body given the carry as the step before left it, the step's slice of the inputs (without the axis of time), and
 * the step's number; returns the carry for the next step and what is kept of this one
 * @throws TraceError for a body that awaits, changes a variable, or returns anything but tensors; ShapeError or DTypeError
 * for a next carry unlike the one before, for sequences of different lengths, and for a mask that does not fit carries and
 * outputs; OptionError
 * for an unknown option, an axis that an input does not have, and where neither inputs nor steps say how long the loop is
 */
export function scan<
  Carry extends object,
  Inputs extends object = Record<string, never>,
  Output extends object = Record<string, never>,
>(
  body: (
    carry: Tensors<Carry>,
    x: Tensors<Inputs>,
    t: Tensor,
  ) => ScanStep<Tensors<Carry>, Output & TensorTree>,
  options: ScanOptions<Carry, Inputs>,
): ScanResult<Tensors<Carry>, Tensors<Output>>;
export function scan(
  body: (carry: never, x: never, t: Tensor) => unknown,
  options: ScanOptions<TensorTree, TensorTree>,
): ScanResult<TensorTree, TensorTree> {
  const where = inScope('scan');
  requireFunction('scan', 'the body', body);
  const given = checkInputs(where, options);
  const { recompute } = options;
  let outputTree: FlatTree | undefined;
  const results = concealedResults(() => {
    const { draft, output } = draftLoop(where, body as UntypedBody, given);
    outputTree = output;
    const { carries, outputs } =
      recompute === undefined ? buildLoop(draft, makeScan) : loopInBlocks(draft, recompute);
    // Results are nodes of their own: who holds one holds nothing else of the loop.
    const itself = (x: Tensor): Tensor => apply(reshapePrimitive, [x], { shape: x.shape });
    return [...carries.map(itself), ...outputs.map((each) => itself(fromFront(where, each, given.axis)))];
  });
  const siblings = results.map(({ node }) => node);
  for (const { node } of results) node.siblings = siblings;
  if (isExposing()) expose(results);
  const { initial } = given;
  return {
    carry: initial.rebuild(results),
    outputs: outputTree!.rebuild(results.slice(initial.tensors.length)),
  };
}

/** Calls the body for one step and notes what it builds. */
function draftLoop(
  where: string,
  body: UntypedBody,
  given: ScanInputs,
): { readonly draft: LoopDraft; readonly output: FlatTree } {
  const { initial, inputs, steps, axis, reverse, mask } = given;
  const firstNode = nextNodeId();
  const carries = initial.tensors.map((outside): StandIn => ({ inside: standIn(outside), outside }));
  const sliceOf = (whole: Tensor): StandIn => {
    const { dtype } = whole;
    return { inside: standIn({ shape: whole.shape.slice(1), dtype }), outside: whole };
  };
  const sequences = inputs.tensors.map((each) => sliceOf(toFront(each, axis)));
  const number = sliceOf(iota(steps));
  const real = mask && sliceOf(toFront(mask, 1));
  const insides = (standIns: readonly StandIn[]): Tensor[] => standIns.map(({ inside }) => inside);
  const { result, drawn } = drawingPerStep(steps, () =>
    buildingLoop(() => {
      const step = body(initial.rebuild(insides(carries)), inputs.rebuild(insides(sequences)), number.inside);
      return checkStep(where, step, given);
    }),
  );
  const { output } = result;
  const masked = (next: Tensor, otherwise: Tensor | number): Tensor =>
    real ? atReal(real.inside, next, otherwise) : next;
  return {
    draft: {
      steps,
      reverse,
      recompute: false,
      firstNode,
      carries: carries.map((carry, at) => ({ ...carry, next: masked(result.next[at], carry.inside) })),
      sequences: [...sequences, number, ...(real ? [real] : []), ...drawn],
      constants: [],
      outputs: output.tensors.map((each, at) => {
        checkSize(`scan output${output.paths[at]}`, [steps, ...each.shape]);
        return masked(each, 0);
      }),
      sums: [],
    },
    output,
  };
}

/** `next` [N, …] for the sequences of the batch that are real, [N] bool. */
function atReal(real: Tensor, next: Tensor, otherwise: Tensor | number): Tensor {
  return select(reshape(real, [real.shape[0], ...next.shape.slice(1).map(() => 1)]), next, otherwise);
}

/** The axis of time as the first. */
function toFront(x: Tensor, axis: number): Tensor {
  if (axis === 0) return x;
  const others = x.shape.map((_, each) => each).filter((each) => each !== axis);
  return permute(x, [axis, ...others]);
}

/** Time [T, …] as axis `axis`. */
function fromFront(where: string, x: Tensor, axis: number): Tensor {
  if (axis >= x.rank) {
    throw new ShapeError({
      where: `${where}, the output of the body`,
      got: `${formatShape(x.shape.slice(1))}, to be stacked along axis ${axis}`,
      expected: `at least ${axis === 1 ? 'one axis' : `${axis} axes`}`,
      cure: 'Stack scalars along axis 0: give inputs [T, …] with axis: 0.',
    });
  }
  const rest = x.shape.slice(1).map((_, each) => each + 1);
  return permute(x, [...rest.slice(0, axis), 0, ...rest.slice(axis)]);
}
