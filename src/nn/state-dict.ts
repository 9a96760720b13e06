/** State dicts: the values of a module's variables by path, and how one is held against a module. */
import { OptionError, ShapeError } from '../errors.ts';
import { describeValue, isPlainObject } from '../options.ts';
import { type DType, dtypeOf, type NumericArray } from '../tensor/dtype.ts';
import { formatShape, type Shape, sameShape } from '../tensor/shape.ts';
import type { Variable } from '../tensor/variable.ts';

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

/** Options of `loadStateDict`. */
export interface LoadStateOptions {
  /** Whether model and state have to have the same names. Default true. With false, what both have is taken. */
  readonly strict?: boolean;
}

/** What `loadStateDict` took and what it left. With `strict` both other lists are empty. */
export interface LoadedState {
  /** Paths that were set. */
  readonly loaded: readonly string[];
  /** Paths of the model that the state does not have: these variables stay as they were. */
  readonly missing: readonly string[];
  /** Paths of the state that the model does not have. */
  readonly unknown: readonly string[];
}

/**
 * Which entries of a state go into which variables.
 *
 * @throws OptionError for names that do not agree (with `strict`), or nothing that does, or what is no state dict;
 *   ShapeError for another shape or dtype
 */
export function matchState(
  variables: readonly (readonly [path: string, variable: Variable])[],
  state: StateDict,
  strict: boolean,
): { readonly values: Map<Variable, NumericArray>; readonly report: LoadedState } {
  requireRecord(state);
  const wanted = new Map(variables);
  const loaded = [...wanted.keys()].filter((path) => Object.hasOwn(state, path));
  const missing = [...wanted.keys()].filter((path) => !Object.hasOwn(state, path));
  const unknown = Object.keys(state).filter((path) => !wanted.has(path));
  const disagree = missing.length > 0 || unknown.length > 0;
  if (disagree && (strict || loaded.length === 0))
    throw namesDiffer([...wanted.keys()], missing, unknown, strict);
  const values = new Map<Variable, NumericArray>();
  for (const path of loaded) {
    const variable = wanted.get(path)!;
    requireFitting(path, state[path], variable, strict);
    values.set(variable, state[path].data);
  }
  return { values, report: { loaded, missing, unknown } };
}

function requireRecord(state: unknown): void {
  if (isPlainObject(state)) return;
  throw new OptionError({
    where: 'loadStateDict',
    got: describeValue(state),
    expected: 'a state dict',
    cure: 'Pass what stateDict() gave; it is asynchronous, so await it first.',
  });
}

function requireFitting(path: string, entry: StateEntry, variable: Variable, strict: boolean): void {
  const where = `loadStateDict "${path}"`;
  if (!isEntry(entry)) {
    throw new OptionError({
      where,
      got: describeValue(entry),
      expected: '{ shape, dtype, data }, data being a typed array of the dtype',
      cure: 'Pass what stateDict() or decodeSafetensors gave; of a tensor, { shape, dtype, data: await tensor.data() }.',
    });
  }
  const { shape, dtype, size } = variable;
  if (sameShape(entry.shape, shape) && entry.dtype === dtype && entry.data.length === size) return;
  throw new ShapeError({
    where,
    got: `${entry.data.length} elements as ${entry.dtype}${formatShape(entry.shape)}`,
    expected: `${size} as ${dtype}${formatShape(shape)}`,
    cure: strict
      ? 'The state belongs to a model of other sizes: build the model with the options it was saved with.'
      : 'If this layer is a new one, such as a head for other classes, leave its entries out of the state: delete state[path].',
  });
}

function isEntry(entry: unknown): entry is StateEntry {
  if (typeof entry !== 'object' || entry === null) return false;
  const { shape, dtype, data } = entry as Partial<StateEntry>;
  return Array.isArray(shape) && ArrayBuffer.isView(data) && dtypeOf(data) === dtype;
}

function namesDiffer(
  wanted: readonly string[],
  missing: readonly string[],
  unknown: readonly string[],
  strict: boolean,
): OptionError {
  const parts = [
    ...(missing.length > 0 ? [`without ${missing.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`with unknown ${unknown.join(', ')}`] : []),
  ];
  const names = wanted.length > 0 ? wanted.join(', ') : 'nothing: the model has no variables';
  return new OptionError({
    where: 'loadStateDict',
    got: `a state ${parts.join(' and ')}`,
    expected: strict && wanted.length > 0 ? `exactly ${names}` : names,
    cure: strict
      ? 'Build the model with the layers it was saved with; with { strict: false }, what both have is taken.'
      : 'Not one name agrees: rename the entries of the state to the paths of the model.',
  });
}
