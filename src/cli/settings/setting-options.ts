/** The settings as options of the command line: declared, collected, and written as words again. */
import { type Command, Option } from 'commander';
import { fullPath, headings, type Setting, written } from './setting.ts';
import { settingNames, settings } from './setting-table.ts';
import type { SettingName, Settings } from './setting-values.ts';

/** The table, looked at as rows of whatever values. */
const rows: Readonly<Record<SettingName, Setting>> = settings;

/** Declares the options of settings, by default of all, under their headings. */
export function addSettings(command: Command, names: readonly SettingName[] = settingNames): void {
  for (const name of names) {
    const { flag, what, usual, opposite, heading, choices, read } = rows[name];
    const option = new Option(flag, usual === undefined ? what : `${what} (default: ${usual})`);
    if (choices !== undefined) option.choices(choices);
    if (!option.isBoolean()) option.argParser(read);
    command.addOption(option.helpGroup(headings[heading]));
    if (opposite !== undefined) command.addOption(new Option(...opposite).helpGroup(headings[heading]));
  }
}

/** `lr`, where commander keeps what `--lr` was given. */
function keyOf(name: SettingName): string {
  return new Option(rows[name].flag).attributeName();
}

/** The settings among the parsed options of a command. */
export function givenSettings(options: Readonly<Record<string, unknown>>): Settings {
  const given = settingNames.flatMap((name) => {
    const value = options[keyOf(name)];
    if (value === undefined) return [];
    return [[name, name === 'augmentation' && value === false ? {} : value]];
  });
  return Object.fromEntries(given);
}

/** The text of a setting, as the command line takes it; undefined where it has no value. */
export function writtenSetting(values: Settings, name: SettingName): string | undefined {
  const value = values[name];
  return value === undefined ? undefined : written(rows[name], value);
}

/** The full paths of the files and folders that settings name. */
export function pathsOf(values: Settings): ReadonlyMap<SettingName, string> {
  return new Map(
    settingNames.flatMap((name) => {
      const value = values[name];
      const path = value === undefined ? undefined : fullPath(rows[name], value);
      return path === undefined ? [] : [[name, path] as const];
    }),
  );
}

/** The words that ask for the given settings, but for those that are so by default. */
export function wordsOf(given: Settings, defaults: Settings): string[] {
  return settingNames.flatMap((name) => {
    const text = writtenSetting(given, name);
    if (text === undefined || text === writtenSetting(defaults, name)) return [];
    const [flag = '', argument] = rows[name].flag.split(' ');
    if (argument !== undefined) return [flag, text];
    return given[name] ? [flag] : (rows[name].opposite ?? []).slice(0, 1);
  });
}
