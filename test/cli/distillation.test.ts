/** `weft train --teacher`, and `--snapshots`: what they are worth, bit-equal ways on, and what is refused. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/datasets.ts';
import { resultOf } from './kill.ts';
import { classFolders, idxFolder, run } from './support.ts';

const tiny = ['--model', 'mlp', '--hidden', '6', '--epochs', '4', '--batch', '8'];

async function trained(...args: readonly string[]): Promise<string> {
  const out = join(temporaryFolder(), 'run');
  const { exitCode, stderr } = await run(['train', ...args, '--out', out]);
  if (exitCode !== 0) throw new Error(stderr);
  return out;
}

/** Trains, is interrupted in its third epoch, and goes on. */
async function interrupted(...args: readonly string[]): Promise<string> {
  const out = join(temporaryFolder(), 'run');
  const stop = new AbortController();
  const onWrite = (text: string) => {
    if (/^epoch +3/m.test(text)) stop.abort('SIGINT');
  };
  const { exitCode } = await run(['train', ...args, '--out', out], { signal: stop.signal, onWrite });
  expect(exitCode).toBe(130);
  expect((await run(['train', '--resume', out])).exitCode).toBe(0);
  return out;
}

const metricsOf = (out: string) => JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8'));

test('a student learns the answers of its teacher, an ensemble too, and goes on to the same bits', async () => {
  const data = idxFolder(8);
  const teachers = [
    await trained('--data', data, ...tiny),
    await trained('--data', data, ...tiny, '--seed', '1'),
  ];
  const teacher = join(temporaryFolder(), 'both');
  expect((await run(['ensemble', ...teachers, '--out', teacher])).exitCode).toBe(0);
  const args = ['--data', data, ...tiny, '--augment', 'shift=1', '--teacher', teacher, '--distill', '0.8'];
  const [whole, resumed] = [await trained(...args), await interrupted(...args)];
  expect(resultOf(resumed)).toEqual(resultOf(whole));
  const { distill, teacher: recorded, history, command } = metricsOf(whole);
  expect([distill, recorded]).toEqual([0.8, teacher]);
  expect(command).toContain('--teacher');
  const plain = metricsOf(await trained(...args.slice(0, -4)));
  expect(history[0].trainLoss).not.toBe(plain.history[0].trainLoss);
});

test('a teacher of other classes or shapes is refused, and a share without a teacher', async () => {
  const data = idxFolder(8);
  const teacher = await trained('--data', data, ...tiny);
  const message = async (...args: readonly string[]) => (await run(['train', ...tiny, ...args])).stderr;
  const folder = classFolders(6);
  expect(await message('--data', folder, '--teacher', teacher)).toContain('the classes 0, 1, 2');
  const square = await trained('--data', folder, ...tiny);
  expect(await message('--data', folder, '--size', '9x9', '--teacher', square)).toContain('8×8×1');
  expect(await message('--data', data, '--distill', '0.5')).toContain('without a teacher');
  expect(await message('--data', data, '--teacher', teacher, '--find-lr')).toContain('leave it out');
  expect(await message('--data', data, '--teacher', join(data, 'none'))).toContain('none');
});

test('snapshots survive an interruption bit by bit, and are of whole cycles alone', async () => {
  const data = idxFolder(8);
  const args = ['--data', data, ...tiny, '--snapshots', '2'];
  const cyclic = [...args, '--schedule', 'warm-restarts'];
  const [whole, resumed] = [await trained(...cyclic), await interrupted(...cyclic)];
  for (const cycle of readdirSync(join(whole, 'snapshots'))) {
    const read = (out: string) => readFileSync(join(out, 'snapshots', cycle, 'model.safetensors'));
    expect(read(resumed).equals(read(whole)), cycle).toBe(true);
  }
  expect(readdirSync(join(whole, 'snapshots'))).toEqual(['1', '2']);
  expect(resultOf(resumed)).toEqual(resultOf(whole));
  const message = async (...more: readonly string[]) => (await run(['train', ...more])).stderr;
  expect(await message(...args)).toContain('--schedule warm-restarts');
  expect(await message(...cyclic, '--epochs', '5')).toContain('--epochs 6');
  expect(await message(...cyclic, '--warm-up', '0.5')).toContain('--warm-up');
  expect(await message(...cyclic, '--average', 'swa:2')).toContain('swa');
});
