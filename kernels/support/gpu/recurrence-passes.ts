/**
 * What the recurrent kernels of the `gpu` device share: the walks through time.
 *
 * A step is two passes, one of them a product with the weight. It reads what the step before wrote, its record [N, width],
 * and writes a record of its own. The texts of all steps are the same, with t as a number that is passed, so that each is
 * compiled once.
 */

import type { Sequence } from '../recurrent-calls.ts';
import { dot } from './dot.ts';
import type { GpuArray } from './gpu-kernel.ts';
import { choose, type PassList } from './pass-list.ts';
import type { ThreadSource } from './thread-source.ts';

/** A unit of the state at one step, as names of numbers: sequence n, time t, and `step`, which is n · T + t. */
export interface StepUnit {
  readonly item: string;
  readonly t: string;
  readonly unit: string;
  readonly step: string;
}

/** Composes the place of a unit at a step. */
export function placeOf(
  f: ThreadSource,
  { time }: Sequence,
  { item, t, unit }: Omit<StepUnit, 'step'>,
): StepUnit {
  return { item, t, unit, step: f.whole(f.offset([item, t], [time, 1]), 'step') };
}

/** The t of every step, in the order in which they run. */
function timesOf({ time, reverse }: Sequence): number[] {
  return Array.from({ length: time }, (_, order) => (reverse ? time - 1 - order : order));
}

/** Composes `real` at steps that the mask [N,T] marks, or at all without one, and `masked` elsewhere. Gives the name. */
export function whereReal(
  f: ThreadSource,
  mask: GpuArray | undefined,
  step: string,
  real: () => string,
  masked: () => string,
): string {
  if (!mask) return f.keep(real());
  const value = f.variable('0.0', 'x');
  f.if(
    `${f.read(mask, step)} > 0.5`,
    () => f.set(value, real()),
    () => f.set(value, masked()),
  );
  return value;
}

/** How a kernel steps forward. Its record [N, parts, H] begins with the states that the next step reads, h first. */
export interface ForwardStep {
  readonly parts: number;
  /** The states before the first step [N,H]. */
  readonly initial: readonly GpuArray[];
  /** [H, width]. */
  readonly recurrentWeight: GpuArray;
  readonly mask: GpuArray | undefined;
  /** Composes what becomes of an element of h · recurrentWeight [N, width]; at masked-out steps it is 0. */
  gate(f: ThreadSource, sum: string, column: string, step: string): string;
  /** Composes each part of the record, given how to read the gates and the record before. */
  record(
    f: ThreadSource,
    place: StepUnit,
    gate: (part: number) => string,
    before: (part: number) => string,
  ): readonly (() => string)[];
}

/** Walks forward through time, and gives the record of every t. */
export function walkForward(list: PassList, sequence: Sequence, forward: ForwardStep): GpuArray[] {
  const { batch, time, hidden, width } = sequence;
  const { parts, initial, recurrentWeight, mask } = forward;
  const recordWidth = parts * hidden;
  // Before the first step: the initial states where a record has them, so that all steps have one text.
  let record = list.once(batch * recordWidth, (f) => {
    const [item, part, unit] = f.coordinates(f.index, [batch, parts, hidden]);
    const at = f.whole(f.offset([item, unit], [hidden, 1]), 'at');
    const states = initial.map((state) => () => f.read(state, at));
    f.return(choose(f, part, states));
  });
  const records = new Array<GpuArray>(time);
  for (const t of timesOf(sequence)) {
    const recordBefore = record;
    const gates = list.repeated(batch * width, (f) => {
      const [item, column] = f.coordinates(f.index, [batch, width]);
      const step = f.whole(f.offset([item, f.wholeNumber(t)], [time, 1]), 'step');
      const real = (): string => {
        const sum = dot(f, {
          a: { array: recordBefore, start: f.whole(f.offset([item], [recordWidth]), 'a'), step: 1 },
          b: { array: recurrentWeight, start: column, step: width },
          length: hidden,
        });
        return forward.gate(f, sum, column, step);
      };
      f.return(whereReal(f, mask, step, real, () => '0.0'));
    });
    record = list.repeated(batch * recordWidth, (f) => {
      const [item, part, unit] = f.coordinates(f.index, [batch, parts, hidden]);
      const place = placeOf(f, sequence, { item, t: f.wholeNumber(t), unit });
      const from = (array: GpuArray, rowLength: number) => (each: number) =>
        f.read(array, f.offset([item, unit], [rowLength, 1], each * hidden));
      const made = forward.record(f, place, from(gates, width), from(recordBefore, recordWidth));
      f.return(choose(f, part, made));
    });
    records[t] = record;
  }
  return records;
}

/** What a step sends to the one before it. */
export interface SentBack {
  /** [N, parts, H]: the gradients of the sums h · recurrentWeight, a part a gate; then what is sent directly. */
  readonly record: GpuArray;
  /** Those gradients times recurrentWeightᵀ [N,H], which reaches h. */
  readonly throughGates: GpuArray;
}

/** How a kernel steps back. */
export interface BackStep {
  /** Of a record. */
  readonly parts: number;
  /** [H, width]. */
  readonly recurrentWeight: GpuArray;
  /** Composes one part of a record and gives its name. `sent` is undefined at the step where the walk begins. */
  record(f: ThreadSource, place: StepUnit, part: string, sent: SentBack | undefined): string;
}

/** Walks back through time; gives the record of every t, and what the first step sends to the initial states. */
export function walkBack(
  list: PassList,
  sequence: Sequence,
  { parts, recurrentWeight, record }: BackStep,
): { readonly records: readonly GpuArray[]; readonly sent: SentBack } {
  const { batch, time, hidden, width } = sequence;
  const recordWidth = parts * hidden;
  // [width, H], once for all steps: threads side by side then read side by side.
  const transposed = list.once(hidden * width, (f) => {
    const [column, unit] = f.coordinates(f.index, [width, hidden]);
    f.return(f.read(recurrentWeight, f.offset([unit, column], [width, 1])));
  });
  const records = new Array<GpuArray>(time);
  const stepBack = (t: number, sent: SentBack | undefined): SentBack => {
    const written = list.repeated(batch * recordWidth, (f) => {
      const [item, part, unit] = f.coordinates(f.index, [batch, parts, hidden]);
      const place = placeOf(f, sequence, { item, t: f.wholeNumber(t), unit });
      f.return(record(f, place, part, sent));
    });
    records[t] = written;
    const throughGates = list.repeated(batch * hidden, (f) => {
      const [item, unit] = f.coordinates(f.index, [batch, hidden]);
      const sum = dot(f, {
        a: { array: written, start: f.whole(f.offset([item], [recordWidth]), 'a'), step: 1 },
        b: { array: transposed, start: unit, step: hidden },
        length: width,
      });
      f.return(sum);
    });
    return { record: written, throughGates };
  };
  const [last, ...earlier] = timesOf(sequence).reverse();
  let sent = stepBack(last, undefined);
  for (const t of earlier) sent = stepBack(t, sent);
  return { records, sent };
}

/** Composes a part of the record that the step after sent, if there is one, at a unit. */
export function sentDirectly(
  f: ThreadSource,
  { hidden }: Sequence,
  { item, unit }: Pick<StepUnit, 'item' | 'unit'>,
  sent: SentBack | undefined,
  { part, parts }: { readonly part: number; readonly parts: number },
): string | undefined {
  return sent && f.read(sent.record, f.offset([item, unit], [parts * hidden, 1], part * hidden));
}

/** Composes what the step after sent through its gates, if there is one, at a unit. */
export function sentThroughGates(
  f: ThreadSource,
  { hidden }: Sequence,
  { item, unit }: Pick<StepUnit, 'item' | 'unit'>,
  sent: SentBack | undefined,
): string | undefined {
  return sent && f.read(sent.throughGates, f.offset([item, unit], [hidden, 1]));
}

/**
 * Composes a state before step t: `initial` [N,H] before the first step, else the slice of `states` [N,T,H] at the step
 * that ran just before.
 */
export function stateBefore(
  f: ThreadSource,
  { time, hidden, reverse }: Sequence,
  { initial, states }: { readonly initial: GpuArray; readonly states: GpuArray },
  { item, t, unit, step }: StepUnit,
): string {
  const first = f.offset([item, unit], [hidden, 1]);
  if (time === 1) return f.keep(f.read(initial, first));
  const before = f.variable('0.0', 'before');
  const justBefore = f.offset([step, unit], [hidden, 1], reverse ? hidden : -hidden);
  f.if(
    `${t} == ${reverse ? time - 1 : 0}`,
    () => f.set(before, f.read(initial, first)),
    () => f.set(before, f.read(states, justBefore)),
  );
  return before;
}
