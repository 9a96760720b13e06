/**
 * The LSTM over a whole sequence and its gradient, on the GPU.
 *
 * A step forward is two passes: the activated gates, then the record of the step with its new states. Backward, what a
 * step passes on is linear in what reaches it: the factors are computed for all steps at once, and a step is a pass that
 * multiplies by them, then one with the product by the weight.
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
import type { LstmAttributes, LstmGradientAttributes } from './index.ts';

/** Parts of a forward record [N,6,H]: h, c and the gates i, f, g, o. */
const forwardParts = 6;

/** (h, c [N,T,H], gates [N,T,4H]) from (z [N,T,4H], recurrentWeight [H,4H], h0, c0 [N,H], mask? [N,T]). */
export const lstmGpu: GpuKernel<LstmAttributes> = ({ outputs, attributes }, { mostReads }) => {
  const sequence = sequenceOf(outputs[0].shape, 4, attributes.reverse);
  const { batch, time, hidden, width } = sequence;
  if (batch * time * hidden === 0) return { passes: [] };
  const [z, recurrentWeight, h0, c0] = [0, 1, 2, 3].map(input);
  const [mask] = optionalInputs(4, [attributes.masked], input);

  const list = new PassList();
  const records = walkForward(list, sequence, {
    parts: forwardParts,
    initial: [h0, c0],
    recurrentWeight,
    mask,
    gate(f, recurrent, column, step) {
      const sum = f.keep(`${recurrent} + ${f.read(z, f.offset([step, column], [width, 1]))}`);
      const activated = f.variable('0.0', 'gate');
      f.if(
        `${column} >= ${2 * hidden} && ${column} < ${3 * hidden}`,
        () => f.set(activated, f.call(tanhFunction, sum)),
        () => f.set(activated, f.call(sigmoidFunction, sum)),
      );
      return activated;
    },
    record(f, { step }, gate, before) {
      const newCell = (): string => `${gate(1)} * ${before(1)} + ${gate(0)} * ${gate(2)}`;
      const newState = (): string => `${gate(3)} * ${f.call(tanhFunction, f.keep(newCell()))}`;
      return [
        () => whereReal(f, mask, step, newState, () => before(0)),
        () => whereReal(f, mask, step, newCell, () => before(1)),
        ...[0, 1, 2, 3].map((each) => () => gate(each)),
      ];
    },
  });

  const joined = joinRecords(list, records, { batch, width: forwardParts * hidden }, mostReads);
  storeParts(list, joined, sequence, [1, 1, 4]);
  return { passes: list.passes };
};

/**
 * Parts of a backward record [N,·,H]: dZ of i, f, g and o, then what c and h before the step get directly. Each is dH or dC
 * of the step times its factor. h gets something directly at masked-out steps alone: without a mask the part is left out.
 *
 * The factors [T,N,·,H] have the same parts, then what h adds to dC and, with dGates, what those add to dZ.
 */
const [outputGate, toCell, toHidden] = [3, 4, 5];

/** (dZ [N,T,4H], dH0, dC0 [N,H]) from (recurrentWeight, c0, c, gates, mask?, dH?, dC?, dGates?). */
export const lstmGradientGpu: GpuKernel<LstmGradientAttributes> = ({ inputs, attributes }, { mostReads }) => {
  const { reverse, masked, hasDH, hasDC, hasDGates } = attributes;
  const sequence = sequenceOf(inputs[2].shape, 4, reverse);
  const { batch, time, hidden, width } = sequence;
  if (batch * hidden === 0) return { passes: [] };
  if (time === 0) return { passes: [1, 2].map((index) => fillPass(output(index), batch * hidden, 0)) };
  const [mask, dH, dC, dGates] = optionalInputs(4, [masked, hasDH, hasDC, hasDGates], input);
  const parts = mask ? 6 : 5;
  const [fromHidden, added] = [parts, parts + 1];
  const factorWidth = (dGates ? added + 4 : added) * hidden;
  const list = new PassList();
  const factors = gradientFactors(list, sequence, mask, dGates);

  const { records, sent } = walkBack(list, sequence, {
    parts,
    recurrentWeight: input(0),
    record(f, place, part, after) {
      const { item, t, unit, step } = place;
      const factorsAt = f.whole(f.offset([t, item], [batch * factorWidth, factorWidth]), 'factors');
      const column = f.whole(f.offset([part, unit], [hidden, 1]), 'column');
      const at = f.whole(f.offset([step, unit], [hidden, 1]), 'at');
      const reaching = f.variable(
        sumOf(
          sentThroughGates(f, sequence, place, after),
          mask && sentDirectly(f, sequence, place, after, { part: toHidden, parts }),
          dH && f.read(dH, at),
        ),
        'reaching',
      );
      // All parts but those of o and h are multiples of dC.
      f.if(`${part} < ${outputGate} || ${part} == ${toCell}`, () => {
        const factor = f.read(factors, f.offset([factorsAt, unit], [1, 1], fromHidden * hidden));
        const dCell = sumOf(
          `${reaching} * ${factor}`,
          sentDirectly(f, sequence, place, after, { part: toCell, parts }),
          dC && f.read(dC, at),
        );
        f.set(reaching, dCell);
      });
      const value = f.variable(`${reaching} * ${f.read(factors, f.offset([factorsAt, column], [1, 1]))}`);
      if (dGates) {
        f.if(`${part} < 4`, () => {
          const more = f.read(factors, f.offset([factorsAt, column], [1, 1], added * hidden));
          f.set(value, `${value} + ${more}`);
        });
      }
      return value;
    },
  });
  list.add(output(1), batch * hidden, (f) => {
    const [item, unit] = f.coordinates(f.index, [batch, hidden]);
    const place = { item, unit };
    const direct = mask && sentDirectly(f, sequence, place, sent, { part: toHidden, parts });
    f.return(sumOf(sentThroughGates(f, sequence, place, sent), direct));
  });
  list.add(output(2), batch * hidden, (f) => {
    const [item, unit] = f.coordinates(f.index, [batch, hidden]);
    f.return(sumOf(sentDirectly(f, sequence, { item, unit }, sent, { part: toCell, parts })));
  });

  const joined = joinRecords(list, records, { batch, width: parts * hidden }, mostReads);
  list.add(output(0), batch * time * width, (f) => {
    const [item, t, column] = f.coordinates(f.index, [batch, time, width]);
    f.return(joined.read(f, item, t, column));
  });
  return { passes: list.passes };
};

/** The factors of every step, see above; at a masked-out step dH and dC pass as they are, and the others are 0. */
function gradientFactors(
  list: PassList,
  sequence: Sequence,
  mask: GpuArray | undefined,
  dGates: GpuArray | undefined,
): GpuArray {
  const { batch, time, hidden, width } = sequence;
  const [c0, c, gates] = [1, 2, 3].map(input);
  const parts = (mask ? 7 : 6) + (dGates ? 4 : 0);
  return list.once(time * batch * parts * hidden, (f) => {
    const [t, item, part, unit] = f.coordinates(f.index, [time, batch, parts, hidden]);
    const place = placeOf(f, sequence, { item, t, unit });
    const { step } = place;
    const ofGate = (array: GpuArray, gate: number): string =>
      f.read(array, f.offset([step, unit], [width, 1], gate * hidden));
    const [i, forget, g, o] = [0, 1, 2, 3].map((gate) => f.keep(ofGate(gates, gate)));
    const ofSigmoid = (gate: string): string => `${gate} * (1.0 - ${gate})`;
    const slopes = [ofSigmoid(i), ofSigmoid(forget), `(1.0 - ${g} * ${g})`, ofSigmoid(o)];
    const cellBefore = (): string => stateBefore(f, sequence, { initial: c0, states: c }, place);
    const squashed = (): string =>
      f.keep(f.call(tanhFunction, f.read(c, f.offset([step, unit], [hidden, 1]))), 'squashed');
    const hiddenToCell = (): string => {
      const value = squashed();
      return `${o} * (1.0 - ${value} * ${value})`;
    };
    const factor = (): string =>
      choose(f, part, [
        () => `${g} * ${slopes[0]}`,
        () => `${cellBefore()} * ${slopes[1]}`,
        () => `${i} * ${slopes[2]}`,
        () => `${squashed()} * ${slopes[3]}`,
        () => forget,
        ...(mask ? [() => '0.0'] : []),
        hiddenToCell,
        ...(dGates ? slopes.map((slope, gate) => () => `${ofGate(dGates, gate)} * ${slope}`) : []),
      ]);
    const masked = (): string => `(${part} == ${toCell} || ${part} == ${toHidden}) ? 1.0 : 0.0`;
    f.return(whereReal(f, mask, step, factor, masked));
  });
}
