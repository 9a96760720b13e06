/** Sequential: layers one after the other. */
import { OptionError } from '../errors.ts';
import { describeValue } from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type JsonValue, Layer } from './layer.ts';
import { type AnyModule, Module } from './module.ts';

/** Modules by name, in order. */
export type NamedModules = Readonly<Record<string, Module>>;

/**
 * Pipes a tensor through modules. A record names them, an array numbers them from 0; parameters are then called
 * `conv1.weight` or `0.weight`.
 *
 * ```ts
 * const model = new Sequential({ rows: new RowsToSequence(), lstm: new LSTM(28, 128), head: new Dense(128, 10) });
 * ```
 *
 * @throws OptionError for a name with a dot, or one that Sequential has itself, and for a member that is no module.
 */
export class Sequential extends Layer {
  static readonly ofLibrary = true;
  /** Names that members of a subclass cannot have, since its own properties do. */
  static readonly reserved: readonly string[] = [];

  readonly #members: readonly (readonly [name: string, module: Module])[];
  /** The first name of each module: asked for at each call of one, so it is looked up and not searched. */
  readonly #names = new Map<AnyModule, string>();

  /**
   * Pipes a tensor through modules: an array of them, or a record by name, in order.
   *
   * @throws OptionError for names that cannot be, and members that are no modules
   */
  constructor(modules: readonly Module[] | NamedModules = []) {
    super();
    if (typeof modules !== 'object' || modules === null || modules instanceof Module) {
      throw new OptionError({
        where: 'Sequential',
        got: modules instanceof Module ? `a single ${modules.kind}` : describeValue(modules),
        expected: 'an array of modules, or a record of them by name',
        cure: 'Put the modules into one array or object.',
      });
    }
    this.#members = Object.entries(modules);
    const { reserved } = new.target;
    for (const [index, [name, module]] of this.#members.entries()) {
      if (!(module instanceof Module)) {
        throw new OptionError({
          where: `Sequential "${name}"`,
          got: describeValue(module),
          expected: 'a module',
          cure: "Wrap a function of tensors as new Activation('name', f).",
        });
      }
      // JS sorts the numbers among the names of a record, so a number says nothing about the order meant.
      const misplaced = /^\d+$/.test(name) && Number(name) !== index;
      if (name === '' || misplaced || name.includes('.') || name in this || reserved.includes(name)) {
        throw new OptionError({
          where: 'Sequential',
          got: `the name "${name}" for a ${module.kind}`,
          expected: 'a name of its own, without dots, and not a number',
          cure: 'Choose another name: dots separate the parts of a path, Sequential has members of its own, and JS reorders numbers.',
        });
      }
      // Own properties, so that paths read `conv1.weight` and not `layers.conv1.weight`.
      Object.defineProperty(this, name, { value: module, enumerable: true });
      if (!this.#names.has(module)) this.#names.set(module, name);
    }
  }

  override get kind(): string {
    return 'sequential';
  }

  override childName(child: AnyModule): string | undefined {
    return this.#names.get(child) ?? super.childName(child);
  }

  /** The modules in order. */
  get layers(): readonly Module[] {
    return this.#members.map(([, module]) => module);
  }

  /** The modules by name. */
  get modules(): NamedModules {
    return Object.fromEntries(this.#members);
  }

  /**
   * A new Sequential with other modules in the place of those of the same names, and new names behind the last one: a new
   * head on a trained model. The other modules are shared, not copied.
   *
   * ```ts
   * const transferred = model.with({ head: new Dense(128, 3) });
   * ```
   *
   * @throws OptionError as the constructor
   */
  with(modules: NamedModules): Sequential {
    return new Sequential({ ...this.modules, ...modules });
  }

  /** What follows the modules in the constructor: nothing. The modules themselves are stored beside it. */
  config(): readonly JsonValue[] {
    return [];
  }

  forward(x: Tensor): Tensor {
    return this.#members.reduce((value, [, module]) => module.call(value), x);
  }
}
