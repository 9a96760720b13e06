/**
 * Files that appear whole or not at all, one by one or several that belong together: whoever reads the folder meanwhile,
 * and whenever the process is killed.
 */
import { node } from '../data/code-files.ts';
import { makeFolder } from '../data/files.ts';
import { codeOf } from '../node-modules.ts';

/** A file of a folder. */
export interface NewFile {
  /** In the folder, without a path. */
  readonly name: string;
  readonly contents: Uint8Array | string;
}

/** Files that belong together, in the order in which they appear. */
export type NewFiles = readonly [NewFile, ...NewFile[]];

/** The writing that goes on, by folder: one after the other, in the order of the calls. */
const queues = new Map<string, Promise<void>>();

/** Whose temporary file it is, in its name: the file, the machine, the process, and a number of its own. */
const temporaryName = /^(.+)\.([0-9a-f]{8})-(\d+)-[0-9a-f]{16}\.tmp$/;

/** Temporary files of other machines are in use for no longer than this, in milliseconds. */
const oldestInUse = 24 * 60 * 60 * 1000;

/**
 * Writes one file, or replaces it. A link in its place is replaced, and not followed.
 *
 * @throws the file system's error; the earlier file is there as it was
 */
export function writeWhole(path: string, contents: Uint8Array | string): Promise<void> {
  const { basename, dirname } = node.path;
  return writeTogether(dirname(path), [{ name: basename(path), contents }]);
}

/**
 * Writes files that belong together into a folder, which is made if there is none. The first file is the one that counts:
 * until it has its name, nothing has changed, and from then on the others are there, some perhaps still under their
 * temporary names, where `leftBehind` finds them. Of several processes that write the same files at once, the last wins.
 *
 * @param files may be a promise: the turn is that of the call
 * @throws the file system's error
 */
export function writeTogether(folder: string, files: NewFiles | Promise<NewFiles>): Promise<void> {
  const key = node.path.resolve(folder);
  const given = Promise.resolve(files);
  // Its error is told when the turn comes.
  given.catch(() => undefined);
  const turn = (queues.get(key) ?? Promise.resolve()).then(async () => writeNow(folder, await given));
  const ended = turn
    .catch(() => undefined)
    .then(() => {
      if (queues.get(key) === ended) queues.delete(key);
    });
  queues.set(key, ended);
  return turn;
}

/** Complete files that a killed process left under temporary names instead of `name`, the youngest first. */
export async function leftBehind(folder: string, name: string): Promise<string[]> {
  const { readdir, stat } = node.fs.promises;
  const paths = (await readdir(folder))
    .filter((each) => temporaryName.exec(each)?.[1] === name)
    .map((each) => node.path.join(folder, each));
  const dated = await Promise.all(
    paths.map(async (path) => ({ path, time: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  return dated.sort((a, b) => b.time - a.time).map(({ path }) => path);
}

async function writeNow(folder: string, files: NewFiles): Promise<void> {
  const { rename, rm } = node.fs.promises;
  const pathOf = ({ name }: NewFile): string => node.path.join(folder, name);
  makeFolder(folder);
  for (const file of files) await refuseFolder(pathOf(file));
  const temporary: string[] = [];
  try {
    for (const file of files) {
      temporary.push(`${pathOf(file)}.${machine()}-${process.pid}-${randomName()}.tmp`);
      await writeSynced(temporary.at(-1)!, file.contents);
    }
    await syncFolder(folder);
    const ours = await identity(temporary[0]);
    await rename(temporary[0], pathOf(files[0]));
    if (files.length > 1) await syncFolder(folder);
    for (let index = 1; index < files.length; index++) {
      // Another process has saved since: what belongs to its first file is not written over.
      if ((await identity(pathOf(files[0]))) !== ours) break;
      await rename(temporary[index], pathOf(files[index]));
    }
    await syncFolder(folder);
  } finally {
    for (const path of temporary) await rm(path, { force: true }).catch(() => undefined);
  }
  await sweep(folder);
}

/** A folder in a file's place would only be found out when the first file has its name. */
async function refuseFolder(path: string): Promise<void> {
  const found = await node.fs.promises.lstat(path).catch(() => undefined);
  if (found?.isDirectory()) throw new Error(`EISDIR: a folder stands where the file goes, '${path}'`);
}

/** A new file whose contents have reached the disk. */
async function writeSynced(path: string, contents: Uint8Array | string): Promise<void> {
  const file = await node.fs.promises.open(path, 'wx');
  try {
    await file.writeFile(contents);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Names reach the disk with their folder. Not every system can do that; the files are whole all the same. */
async function syncFolder(folder: string): Promise<void> {
  const opened = await node.fs.promises.open(folder, 'r').catch(() => undefined);
  await opened?.sync().catch(() => undefined);
  await opened?.close();
}

/** What tells one file from another that has its name later. */
async function identity(path: string): Promise<string> {
  const found = await node.fs.promises.lstat(path).catch(() => undefined);
  return found ? `${found.dev} ${found.ino} ${found.mtimeMs} ${found.size}` : 'none';
}

/** Removes temporary files whose process is no more. */
export async function sweep(folder: string): Promise<void> {
  const { readdir, rm, stat } = node.fs.promises;
  for (const name of await readdir(folder).catch(() => [])) {
    const [, , where, pid] = temporaryName.exec(name) ?? [];
    if (pid === undefined) continue;
    const path = node.path.join(folder, name);
    const written = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
    const abandoned = where === machine() ? !isRunning(Number(pid)) : false;
    if (abandoned || Date.now() - written > oldestInUse)
      await rm(path, { force: true }).catch(() => undefined);
  }
}

/** Whether a process of this machine is there. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // One that may not be asked is there.
    return codeOf(error) === 'EPERM';
  }
}

let known: string | undefined;

/** Where process numbers mean the same: this machine since it was started, and in it this container. */
export function machine(): string {
  known ??= digestOf(placeText());
  return known;
}

function placeText(): string {
  const { readFileSync, readlinkSync } = node.fs;
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8') + readlinkSync('/proc/self/ns/pid');
  } catch {
    return node.os.hostname();
  }
}

function digestOf(text: string): string {
  return node.crypto.createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function randomName(): string {
  return node.crypto.randomBytes(8).toString('hex');
}
