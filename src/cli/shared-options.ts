/** Options that several commands take, declared once. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { readClassNames } from '../data/class-names.ts';
import { pictureFits } from '../data/image.ts';
import { deviceNames } from '../index.ts';
import { modelNames } from '../models/index.ts';
import { nearest } from '../text.ts';
import { trainDefaults } from './train-defaults.ts';

/** What `--data` takes. */
export const dataHelp =
  "'digits' (embedded), or a folder: IDX files as MNIST has them (plain or .gz), or class folders of PNG and JPEG files";

/** What `<run>` takes. */
export const runHelp =
  'a run folder, or a model that the library saved: its folder, or its model.safetensors';

/** `--model NAME` */
export function modelOption(): Option {
  return oneOf(new Option('--model <name>', 'the network'), modelNames).default(trainDefaults.model);
}

/** `--device NAME` */
export function deviceOption(): Option {
  const names = [...deviceNames(), 'auto'];
  return oneOf(new Option('--device <name>', 'what computes'), names).default(trainDefaults.device);
}

/** `--json` */
export function jsonOption(what: string): Option {
  return new Option('--json', `write only ${what}, as JSON, to standard output`).default(false);
}

/** `--size HxW` */
export function sizeOption(): Option {
  return new Option(
    '--size <HxW>',
    'height and width of the images in pixels (default: the commonest of the pictures, at most 64x64 of photographs)',
  ).argParser(pictureSize);
}

/** `64x48`, or `64` for a square. */
export function pictureSize(text: string): readonly [height: number, width: number] {
  const [, height, width = height] = /^(\d{1,5})(?:[x×*](\d{1,5}))?$/i.exec(text) ?? [];
  const size = [Number(height), Number(width)] as const;
  if (size.every((side) => side >= 1)) return size;
  throw new InvalidArgumentError('Give height and width in pixels, for example 64x64.');
}

/** `--fit KIND` */
export function fitOption(): Option {
  const what = 'how pictures of other proportions are brought to the size (default: stretch)';
  return oneOf(new Option('--fit <kind>', what), pictureFits);
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

/** What `--classes` was given. */
export interface GivenClasses {
  readonly names: readonly string[];
  /** What gives these names again, from anywhere: the path of the file, whose names may hold commas, or else the names. */
  readonly source: string;
}

/** `--classes FILE` or `--classes a,b,c` */
export function classesOption(): Option {
  return new Option(
    '--classes <names>',
    'the classes in order: a file with one name a line, or names parted by commas (default: the folders, a classes.txt beside IDX files, or numbers)',
  ).argParser((text): GivenClasses => {
    if (!text.includes(',') || existsSync(text))
      return { names: readClassNames(text), source: resolve(text) };
    const names = text.split(',').map((name) => name.trim());
    return { names, source: names.join(',') };
  });
}
