/**
 * Module: the base of all layers and models. A module holds parameters and other modules as plain properties and says
 * in `forward` what it computes; names, modes and state follow from the properties.
 */
import { OptionError } from '../errors.ts';
import {
  describeValue,
  isPlainObject,
  requireBoolean,
  requireKnownOptions,
  requireText,
} from '../options.ts';
import { asCodeOf, expose, isExposing } from '../tensor/exposure.ts';
import { isBuildingLoop, notice, type Recorder, recorder } from '../tensor/recorder.ts';
import { runtime } from '../tensor/runtime.ts';
import { withScope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Parameter, Variable } from '../tensor/variable.ts';
import { ModelConfigError } from './errors.ts';
import { heldMode } from './mode.ts';
import { type LoadedState, type LoadStateOptions, matchState, type StateDict } from './state-dict.ts';

/** A call of a module that has not ended. */
interface RunningCall {
  readonly module: AnyModule;
  readonly path: string;
  /** The module that called it without having it as a part, so that nothing that goes through the tree reaches it. */
  readonly keptBy: AnyModule | undefined;
}

/** The modules that are running, outermost first. */
const running: RunningCall[] = [];

/** The modules whose mode a function that is being captured has set. */
const chosenIn = new WeakMap<Recorder, WeakSet<AnyModule>>();

/** A module whatever it takes and gives. */
export type AnyModule = Module<never, unknown>;

/** One finished call of a module, as an observer sees it. */
export interface ObservedCall {
  readonly module: AnyModule;
  /** From the module that was called first, which is ''. */
  readonly path: string;
  readonly output: unknown;
  /** Whether the output is what the module gives at every step of a loop: it was called in the body. */
  readonly atEveryStep: boolean;
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
  #training = true;
  /** One function for life, so that a captured function notices each mode once. */
  readonly #mode = (): boolean => heldMode(this)?.training ?? this.#training;

  /**
   * Whether dropout drops and batch normalization uses the batch: the module's own mode, set by `train()` and `eval()`, or
   * the one that `inMode` holds for the call that runs. Compiled functions that read it are captured anew when it changes.
   *
   * @throws ModelConfigError in a call of a module that no part of the running model lists: its mode could not be set
   */
  get training(): boolean {
    const keeper = running.findLast(({ module }) => module === this)?.keptBy;
    if (keeper) throw notListed(this, keeper, 'that depends on the mode');
    const held = heldMode(this);
    // What a captured function chose itself is part of it, and nothing to notice.
    if (held?.listener === recorder()) return held.training;
    return chosenIn.get(recorder())?.has(this) ? this.#mode() : notice(this.#mode);
  }

  set training(training: boolean) {
    this.#training = requireBoolean(this.kind, 'training', training);
    const listener = recorder();
    if (!listener.tracing) return;
    chosenIn.set(listener, (chosenIn.get(listener) ?? new WeakSet()).add(this));
  }

  /** What the module computes. Call modules with `call`, which knows their names; `forward` is what they override. */
  abstract forward(input: Input): Output;

  /** The kind of layer, for messages and tables: `dense`, `lstm`. */
  get kind(): string {
    return this.constructor.name;
  }

  /**
   * Runs the module. Errors and plan steps inside it carry its path in the model.
   *
   * @throws OptionError for a second argument: several inputs go into one object or array
   */
  call(input: Input, ...further: never[]): Output {
    return this.inside(() => {
      requireOneInput(this, further);
      return this.forward(input);
    }, input);
  }

  /** Runs `body` as a call of this module: for modules with ways to be called besides `call`. */
  protected inside<Result>(body: () => Result, input?: unknown): Result {
    if (!(#training in this)) requireModule('call', this);
    this.#adoptField();
    const call = this.#callFrom(running.at(-1));
    running.push(call);
    try {
      const output = withScope(call.path, () => asCodeOf(this, input, body));
      if (observer || isExposing()) expose(output);
      observer?.({ module: this, path: call.path, output, atEveryStep: isBuildingLoop() });
      return output;
    } finally {
      running.pop();
    }
  }

  /**
   * Whether a module is one of ours, whatever its prototype says: a Proxy around one has none of its private fields.
   *
   * @internal
   */
  static isOwn(module: object): boolean {
    return #training in module;
  }

  /** A class in JavaScript may declare `training` as a field, which would hide the mode of the call. */
  #adoptField(): void {
    const field = Object.getOwnPropertyDescriptor(this, 'training');
    if (field === undefined) return;
    Reflect.deleteProperty(this, 'training');
    this.training = field.value as boolean;
  }

  /** What is known of a call of this module by the one that runs. */
  #callFrom(parent: RunningCall | undefined): RunningCall {
    if (parent === undefined) return { module: this, path: '', keptBy: undefined };
    const { keptBy } = parent;
    const name = parent.module.childName(this);
    if (name !== undefined) return { module: this, path: join(parent.path, name), keptBy };
    // Shared with another part of the model, which has it.
    for (const { module, path } of running.toReversed()) {
      const found = module.namedModules().find(([, each]) => each === this);
      if (found) return { module: this, path: join(path, found[0]), keptBy };
    }
    if (this.#variables('', []).length > 0) throw notListed(this, parent.module, 'with variables');
    // Made in `forward`, perhaps: without variables and without a mode, nothing is lost.
    return { module: this, path: join(parent.path, this.kind), keptBy: parent.module };
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
    requireText('namedModules', 'prefix', prefix);
    return treeOf(this, prefix, []);
  }

  /** All variables (parameters, running statistics) by path; each takes its path as its name. */
  namedVariables(prefix = ''): [path: string, variable: Variable][] {
    requireText('namedVariables', 'prefix', prefix);
    const seen = new Set<Variable>();
    const distinct = this.#variables(prefix, []).filter(
      ([, variable]) => !seen.has(variable) && seen.add(variable),
    );
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

  /** All parameters of the tree, each once, as an optimizer takes them. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /**
   * Keeps all parameters of the tree as they are: `backward()` and `fit` leave them out, and batch normalization goes on with
   * its running statistics, so that a frozen part computes the same while others learn. Dropout follows the mode of the call.
   * A saved model does not know of it: freeze again after loading. Returns the module.
   *
   * ```ts
   * const network = new Sequential({ body: new Dense(4, 8).freeze(), head: new Dense(8, 3) });
   * const optimizer = new Adam(network.parameters()); // frozen parameters may be among them
   * ```
   */
  freeze(): this {
    return this.#setTrainable(false);
  }

  /** The opposite of `freeze`. Returns the module. */
  unfreeze(): this {
    return this.#setTrainable(true);
  }

  #setTrainable(trainable: boolean): this {
    for (const parameter of this.parameters()) parameter.trainable = trainable;
    return this;
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

  /** Copies of all variables by path: all as they are at the moment of the call, whatever trains the model meanwhile. */
  async stateDict(): Promise<StateDict> {
    const variables = this.namedVariables();
    const values = await runtime().readAll(variables.map(([, variable]) => variable));
    return Object.fromEntries(
      variables.map(([path, { shape, dtype }], index) => [path, { shape, dtype, data: values[index] }]),
    );
  }

  /**
   * Sets the variables from a state dict, all at once. Nothing is changed unless everything fits. With `strict: false`,
   * variables that the state does not have stay as they are, and entries that the model does not have are left.
   *
   * ```ts
   * const larger = new Sequential({ dense: new Dense(4, 3), head: new Dense(3, 2) });
   * const { missing } = await larger.loadStateDict(await model.stateDict(), { strict: false });
   * console.log(missing); // ['head.weight', 'head.bias']
   * ```
   *
   * @returns which paths were set, and which were not
   * @throws OptionError for missing or unknown names (without `strict: false`), for not one name that agrees, or what is no
   *   state dict; ShapeError for another shape or dtype
   */
  async loadStateDict(state: StateDict, options: LoadStateOptions = {}): Promise<LoadedState> {
    requireKnownOptions('loadStateDict', options, ['strict']);
    const strict = requireBoolean('loadStateDict', 'strict', options.strict ?? true);
    const { values, report } = matchState(this.namedVariables(), state, strict);
    await runtime().writeAll(values);
    return report;
  }

  /** Variables and modules among the properties, with those inside arrays and records. */
  #members(): [name: string, member: AnyModule | Variable][] {
    return Object.entries(this).flatMap(([name, value]) => membersOf(name, value, []));
  }

  /** The variables of the tree by path, one of several parts as often as it occurs. `above`: the modules on the way. */
  #variables(prefix: string, above: readonly AnyModule[]): [path: string, variable: Variable][] {
    return this.#members().flatMap(([name, member]): [string, Variable][] => {
      const path = join(prefix, name);
      if (member instanceof Variable) return [[path, member]];
      // A part that points back at what it is part of is no part of its own.
      return member === this || above.includes(member) ? [] : member.#variables(path, [...above, this]);
    });
  }

  #setMode(training: boolean): this {
    for (const [, module] of this.namedModules()) module.training = training;
    return this;
  }
}

/** Throws OptionError unless `model` is a module. */
export function requireModule(where: string, model: unknown): void {
  const like = model instanceof Module;
  if (like && Module.isOwn(model)) return;
  const saved = isPlainObject(model) && model.model instanceof Module;
  throw new OptionError({
    where,
    got: `${describeValue(model)} for a model`,
    expected: 'a module: a Sequential, or a class of your own that extends Module',
    cure: like
      ? 'Give the module itself: this one is wrapped in a Proxy (as reactive state is: mark it as raw).'
      : saved
        ? 'Give the model of what was saved: saved.model.'
        : 'The model is the first argument.',
  });
}

/** Throws OptionError, in the module's name, for what follows the input of a call: `forward` would never see it. */
export function requireOneInput(module: AnyModule, further: readonly unknown[]): void {
  if (further.length === 0) return;
  throw new OptionError({
    where: module.describe(),
    got: `${further.length + 1} arguments`,
    expected: 'one: what forward takes',
    cure: 'Put several inputs into one object: call({ query, key, value }) of attention, call({ x, state }) of a cell, call({ x, initialState }) of a recurrent layer.',
  });
}

function join(prefix: string, name: string): string {
  return prefix && name ? `${prefix}.${name}` : prefix || name;
}

/** `above`: the modules on the way, which a part may point back at. */
function treeOf(module: AnyModule, prefix: string, above: readonly AnyModule[]): [string, AnyModule][] {
  if (above.includes(module)) return [];
  const below = module
    .children()
    .flatMap(([name, child]) => treeOf(child, join(prefix, name), [...above, module]));
  return [[prefix, module], ...below];
}

function membersOf(
  name: string,
  value: unknown,
  above: readonly unknown[],
): [string, AnyModule | Variable][] {
  if (value instanceof Variable || value instanceof Module) return [[name, value]];
  if (typeof value !== 'object' || value === null || above.includes(value)) return [];
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return [];
  const within = [...above, value];
  const inside = (key: string | number, each: unknown) =>
    typeof each === 'object' ? membersOf(`${name}.${key}`, each, within) : [];
  if (Array.isArray(value)) return value.flatMap((each, index) => inside(index, each));
  return Object.entries(value).flatMap(([key, each]) => inside(key, each));
}

/** A part of a model that nothing which goes through the tree reaches. */
function notListed(module: AnyModule, keeper: AnyModule, what: string): ModelConfigError {
  return new ModelConfigError({
    where: keeper.describe(),
    got: `a call of a ${module.kind} ${what}, which is not among the parts of ${keeper.kind} or of what it belongs to`,
    expected: 'every such layer as a plain property, or in an array or record that is one',
    cure: `Keep it in a property: this.${module.kind} = …. What is in a #private field, a Map, a Set or a closure is not trained, saved or put into evaluation mode.`,
  });
}
