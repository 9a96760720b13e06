/**
 * The GRU over a whole sequence and its gradient, on the GPU.
 *
 * A step forward is two passes: r, u and q, then the record of the step with its new state. Backward, what a step passes
 * on is linear in what reaches it: the factors are computed for all steps at once, and a step is a pass that multiplies
 * by them, then one with the product by the weight.
 */

import { sigmoidFunction, tanhFunction } from '../elementwise/operators/hyperbolic.ts';
import { fillPass } from '../support/gpu/common-passes.ts';
import { type GpuArray, type GpuKernel, input, output } from '../support/gpu/gpu-kernel.ts';
import { choose, PassList, sumOf } from '../support/gpu/pass-list.ts';
import {
  placeOf,
  sentDirectly,
  sentThroughGates,
  stateBefore,
  walkBack,
  walkForward,
  whereReal,
} from '../support/gpu/recurrence-passes.ts';
import { joinRecords, storeParts } from '../support/gpu/step-records.ts';
import { optionalInputs, type Sequence, sequenceOf } from '../support/recurrent-calls.ts';
import type { GruAttributes, GruGradientAttributes } from './index.ts';

/** Parts of a forward record [N,5,H]: h and r, u, n, q. */
const forwardParts = 5;

/** (h [N,T,H], gates [N,T,4H]) from (z [N,T,3H], recurrentWeight [H,3H], recurrentBias [3H], h0 [N,H], mask? [N,T]). */
export const gruGpu: GpuKernel<GruAttributes> = ({ outputs, attributes }, { mostReads }) => {
  const sequence = sequenceOf(outputs[0].shape, 3, attributes.reverse);
  const { batch, time, hidden, width } = sequence;
  if (batch * time * hidden === 0) return { passes: [] };
  const [z, recurrentWeight, recurrentBias, h0] = [0, 1, 2, 3].map(input);
  const [mask] = optionalInputs(4, [attributes.masked], input);

  const list = new PassList();
  const records = walkForward(list, sequence, {
    parts: forwardParts,
    initial: [h0],
    recurrentWeight,
    mask,
    gate(f, recurrent, column, step) {
      const sum = f.variable(`${recurrent} + ${f.read(recurrentBias, column)}`, 'gate');
      // q stays as it is.
      f.if(`${column} < ${2 * hidden}`, () => {
        const whole = f.keep(`${sum} + ${f.read(z, f.offset([step, column], [width, 1]))}`);
        f.set(sum, f.call(sigmoidFunction, whole));
      });
      return sum;
    },
    record(f, { step, unit }, gate, before) {
      const candidate = (): string => {
        const own = f.read(z, f.offset([step, unit], [width, 1], 2 * hidden));
        return f.call(tanhFunction, f.keep(`${own} + ${gate(0)} * ${gate(2)}`));
      };
      const newState = (): string => `(1.0 - ${gate(1)}) * ${candidate()} + ${gate(1)} * ${before(0)}`;
      return [
        () => whereReal(f, mask, step, newState, () => before(0)),
        () => gate(0),
        () => gate(1),
        () => whereReal(f, mask, step, candidate, () => '0.0'),
        () => gate(2),
      ];
    },
  });

  const joined = joinRecords(list, records, { batch, width: forwardParts * hidden }, mostReads);
  storeParts(list, joined, sequence, [1, 4]);
  return { passes: list.passes };
};

/**
 * Parts of a backward record [N,5,H]: the gradients of the sums of r and u, of q, of the sum of n, then what h before the
 * step gets directly. The first three are dS; the first two and that of n are dZ. Each is dH of the step times its factor.
 *
 * The factors [T,N,·,H] have the same parts and, with dGates, what those add to the first four.
 */
const backParts = 5;
const toHidden = 4;

/** (dZ, dS [N,T,3H], dH0 [N,H]) from (recurrentWeight, h0, h, gates, mask?, dH?, dGates?). */
export const gruGradientGpu: GpuKernel<GruGradientAttributes> = ({ inputs, attributes }, { mostReads }) => {
  const { reverse, masked, hasDH, hasDGates } = attributes;
  const sequence = sequenceOf(inputs[2].shape, 3, reverse);
  const { batch, time, hidden, width } = sequence;
  if (batch * hidden === 0) return { passes: [] };
  if (time === 0) return { passes: [fillPass(output(2), batch * hidden, 0)] };
  const [mask, dH, dGates] = optionalInputs(4, [masked, hasDH, hasDGates], input);
  const factorWidth = (dGates ? backParts + 4 : backParts) * hidden;
  const list = new PassList();
  const factors = gradientFactors(list, sequence, mask, dGates);

  const { records, sent } = walkBack(list, sequence, {
    parts: backParts,
    recurrentWeight: input(0),
    record(f, place, part, after) {
      const { item, t, unit, step } = place;
      const at = f.whole(
        f.offset([t, item, part, unit], [batch * factorWidth, factorWidth, hidden, 1]),
        'at',
      );
      const dHidden = f.keep(
        sumOf(
          sentThroughGates(f, sequence, place, after),
          sentDirectly(f, sequence, place, after, { part: toHidden, parts: backParts }),
          dH && f.read(dH, f.offset([step, unit], [hidden, 1])),
        ),
        'dHidden',
      );
      const value = f.variable(`${dHidden} * ${f.read(factors, at)}`);
      if (dGates) {
        f.if(`${part} < ${toHidden}`, () => {
          f.set(value, `${value} + ${f.read(factors, f.offset([at], [1], backParts * hidden))}`);
        });
      }
      return value;
    },
  });
  list.add(output(2), batch * hidden, (f) => {
    const [item, unit] = f.coordinates(f.index, [batch, hidden]);
    const direct = sentDirectly(f, sequence, { item, unit }, sent, { part: toHidden, parts: backParts });
    f.return(sumOf(sentThroughGates(f, sequence, { item, unit }, sent), direct));
  });

  const joined = joinRecords(list, records, { batch, width: backParts * hidden }, mostReads);
  list.add(output(0), batch * time * width, (f) => {
    const [item, t, column] = f.coordinates(f.index, [batch, time, width]);
    const from = f.wholeVariable(column, 'from');
    f.if(`${column} >= ${2 * hidden}`, () => f.set(from, f.offset([column], [1], hidden)));
    f.return(joined.read(f, item, t, from));
  });
  list.add(output(1), batch * time * width, (f) => {
    const [item, t, column] = f.coordinates(f.index, [batch, time, width]);
    f.return(joined.read(f, item, t, column));
  });
  return { passes: list.passes };
};

/** The factors of every step, see above; at a masked-out step dH passes as it is, and the others are 0. */
function gradientFactors(
  list: PassList,
  sequence: Sequence,
  mask: GpuArray | undefined,
  dGates: GpuArray | undefined,
): GpuArray {
  const { batch, time, hidden } = sequence;
  const [h0, h, gates] = [1, 2, 3].map(input);
  const parts = dGates ? backParts + 4 : backParts;
  return list.once(time * batch * parts * hidden, (f) => {
    const [t, item, part, unit] = f.coordinates(f.index, [time, batch, parts, hidden]);
    const place = placeOf(f, sequence, { item, t, unit });
    const { step } = place;
    const ofGate = (array: GpuArray, gate: number): string =>
      f.read(array, f.offset([step, unit], [4 * hidden, 1], gate * hidden));
    const [r, u, n, q] = [0, 1, 2, 3].map((gate) => f.keep(ofGate(gates, gate)));
    const ofSigmoid = (gate: string): string => `${gate} * (1.0 - ${gate})`;
    const slopeOfCandidate = `(1.0 - ${n} * ${n})`;
    const hiddenBefore = (): string => stateBefore(f, sequence, { initial: h0, states: h }, place);
    /** What reaches r, u, q and the sum of n, given what reaches u and n themselves. */
    const throughCandidate = (dU: () => string, dN: string): (() => string)[] => [
      () => `${dN} * ${slopeOfCandidate} * ${q} * ${ofSigmoid(r)}`,
      () => `${dU()} * ${ofSigmoid(u)}`,
      () => `${dN} * ${slopeOfCandidate} * ${r}`,
      () => `${dN} * ${slopeOfCandidate}`,
    ];
    const own = throughCandidate(() => `(${hiddenBefore()} - ${n})`, `(1.0 - ${u})`);
    const ofGates = (given: GpuArray): (() => string)[] => {
      const [dR, dU, dN, dQ] = [0, 1, 2, 3].map((gate) => ofGate(given, gate));
      const [toR, toU, toQ, toN] = throughCandidate(() => dU, dN);
      return [() => `${toR()} + ${dR} * ${ofSigmoid(r)}`, toU, () => `${toQ()} + ${dQ}`, toN];
    };
    const factor = (): string => choose(f, part, [...own, () => u, ...(dGates ? ofGates(dGates) : [])]);
    const masked = (): string => `${part} == ${toHidden} ? 1.0 : 0.0`;
    f.return(whereReal(f, mask, step, factor, masked));
  });
}
