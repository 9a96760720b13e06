/** One function while it is written: locals, assignments, loops and branches. */
import { append, joined, unsigned } from './binary.ts';
import {
  type Expression,
  type Integer,
  integer,
  type Local,
  localOf,
  type Statement,
  typeCodes,
  type ValueType,
} from './expression.ts';
import { i32 } from './scalars.ts';

/** A block that `exit` leaves. */
export interface CodeBlock {
  readonly depth: number;
}

const blockType = 0x40;
const opcodes = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  branch: 0x0c,
  branchIf: 0x0d,
  return: 0x0f,
};

/** Writes the body of a function. Statements go in where they are called, like lines of a program. */
export class FunctionBuilder {
  readonly #parameterCount: number;
  readonly #locals: ValueType[] = [];
  readonly #code: number[] = [];
  /** Runs before everything else: see `hoist`. */
  readonly #prologue: number[] = [];
  readonly #hoisted = new Map<string, Local>();
  #depth = 0;

  constructor(parameterCount: number) {
    this.#parameterCount = parameterCount;
  }

  /** A new local, zero at the start of the function (not of a loop's pass). */
  local<Type extends ValueType>(type: Type): Local<Type> {
    this.#locals.push(type);
    return localOf(type, this.#parameterCount + this.#locals.length - 1);
  }

  /** Computes an expression now and keeps its value in a new local. */
  keep<Type extends ValueType>(value: Expression<Type>): Local<Type> {
    const local = this.local(value.type);
    this.set(local, value);
    return local;
  }

  /**
   * A local that holds a constant from the start of the function on, so that loops do not build it anew in each pass.
   * Equal constants share a local. The expression may read parameters, but no other locals.
   */
  hoist<Type extends ValueType>(value: Expression<Type>): Local<Type> {
    const key = value.code.join();
    const known = this.#hoisted.get(key);
    if (known) return known as Local<Type>;
    const local = this.local(value.type);
    this.#hoisted.set(key, local);
    append(this.#prologue, value.code);
    this.#prologue.push(0x21, ...unsigned(local.index));
    return local;
  }

  /** local = value */
  set<Type extends ValueType>(local: Local<Type>, value: Expression<Type>): void {
    append(this.#code, value.code);
    this.#code.push(0x21, ...unsigned(local.index));
  }

  /** local = number or expression, for integers. */
  setInteger(local: Local<'i32'>, value: Integer): void {
    this.set(local, integer(value));
  }

  /** local += amount */
  increase(local: Local<'i32'>, amount: Integer): void {
    this.set(local, i32.add(local, amount));
  }

  /** Runs a statement: a store, a copy, a call. */
  do(statement: Statement): void {
    append(this.#code, statement.code);
  }

  /** Computes an expression for its effect and drops the value. */
  drop(value: Expression): void {
    append(this.#code, value.code);
    this.#code.push(0x1a);
  }

  if(condition: Integer, then: () => void, otherwise?: () => void): void {
    append(this.#code, integer(condition).code);
    this.#code.push(opcodes.if, blockType);
    this.#inside(then);
    if (otherwise) {
      this.#code.push(opcodes.else);
      this.#inside(otherwise);
    }
    this.#code.push(opcodes.end);
  }

  /** While the condition, which is computed anew before each pass, is not 0. */
  while(condition: Integer, body: () => void): void {
    this.if(condition, () => {
      this.#code.push(opcodes.loop, blockType);
      this.#inside(() => {
        body();
        append(this.#code, integer(condition).code);
        this.#code.push(opcodes.branchIf, 0);
      });
      this.#code.push(opcodes.end);
    });
  }

  /**
   * For index = from; index < to (signed); index += step. `to` is computed anew before each pass: give a constant or a
   * local. The index is a new local, which the body may read.
   */
  for(from: Integer, to: Integer, step: number, body: (index: Local<'i32'>) => void): void {
    const [start, end] = [integer(from), integer(to)];
    if (start.constant !== undefined && end.constant !== undefined && start.constant >= end.constant) return;
    const index = this.keep(start);
    // With constant bounds there is at least one pass, and with exactly one there is no loop.
    if (start.constant !== undefined && end.constant !== undefined) {
      if (start.constant + step >= end.constant) {
        body(index);
        return;
      }
      this.#code.push(opcodes.loop, blockType);
      this.#inside(() => {
        body(index);
        this.increase(index, step);
        append(this.#code, i32.less(index, end).code);
        this.#code.push(opcodes.branchIf, 0);
      });
      this.#code.push(opcodes.end);
      return;
    }
    this.while(i32.less(index, end), () => {
      body(index);
      this.increase(index, step);
    });
  }

  /** A block that `exit` and `exitIf` leave early. */
  block(body: (block: CodeBlock) => void): void {
    this.#code.push(opcodes.block, blockType);
    this.#inside(() => body({ depth: this.#depth }));
    this.#code.push(opcodes.end);
  }

  /** Repeats until the body leaves a block around it. */
  forever(body: () => void): void {
    this.#code.push(opcodes.loop, blockType);
    this.#inside(() => {
      body();
      this.#code.push(opcodes.branch, 0);
    });
    this.#code.push(opcodes.end);
  }

  /** Goes on after the block. */
  exit(block: CodeBlock): void {
    this.#code.push(opcodes.branch, ...unsigned(this.#depth - block.depth));
  }

  /** Goes on after the block if the condition is not 0. */
  exitIf(block: CodeBlock, condition: Integer): void {
    append(this.#code, integer(condition).code);
    this.#code.push(opcodes.branchIf, ...unsigned(this.#depth - block.depth));
  }

  /** Leaves the function, with its result if it has one. */
  return(value?: Expression): void {
    if (value) append(this.#code, value.code);
    this.#code.push(opcodes.return);
  }

  /** Ends the call, and all that led to it, with an error. */
  trap(): void {
    this.#code.push(opcodes.unreachable);
  }

  /** The function's entry in the code section: locals by runs of one type, then the instructions. */
  encode(): Uint8Array<ArrayBuffer> {
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    const locals = unsigned(runs.length);
    for (const { type, count } of runs) locals.push(...unsigned(count), typeCodes[type]);
    const body = [locals, this.#prologue, this.#code, [opcodes.end]];
    return joined([unsigned(body.reduce((total, { length }) => total + length, 0)), ...body]);
  }

  #inside(body: () => void): void {
    this.#depth++;
    body();
    this.#depth--;
  }
}
