/** Long sums in two passes: many threads add up parts, and one thread for each result adds those. */
import { type GpuArray, type GpuPass, pass } from './gpu-kernel.ts';
import { sumInLevels } from './sums-in-levels.ts';

/** So many threads keep a GPU busy: with more results than this, each is summed by one thread. */
const enoughThreads = 1 << 14;
/** Sums of up to so many terms are added up by one thread. */
const shortSum = 128;

/** The parts in which each of `results` sums is added up: `parts` of `length` terms, the last one shorter. */
export function partsOf(results: number, terms: number): { readonly parts: number; readonly length: number } {
  if (terms <= shortSum || results >= enoughThreads) return { parts: 1, length: terms };
  // Parts about as long as there are parts: both passes then take equally long.
  const most = Math.ceil(enoughThreads / Math.max(results, 1));
  const parts = Math.min(most, Math.ceil(Math.sqrt(terms)));
  const length = Math.ceil(terms / parts);
  return { parts: Math.ceil(terms / length), length };
}

/** y[i] = Σ over the parts of parts[part · size + i]. */
export function sumParts(from: GpuArray, writes: GpuArray, size: number, parts: number): GpuPass {
  return pass(writes, size, (f) => {
    const sum = sumInLevels(f, parts, (part, sum) => {
      f.set(sum, `${sum} + ${f.read(from, f.offset([f.index, part], [1, size]))}`);
    });
    f.return(sum);
  });
}
