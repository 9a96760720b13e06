/** Options that several commands take, declared once. */
import { InvalidArgumentError, Option } from 'commander';
import { pictureFits } from '../data/image.ts';
import { deviceNames } from '../index.ts';
import { modelNames } from '../nn/index.ts';
import { trainDefaults } from './train-defaults.ts';

/** What `--data` takes. */
export const dataHelp =
  "'digits' (embedded), or a folder: IDX files as MNIST has them (plain or .gz), or class folders of PNG and JPEG files";

/** What `<run>` takes. */
export const runHelp =
  'a run folder, or a model that the library saved: its folder, or its model.safetensors';

/** `--model NAME` */
export function modelOption(): Option {
  return new Option('--model <name>', 'the network').choices(modelNames).default(trainDefaults.model);
}

/** `--device NAME` */
export function deviceOption(): Option {
  return new Option('--device <name>', 'what computes')
    .choices([...deviceNames(), 'auto'])
    .default(trainDefaults.device);
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
function pictureSize(text: string): readonly [height: number, width: number] {
  const [, height, width = height] = /^(\d{1,5})(?:[x×*](\d{1,5}))?$/i.exec(text) ?? [];
  const size = [Number(height), Number(width)] as const;
  if (size.every((side) => side >= 1)) return size;
  throw new InvalidArgumentError('Give height and width in pixels, for example 64x64.');
}

/** `--fit KIND` */
export function fitOption(): Option {
  return new Option('--fit <kind>', 'how pictures of other proportions are brought to the size')
    .choices(pictureFits)
    .default('stretch');
}
