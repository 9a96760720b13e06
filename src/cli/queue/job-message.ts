/** A training as a message: its settings, and in place of paths the digests of what lies there. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { describeValue, isRecord } from '../../options.ts';
import { type ConfigValue, configText, requireSetting, settingOf } from '../settings/config-file.ts';
import { pathsOf } from '../settings/setting-options.ts';
import { settings as settingTable } from '../settings/setting-table.ts';
import type { SettingName, Settings } from '../settings/setting-values.ts';
import { QueueError } from './queue-error.ts';
import { describeFiles, digestOfList, type FilesAt, filesAt, type SentFile } from './sent-files.ts';

/** Files or one file that a setting names by a path. */
export interface SentPath {
  /** The digest of its list. */
  readonly id: string;
  /** The last part of the path: a run is called by it. */
  readonly name: string;
  readonly kind: FilesAt['kind'];
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
  const found = filesAt(path);
  if (found === undefined) {
    throw new QueueError({
      where: path,
      got: 'no file or folder of this name',
      expected: `what ${settingTable[setting].flag.split(' ')[0]} names, to send it to other machines`,
      cure: 'Check the path.',
    });
  }
  const { kind, root } = found;
  const files = await describeFiles(found);
  return { path, name: basename(path), kind, root, files, id: digestOfList(files) };
}

/** The message of a training, and where what it names lies here. */
export function jobMessage(settings: Settings, listed: ReadonlyMap<SettingName, ListedPath>): JobMessage {
  const config: Record<string, ConfigValue> = JSON.parse(configText(settings));
  const sent = [...listed].map(([setting, { id, name, kind }]) => [setting, { id, name, kind }] as const);
  for (const [setting] of sent) delete config[setting];
  return { config, paths: Object.fromEntries(sent) };
}

/**
 * The settings of a message on this machine. Paths are those of `places` alone: a message names nothing of this machine by itself.
 *
 * @param places where the paths of its settings lie here
 * @throws QueueError for what is no message, RunError for a setting that this version does not take
 */
export function settingsOfMessage(message: unknown, places: ReadonlyMap<string, string>): Settings {
  const { config } = requireMessage(message);
  // Before they are read, since reading class names of a file opens it.
  for (const [name, value] of Object.entries(config)) {
    if (value !== 'digits' && existsSync(`${value}`) && namesPaths(name)) throw notSent(name, value);
  }
  const own = settingsFrom(config);
  for (const [name, path] of pathsOf(own)) throw notSent(name, path);
  return { ...own, ...settingsFrom(Object.fromEntries(places)) };
}

function settingsFrom(values: Readonly<Record<string, unknown>>): Settings {
  return Object.fromEntries(
    Object.entries(values).map(([text, value]) => {
      const name = requireSetting(PLACE, text);
      return [name, settingOf(PLACE, name, value)];
    }),
  );
}

/** Whether values of a setting may be paths. */
function namesPaths(text: string): boolean {
  return settingTable[requireSetting(PLACE, text)].pathOf !== undefined;
}

function notSent(name: string, value: unknown): QueueError {
  return new QueueError({
    where: PLACE,
    got: `${name} ${describeValue(value)}, a path of this machine`,
    expected: 'paths that were sent with what lies there',
    cure: FOREIGN,
  });
}

const PLACE = 'a training on the queue';
const FOREIGN = 'Look who else writes to this Redis server: weft does not send such.';

/** @throws QueueError for what is no message, or would lead out of the folders of a worker */
export function requireMessage(message: unknown): JobMessage {
  if (!isMessage(message)) {
    throw new QueueError({
      where: PLACE,
      got: 'something else',
      expected: 'settings of weft train',
      cure: FOREIGN,
    });
  }
  for (const [name, sent] of Object.entries(message.paths)) {
    // Pixels that are kept lie wherever the machine has room for them: no other machine says where.
    if (namesPaths(name) && name !== 'cache' && isSentPath(sent)) continue;
    throw new QueueError({
      where: PLACE,
      got: `${describeValue(sent)} for ${name}`,
      expected: 'a file or folder by its SHA-256 and a plain name',
      cure: FOREIGN,
    });
  }
  return message;
}

/** Whether it has the form: what it holds is looked at one by one. */
function isMessage(message: unknown): message is JobMessage {
  return isRecord(message) && isRecord(message.config) && isRecord(message.paths);
}

function isSentPath(sent: unknown): sent is SentPath {
  if (!isRecord(sent)) return false;
  const { id, name, kind } = sent;
  const isDigest = typeof id === 'string' && /^[0-9a-f]{64}$/.test(id);
  return isDigest && typeof name === 'string' && isPlain(name) && (kind === 'file' || kind === 'folder');
}

/** Whether a name is one of a file or folder in any folder, on all systems. */
function isPlain(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name);
}
