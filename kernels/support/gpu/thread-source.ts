/**
 * Composes the text of one gpu.js function: what a thread does. Names are given out here, arrays and numbers become
 * arguments when they are first used, and every subexpression that is kept is computed once.
 *
 * The text is the part of JavaScript that gpu.js translates. A name stands for a float (`keep`, `variable`) or for a whole
 * number of 32 bits (`whole`, `wholeVariable`): indices are whole numbers, since floats count only to 2^24. In a text,
 * `2.0` is a float and `2` becomes what stands beside it.
 *
 * Of a whole number that `offset`, `quotient`, `coordinates` or `loop` composes, the bounds are known, and so in which segments
 * of an array an index may lie.
 */
import type { DType } from '../contract.ts';
import type { GpuArray, GpuNumber, GpuSegment } from './gpu-arrays.ts';
import { halfOfWhole, quotient, whole } from './index-functions.ts';
import { callText, type ShaderFunction } from './shader-function.ts';

/** The least and the largest value that a whole number may have. */
export type Bounds = readonly [least: number, most: number];

/** The numbers that the threads of one function write, and how arrays are cut. */
export interface ThreadRange {
  /** The index of the first number in the whole array. */
  readonly first: number;
  /** How many there are. */
  readonly size: number;
  /** Floats of a segment. The last one of an array may hold fewer. */
  readonly segmentLength: number;
  /** Into how many segments an array is cut. */
  readonly segmentsOf: (array: GpuArray) => number;
  /** In the body of a loop, the steps at which the function runs. */
  readonly steps: Bounds;
  /**
   * The floats of a slice, where an array is the slice of the loop's step in a stack: the stack is passed, in one segment, and
   * what is read of it begins at the slice.
   */
  readonly sliceOf: (array: GpuArray) => number | undefined;
}

export class ThreadSource {
  readonly reads: GpuSegment[] = [];
  readonly numbers: GpuNumber[] = [];
  readonly #range: ThreadRange;
  readonly #numberNames: string[] = [];
  readonly #functions = new Set<ShaderFunction>();
  readonly #lines: string[] = [];
  /** Of names that are not set again, and of texts. */
  readonly #bounds = new Map<string, Bounds>();
  #names = 0;
  #depth = 1;
  /** The line that declares the number of the loop's step, once that is used. */
  #stepLine: string | undefined;

  constructor(range: ThreadRange) {
    this.#range = range;
    this.#bounds.set(this.index, [range.first, range.first + range.size - 1]);
  }

  #boundsOf(text: string): Bounds | undefined {
    return isLiteral(text) ? [Number(text), Number(text)] : this.#bounds.get(text);
  }

  /** Notes the bounds of a text, where they follow from known ones. */
  #bounded(text: string, bounds: Bounds | undefined): string {
    if (bounds) this.#bounds.set(text, bounds);
    return text;
  }

  /** The functions that the text calls, and those that they call. */
  get functions(): ShaderFunction[] {
    return [...this.#functions];
  }

  /** The index of the number this thread writes, a whole number. */
  readonly index = 'index';

  /** A name nobody has yet. */
  name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  /** One line of code. */
  line(text: string): void {
    this.#lines.push(`${'  '.repeat(this.#depth)}${text}`);
  }

  /** Computes a float once, and gives the name of its value. */
  keep(expression: string, prefix = 'v'): string {
    if (isName(expression)) return expression;
    const name = this.name(prefix);
    this.line(`const ${name} = ${expression};`);
    return name;
  }

  /** Computes a whole number once, and gives the name of its value. One that is known stays as it is. */
  whole(expression: string, prefix = 'i'): string {
    if (isName(expression) || isLiteral(expression)) return expression;
    return this.#bounded(this.wholeVariable(expression, prefix), this.#boundsOf(expression));
  }

  /** A variable that can be set. `initial` is a float: write it with a point. */
  variable(initial: string, prefix = 'x'): string {
    const name = this.name(prefix);
    this.line(`let ${name} = ${initial};`);
    return name;
  }

  /** A variable that can be set to whole numbers. */
  wholeVariable(initial: string, prefix = 'i'): string {
    const name = this.name(prefix);
    this.line(declareWhole(name, initial));
    return name;
  }

  set(variable: string, expression: string): void {
    this.line(`${variable} = ${expression};`);
  }

  /** `count` turns, known now; `body` composes one, given the name of its number. None at all for a count of 0. */
  loop(count: number, body: (turn: string) => void): void {
    if (count === 0) return;
    const turn = this.#bounded(this.name('k'), [0, count - 1]);
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

  /** Returns the half of a value that `plane` asks for; a value that is not int32 has one alone. */
  returnHalf([low, high]: readonly string[], plane: string): void {
    this.return(high === undefined ? low : `${plane} == 0 ? ${low} : ${high}`);
  }

  /**
   * The float at an index of an array, to be used at once. An index out of range reads something, or nothing, and does no
   * harm.
   */
  read(array: GpuArray, index: string): string {
    const { segmentLength, segmentsOf, sliceOf } = this.#range;
    const slice = sliceOf(array);
    if (slice !== undefined) {
      return `${this.#argumentOf(array, 0)}[${this.offset([index, this.step()], [1, slice])}]`;
    }
    const segments = segmentsOf(array);
    if (segments === 1) return `${this.#argumentOf(array, 0)}[${index}]`;
    const at = this.whole(index, 'at');
    const [least, most] = this.#boundsOf(at) ?? [0, Number.POSITIVE_INFINITY];
    const segmentOf = (place: number): number =>
      Math.max(0, Math.min(segments - 1, Math.floor(place / segmentLength)));
    const [first, last] = [segmentOf(least), segmentOf(most)];
    const inSegment = (segment: number): string => {
      return `${this.#argumentOf(array, segment)}[${this.offset([at], [1], -segment * segmentLength)}]`;
    };
    if (first === last) return inSegment(first);
    const value = this.variable('0.0', 'float');
    const readFrom = (segment: number): void => {
      const set = (): void => this.set(value, inSegment(segment));
      if (segment === last) set();
      else this.if(`${at} < ${(segment + 1) * segmentLength}`, set, () => readFrom(segment + 1));
    };
    readFrom(first);
    return value;
  }

  /** The element of an array of `size` elements, each to be used at once: one float, or the two halves of an int32. */
  readElement(array: GpuArray, dtype: DType, index: string, size: number): string[] {
    const at = this.whole(index, 'at');
    const places = dtype === 'int32' ? [at, this.offset([at], [1], size)] : [at];
    return places.map((place) => this.read(array, place));
  }

  /** The element of an int32 array of `size` elements, as a whole number. */
  readWhole(array: GpuArray, index: string, size: number): string {
    const halves = this.readElement(array, 'int32', index, size);
    const [low, high] = halves.map((half) => this.call(whole, this.keep(half, 'half')));
    return this.whole(`${low} + ${high} * 65536`, 'element');
  }

  /** The halves of a whole number: its low 16 bits, and its high ones with the sign. */
  halvesOf(element: string): string[] {
    return ['0', '1'].map((plane) => this.keep(this.call(halfOfWhole, element, plane), 'half'));
  }

  #argumentOf(array: GpuArray, segment: number): string {
    let at = this.reads.findIndex(
      (each) =>
        each.array.kind === array.kind && each.array.index === array.index && each.segment === segment,
    );
    if (at < 0) at = this.reads.push({ array, segment }) - 1;
    return `array${at}`;
  }

  /** A number that is passed to the function: the text does not depend on it. May be infinite or NaN. */
  number(value: number): string {
    return this.#numberArgument(value, (each) => Object.is(each, value));
  }

  /** A whole number up to 2^24 that is passed to the function. */
  wholeNumber(value: number): string {
    return this.whole(this.#bounded(this.call(whole, this.number(value)), [value, value]));
  }

  /** An element of an input that the host passes as a number. */
  numberOf(array: GpuArray, element: number): string {
    return this.#numberArgument(
      { array, element },
      (each) => typeof each === 'object' && each.array.index === array.index && each.element === element,
    );
  }

  /** The number of the step, in the body of a loop: a whole number that is passed. */
  step(): string {
    const name = 'loopStep';
    if (this.#stepLine === undefined) {
      const passed = this.#numberArgument('step', (each) => each === 'step');
      this.#stepLine = declareWhole(name, this.call(whole, passed));
      this.#bounded(name, this.#range.steps);
    }
    return name;
  }

  #numberArgument(value: GpuNumber, isIt: (each: GpuNumber) => boolean): string {
    const known = this.numbers.findIndex(isIt);
    if (known >= 0) return this.#numberNames[known];
    const name = `number${this.numbers.push(value) - 1}`;
    this.#numberNames.push(name);
    return name;
  }

  /** A float written into the text. gpu.js has no literal for NaN and infinities: those are passed. */
  literal(value: number): string {
    const float = Math.fround(value);
    if (!Number.isFinite(float)) return this.number(float);
    // Literals below the normal range are errors in some shaders, which take such numbers for 0 anyway.
    if (Math.abs(float) < 2 ** -126) return '0.0';
    const text = `${Math.abs(float)}`;
    const withPoint = /[.e]/.test(text) ? text : `${text}.0`;
    return float < 0 ? `(0.0 - ${withPoint})` : withPoint;
  }

  /** A call of a function, which comes with the text. */
  call(called: ShaderFunction, ...operands: readonly string[]): string {
    for (const each of [...(called.calls ?? []), called]) this.#functions.add(each);
    const specials = called.wantsSpecials
      ? [this.number(Number.POSITIVE_INFINITY), this.number(Number.NaN)]
      : [];
    return callText(called, [...operands, ...specials]);
  }

  /** index / divisor, rounded down, of whole numbers. */
  quotient(index: string, divisor: number): string {
    if (divisor === 1) return index;
    if (isLiteral(index)) return `${Math.floor(Number(index) / divisor)}`;
    const [least, most] = this.#boundsOf(index) ?? [];
    return this.#bounded(
      this.call(quotient, index, `${divisor}`, this.literal(1 / divisor)),
      least === undefined || most === undefined
        ? undefined
        : [Math.floor(least / divisor), Math.floor(most / divisor)],
    );
  }

  /** The index along each axis of a row-major array: kept names, or '0' along an axis of length 1. */
  coordinates(index: string, shape: readonly number[]): string[] {
    const found: string[] = [];
    let rest = index;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const length = shape[axis];
      const outermost = shape.slice(0, axis).every((each) => each === 1);
      if (length === 1) found.unshift('0');
      else if (outermost) found.unshift(this.whole(rest));
      else {
        const outer = this.whole(this.quotient(rest, length), 'q');
        found.unshift(this.#remainder(rest, outer, length));
        rest = outer;
      }
    }
    return found;
  }

  /** What is left of an index ≥ 0 once it was divided. */
  #remainder(index: string, quotient: string, divisor: number): string {
    const [least, most] = this.#boundsOf(index) ?? [];
    const [low, high] = this.#boundsOf(quotient) ?? [];
    const isOne = least !== undefined && most !== undefined && low !== undefined && low === high;
    return this.#bounded(
      this.whole(this.offset([index, quotient], [1, -divisor])),
      isOne ? [least - low * divisor, most - low * divisor] : [0, divisor - 1],
    );
  }

  /** offset + Σ strides[k] · indices[k], of whole numbers, as text. */
  offset(indices: readonly string[], strides: readonly number[], offset = 0): string {
    let text = '';
    let known = offset;
    /** `term` may be a product. */
    const add = (term: string, isNegative: boolean): void => {
      if (text === '') text = isNegative ? `0 - ${term}` : term;
      else text += ` ${isNegative ? '-' : '+'} ${term}`;
    };
    for (const [axis, index] of indices.entries()) {
      const stride = strides[axis];
      const size = Math.abs(stride);
      if (isLiteral(index)) known += Number(index) * stride;
      else if (stride !== 0) add(size === 1 ? index : `${index} * ${size}`, stride < 0);
    }
    if (text === '') return `${known}`;
    if (known !== 0) add(`${Math.abs(known)}`, known < 0);
    return this.#bounded(text, this.#boundsOfOffset(indices, strides, offset));
  }

  #boundsOfOffset(
    indices: readonly string[],
    strides: readonly number[],
    offset: number,
  ): Bounds | undefined {
    let [least, most] = [offset, offset];
    for (const [axis, index] of indices.entries()) {
      const stride = strides[axis];
      if (stride === 0) continue;
      const bounds = this.#boundsOf(index);
      if (!bounds) return undefined;
      const ends = bounds.map((bound) => bound * stride);
      least += Math.min(...ends);
      most += Math.max(...ends);
    }
    return [least, most];
  }

  /**
   * The element this thread computes, and which half of it: plane 0 is the low half of an int32 and all there is of
   * another dtype. Both are whole numbers, `size` is the number of elements.
   */
  planes(dtype: DType, size: number): { readonly index: string; readonly plane: string } {
    if (dtype !== 'int32') return { index: this.index, plane: '0' };
    const { first, size: written } = this.#range;
    const [isLow, isHigh] = [first + written <= size, first >= size];
    const plane = this.wholeVariable('0', 'plane');
    const index = this.wholeVariable(this.index);
    this.if(`${index} >= ${size}`, () => {
      this.set(plane, '1');
      this.set(index, `${index} - ${size}`);
    });
    // Neither is set again.
    this.#bounded(plane, [isHigh ? 1 : 0, isLow ? 0 : 1]);
    const last = first + written - 1;
    this.#bounded(index, isLow ? [first, last] : isHigh ? [first - size, last - size] : [0, size - 1]);
    return { index, plane };
  }

  /** The whole function. */
  text(): string {
    const names = [...this.reads.map((_, at) => `array${at}`), ...this.#numberNames];
    const { first } = this.#range;
    const index = declareWhole(this.index, first === 0 ? 'this.thread.x' : `this.thread.x + ${first}`);
    const declared = [index, ...(this.#stepLine === undefined ? [] : [this.#stepLine])];
    return [
      `function (${names.join(', ')}) {`,
      ...declared.map((line) => `  ${line}`),
      ...this.#lines,
      '}',
    ].join('\n');
  }
}

/** A variable of gpu.js is a float, unless it starts at a literal and is counted up somewhere. */
function declareWhole(name: string, value: string): string {
  return `let ${name} = 0; ${name}++; ${name} = ${value};`;
}

function isName(expression: string): boolean {
  return /^[a-z]\w*$/i.test(expression);
}

function isLiteral(expression: string): boolean {
  return /^-?\d+$/.test(expression);
}
