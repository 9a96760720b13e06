/** What it costs to begin: each run is a fresh process. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deviceInfo } from '../../src/index.ts';
import { benchFolder, builtScript } from '../paths.ts';
import type { Case } from './case.ts';

const execute = promisify(execFile);

/** Runs a script in a new process, and returns the milliseconds it prints and those it lived. */
async function inFreshProcess(
  ...script: string[]
): Promise<{ readonly printed: number; readonly lived: number }> {
  const start = performance.now();
  const { stdout } = await execute(process.execPath, script).catch((error: Error & { stderr?: string }) => {
    // What went wrong stands in what the process wrote, between the source line and the stack.
    throw new Error(error.stderr?.split('\n').find((line) => /Error:/.test(line)) ?? error.message);
  });
  return { printed: Number(stdout), lived: performance.now() - start };
}

const nothing = join(benchFolder, 'fresh', 'nothing.mjs');
const importing = join(benchFolder, 'fresh', 'import.mjs');

export const coldStartCases: readonly Case[] = [
  // From an imported library to the end of the first training step: build, plan, emit, compile, run.
  ...['conv-lstm', 'deep-conv-lstm', 'conv-100'].map(
    (model): Case => ({
      name: `${model}-first-step`,
      suite: 'cold start',
      make: () => async () => {
        const { name, threads } = deviceInfo();
        const { printed } = await inFreshProcess(builtScript, 'first-step', name, `${threads}`, model);
        return { overriddenDuration: printed };
      },
    }),
  ),
  {
    // A process that imports weft, minus one that does nothing.
    name: 'import',
    suite: 'cold start',
    onceOnly: true,
    make: () => async () => {
      const without = await inFreshProcess(nothing);
      const withImport = await inFreshProcess(importing);
      return { overriddenDuration: Math.max(0, withImport.lived - without.lived) };
    },
  },
  {
    // What the process itself sees of the same import.
    name: 'import-in-process',
    suite: 'cold start',
    onceOnly: true,
    make: () => async () => ({ overriddenDuration: (await inFreshProcess(importing)).printed }),
  },
];
