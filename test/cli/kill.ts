/** Runs that are killed, and what they have come to in the end. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { builtCommand } from './support.ts';

/** Starts the built command and kills it, with -9, so many milliseconds after it has written its record so often. */
export async function killAfter(
  writings: number,
  args: readonly string[],
  out: string,
  delay: number,
): Promise<void> {
  const log = join(out, 'metrics.json');
  const read = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  let [before, seen] = [read(), 0];
  const child = spawn(process.execPath, [builtCommand, ...args], { stdio: 'ignore' });
  const ended = new Promise((done) => child.once('exit', done));
  while (child.exitCode === null && seen < writings) {
    await wait(5);
    const now = read();
    if (now !== before) seen++;
    before = now;
  }
  await wait(delay);
  child.kill('SIGKILL');
  await ended;
}

/** The lines of a log, but for how long each epoch took and when it began. */
export function logOf(out: string): unknown[] {
  const lines = readFileSync(join(out, 'log.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const { seconds: _, time: __, ...rest } = JSON.parse(line);
    return rest;
  });
}

/** The bits of a finished run: weights, moments, figures, answers and its log; but for how long it took. */
export function resultOf(out: string) {
  const read = (name: string): string => readFileSync(join(out, name)).toString('base64');
  const {
    trainSeconds: _,
    history,
    command: __,
    peakMemory: _____,
    robustness: { secondsPerImage: ____, ...robustness },
    ...metrics
  } = JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8'));
  return {
    best: read('model.safetensors'),
    last: read('last/model.safetensors'),
    optimizer: read('last/optimizer.safetensors'),
    answers: read('predictions.csv'),
    log: logOf(out),
    metrics: { ...metrics, robustness },
    history: history.map(({ seconds: ___, ...figures }: { readonly seconds: number }) => figures),
  };
}
