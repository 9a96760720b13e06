/** The sizes of models as options of commands: `--hidden 96`, `--maps 8,16`. */
import { InvalidArgumentError, Option } from 'commander';
import { listModels, type ModelSizes } from '../models/index.ts';
import { type SizeName, sizeKinds, sizeNames, takesSize } from '../models/sizes.ts';

/** Sizes that were asked for; a model has others of its own. */
export type GivenSizes = { readonly [Name in SizeName]?: ModelSizes[Name] | undefined };

/** An option for each size. */
export function sizeOptions(): readonly Option[] {
  return sizeNames.map((name) => {
    const { placeholder, what, expected, example, holds, read, cure } = sizeKinds[name];
    return new Option(`--${name} <${placeholder}>`, `${what} (default: the model's own)`).argParser(
      (text) => {
        const value = read(text);
        if (holds(value)) return value;
        throw new InvalidArgumentError(`Give ${expected}, such as ${example}. ${cure?.(value) ?? ''}`.trim());
      },
    );
  });
}

/** Those of the options that are sizes and were given. */
export function givenSizes(options: GivenSizes): GivenSizes {
  return Object.fromEntries(
    sizeNames.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
}

/** The sizes that were given, as one writes them on the command line. */
export function writtenSizes(options: GivenSizes): Readonly<Partial<Record<SizeName, string>>> {
  return Object.fromEntries(
    sizeNames.flatMap((name) => {
      const text = writtenSize(name, options[name]);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

/** A size as one writes it on the command line. */
export function writtenSize<Name extends SizeName>(
  name: Name,
  value: ModelSizes[Name] | undefined,
): string | undefined {
  return value === undefined ? undefined : sizeKinds[name].write(value);
}

/** A sentence about the first size that the model does not have; undefined where there is none. */
export function sizeMisfit({
  model,
  ...options
}: GivenSizes & { readonly model: string }): string | undefined {
  const models = listModels();
  const own = models.find(({ name }) => name === model)!.sizes;
  const strange = sizeNames.find(
    (name) => options[name] !== undefined && !takesSize(own, name, options[name]),
  );
  if (strange === undefined) return undefined;
  const takes = Object.keys(own).map((name) => `--${name}`);
  const others = models.filter(({ sizes }) => strange in sizes).map(({ name }) => name);
  return `--${strange} ${writtenSize(strange, options[strange])} does nothing for ${model}, which takes ${takes.join(', ')}. Models with it: ${others.join(', ')}.`;
}
