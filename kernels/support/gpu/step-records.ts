/**
 * What the steps of a sequence wrote, brought together. Every step writes an array of its own, its record [N, width]; more
 * than a pass may read are first joined to longer ones, in the order of t.
 */

import type { Sequence } from '../recurrent-calls.ts';
import { type GpuArray, output } from './gpu-kernel.ts';
import { choose, type PassList } from './pass-list.ts';
import type { ThreadSource } from './thread-source.ts';

/** The records of all steps, in as few arrays as a pass may read. */
export interface JoinedRecords {
  /** Composes the number in a column of the record of step t of a sequence. */
  read(f: ThreadSource, item: string, t: string, column: string): string;
}

/** Joins the records of steps t = 0, 1, … to at most `mostReads` arrays, by passes that each join up to as many. */
export function joinRecords(
  list: PassList,
  records: readonly GpuArray[],
  { batch, width }: { readonly batch: number; readonly width: number },
  mostReads: number,
): JoinedRecords {
  const recordSize = batch * width;
  // Every array holds `span` steps; the last one of all may hold fewer.
  let [arrays, span] = [records, 1];
  while (arrays.length > mostReads) {
    const left = Math.ceil(arrays.length / mostReads);
    const count = Math.ceil(arrays.length / left);
    const size = span * recordSize;
    const joined: GpuArray[] = [];
    for (let first = 0; first < arrays.length; first += count) {
      const parts = arrays.slice(first, first + count);
      const steps = Math.min(parts.length * span, records.length - first * span);
      joined.push(
        list.repeated(steps * recordSize, (f) => {
          const [part, at] = f.coordinates(f.index, [parts.length, size]);
          const alternatives = parts.map((array) => () => f.read(array, at));
          f.return(choose(f, part, alternatives));
        }),
      );
    }
    [arrays, span] = [joined, span * count];
  }
  return {
    read(f, item, t, column) {
      const [array, step] = f.coordinates(t, [arrays.length, span]);
      const at = f.whole(f.offset([step, item, column], [recordSize, width, 1]), 'at');
      const alternatives = arrays.map((each) => () => f.read(each, at));
      return choose(f, array, alternatives);
    },
  };
}

/** Adds a pass for each output [N, T, parts · H], which take the parts of the records in order, so many each. */
export function storeParts(
  list: PassList,
  joined: JoinedRecords,
  { batch, time, hidden }: Pick<Sequence, 'batch' | 'time' | 'hidden'>,
  partsOfOutputs: readonly number[],
): void {
  let first = 0;
  partsOfOutputs.forEach((parts, index) => {
    const start = first * hidden;
    list.add(output(index), batch * time * parts * hidden, (f) => {
      const [item, t, column] = f.coordinates(f.index, [batch, time, parts * hidden]);
      f.return(joined.read(f, item, t, f.whole(f.offset([column], [1], start), 'column')));
    });
    first += parts;
  });
}
