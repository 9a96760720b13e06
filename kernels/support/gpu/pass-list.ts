/** A list of passes and their temporary arrays, for kernels that have some for each step of a sequence. */
import { type GpuArray, type GpuPass, pass, temporary } from './gpu-kernel.ts';
import type { ThreadSource } from './thread-source.ts';

/** The passes of a call in order, with its temporary arrays numbered. */
export class PassList {
  readonly passes: GpuPass[] = [];
  #temporaries = 0;

  /** A pass with a text of its own. */
  add(writes: GpuArray, size: number, write: (f: ThreadSource) => void): void {
    this.passes.push(pass(writes, size, write));
  }

  /** A pass with a text of its own, and the temporary array that it writes. */
  once(size: number, write: (f: ThreadSource) => void): GpuArray {
    const writes = this.#temporary();
    this.add(writes, size, write);
    return writes;
  }

  /** One of many passes with the same text, and the temporary array that it writes. */
  repeated(size: number, write: (f: ThreadSource) => void): GpuArray {
    const writes = this.#temporary();
    this.passes.push(pass(writes, size, write, { shared: true }));
    return writes;
  }

  #temporary(): GpuArray {
    return temporary(this.#temporaries++);
  }
}

/** Composes alternative number `which` of some, a whole number from 0, and gives its name: 0 where there are too few. */
export function choose(f: ThreadSource, which: string, alternatives: readonly (() => string)[]): string {
  if (which === '0') return f.keep(alternatives[0]());
  const value = f.variable('0.0', 'chosen');
  alternatives.forEach((alternative, k) => {
    f.if(`${which} == ${k}`, () => f.set(value, alternative()));
  });
  return value;
}

/** a + b + …, of those that there are. */
export function sumOf(...terms: readonly (string | undefined)[]): string {
  const given = terms.filter((term) => term !== undefined);
  return given.length === 0 ? '0.0' : given.join(' + ');
}
