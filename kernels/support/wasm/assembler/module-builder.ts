/** A WebAssembly module while it is written: functions over one imported memory. */
import { joined, section, text, unsigned, vector } from './binary.ts';
import {
  type Expression,
  type Local,
  localOf,
  type Statement,
  typeCodes,
  type ValueType,
} from './expression.ts';
import { FunctionBuilder } from './function-builder.ts';

/** The memory that a module works on, imported as `weft.memory`. */
export interface MemoryType {
  /** Whether threads share it. */
  readonly shared: boolean;
  /** Pages of 64 KiB that there are at least. */
  readonly initialPages: number;
  /** Pages that there can be at most. */
  readonly maximumPages: number;
}

/** The parameters of a function by name, as locals. */
type ParametersOf<Types extends Readonly<Record<string, ValueType>>> = {
  readonly [Name in keyof Types]: Local<Types[Name]>;
};

/** A function of the module that others can call. */
export interface ModuleFunction<Result extends ValueType | undefined = undefined> {
  readonly index: number;
  readonly result: Result;
}

/** What a function is made of. */
interface Definition<
  Types extends Readonly<Record<string, ValueType>>,
  Result extends ValueType | undefined,
> {
  /** Exported under this name, if it is given. */
  readonly exportAs?: string;
  /** In the order in which a caller gives them. */
  readonly parameters: Types;
  /** The type of its result. A function with a result ends with `return`. */
  readonly result: Result;
}

export class ModuleBuilder {
  readonly #memory: MemoryType;
  readonly #types: Uint8Array[] = [];
  /** The number of each type, by its bytes as text. */
  readonly #typeNumbers = new Map<string, number>();
  readonly #functionTypes: number[] = [];
  readonly #bodies: Uint8Array[] = [];
  readonly #exports: number[][] = [];

  constructor(memory: MemoryType) {
    this.#memory = memory;
  }

  /** Adds a function; `write` is called with its builder and parameters. */
  function<
    Types extends Readonly<Record<string, ValueType>>,
    Result extends ValueType | undefined = undefined,
  >(
    { exportAs, parameters, result }: Definition<Types, Result>,
    write: (f: FunctionBuilder, parameters: ParametersOf<Types>) => void,
  ): ModuleFunction<Result> {
    const types = Object.values(parameters);
    const builder = new FunctionBuilder(types.length);
    const locals = Object.fromEntries(
      Object.entries(parameters).map(([name, type], index) => [name, localOf(type, index)]),
    );
    write(builder, locals as ParametersOf<Types>);
    const body = builder.encode();
    const index = this.#bodies.push(body) - 1;
    this.#functionTypes.push(this.#typeIndex(types, result));
    if (exportAs !== undefined) this.#exports.push([...text(exportAs), 0x00, ...unsigned(index)]);
    return { index, result };
  }

  /** The finished module. */
  encode(): Uint8Array<ArrayBuffer> {
    const { shared, initialPages, maximumPages } = this.#memory;
    const memoryImport = [
      ...text('weft'),
      ...text('memory'),
      0x02,
      shared ? 0x03 : 0x01,
      ...unsigned(initialPages),
      ...unsigned(maximumPages),
    ];
    return joined([
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, this.#types),
      section(2, [memoryImport]),
      section(3, this.#functionTypes.map(unsigned)),
      section(7, this.#exports),
      section(10, this.#bodies),
    ]);
  }

  #typeIndex(parameters: readonly ValueType[], result: ValueType | undefined): number {
    const codes = (types: readonly ValueType[]): number[][] => types.map((each) => [typeCodes[each]]);
    const results = vector(codes(result === undefined ? [] : [result]));
    const type = joined([[0x60], vector(codes(parameters)), results]);
    const key = type.join();
    const known = this.#typeNumbers.get(key);
    if (known !== undefined) return known;
    const index = this.#types.push(type) - 1;
    this.#typeNumbers.set(key, index);
    return index;
  }
}

/** Calls a function that has no result. */
export function call(callee: ModuleFunction, ...operands: readonly Expression[]): Statement {
  return {
    type: 'nothing',
    code: [...operands.map(({ code }) => code), 0x10, ...unsigned(callee.index)],
  };
}

/** Calls a function for its result. */
export function callFor<Result extends ValueType>(
  callee: ModuleFunction<Result>,
  ...operands: readonly Expression[]
): Expression<Result> {
  return {
    type: callee.result,
    code: [...operands.map(({ code }) => code), 0x10, ...unsigned(callee.index)],
  };
}
