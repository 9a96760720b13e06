/** config.json: the settings of a run, which `weft train --config` takes again. */
import { InvalidArgumentError } from 'commander';
import { readFile } from '../../data/files.ts';
import { describeValue } from '../../options.ts';
import { messageOf, nearest } from '../../text.ts';
import { RunError } from '../run-error.ts';
import type { Setting } from './setting.ts';
import { writtenSetting } from './setting-options.ts';
import { settingNames, settings } from './setting-table.ts';
import type { SettingName, Settings } from './setting-values.ts';

/** Its name in a run folder. */
export const CONFIG_FILE = 'config.json';

/** What stands there for a setting: a number or true or false where it is one, else the text that its option takes. */
export type ConfigValue = number | boolean | string;

/** The text of config.json. */
export function configText(values: Settings): string {
  const entries = settingNames.flatMap((name) => {
    const value = values[name];
    return value === undefined ? [] : [[name, configValue(value, writtenSetting(values, name)!)]];
  });
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

function configValue(value: unknown, text: string): ConfigValue {
  return typeof value === 'number' || typeof value === 'boolean' ? value : text;
}

/**
 * Reads settings.
 *
 * @throws RunError for what is no object of settings, a name that is none, or a value that its option does not take
 */
export function readConfig(path: string): Settings {
  const wanted = { error: RunError, expected: 'a file of settings, as a run keeps in config.json' };
  const text = new TextDecoder().decode(readFile(path, wanted));
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (cause) {
    const got = `something that is not JSON (${messageOf(cause)})`;
    throw new RunError({ where: path, got, ...shape }, { cause });
  }
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) {
    throw new RunError({ where: path, got: describeValue(stored), ...shape });
  }
  return Object.fromEntries(
    Object.entries(stored).map(([name, value]) => [name, settingOf(path, requireSetting(path, name), value)]),
  );
}

const shape = {
  expected: 'an object of settings',
  cure: 'Write { "model": "row-lstm", "epochs": 10 }, or give the config.json of a run.',
};

/** @throws RunError when a name that stands in a file is none of a setting */
export function requireSetting(path: string, name: string): SettingName {
  const known = settingNames.find((each) => each === name);
  if (known !== undefined) return known;
  const ofFlag = settingNames.find((each) => settings[each].flag.split(' ')[0] === `--${name}`);
  const near = ofFlag ?? nearest(name, settingNames);
  throw new RunError({
    where: path,
    got: `the name ${describeValue(name)}`,
    expected: `names of settings: ${settingNames.join(', ')}`,
    cure: near === undefined ? 'Correct or remove it.' : `Did you mean ${near}?`,
  });
}

/**
 * The value of a setting that stands in a file.
 *
 * @throws RunError for one that its option does not take
 */
export function settingOf(path: string, name: SettingName, stored: unknown): unknown {
  const { flag, read }: Setting = settings[name];
  const wrong = (cure: string): RunError =>
    new RunError({
      where: path,
      got: `${name} ${describeValue(stored)}`,
      expected: `what ${flag} takes`,
      cure,
    });
  if (typeof stored !== 'number' && typeof stored !== 'boolean' && typeof stored !== 'string') {
    throw wrong('Give a number, true or false, or a text.');
  }
  try {
    const value = read(`${stored}`);
    const kind = typeof configValue(value, '');
    if (typeof stored !== kind)
      throw wrong(`Give a ${kind === 'string' ? 'text' : kind}, as JSON writes it.`);
    return value;
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw wrong(error.message);
    throw error;
  }
}
