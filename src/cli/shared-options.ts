/** Options that several commands take, declared once. */
import { InvalidArgumentError, Option } from 'commander';
import { deviceNames } from '../index.ts';
import { nearest } from '../text.ts';
import { trainDefaults } from './train-defaults.ts';

/** What `--data` takes. */
export const dataHelp =
  "'digits' (embedded), an .npz file, or a folder: IDX files as MNIST has them (plain or .gz), or class folders of PNG and JPEG files";

/** What `<run>` takes. */
export const runHelp =
  'a run folder, or a model that the library saved: its folder, or its model.safetensors';

/** `--device NAME` */
export function deviceOption(): Option {
  const names = [...deviceNames(), 'auto'];
  return oneOf(new Option('--device <name>', 'what computes'), names).default(trainDefaults.device);
}

/** `--json` */
export function jsonOption(what: string): Option {
  return new Option('--json', `write only ${what}, as JSON, to standard output`).default(false);
}

/** `64x48`, or `64` for a square. */
export function pictureSize(text: string): readonly [height: number, width: number] {
  const [, height, width = height] = /^(\d{1,5})(?:[x×*](\d{1,5}))?$/i.exec(text) ?? [];
  const size = [Number(height), Number(width)] as const;
  if (size.every((side) => side >= 1)) return size;
  throw new InvalidArgumentError('Give height and width in pixels, for example 64x64.');
}

/** The option, taking one of `names`; of what is nearly one, that is said. */
export function oneOf(option: Option, names: readonly string[]): Option {
  return option.choices(names).argParser((text) => {
    const wrong = choiceError(text, names);
    if (wrong === undefined) return text;
    throw new InvalidArgumentError(wrong);
  });
}

/** A sentence about a text that is none of `names`; undefined where it is one. */
export function choiceError(text: string, names: readonly string[]): string | undefined {
  if (names.includes(text)) return undefined;
  const near = nearest(text, names);
  return `Allowed choices are ${names.join(', ')}.${near === undefined ? '' : ` Did you mean ${near}?`}`;
}
