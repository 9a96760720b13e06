/** Options that several commands take, declared once. */
import { Option } from 'commander';
import { deviceNames } from '../index.ts';
import { modelNames } from '../nn/index.ts';
import { trainDefaults } from './train-defaults.ts';

/** What `--data` takes. */
export const dataHelp =
  "'digits' (embedded), or a folder: IDX files as MNIST has them (plain or .gz), or class folders of PNG files";

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
