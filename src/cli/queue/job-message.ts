/** A training as a message: its settings, and in place of paths the digests of what lies there. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isRecord } from '../../options.ts';
import { type ConfigValue, configText, requireSetting, settingOf } from '../settings/config-file.ts';
import { settings as settingTable } from '../settings/setting-table.ts';
import type { SettingName, Settings } from '../settings/setting-values.ts';
import { QueueError } from './queue-error.ts';
import { describeFile, digestOfList, listFiles, type SentFile } from './sent-files.ts';

/** Files or one file that a setting names by a path. */
export interface SentPath {
  /** The digest of its list. */
  readonly id: string;
  /** The last part of the path: a run is called by it. */
  readonly name: string;
  readonly kind: 'file' | 'folder';
}

/** What a worker gets. */
export interface JobMessage {
  /** The settings, but for those that are paths, as config.json has them. */
  readonly config: Readonly<Record<string, ConfigValue>>;
  readonly paths: Readonly<Record<string, SentPath>>;
}

/** Files on this machine, as they are sent. */
export interface ListedPath extends SentPath {
  /** The path as the setting has it. */
  readonly path: string;
  /** The folder that the paths of the list begin in. */
  readonly root: string;
  readonly files: readonly SentFile[];
}

/**
 * Looks at what lies at a path.
 *
 * @throws QueueError when there is nothing
 */
export async function listPath(setting: SettingName, path: string): Promise<ListedPath> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new QueueError({
      where: path,
      got: 'no file or folder of this name',
      expected: `what ${settingTable[setting].flag.split(' ')[0]} names, to send it to other machines`,
      cure: 'Check the path.',
    });
  }
  const name = basename(path);
  if (found.isFile()) {
    const files = [await describeFile(dirname(path), name)];
    return { path, name, kind: 'file', root: dirname(path), files, id: digestOfList(files) };
  }
  // Of a run, or a saved model, what lies at its top is the model and its record: what else is in it is for other uses.
  const isModel = existsSync(join(path, 'model.safetensors'));
  const files = await listFiles(path, (_, kind) => !isModel || kind === 'file');
  return { path, name, kind: 'folder', root: path, files, id: digestOfList(files) };
}

/** The message of a training, and where what it names lies here. */
export function jobMessage(settings: Settings, listed: ReadonlyMap<SettingName, ListedPath>): JobMessage {
  const config: Record<string, ConfigValue> = JSON.parse(configText(settings));
  const sent = [...listed].map(([setting, { id, name, kind }]) => [setting, { id, name, kind }] as const);
  for (const [setting] of sent) delete config[setting];
  return { config, paths: Object.fromEntries(sent) };
}

/**
 * The settings of a message on this machine.
 *
 * @param places where the paths of its settings lie here
 * @throws QueueError for what is no message, RunError for a setting that this version does not take
 */
export function settingsOfMessage(message: unknown, places: ReadonlyMap<string, string>): Settings {
  const { config } = requireMessage(message);
  const all = { ...config, ...Object.fromEntries(places) };
  return Object.fromEntries(
    Object.entries(all).map(([text, value]) => {
      const name = requireSetting(PLACE, text);
      return [name, settingOf(PLACE, name, value)];
    }),
  );
}

const PLACE = 'a training on the queue';

/** @throws QueueError for what is no message */
export function requireMessage(message: unknown): JobMessage {
  if (isMessage(message)) return message;
  throw new QueueError({
    where: PLACE,
    got: 'something else',
    expected: 'settings of weft train',
    cure: 'Look who else writes to this Redis server.',
  });
}

/** Whether it is one: written by weft of this very version, since the name of the queue says it. */
function isMessage(message: unknown): message is JobMessage {
  return isRecord(message) && isRecord(message.config) && isRecord(message.paths);
}
