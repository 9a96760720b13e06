/** Connectionist temporal classification: the likelihood of a text, however it is spread over the steps of a sequence. */
import { DTypeError, LabelError, OptionError, ShapeError } from '../../errors.ts';
import { broadcastTo, reshape, sum } from '../../ops/broadcast.ts';
import {
  add,
  cast,
  divide,
  equal,
  exp,
  greater,
  less,
  log,
  logicalAnd,
  logicalOr,
  maximum,
  multiply,
  negate,
  notEqual,
  stopGradient,
  subtract,
  where,
} from '../../ops/elementwise.ts';
import { checkLabels, iota, takeAlongAxis } from '../../ops/indexing.ts';
import { concat, expandDims, pad, slice, stack } from '../../ops/movement.ts';
import { logSumExp, mean } from '../../ops/reduce.ts';
import { scan } from '../../ops/scan.ts';
import { describeValue, requireBoolean, requireNumber } from '../../options.ts';
import { fill } from '../../tensor/leaves.ts';
import { formatShape, sameShape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { checkOptions, type LossOptions, requireTensors } from './loss-arguments.ts';

/** Options of `ctc`. */
export interface CtcOptions extends LossOptions {
  /** int32 [N]: how many steps of each sequence are real. Default: all T. */
  readonly inputLengths?: Tensor;
  /** int32 [N]: how many labels of each row are real. Default: all S. */
  readonly targetLengths?: Tensor;
  /** The class that stands for no label. Default 0. */
  readonly blank?: number;
  /** Whether a text that cannot fit its steps costs 0 in the place of Infinity. Its gradient is 0 either way. Default false. */
  readonly zeroInfinity?: boolean;
}

/** No padding. */
const none = [0, 0] as const;

/** The logarithm of a probability of nothing: finite, so that differences of two are numbers. */
const never = -1e30;

/**
 * -log of the probability that a sequence of classes spells the target, over all ways to spread its labels over the steps, with
 * blanks between and labels repeated (Graves et al. 2006, eqs. 6–8). The forward recursion is a `scan` over time in logarithms,
 * and its gradient the scan's.
 *
 * `logProbabilities` [N, T, C] are those of `logSoftmax`; `targets` int32 [N, S], padded on the right with any class. Gives
 * [N] with 'none'; 'mean' divides each loss by its number of labels (at least 1) before the mean, as PyTorch does.
 *
 * @throws ShapeError for shapes that do not belong together; DTypeError for targets or lengths that are not int32;
 *   LabelError for a label that is no class, or the blank, where the targets are host data; OptionError for options out of
 *   range
 */
export function ctc(logProbabilities: Tensor, targets: Tensor, options: CtcOptions = {}): Tensor {
  const reduction = checkOptions('ctc', options, ['inputLengths', 'targetLengths', 'blank', 'zeroInfinity']);
  const { zeroInfinity = false } = options;
  requireBoolean('ctc', 'zeroInfinity', zeroInfinity);
  const { batch, steps, labels, blank } = checkInputs(logProbabilities, targets, options);
  const inputLengths = options.inputLengths ?? fill(steps, [batch], 'int32');
  const targetLengths = options.targetLengths ?? fill(labels, [batch], 'int32');

  // Blank, label, blank, …, label, blank: [N, L = 2S + 1].
  const places = 2 * labels + 1;
  const real = less(iota(labels), expandDims(targetLengths, 1));
  const blanks = fill(blank, [batch, labels], 'int32');
  const paired = reshape(stack([blanks, where(real, targets, blank)], 2), [batch, 2 * labels]);
  const spelled = concat([paired, fill(blank, [batch, 1], 'int32')], 1);
  // A blank between two labels may be left out unless they are equal.
  const twoBefore = shifted(spelled, 2, blank);
  const mayJump = logicalAnd(notEqual(spelled, blank), notEqual(spelled, twoBefore));
  const index = broadcastTo(expandDims(spelled, 1), [batch, steps, places]);
  const emitted = maximum(takeAlongAxis(logProbabilities, index, 2), never);

  const { carry: forward } = scan(
    (reached: Tensor, emission: Tensor) => {
      const one = shifted(reached, 1, never);
      const two = where(mayJump, shifted(reached, 2, never), never);
      const next = maximum(add(sumOfThree(reached, one, two), emission), never);
      return { carry: next, output: {} };
    },
    {
      // Before the first step: at the first blank, from which the first label is one place away.
      initial: where(broadcastTo(equal(iota(places), 0), [batch, places]), 0, never),
      inputs: emitted,
      mask: less(iota(steps), expandDims(inputLengths, 1)),
    },
  );

  // The text is complete at its last label and at the blank behind it.
  const end = expandDims(multiply(targetLengths, 2), 1);
  const place = iota(places);
  const complete = logicalOr(equal(place, end), equal(place, subtract(end, 1)));
  const losses = negate(logSumExp(where(complete, forward, never), -1));
  const impossible = greater(losses, -never / 2);
  const finite = where(impossible, zeroInfinity ? 0 : Number.POSITIVE_INFINITY, losses);
  if (reduction === 'none') return finite;
  if (reduction === 'sum') return sum(finite);
  return mean(divide(finite, cast(maximum(targetLengths, 1), 'float32')));
}

/** x [N, L] moved `by` places to the right, with `value` coming in. */
function shifted(x: Tensor, by: number, value: number): Tensor {
  return slice(pad(x, [none, [by, 0]], value), null, [0, x.shape[1]]);
}

/** log(eᵃ + eᵇ + eᶜ); the maximum that is taken out cancels, so it has no derivative of its own. */
function sumOfThree(a: Tensor, b: Tensor, c: Tensor): Tensor {
  const most = stopGradient(maximum(maximum(a, b), c));
  const part = (x: Tensor): Tensor => exp(subtract(x, most));
  return add(most, log(add(add(part(a), part(b)), part(c))));
}

interface CtcSizes {
  readonly batch: number;
  readonly steps: number;
  readonly labels: number;
  readonly blank: number;
}

function checkInputs(logProbabilities: Tensor, targets: Tensor, options: CtcOptions): CtcSizes {
  requireTensors('ctc', logProbabilities, targets);
  const { inputLengths, targetLengths } = options;
  if (logProbabilities.rank !== 3) {
    throw new ShapeError({
      where: 'ctc',
      got: `logProbabilities ${formatShape(logProbabilities.shape)}`,
      expected: '[N, T, C]',
      cure: 'Give the log-probabilities of every step, with the batch first.',
    });
  }
  const [batch, steps, classes] = logProbabilities.shape as [number, number, number];
  const blank = requireNumber('ctc', 'blank', options.blank ?? 0, 'a whole number of at least 0');
  const integers = { targets, inputLengths, targetLengths };
  for (const [name, given] of Object.entries(integers)) {
    if (given === undefined || (given instanceof Tensor && given.dtype === 'int32')) continue;
    throw new DTypeError({
      where: 'ctc',
      got: `${name} ${given instanceof Tensor ? given.dtype : describeValue(given)}`,
      expected: 'an int32 tensor',
      cure: "Make one: tensor([...], { dtype: 'int32' }).",
    });
  }
  if (targets.rank !== 2 || targets.shape[0] !== batch) {
    throw new ShapeError({
      where: 'ctc',
      got: `targets ${formatShape(targets.shape)} for logProbabilities ${formatShape(logProbabilities.shape)}`,
      expected: `[N=${batch}, S]`,
      cure: 'Give a row of labels for each sequence, padded on the right, with targetLengths.',
    });
  }
  const labels = targets.shape[1];
  requireCounts('inputLengths', inputLengths, batch, steps);
  requireCounts('targetLengths', targetLengths, batch, labels);
  if (blank >= classes) {
    throw new OptionError({
      where: 'ctc',
      got: `blank ${blank}`,
      expected: `a class from 0 to ${classes - 1}`,
      cure: 'Give the model one output more than there are labels, for the blank.',
    });
  }
  requireLabels(targets, targetLengths, classes, blank);
  return { batch, steps, labels, blank };
}

/** Lengths that are host data have to be within what there is. */
function requireCounts(name: string, lengths: Tensor | undefined, batch: number, most: number): void {
  if (lengths === undefined) return;
  if (!sameShape(lengths.shape, [batch])) {
    throw new ShapeError({
      where: 'ctc',
      got: `${name} ${formatShape(lengths.shape)}`,
      expected: `[N=${batch}]`,
      cure: 'Give one length for each sequence.',
    });
  }
  const { source } = lengths.snapshot().node;
  const wrong =
    source?.kind === 'data' ? source.data.find((length) => length < 0 || length > most) : undefined;
  if (wrong === undefined) return;
  throw new OptionError({
    where: 'ctc',
    got: `a length ${wrong} in ${name}`,
    expected: `whole numbers from 0 to ${most}`,
    cure: 'Count steps and labels without their padding.',
  });
}

/** Labels that are host data have to be classes, and not the blank. Padding may be anything. */
function requireLabels(
  targets: Tensor,
  targetLengths: Tensor | undefined,
  classes: number,
  blank: number,
): void {
  const { source } = targets.snapshot().node;
  if (source?.kind !== 'data') return;
  const [batch, labels] = targets.shape as [number, number];
  const lengths = targetLengths?.snapshot().node.source;
  if (targetLengths !== undefined && lengths?.kind !== 'data') return;
  for (let row = 0; row < batch; row++) {
    const length = lengths?.kind === 'data' ? lengths.data[row] : labels;
    const texts = source.data.subarray(row * labels, row * labels + length);
    checkLabels(`ctc, sequence ${row}`, texts, classes);
    if (!texts.includes(blank)) continue;
    throw new LabelError({
      where: `ctc, sequence ${row}`,
      got: `the blank (class ${blank}) among the labels`,
      expected: 'labels only',
      cure: 'Count labels from 1, or name another class as blank.',
    });
  }
}
