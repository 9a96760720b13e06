/** The models of a comparison as they are named on the command line: `conv-lstm`, `conv-lstm:hidden=96,maps=8,16`, or a file of settings. */
import { basename, dirname, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { findEntry } from '../../data/files.ts';
import { modelNames } from '../../models/index.ts';
import { nearest } from '../../text.ts';
import { RunError } from '../run-error.ts';
import { CONFIG_FILE, configText, readConfig } from '../settings/config-file.ts';
import type { Setting } from '../settings/setting.ts';
import { settingNames, settings } from '../settings/setting-table.ts';
import type { SettingName, Settings } from '../settings/setting-values.ts';
import { choiceError } from '../shared-options.ts';

/** A model, or a recipe of one, that is compared with others. */
export interface Contestant {
  /** What it is called in what is told: `conv-lstm:hidden=96`. */
  readonly label: string;
  /** What its run folders are called: `conv-lstm-hidden=96`. */
  readonly slug: string;
  /** What is its own: the model, its sizes, and whatever else it is trained with. */
  readonly settings: Settings;
}

/** Settings that are one for all models: the data, what is held out, what is random, how long training takes, and where it runs. */
const common: ReadonlySet<SettingName> = new Set([
  ...settingNames.filter((name) => settings[name].heading === 'data'),
  ...(['epochs', 'seed', 'workers', 'device'] as const),
]);

/**
 * Reads the names of models.
 *
 * @throws InvalidArgumentError for what is neither a model nor a file, settings that it does not take, and one that stands twice
 * @throws RunError for a file that is none of settings
 */
export function readContestants(texts: readonly string[]): Contestant[] {
  const found: Contestant[] = [];
  for (const text of texts) {
    const next = readContestant(text);
    const same = found.find(({ settings: other }) => configText(other) === configText(next.settings));
    if (same !== undefined) {
      throw new InvalidArgumentError(`${text} is the same as ${same.label}: give each model once.`);
    }
    const taken = found.filter(({ slug }) => slug === next.slug || slug.startsWith(`${next.slug}--`)).length;
    const number = taken === 0 ? '' : `--${taken + 1}`;
    found.push({ ...next, label: `${next.label}${number}`, slug: `${next.slug}${number}` });
  }
  return found;
}

function readContestant(text: string): Contestant {
  const [name = '', ...rest] = text.split(':');
  const model = modelNames.find((each) => each === name);
  if (model === undefined) return readRecipe(text);
  const read = parts(rest.join(':')).map((part) => readPart(text, part));
  const twice = read.find(([name], place) => read.findIndex(([other]) => other === name) < place);
  if (twice !== undefined) {
    throw new InvalidArgumentError(`${text}: ${flagOf(twice[0]).slice(2)} stands twice: give it once.`);
  }
  const own = Object.fromEntries(read);
  return { label: text, slug: slugOf(text), settings: { model, ...own } };
}

/** `hidden=96,maps=8,16` in its settings: a comma begins another one where the name of an option and `=` follow. */
function parts(text: string): string[] {
  if (text === '') return [];
  const names = settingNames.map((name) => flagOf(name).slice(2)).join('|');
  return text.split(new RegExp(`,(?=(?:${names})=)`));
}

function readPart(text: string, part: string): [SettingName, unknown] {
  const at = part.indexOf('=');
  const [flag, value] = at === -1 ? [part, undefined] : [part.slice(0, at), part.slice(at + 1)];
  const name = settingNames.find((each) => flagOf(each) === `--${flag}`);
  if (name === undefined || value === undefined || name === 'model') {
    const near = nearest(
      flag,
      settingNames.map((each) => flagOf(each).slice(2)),
    );
    throw new InvalidArgumentError(
      `${text}: "${part}" is no setting with its value, such as hidden=96.${near === undefined || near === flag ? '' : ` Did you mean ${near}=?`}`,
    );
  }
  if (common.has(name)) {
    const instead = name === 'epochs' || name === 'seed' ? '' : `: give ${flagOf(name)}`;
    const why = name === 'epochs' ? 'follows from the budget' : 'is the same for all models';
    throw new InvalidArgumentError(`${text}: ${flag} ${why}${instead}.`);
  }
  const { read }: Setting = settings[name];
  try {
    return [name, read(value)];
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new InvalidArgumentError(`${text}: ${error.message}`);
    throw error;
  }
}

/** Settings of a file, but for those that are one for all models. */
function readRecipe(text: string): Contestant {
  if (findEntry(text, { error: RunError, expected: 'a file of settings' }) !== 'file') {
    const misspelt = choiceError(text.split(':')[0]!, modelNames);
    throw new InvalidArgumentError(`${text} is neither a model nor a file of settings. ${misspelt ?? ''}`);
  }
  const stored = readConfig(text);
  const own = Object.fromEntries(
    settingNames.flatMap((name) =>
      stored[name] === undefined || common.has(name) ? [] : [[name, stored[name]]],
    ),
  );
  // The config.json of a run is called as its folder.
  const file = basename(text) === CONFIG_FILE ? basename(dirname(resolve(text))) : basename(text, '.json');
  return { label: file, slug: slugOf(file), settings: own };
}

function flagOf(name: SettingName): string {
  return settings[name].flag.split(' ')[0]!;
}

/** What can be the name of a folder everywhere. */
export function slugOf(text: string): string {
  return text.replaceAll(/[^\w.,=+]+/g, '-').slice(0, 80);
}
