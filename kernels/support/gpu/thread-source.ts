/**
 * Composes the text of one gpu.js function: what a thread does. Names are given out here, arrays and numbers become
 * arguments when they are first used, and every subexpression that is kept is computed once.
 *
 * The text is the part of JavaScript that gpu.js translates. Its locals are floats: indices are exact up to 2^24.
 */
import type { DType } from '../contract.ts';
import type { GpuArray, GpuElement } from '../gpu.ts';
import { type FunctionName, functionPrefix, gpuFunctions } from './functions.ts';

export class ThreadSource {
  readonly reads: GpuArray[] = [];
  readonly numbers: (number | GpuElement)[] = [];
  readonly #numberNames: string[] = [];
  readonly #functions = new Set<FunctionName>();
  readonly #lines: string[] = [];
  #names = 0;
  #depth = 1;

  /** The functions that the text calls, and those that they call. */
  get functions(): FunctionName[] {
    return [...this.#functions];
  }

  /** The index of the number this thread writes. */
  readonly index = 'this.thread.x';

  /** A name nobody has yet. */
  name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  /** One line of code. */
  line(text: string): void {
    this.#lines.push(`${'  '.repeat(this.#depth)}${text}`);
  }

  /** Computes an expression once, and gives the name of its value. */
  keep(expression: string, prefix = 'v'): string {
    if (/^[a-z]\w*$/i.test(expression)) return expression;
    const name = this.name(prefix);
    this.line(`const ${name} = ${expression};`);
    return name;
  }

  /** A variable that can be set. `initial` is a float: write it with a point. */
  variable(initial: string, prefix = 'x'): string {
    const name = this.name(prefix);
    this.line(`let ${name} = ${initial};`);
    return name;
  }

  set(variable: string, expression: string): void {
    this.line(`${variable} = ${expression};`);
  }

  /** `count` turns, known now; `body` composes one, given the name of its number. None at all for a count of 0. */
  loop(count: number, body: (turn: string) => void): void {
    if (count === 0) return;
    const turn = this.name('k');
    this.#block(`for (let ${turn} = 0; ${turn} < ${count}; ${turn}++)`, () => body(turn));
  }

  if(condition: string, body: () => void, otherwise?: () => void): void {
    this.#block(`if (${condition})`, body);
    if (otherwise) this.#block('else', otherwise);
  }

  #block(head: string, body: () => void): void {
    this.line(`${head} {`);
    this.#depth++;
    body();
    this.#depth--;
    this.line('}');
  }

  return(expression: string): void {
    this.line(`return ${expression};`);
  }

  /** The float at an index of an array. An index out of range reads something, or nothing, and does no harm. */
  read(array: GpuArray, index: string): string {
    // As a variable: gpu.js makes a whole number of that, but not of every sum of literals.
    return `${this.#argumentOf(array)}[${this.keep(index, 'at')}]`;
  }

  #argumentOf({ kind, index }: GpuArray): string {
    let at = this.reads.findIndex((each) => each.kind === kind && each.index === index);
    if (at < 0) at = this.reads.push({ kind, index }) - 1;
    return `array${at}`;
  }

  /** A number that is passed to the function: the text does not depend on it. May be infinite or NaN. */
  number(value: number): string {
    return this.#numberArgument(value, (each) => Object.is(each, value));
  }

  /** An element of an input that the host passes as a number. */
  numberOf(array: GpuArray, element: number): string {
    return this.#numberArgument(
      { array, element },
      (each) => typeof each === 'object' && each.array.index === array.index && each.element === element,
    );
  }

  #numberArgument(value: number | GpuElement, isIt: (each: number | GpuElement) => boolean): string {
    const known = this.numbers.findIndex(isIt);
    if (known >= 0) return this.#numberNames[known];
    const name = `number${this.numbers.push(value) - 1}`;
    this.#numberNames.push(name);
    return name;
  }

  /** A number written into the text. gpu.js has no literal for NaN and infinities: those are passed. */
  literal(value: number): string {
    const float = Math.fround(value);
    if (!Number.isFinite(float)) return this.number(float);
    // Literals below the normal range are errors in some shaders, which take such numbers for 0 anyway.
    if (Math.abs(float) < 2 ** -126) return '0.0';
    const text = `${Math.abs(float)}`;
    const withPoint = /[.e]/.test(text) ? text : `${text}.0`;
    return float < 0 ? `(0.0 - ${withPoint})` : withPoint;
  }

  /** A call of one of gpu/functions.ts. */
  call(name: FunctionName, ...operands: readonly string[]): string {
    this.#use(name);
    const specials = gpuFunctions[name].wantsSpecials
      ? [this.number(Number.POSITIVE_INFINITY), this.number(Number.NaN)]
      : [];
    return `${functionPrefix}${name}(${[...operands, ...specials].join(', ')})`;
  }

  #use(name: FunctionName): void {
    for (const called of gpuFunctions[name].calls ?? []) this.#use(called as FunctionName);
    this.#functions.add(name);
  }

  /** index / divisor, rounded down, for whole numbers from 0 to 2^24. */
  quotient(index: string, divisor: number): string {
    return divisor === 1 ? index : this.call('quotient', index, `${divisor}.0`);
  }

  /** The index along each axis of a row-major array: kept names, or '0' along an axis of length 1. */
  coordinates(index: string, shape: readonly number[]): string[] {
    const found: string[] = [];
    let rest = index;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const length = shape[axis];
      const outermost = shape.slice(0, axis).every((each) => each === 1);
      if (length === 1) found.unshift('0');
      else if (outermost) found.unshift(this.keep(rest, 'i'));
      else {
        const outer = this.keep(this.quotient(rest, length), 'q');
        found.unshift(this.keep(`${rest} - ${outer} * ${length}.0`, 'i'));
        rest = outer;
      }
    }
    return found;
  }

  /** offset + Σ strides[k] · indices[k], as text. */
  offset(indices: readonly string[], strides: readonly number[], offset = 0): string {
    const terms = indices.flatMap((index, axis) => {
      const stride = strides[axis];
      if (stride === 0 || index === '0') return [];
      return [stride === 1 ? index : `${index} * ${signed(stride)}`];
    });
    if (offset !== 0 || terms.length === 0) terms.push(signed(offset));
    return terms.join(' + ');
  }

  /**
   * The element this thread computes, and which half of it: plane 0 is the low half of an int32 and all there is of
   * another dtype. `size` is the number of elements.
   */
  planes(dtype: DType, size: number): { readonly index: string; readonly plane: string } {
    const thread = this.keep(this.index, 'i');
    if (dtype !== 'int32') return { index: thread, plane: '0' };
    const plane = this.keep(`${thread} < ${size}.0 ? 0.0 : 1.0`, 'p');
    return { index: this.keep(`${thread} - ${plane} * ${size}.0`, 'i'), plane };
  }

  /** The whole function. */
  text(): string {
    const names = [...this.reads.map((_, at) => `array${at}`), ...this.#numberNames];
    return [`function (${names.join(', ')}) {`, ...this.#lines, '}'].join('\n');
  }
}

/** A whole number as a float, one that is below 0 in brackets. */
function signed(value: number): string {
  return value < 0 ? `(0.0 - ${-value}.0)` : `${value}.0`;
}
