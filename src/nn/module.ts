/**
 * Module: the base of all layers and models. A module holds parameters and other modules as plain properties and says
 * in `forward` what it computes; names, modes and state follow from the properties.
 */
import { OptionError, ShapeError } from '../errors.ts';
import { describeValue } from '../options.ts';
import { type DType, dtypeOf, type NumericArray } from '../tensor/dtype.ts';
import { asCodeOf, expose, isExposing } from '../tensor/exposure.ts';
import { withScope } from '../tensor/scope.ts';
import { formatShape, type Shape, sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Parameter, Variable } from '../tensor/variable.ts';

/** The value of one variable on the host. */
export interface StateEntry {
  /** Axis lengths, outermost first. */
  readonly shape: Shape;
  /** Element type. */
  readonly dtype: DType;
  /** The elements in row-major order. */
  readonly data: NumericArray;
}

/** All variables of a module by path, such as `lstm.cells.0.inputBias`. */
export type StateDict = Record<string, StateEntry>;

/** The modules that are running, outermost first, with their paths. */
const running: { module: AnyModule; path: string }[] = [];

/** A module whatever it takes and gives. */
export type AnyModule = Module<never, unknown>;

/** One finished call of a module, as an observer sees it. */
export interface ObservedCall {
  readonly module: AnyModule;
  /** From the module that was called first, which is ''. */
  readonly path: string;
  readonly output: unknown;
}

let observer: ((call: ObservedCall) => void) | undefined;

/** Runs `body` and tells `observe` of each module's call as it ends, innermost first. */
export function observeCalls<Result>(observe: (call: ObservedCall) => void, body: () => Result): Result {
  const outer = observer;
  observer = observe;
  try {
    return body();
  } finally {
    observer = outer;
  }
}

/**
 * The base of layers and models: holds parameters and other modules as plain properties and computes `forward`.
 * Names, modes and state follow from the properties.
 *
 * ```ts
 * class Residual extends Module {
 *   readonly inner = new Dense(4, 4);
 *
 *   forward(x: Tensor): Tensor {
 *     return x.add(this.inner.call(x));
 *   }
 * }
 * ```
 */
export abstract class Module<Input = Tensor, Output = Tensor> {
  /** Whether dropout drops and batch normalisation uses the batch. Set by `train()` and `eval()`. */
  training = true;

  /** What the module computes. Call modules with `call`, which knows their names; `forward` is what they override. */
  abstract forward(input: Input): Output;

  /** The kind of layer, for messages and tables: `dense`, `lstm`. */
  get kind(): string {
    return this.constructor.name;
  }

  /** Runs the module. Errors and plan steps inside it carry its path in the model. */
  call(input: Input): Output {
    return this.inside(() => this.forward(input), input);
  }

  /** Runs `body` as a call of this module: for modules with ways to be called besides `call`. */
  protected inside<Result>(body: () => Result, input?: unknown): Result {
    const parent = running.at(-1);
    const name = parent ? (parent.module.childName(this) ?? this.kind) : '';
    const path = parent?.path ? `${parent.path}.${name}` : name;
    running.push({ module: this, path });
    try {
      const output = withScope(path, () => asCodeOf(this, input, body));
      if (observer || isExposing()) expose(output);
      observer?.({ module: this, path, output });
      return output;
    } finally {
      running.pop();
    }
  }

  /** This layer in words, for messages: `dense "head"`, or `dense` outside a model. */
  describe(): string {
    const entry = running.findLast(({ module }) => module === this);
    return entry?.path ? `${this.kind} "${entry.path}"` : this.kind;
  }

  /** Direct child modules by property name; members of arrays and records as `layers.0`. */
  children(): [name: string, module: AnyModule][] {
    return this.#members().filter((member): member is [string, AnyModule] => member[1] instanceof Module);
  }

  /** The property name of a direct child. */
  childName(child: AnyModule): string | undefined {
    return this.children().find(([, module]) => module === child)?.[0];
  }

  /** All modules of the tree with their paths, this one first, as ''. */
  namedModules(prefix = ''): [path: string, module: AnyModule][] {
    const below = this.children().flatMap(([name, module]) => module.namedModules(join(prefix, name)));
    return [[prefix, this], ...below];
  }

  /** All variables (parameters, running statistics) by path; each takes its path as its name. */
  namedVariables(prefix = ''): [path: string, variable: Variable][] {
    const named = this.#members().flatMap(([name, member]): [string, Variable][] =>
      member instanceof Variable ? [[join(prefix, name), member]] : member.namedVariables(join(prefix, name)),
    );
    const seen = new Set<Variable>();
    const distinct = named.filter(([, variable]) => !seen.has(variable) && seen.add(variable));
    for (const [path, variable] of distinct) {
      // A module asked by itself gives short paths; a longer one from the whole model stays.
      if (!variable.name.endsWith(`.${path}`)) variable.name = path;
    }
    return distinct;
  }

  /** All parameters by path. */
  namedParameters(): [path: string, parameter: Parameter][] {
    return this.namedVariables().filter(
      (entry): entry is [string, Parameter] => entry[1] instanceof Parameter,
    );
  }

  /** All parameters of the tree, each once, as an optimiser takes them. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** The number of trainable values. */
  parameterCount(): number {
    return this.parameters().reduce((total, { size, trainable }) => total + (trainable ? size : 0), 0);
  }

  /** Training mode for the whole tree. Returns the module. */
  train(): this {
    return this.#setMode(true);
  }

  /** Evaluation mode for the whole tree. Returns the module. */
  eval(): this {
    return this.#setMode(false);
  }

  /** Copies of all variables by path. */
  async stateDict(): Promise<StateDict> {
    const state: StateDict = {};
    for (const [path, variable] of this.namedVariables()) {
      state[path] = { shape: variable.shape, dtype: variable.dtype, data: await variable.data() };
    }
    return state;
  }

  /**
   * Sets all variables from a state dict. Nothing is changed unless everything fits.
   *
   * @throws OptionError for missing or unknown names or what is no state dict, ShapeError for another shape or dtype.
   */
  async loadStateDict(state: StateDict): Promise<void> {
    const variables = this.namedVariables();
    requireRecord(state);
    checkNames(
      variables.map(([path]) => path),
      Object.keys(state),
    );
    for (const [path, { shape, dtype, size }] of variables) {
      const entry = state[path];
      requireEntry(path, entry);
      if (sameShape(entry.shape, shape) && entry.dtype === dtype && entry.data.length === size) continue;
      throw new ShapeError({
        where: `loadStateDict "${path}"`,
        got: `${entry.data.length} elements as ${entry.dtype}${formatShape(entry.shape)}`,
        expected: `${size} as ${dtype}${formatShape(shape)}`,
        cure: 'The state belongs to a model of other sizes: build the model with the options it was saved with.',
      });
    }
    for (const [path, variable] of variables) await variable.set(state[path].data);
  }

  /** Variables and modules among the properties, with those inside arrays and records. */
  #members(): [name: string, member: AnyModule | Variable][] {
    return Object.entries(this).flatMap(([name, value]) => membersOf(name, value));
  }

  #setMode(training: boolean): this {
    for (const [, module] of this.namedModules()) module.training = training;
    return this;
  }
}

function join(prefix: string, name: string): string {
  return prefix ? `${prefix}.${name}` : name;
}

function membersOf(name: string, value: unknown): [string, AnyModule | Variable][] {
  if (value instanceof Variable || value instanceof Module) return [[name, value]];
  if (Array.isArray(value)) return value.flatMap((each, index) => membersOf(`${name}.${index}`, each));
  const plain =
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return plain ? Object.entries(value).flatMap(([key, each]) => membersOf(`${name}.${key}`, each)) : [];
}

function requireRecord(state: unknown): void {
  if (typeof state === 'object' && state !== null) return;
  throw new OptionError({
    where: 'loadStateDict',
    got: describeValue(state),
    expected: 'a state dict',
    cure: 'Pass what stateDict() gave; it is asynchronous, so await it first.',
  });
}

function requireEntry(path: string, { shape, dtype, data }: StateEntry): void {
  if (Array.isArray(shape) && ArrayBuffer.isView(data) && dtypeOf(data) === dtype) return;
  throw new OptionError({
    where: `loadStateDict "${path}"`,
    got: 'an entry that is none',
    expected: '{ shape, dtype, data }, data being a typed array of the dtype',
    cure: 'Pass what stateDict() or decodeSafetensors gave.',
  });
}

function checkNames(wanted: readonly string[], given: readonly string[]): void {
  const missing = wanted.filter((name) => !given.includes(name));
  const unknown = given.filter((name) => !wanted.includes(name));
  if (missing.length === 0 && unknown.length === 0) return;
  const parts = [
    ...(missing.length > 0 ? [`without ${missing.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`with unknown ${unknown.join(', ')}`] : []),
  ];
  throw new OptionError({
    where: 'loadStateDict',
    got: `a state ${parts.join(' and ')}`,
    expected: wanted.length > 0 ? `exactly ${wanted.join(', ')}` : 'nothing: the model has no variables',
    cure: 'Build the model with the layers it was saved with.',
  });
}
