/**
 * A matrix product at every step of a loop as one product. Its axes are known by letters:
 *
 *     y[t,n,r,k] = Σ over c of  a[t,n,r,c] · b[t,n,c,k]          or, summed over the steps:  Σ over t and c
 *
 * where a and b may lack t (one operand for all steps) and n (one matrix for the whole batch). An axis that only a has can be
 * more rows of it, one that only b has more columns, one that is summed more depth, and what is left is batch. Every
 * such form asks for some order of the axes in memory. The one that copies least is taken: mostly one that copies nothing.
 */
import type { MatmulAttributes } from '../../../kernels/matmul/index.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { apply } from '../apply.ts';
import { broadcastTo, reshape } from '../broadcast.ts';
import { matmulPrimitive } from '../matmul.ts';
import { permute } from '../movement.ts';
import { type StepCall, type StepOperand, shapeAtStep } from './step-call.ts';

type ProductAxis = 't' | 'n' | 'r' | 'c' | 'k';
type AxisOrder = readonly ProductAxis[];
/** What an axis of steps or of a batch is in the one product. */
type AxisUse = 'batch' | 'rows' | 'depth' | 'columns';
type Lengths = Readonly<Record<ProductAxis, number>>;

/** A tensor with the axes it has in memory, outermost first. */
interface NamedAxes {
  readonly tensor: Tensor;
  readonly axes: AxisOrder;
}

/** An operand in the order in which the kernel reads it, [batch, first, second]; `axes` are all of them. */
interface ArrangedOperand {
  readonly operand: NamedAxes;
  readonly axes: AxisOrder;
  readonly transposed: boolean;
  /** Elements that are copied to get there. */
  readonly copied: number;
}

/** One way to compute the product: which axes are what, outermost first. */
interface ProductForm {
  readonly batch: AxisOrder;
  readonly rows: AxisOrder;
  readonly depth: AxisOrder;
  readonly columns: AxisOrder;
  readonly left: ArrangedOperand;
  readonly right: ArrangedOperand;
  /** Elements of operands and result that are copied. */
  readonly copied: number;
}

/** y [T, B, R, K], where all steps are one product. */
export function productAtSteps(call: StepCall<MatmulAttributes>): Tensor {
  const lengths = lengthsOf(call);
  const result: AxisOrder = ['t', 'n', 'r', 'k'];
  return multiplied(cheapest(call, result, lengths), result, lengths);
}

/**
 * Σ over the steps of y, [B, R, K], where both operands are stacked; undefined where more would be copied for it than the
 * products of all steps take.
 */
export function productSummedOverSteps(call: StepCall<MatmulAttributes>): Tensor | undefined {
  const lengths = lengthsOf(call);
  const result: AxisOrder = ['n', 'r', 'k'];
  const form = cheapest(call, result, lengths);
  const isWorthIt = form.copied <= lengths.t * size(result, lengths);
  return isWorthIt ? multiplied(form, result, lengths) : undefined;
}

function lengthsOf({ operands: [a, b], attributes, steps }: StepCall<MatmulAttributes>): Lengths {
  const [batchA, ...left] = shapeAtStep(a);
  const [batchB, ...right] = shapeAtStep(b);
  const [r, c] = attributes.transposeA ? [left[1], left[0]] : left;
  return { t: steps, n: batchA === 1 ? batchB : batchA, r, c, k: right[attributes.transposeB ? 0 : 1] };
}

function shapeOf(axes: AxisOrder, lengths: Lengths): Shape {
  return axes.map((axis) => lengths[axis]);
}

function size(axes: AxisOrder, lengths: Lengths): number {
  return sizeOf(shapeOf(axes, lengths));
}

/** The form that copies the fewest elements; of equals the one of the fewest products. */
function cheapest(
  { operands: [a, b], attributes: { transposeA, transposeB } }: StepCall<MatmulAttributes>,
  result: AxisOrder,
  lengths: Lengths,
): ProductForm {
  const left = named(a, transposeA ? ['c', 'r'] : ['r', 'c']);
  const right = named(b, transposeB ? ['k', 'c'] : ['c', 'k']);
  // yᵀ = bᵀ · aᵀ lies in memory as y does where y is a row or a column: then the steps of b can be rows.
  const forms = [
    ...formsOf(left, right, 'r', 'k', result, lengths),
    ...formsOf(right, left, 'k', 'r', result, lengths),
  ];
  const products = ({ batch }: ProductForm) => size(batch, lengths);
  return forms.reduce((best, form) => {
    const difference = form.copied - best.copied || products(form) - products(best);
    return difference < 0 ? form : best;
  });
}

/** An operand with its axes; that of a batch with one matrix is left out. */
function named(operand: StepOperand, matrix: AxisOrder): NamedAxes {
  const { tensor, stacked } = operand;
  const isShared = shapeAtStep(operand)[0] === 1;
  const axes: AxisOrder = [...(stacked ? (['t'] as const) : []), 'n', ...matrix];
  return {
    tensor: isShared
      ? reshape(
          tensor,
          tensor.shape.filter((_, at) => axes[at] !== 'n'),
        )
      : tensor,
    axes: isShared ? axes.filter((axis) => axis !== 'n') : axes,
  };
}

/** All forms of left · right, with `row` the axis of rows that a matrix on the left has, and `column` one on the right. */
function formsOf(
  left: NamedAxes,
  right: NamedAxes,
  row: ProductAxis,
  column: ProductAxis,
  result: AxisOrder,
  lengths: Lengths,
): ProductForm[] {
  const usesOf = (axis: ProductAxis): readonly (AxisUse | undefined)[] => {
    const [inLeft, inRight] = [left.axes.includes(axis), right.axes.includes(axis)];
    if (inLeft && inRight) return [result.includes(axis) ? 'batch' : 'depth'];
    if (inLeft) return ['rows', 'batch'];
    return inRight ? ['columns', 'batch'] : [undefined];
  };
  return usesOf('t').flatMap((useOfT) =>
    usesOf('n').map((useOfN) => {
      const used = (use: AxisUse, ...own: AxisOrder): AxisOrder => [
        ...(useOfT === use ? (['t'] as const) : []),
        ...(useOfN === use ? (['n'] as const) : []),
        ...own,
      ];
      const [batch, rows] = [used('batch'), used('rows', row)];
      const [depth, columns] = [used('depth', 'c'), used('columns', column)];
      const arrangedLeft = arranged(left, batch, rows, depth, lengths);
      const arrangedRight = arranged(right, batch, depth, columns, lengths);
      const ofResult = isInOrder([...batch, ...rows, ...columns], result, lengths)
        ? 0
        : size(result, lengths);
      const copied = arrangedLeft.copied + arrangedRight.copied + ofResult;
      return { batch, rows, depth, columns, left: arrangedLeft, right: arrangedRight, copied };
    }),
  );
}

/** An operand as [batch, first, second] or as [batch, second, first], whichever copies less. */
function arranged(
  operand: NamedAxes,
  batch: AxisOrder,
  first: AxisOrder,
  second: AxisOrder,
  lengths: Lengths,
): ArrangedOperand {
  // Matrices with none of the batch's axes are read for every product; those with some of them have to be there for all.
  const own = batch.some((axis) => operand.axes.includes(axis)) ? batch : [];
  const copiedAs = (outer: AxisOrder, inner: AxisOrder) => {
    const axes = [...own, ...outer, ...inner];
    return isInOrder(operand.axes, axes, lengths) ? 0 : size(axes, lengths);
  };
  const transposed = copiedAs(second, first) < copiedAs(first, second);
  const [outer, inner] = transposed ? [second, first] : [first, second];
  return { operand, axes: [...own, ...outer, ...inner], transposed, copied: copiedAs(outer, inner) };
}

/** Whether arrays with these axes lie in memory alike: where an axis of length 1 stands does not matter. */
function isInOrder(a: AxisOrder, b: AxisOrder, lengths: Lengths): boolean {
  const long = (axes: AxisOrder) => axes.filter((axis) => lengths[axis] !== 1).join();
  return long(a) === long(b);
}

function multiplied(form: ProductForm, result: AxisOrder, lengths: Lengths): Tensor {
  const { batch, rows, depth, columns, left, right } = form;
  const matrices = ({ operand, axes }: ArrangedOperand, first: AxisOrder, second: AxisOrder) =>
    reshape(rearranged(operand, axes, lengths), [
      axes.some((axis) => batch.includes(axis)) ? size(batch, lengths) : 1,
      size(first, lengths),
      size(second, lengths),
    ]);
  const y = apply(
    matmulPrimitive,
    [
      left.transposed ? matrices(left, depth, rows) : matrices(left, rows, depth),
      right.transposed ? matrices(right, columns, depth) : matrices(right, depth, columns),
    ],
    { transposeA: left.transposed, transposeB: right.transposed },
  );
  const axes = [...batch, ...rows, ...columns];
  const tensor = reshape(y, shapeOf(axes, lengths));
  return rearranged({ tensor, axes }, result, lengths);
}

/** The tensor with its axes in another order, repeated along those that it lacks. */
function rearranged({ tensor, axes: own }: NamedAxes, axes: AxisOrder, lengths: Lengths): Tensor {
  const whole = [...axes.filter((axis) => !own.includes(axis)), ...own];
  return permute(
    broadcastTo(tensor, shapeOf(whole, lengths)),
    axes.map((axis) => whole.indexOf(axis)),
  );
}
