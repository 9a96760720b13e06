/** Einstein summation, composed: every pair of operands becomes one batched matrix product. */
import { ShapeError } from '../errors.ts';
import { describeValue, requireText } from '../options.ts';
import { inScope } from '../tensor/scope.ts';
import { formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireOption, requireTensor } from './apply.ts';
import { broadcastTo, reshape, sum } from './broadcast.ts';
import { multiply } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { permute } from './movement.ts';

/** A tensor whose axes carry letters. */
interface Labeled {
  readonly tensor: Tensor;
  readonly labels: readonly string[];
}

/**
 * Einstein summation: `einsum('nthd,nshd->nhts', q, k)`. Letters name axes; a letter missing on the right is summed
 * over. Without `->` the right side is the letters that occur once, in alphabetical order (NumPy's rule). A letter may
 * not repeat within one operand, and `...` is not supported.
 *
 * @throws OptionError for a malformed equation, ShapeError where a letter has two lengths.
 */
export function einsum(equation: string, ...operands: Tensor[]): Tensor {
  const { inputs, output } = parse(equation, operands);
  let labeled: Labeled[] = operands.map((tensor, index) => ({ tensor, labels: inputs[index] }));
  checkLengths(equation, labeled);
  while (labeled.length > 1) {
    const [a, b, ...rest] = labeled as [Labeled, Labeled, ...Labeled[]];
    const later = new Set([...output, ...rest.flatMap(({ labels }) => labels)]);
    labeled = [contract(a, b, later), ...rest];
  }
  const last = sumAway(labeled[0], new Set(output));
  return permute(
    last.tensor,
    output.map((label) => last.labels.indexOf(label)),
  );
}

function parse(equation: string, operands: readonly Tensor[]): { inputs: string[][]; output: string[] } {
  requireText(inScope('einsum'), 'equation', equation);
  for (const [position, each] of operands.entries()) requireTensor(`einsum, operand ${position}`, each);
  const compact = equation.replaceAll(' ', '');
  const [left = '', right] = compact.split('->');
  const inputs = left.split(',').map((part) => [...part]);
  const letters = inputs.flat();
  const counts = (label: string) => letters.filter((each) => each === label).length;
  const output =
    right === undefined ? [...new Set(letters)].filter((label) => counts(label) === 1).sort() : [...right];
  const distinct = (labels: readonly string[]) => new Set(labels).size === labels.length;
  const wellFormed =
    /^[a-zA-Z,]*(->[a-zA-Z]*)?$/.test(compact) &&
    inputs.length === operands.length &&
    [...inputs, output].every(distinct) &&
    output.every((label) => letters.includes(label)) &&
    inputs.every((labels, index) => labels.length === operands[index].rank);
  requireOption(
    wellFormed,
    'einsum',
    `${describeValue(equation)} for ${operands.map(({ shape }) => formatShape(shape)).join(', ')}`,
    'one group of distinct letters per operand, one letter per axis, and on the right letters from the left',
    "Write it like 'ij,jk->ik'.",
  );
  return { inputs, output };
}

function checkLengths(equation: string, operands: readonly Labeled[]): void {
  const lengths = new Map<string, number>();
  for (const { tensor, labels } of operands) {
    labels.forEach((label, axis) => {
      const known = lengths.get(label) ?? tensor.shape[axis];
      lengths.set(label, known);
      if (known === tensor.shape[axis]) return;
      throw new ShapeError({
        where: inScope(`einsum '${equation}'`),
        got: `axis ${label} of lengths ${known} and ${tensor.shape[axis]}`,
        expected: 'one length per letter',
        cure: 'Check the order of the letters against the shapes.',
      });
    });
  }
}

/** Sums over the axes whose letters nobody needs any more. */
function sumAway({ tensor, labels }: Labeled, needed: ReadonlySet<string>): Labeled {
  const gone = labels.flatMap((label, axis) => (needed.has(label) ? [] : [axis]));
  if (gone.length === 0) return { tensor, labels };
  return { tensor: sum(tensor, gone), labels: labels.filter((label) => needed.has(label)) };
}

/** Two operands as one: shared letters that are needed later are the batch, other shared letters are summed. */
function contract(a: Labeled, b: Labeled, later: ReadonlySet<string>): Labeled {
  const left = sumAway(a, new Set([...later, ...b.labels]));
  const right = sumAway(b, new Set([...later, ...a.labels]));
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => later.has(label));
  const inner = shared.filter((label) => !later.has(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const labels = [...batch, ...rows, ...columns];
  const lengthOf = (label: string): number => {
    const from = left.labels.includes(label) ? left : right;
    return from.tensor.shape[from.labels.indexOf(label)];
  };
  const size = (group: readonly string[]) => group.reduce((product, label) => product * lengthOf(label), 1);
  const arranged = ({ tensor, labels: own }: Labeled, order: readonly string[]) =>
    permute(
      tensor,
      order.map((label) => own.indexOf(label)),
    );
  if (inner.length === 0 && (rows.length === 0 || columns.length === 0)) {
    // No sum: an elementwise product, which fuses.
    const full = labels.map(lengthOf);
    const spread = (each: Labeled) => {
      const order = labels.filter((label) => each.labels.includes(label));
      const aligned = labels.map((label) => (each.labels.includes(label) ? lengthOf(label) : 1));
      return broadcastTo(reshape(arranged(each, order), aligned), full);
    };
    return { tensor: multiply(spread(left), spread(right)), labels };
  }
  const product = matmul(
    reshape(arranged(left, [...batch, ...rows, ...inner]), [size(batch), size(rows), size(inner)]),
    reshape(arranged(right, [...batch, ...inner, ...columns]), [size(batch), size(inner), size(columns)]),
  );
  return { tensor: reshape(product, labels.map(lengthOf)), labels };
}
