/** The folder a training run writes to: made, and written to, before training, so that a bad place fails at once. */
import {
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileError, makeFolder, readFolder, type Wanted } from '../data/files.ts';
import { CLAIM_FILE } from '../data/run-folders.ts';
import type { WeftError } from '../errors.ts';
import { codeOf } from '../node-modules.ts';
import { isRunning, machine, sweep, writeWhole } from '../train/atomic.ts';
import { RunError } from './run-error.ts';

/** A folder for one run. */
export interface RunFolder {
  readonly path: string;
  /** Writes a file, whole or not at all, and returns its path. */
  readonly write: (name: string, contents: string | Uint8Array) => Promise<string>;
  /** The path of a folder in it, which is made if there is none. A link in its place is replaced, and not followed. */
  readonly subfolder: (name: string) => Promise<string>;
  /** Ends the claim to the folder, and removes the folder if it was made here and nothing was written to it. */
  readonly leave: () => void;
}

/** Keeps other processes out while a run trains. It says which process made it: that of a killed one claims nothing. */
const claim = CLAIM_FILE;
const claimant = (): string => `${machine()} ${process.pid} ${hostname()}`;

const aPlace: Wanted = { error: RunError, expected: 'a folder that can be written to' };

/** The error for what the system threw about a file of a run that it did not write. */
export function unwritable(path: string, thrown: unknown): WeftError {
  return fileError(path, thrown, aPlace);
}

/**
 * Makes a folder for a run, and those above it.
 *
 * @param path default `runs/2026-11-23-19-40-04-conv-lstm`, in local time, with `-2` and so on where that is taken; a
 *   folder that exists has to be empty
 * @param room how many bytes the run will write at least
 * @throws RunError when the folder cannot be made or written to, or has something in it
 */
export async function openRunFolder(
  path: string | undefined,
  model: string,
  room: number,
): Promise<RunFolder> {
  const { folder, made } = path === undefined ? makeNew(defaultRunPath(model, new Date())) : await make(path);
  return claimed(folder, room, made);
}

/**
 * Opens the folder of a run that was begun, to go on with it.
 *
 * @throws RunError when another process trains it, or the folder cannot be written to
 */
export async function reopenRunFolder(folder: string, room: number): Promise<RunFolder> {
  await removeDeadClaim(folder);
  return claimed(folder, room, false);
}

function claimed(folder: string, room: number, made: boolean): RunFolder {
  const endClaim = (): void => rmSync(join(folder, claim), { force: true });
  const removeIfUnused = (): void => {
    try {
      if (made) rmdirSync(folder);
    } catch {
      // It is not empty, or gone already.
    }
  };
  try {
    claimFolder(folder, room);
  } catch (error) {
    removeIfUnused();
    throw error;
  }
  return {
    path: folder,
    write: async (name, contents) => {
      const target = join(folder, name);
      await writeWhole(target, contents).catch((error: unknown) => {
        throw unwritable(target, error);
      });
      return target;
    },
    subfolder: async (name) => {
      const target = join(folder, name);
      try {
        if (lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(target);
        makeFolder(target);
      } catch (error) {
        throw unwritable(target, error);
      }
      return target;
    },
    leave: () => {
      endClaim();
      removeIfUnused();
    },
  };
}

/** `runs/2026-11-23-19-40-04-conv-lstm`, in local time. */
export function defaultRunPath(model: string, now: Date): string {
  const parts = [
    now.getFullYear(),
    now.getMonth() + 1,
    now.getDate(),
    now.getHours(),
    now.getMinutes(),
    now.getSeconds(),
  ];
  const stamp = parts.map((part) => String(part).padStart(2, '0')).join('-');
  return join('runs', `${stamp}-${model}`);
}

interface Made {
  readonly folder: string;
  readonly made: boolean;
}

/** Making a folder fails where there is one: so two runs never share one, whoever started them and when. */
function makeNew(path: string): Made {
  for (let number = 1; ; number++) {
    const folder = number === 1 ? path : `${path}-${number}`;
    if (makeOne(folder)) return { folder, made: true };
  }
}

async function make(folder: string): Promise<Made> {
  if (makeOne(folder)) return { folder, made: true };
  await removeDeadClaim(folder);
  const entries = readFolder(folder, aPlace);
  if (entries.length === 0) return { folder, made: false };
  throw notEmpty(folder, `${entries[0]!.name}${entries.length > 1 ? ', …' : ''}`, entries.length === 1);
}

/** Removes the claim of a process that is no more, and its unfinished files. */
async function removeDeadClaim(folder: string): Promise<void> {
  if ((await claimOf(folder)) !== 'dead') return;
  await rm(join(folder, claim), { force: true });
  await sweep(folder);
}

/** Whether a process trains the run of a folder. */
export async function isInUse(folder: string): Promise<boolean> {
  return (await claimOf(folder)) === 'alive';
}

async function claimOf(folder: string): Promise<'none' | 'dead' | 'alive'> {
  const text = await readFile(join(folder, claim), 'utf8').catch(() => '');
  if (text === '') return 'none';
  const [where, pid, host] = text.split(' ');
  // A machine that was started again has the same name, and none of the processes.
  const alive = where === machine() ? isRunning(Number(pid)) : host !== hostname();
  return alive ? 'alive' : 'dead';
}

function notEmpty(folder: string, names: string, single: boolean): RunError {
  return new RunError({
    where: folder,
    got: `a folder with ${single ? 'a file' : 'files'} in it (${names})`,
    expected: 'a new or empty folder: a run writes over nothing',
    cure: 'Give another folder with --out, or remove this one.',
  });
}

function inUse(folder: string, path: string): RunError {
  return new RunError({
    where: folder,
    got: `a folder with a run that another process trains (${claim})`,
    expected: 'a folder that no other process writes to',
    cure: `Wait for it or end it. If it ran on another machine and is no more, remove ${path}.`,
  });
}

/** Whether the folder was made: false where something of this name exists. */
function makeOne(folder: string): boolean {
  const above = dirname(folder);
  try {
    makeFolder(above);
  } catch (error) {
    // Something that is no folder: reading it says what.
    if (codeOf(error) === 'EEXIST') readFolder(above, aPlace);
    throw unwritable(folder, error);
  }
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw unwritable(folder, error);
  }
}

/**
 * Makes the file that says that somebody is here. Permissions, quotas and full disks show when something is written, and
 * surely only then: so it is as large as what will be written, for a moment.
 */
function claimFolder(folder: string, room: number): void {
  const path = join(folder, claim);
  let file: number;
  try {
    file = openSync(path, 'wx');
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw inUse(folder, path);
    throw unwritable(folder, error);
  }
  try {
    const said = writeSync(file, claimant());
    const block = new Uint8Array(2 ** 20);
    for (let written = 0; written < room; )
      written += writeSync(file, block, 0, Math.min(block.length, room - written));
    ftruncateSync(file, said);
  } catch (error) {
    rmSync(path, { force: true });
    throw unwritable(folder, error);
  } finally {
    closeSync(file);
  }
}
