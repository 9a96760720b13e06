/** The settings of a file together with those that were given besides, which go first. */
import { sizeNames } from '../../models/sizes.ts';
import { misfits } from './misfits.ts';
import { writtenSetting } from './setting-options.ts';
import { settingNames } from './setting-table.ts';
import type { SettingName, Settings } from './setting-values.ts';

/** What follows from a setting: where another value is given for it, these of the file are those of what is replaced. */
const followers: Readonly<Partial<Record<SettingName, readonly SettingName[]>>> = {
  data: ['labels', 'stream', 'cache'],
  model: ['from', 'freeze', 'learningRate', ...sizeNames],
  from: ['model', ...sizeNames],
  schedule: ['snapshots'],
  optimizer: ['momentum', 'nesterov', 'learningRate', 'weightDecay', 'decay'],
  loss: ['labelSmoothing'],
  teacher: ['distill'],
  validationShare: ['fold'],
};

/** Where a file does not say one of these, it says the rest of its own accord all the same. */
const saidOtherwise: ReadonlySet<SettingName> = new Set(['from', 'validationShare']);

/** Weights of classes by name are of the classes of the data. */
function followersOf(name: SettingName, file: Settings): readonly SettingName[] {
  const own = followers[name] ?? [];
  const hasNames = writtenSetting(file, 'classWeights')?.includes('=') === true;
  return name === 'data' && hasNames ? [...own, 'classWeights'] : own;
}

/**
 * The settings of a file, but for those that followed from one that is given anew, or are of no use beside those that are given; and the
 * given ones. What is of no use in the file itself stays, to be refused.
 */
export function mergedSettings(file: Settings, given: Settings): Settings {
  const isReplaced = (name: SettingName): boolean => {
    const isKnown = file[name] !== undefined || saidOtherwise.has(name);
    return isKnown && given[name] !== undefined && writtenSetting(given, name) !== writtenSetting(file, name);
  };
  const dropped = new Set(settingNames.filter(isReplaced).flatMap((name) => followersOf(name, file)));
  const own = new Set([...misfits(file)].map(({ of }) => of));
  for (;;) {
    const kept = settingNames.filter((name) => file[name] !== undefined && !dropped.has(name));
    const merged: Settings = { ...Object.fromEntries(kept.map((name) => [name, file[name]])), ...given };
    const useless = [...misfits(merged)]
      .map(({ of }) => of)
      .find((of) => of !== undefined && kept.includes(of) && given[of] === undefined && !own.has(of));
    if (useless === undefined) return merged;
    dropped.add(useless);
  }
}
