/** What there is to know of a setting of `weft train`: how it is written on the command line, read, and said. */
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { choiceError } from '../shared-options.ts';

/** The headings of `weft train --help`, in its order. */
export const headings = {
  data: 'Data:',
  model: 'Model (sizes are its own where none are given: weft models NAME shows them):',
  learning: 'Learning:',
  images: 'Changes of the training images:',
  aim: 'What is aimed at:',
  run: 'The run:',
} as const;

/** A setting whose value is `Value`. */
export interface Setting<Value = unknown> {
  /** `--lr <number>` */
  readonly flag: string;
  readonly heading: keyof typeof headings;
  /** What it is, for the help. */
  readonly what: string;
  /** What holds where it is not given, as text or in words. Default: nothing. */
  readonly usual?: string;
  /** What asks for the opposite, or for none: `--no-stream`, with what it is. */
  readonly opposite?: readonly [flag: string, what: string];
  /** The texts that it takes, where there are few. */
  readonly choices?: readonly string[];
  /**
   * The value of a text.
   *
   * @throws InvalidArgumentError
   */
  read(text: string): Value;
  /** The file or folder that a value names, as it is written; undefined of a value that names none. Default: none does. */
  pathOf?(value: Value): string | undefined;
  /** The text that `read` reads, which means the same from anywhere. Default: the full path, or `String`. */
  write?(value: Value): string;
}

/** The text of a value as the command line takes it. */
export function written<Value>(setting: Setting<Value>, value: Value): string {
  return setting.write?.(value) ?? fullPath(setting, value) ?? String(value);
}

/** The full path of the file or folder that a value names; undefined where it names none. */
export function fullPath<Value>(setting: Setting<Value>, value: Value): string | undefined {
  const path = setting.pathOf?.(value);
  return path === undefined ? undefined : resolve(path);
}

/** What reads one of `names`; of what is nearly one, that is said. */
export function oneOfNames<Name extends string>(
  names: readonly Name[],
): { readonly choices: readonly Name[]; readonly read: (text: string) => Name } {
  const read = (text: string): Name => {
    const known = names.find((name) => name === text);
    if (known !== undefined) return known;
    throw new InvalidArgumentError(choiceError(text, names) ?? '');
  };
  return { choices: names, read };
}
