/** The sizes of models as options of commands: `--hidden 96`, `--maps 8,16`. */
import { InvalidArgumentError, Option } from 'commander';
import { listModels, type ModelSizes, modelFacts } from '../models/index.ts';
import { type GivenSizes, type SizeName, sizeKinds, sizeNames, strangeSize } from '../models/sizes.ts';

/** An option for each size. */
export function sizeOptions(): readonly Option[] {
  return sizeNames.map((name) => {
    const { placeholder, what } = sizeKinds[name];
    return new Option(`--${name} <${placeholder}>`, `${what} (default: the model's own)`).argParser((text) =>
      readSize(name, text),
    );
  });
}

/** The size that a text of the command line stands for. */
export function readSize<Name extends SizeName>(name: Name, text: string): ModelSizes[Name] {
  const { expected, example, holds, read, cure } = sizeKinds[name];
  const value = read(text);
  if (holds(value)) return value;
  throw new InvalidArgumentError(`Give ${expected}, such as ${example}. ${cure?.(value) ?? ''}`.trim());
}

/** Those of the options that are sizes and were given. */
export function givenSizes(options: GivenSizes): Partial<ModelSizes> {
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

/** The first size that the model does not have, with a sentence about it; undefined where there is none. */
export function sizeMisfit({
  model,
  ...options
}: GivenSizes & { readonly model: string }): { readonly size: SizeName; readonly text: string } | undefined {
  const facts = modelFacts(model);
  const strange = strangeSize(facts, options);
  if (strange === undefined) return undefined;
  const takes =
    strange === 'missing'
      ? facts.treatments.map((treatment) => `--missing ${treatment}`)
      : Object.keys(facts.sizes).map((name) => `--${name}`);
  const others = listModels().filter(
    (each) => strangeSize(each, { [strange]: options[strange] }) === undefined,
  );
  const text = `--${strange} ${writtenSize(strange, options[strange])} does nothing for ${model}, which takes ${takes.join(', ')}. Models with it: ${others.map(({ name }) => name).join(', ')}.`;
  return { size: strange, text };
}
