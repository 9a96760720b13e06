/** The folder a training run writes to: made before training, so that a bad path fails at once. */
import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../data/errors.ts';
import { RunError } from './run-error.ts';

/** A folder for one run. */
export interface RunFolder {
  readonly path: string;
  /** Writes a file and returns its path. */
  readonly write: (name: string, contents: string | Uint8Array) => string;
  /** Removes the folder again if it was made here and nothing was written to it. */
  readonly removeIfEmpty: () => void;
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

/**
 * Makes the folder and those above it. In a folder that exists, files of an earlier run are replaced.
 *
 * @throws RunError when the folder cannot be made or written to
 */
export function openRunFolder(path: string): RunFolder {
  const attempt = <Result>(action: () => Result): Result => {
    try {
      return action();
    } catch (cause) {
      throw new RunError(
        {
          where: path,
          got: messageOf(cause),
          expected: 'a folder that can be written to',
          cure: 'Give another folder with --out',
        },
        { cause },
      );
    }
  };
  const made = attempt(() => mkdirSync(path, { recursive: true })) !== undefined;
  return {
    path,
    write: (name, contents) => {
      const target = join(path, name);
      attempt(() => writeFileSync(target, contents));
      return target;
    },
    removeIfEmpty: () => {
      if (made && readdirSync(path).length === 0) rmdirSync(path);
    },
  };
}
