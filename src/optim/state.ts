/** The state of an optimizer as it is saved, and whether it fits another one. */
import { OptionError, ShapeError } from '../errors.ts';
import { describeValue, isRecord } from '../options.ts';
import { type DType, dtypeOf, type NumericArray } from '../tensor/dtype.ts';
import { formatShape, type Shape, sameShape } from '../tensor/shape.ts';
import type { Parameter } from '../tensor/variable.ts';
import type { SavedGroup } from './parameter-groups.ts';

/** All that an optimizer remembers, on the host. */
export interface OptimizerState {
  /** The steps made so far. */
  readonly stepCount: number;
  /** The slots of each parameter that was ever stepped, by name, such as `adam.firstMoment.head.weight`. */
  readonly variables: Readonly<
    Record<string, { readonly shape: Shape; readonly dtype: DType; readonly data: NumericArray }>
  >;
  /** The groups with their settings. States saved before there were any have none. */
  readonly groups?: readonly SavedGroup[];
}

const cure = 'Make the optimizer with the kind, options and model the state was saved with.';

/** Throws OptionError unless saved groups hold the same parameters as those of the optimizer, given by name. */
export function requireFittingGroups(
  where: string,
  own: readonly (readonly string[])[],
  saved: readonly SavedGroup[],
): void {
  const fits =
    Array.isArray(saved) &&
    saved.length === own.length &&
    saved.every(
      ({ parameters, settings }, index) =>
        Array.isArray(parameters) &&
        parameters.join('\n') === own[index].join('\n') &&
        typeof settings === 'object' &&
        settings !== null,
    );
  if (fits) return;
  const countOf = (groups: readonly (readonly string[])[]): string =>
    `${groups.length} groups, of ${groups.map((names) => names.length).join(', ')} parameters`;
  throw new OptionError({
    where,
    got: Array.isArray(saved)
      ? countOf(saved.map((group: Partial<SavedGroup>) => group?.parameters ?? []))
      : describeValue(saved),
    expected: `the groups of this optimizer: ${countOf(own)}`,
    cure,
  });
}

/**
 * Throws OptionError or ShapeError unless saved variables are slots of the optimizer's parameters: for each parameter all
 * of its slots or none, of its shape.
 */
export function requireFittingVariables(
  where: string,
  kind: string,
  variables: OptimizerState['variables'],
  slotsOf: ReadonlyMap<Parameter, readonly string[]>,
  optionalSlot: string,
  nameOf: (slot: string, parameter: Parameter) => string,
): void {
  if (typeof variables !== 'object' || variables === null) {
    throw new OptionError({ where, got: describeValue(variables), expected: 'variables by name', cure });
  }
  const owners = new Map<string, { parameter: Parameter; partners: readonly string[] }>();
  for (const [parameter, slots] of slotsOf) {
    const partners = slots.map((slot) => nameOf(slot, parameter));
    for (const name of partners) owners.set(name, { parameter, partners });
    owners.set(nameOf(optionalSlot, parameter), { parameter, partners: [] });
  }
  const slots = [...new Set([...slotsOf.values()].flat())];
  for (const [name, entry] of Object.entries(variables)) {
    if (!isRecord(entry) || !Array.isArray(entry.shape) || !ArrayBuffer.isView(entry.data)) {
      throw new OptionError({
        where: `${where} "${name}"`,
        got: describeValue(entry),
        expected: 'an object with data, shape and dtype',
        cure,
      });
    }
    const { shape, dtype, data } = entry;
    const owner = owners.get(name);
    const missing = owner?.partners.find((partner) => !Object.hasOwn(variables, partner));
    if (owner === undefined || missing !== undefined) {
      throw new OptionError({
        where,
        got: owner ? `"${name}" without "${missing}"` : `the unknown entry "${name}"`,
        expected: `entries of ${kind}: ${slots.join(', ') || 'none'}, for the parameters of this optimizer`,
        cure,
      });
    }
    const { size } = owner.parameter;
    const fits = sameShape(shape, owner.parameter.shape) && dtype === 'float32';
    if (!fits || dtypeOf(data) !== dtype || data.length !== size) {
      throw new ShapeError({
        where: `${where} "${name}"`,
        got: `${data.length} elements as ${dtype}${formatShape(shape)}`,
        expected: `${size} as float32${formatShape(owner.parameter.shape)}`,
        cure: 'The state belongs to a model of other sizes: build the model with the options it was saved with.',
      });
    }
  }
}
