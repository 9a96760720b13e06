/** Models as plain JSON: which layers, made with which arguments. Weights are stored apart. */
import { WeftError } from '../errors.ts';
import { describeValue, isRecord } from '../options.ts';
import type { LibraryClass } from '../tensor/exposure.ts';
import { ModelConfigError } from './errors.ts';
import { Activation, type JsonValue } from './layer.ts';
import * as layers from './layers.ts';
import { type AnyModule, Module, requireModule } from './module.ts';
import { Sequential } from './sequential.ts';

/** A class of modules. What its constructor takes is checked by the constructor itself. */
export type ModuleClass = new (...parameters: never[]) => AnyModule;

/** One whose modules say how they were made. */
type StorableClass = new (...parameters: never[]) => AnyModule & Storable;

/** A module that says which arguments construct it anew. */
interface Storable {
  config(): readonly JsonValue[];
}

/** A model as JSON. */
export interface ModuleConfig {
  /** A name of `layerTypes`, or of the table given along. */
  readonly type: string;
  /** The arguments of its constructor; for a container, those after the modules. */
  readonly config: readonly JsonValue[];
  /** A container's modules by name, in order. One that stands twice is `{ type: 'shared', config: path }` the second time. */
  readonly modules?: Readonly<Record<string, ModuleConfig>>;
}

/** The layer classes by the name they are stored under. The names outlive minifiers, which rename classes. */
export const layerTypes: Readonly<typeof layers> = layers satisfies Record<
  string,
  StorableClass & LibraryClass
>;

/** Containers in containers, at most: models have few, and a file can say anything. */
const deepestNesting = 100;

/** Says, in the place of a class, that a module stands elsewhere in the model, too: its weights are shared. */
const sharedType = 'shared';

/** Classes of one's own by the name they are stored under. They need a `config()` that gives their arguments. */
export type ModuleTypes = Readonly<Record<string, ModuleClass>>;

/**
 * The description of a module that `moduleFromConfig` builds it from again.
 *
 * @throws ModelConfigError for a class that is in no table or has no `config()`, and for containers in containers without end.
 */
export function moduleToConfig(module: AnyModule, types: ModuleTypes = {}): ModuleConfig {
  requireModule('moduleToConfig', module);
  return describe(module, { ...layerTypes, ...types }, [], new Map());
}

function describe(
  module: AnyModule,
  types: ModuleTypes,
  path: readonly string[],
  seen: Map<AnyModule, readonly string[]>,
): ModuleConfig {
  const where = placeOf('moduleToConfig', path);
  requireDepth(where, path.length);
  const type = Object.keys(types).find((name) => types[name] === module.constructor);
  if (type === undefined || !hasConfig(module)) {
    throw new ModelConfigError({
      where,
      got: `a module of class ${module.constructor.name}${type === undefined ? '' : ' without config()'}`,
      expected: type === undefined ? namesOf(types) : 'config()',
      cure:
        module instanceof Activation
          ? 'Make a class of the activation, with a config(), and pass it in: saveModel(folder, saved, { MyActivation }), or moduleToConfig(model, { MyActivation }).'
          : 'Give the class a config() that returns its constructor arguments and pass it in: saveModel(folder, saved, { MyLayer }), or moduleToConfig(model, { MyLayer }).',
    });
  }
  const first = seen.get(module);
  if (first) return { type: sharedType, config: first };
  const config = module.config();
  seen.set(module, path);
  if (!(module instanceof Sequential)) return { type, config };
  const modules = Object.entries(module.modules).map(([name, child]): [string, ModuleConfig] => [
    name,
    describe(child, types, [...path, name], seen),
  ]);
  return { type, config, modules: Object.fromEntries(modules) };
}

function hasConfig(module: AnyModule): module is AnyModule & Storable {
  return 'config' in module && typeof module.config === 'function';
}

/**
 * A new module from its description (parsed JSON), with fresh weights: load its state dict afterwards. Classes of
 * one's own are passed in `types`.
 *
 * @throws ModelConfigError for anything that is no description, has an unknown type, or arguments that the layer's
 * constructor refuses.
 */
export function moduleFromConfig(config: unknown, types: ModuleTypes = {}): Module {
  return build(config, { ...layerTypes, ...types }, [], new Map());
}

/** @param built the modules so far, by path */
function build(
  description: unknown,
  types: ModuleTypes,
  path: readonly string[],
  built: Map<string, Module>,
): Module {
  const where = placeOf('moduleFromConfig', path);
  requireDepth(where, path.length);
  if (!isModuleConfig(description)) {
    throw new ModelConfigError({
      where,
      got: describeValue(description),
      expected: '{ type: string, config: array, modules?: object }',
      cure: 'Pass the parsed JSON of what moduleToConfig returned; the file may be of another program or damaged.',
    });
  }
  const { type, config, modules } = description;
  const shared = type === sharedType ? built.get(JSON.stringify(config)) : undefined;
  if (shared) return shared;
  const found = Object.hasOwn(types, type) ? types[type] : undefined;
  if (!found) {
    throw new ModelConfigError({
      where,
      got: `type ${describeValue(type)}`,
      expected: namesOf(types),
      cure: 'Pass classes of your own: loadModel(source, { MyLayer }), or moduleFromConfig(config, { MyLayer }). Or update the library.',
    });
  }
  const children =
    modules &&
    Object.fromEntries(
      Object.entries(modules).map(([name, child]) => [name, build(child, types, [...path, name], built)]),
    );
  const module = construct(where, found, children ? [children, ...config] : [...config]);
  if (module instanceof Module) {
    built.set(JSON.stringify(path), module);
    return module;
  }
  throw new ModelConfigError({
    where,
    got: `a class for "${type}" whose instances are no modules`,
    expected: 'a class that extends Module',
    cure: 'Correct the table of classes that was passed in.',
  });
}

function namesOf(types: ModuleTypes): string {
  const own = Object.keys(types).filter((name) => !Object.hasOwn(layerTypes, name));
  return ['a class of layerTypes', ...own.sort()].join(', ');
}

/** What a message calls a part of the model: names come from files, and may be long. */
function placeOf(operation: string, path: readonly string[]): string {
  const text = path.join('.');
  return text === '' ? operation : `${operation} "${text.length > 80 ? `${text.slice(0, 79)}…` : text}"`;
}

/** Makes a module; what its constructor refuses is reported with its place in the model. */
function construct(where: string, found: ModuleClass, parameters: readonly unknown[]): unknown {
  try {
    return Reflect.construct(found, parameters);
  } catch (error) {
    if (!(error instanceof WeftError)) {
      throw new ModelConfigError(
        {
          where,
          got: `arguments ${describeValue(parameters)}, on which its constructor fails (${String(error)})`,
          expected: 'those that config() of such a module gives',
          cure: 'The file may be damaged, or of another version of the class.',
        },
        { cause: error },
      );
    }
    const { got, expected, cure } = error;
    throw new ModelConfigError({ where: `${where}, ${error.where}`, got, expected, cure }, { cause: error });
  }
}

function isModuleConfig(value: unknown): value is ModuleConfig {
  if (!isRecord(value)) return false;
  const { type, config, modules } = value;
  return typeof type === 'string' && Array.isArray(config) && (modules === undefined || isRecord(modules));
}

function requireDepth(where: string, depth: number): void {
  if (depth <= deepestNesting) return;
  throw new ModelConfigError({
    where,
    got: 'containers in containers without end',
    expected: `at most ${deepestNesting}`,
    cure: 'Build the model of fewer containers; if this is a file, it may be damaged.',
  });
}
