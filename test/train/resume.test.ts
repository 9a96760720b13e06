/** A training that goes on from any of its states ends as if it had not been interrupted, bit for bit. */
import '../../src/index.ts';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { channelStatistics } from '../../src/data/normalize.ts';
import { OptionError, seed, type Tensor } from '../../src/index.ts';
import type { StateDict } from '../../src/nn/index.ts';
import { Adam, oneCycle, SGD } from '../../src/optim/index.ts';
import { randomState } from '../../src/tensor/random.ts';
import {
  CheckpointError,
  type FitOptions,
  fit,
  loadTraining,
  NonFiniteStepError,
  type TrainingState,
} from '../../src/train/index.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { denseModel, smallModel, stripes } from './support.ts';

const train = stripes(50);
const validation = stripes(30, 2);

/** With everything that is random, and all that is remembered from step to step. */
async function trained(extra: Partial<FitOptions> = {}) {
  // Where a new process stands is not where the other one stood.
  seed(extra.resume ? 99 : 5);
  const model = smallModel();
  const optimizer = new Adam(model.parameters(), { learningRate: oneCycle(0.02, 12), clipNorm: 5 });
  const { epochs, aborted } = await fit(model, train, {
    epochs: 3,
    optimizer,
    batchSize: 16,
    seed: 7,
    normalization: channelStatistics(train),
    validation,
    augmentation: { shift: 0.5, rotation: 5 },
    metrics: { size: (scores: Tensor) => scores.abs().mean() },
    progress: false,
    ...extra,
  });
  return {
    model: bits(await model.stateDict()),
    optimizer: bits((await optimizer.stateDict()).variables as StateDict),
    random: randomState(),
    history: epochs.map(({ seconds: _, ...figures }) => figures),
    aborted,
  };
}

/** toEqual on typed arrays takes -0 for 0. */
function bits(state: StateDict): Record<string, string> {
  return Object.fromEntries(
    Object.entries(state).map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
    ]),
  );
}

/** Every state that a training goes through. */
async function statesOf(extra: Partial<FitOptions> = {}): Promise<TrainingState[]> {
  const states: TrainingState[] = [];
  await trained({
    checkpoint: { save: (state) => void states.push(structuredClone(state)), everyMinutes: 1e-9 },
    ...extra,
  });
  return states;
}

describe('a training that is resumed', () => {
  test('ends with the same bits, wherever it goes on', async () => {
    const whole = await trained();
    const states = await statesOf();
    // Of four steps an epoch the last is not proven by another step, but by validation.
    expect(states.map(({ epoch, step }) => `${epoch}.${step}`)).toEqual(
      '1.1 1.2 1.3 2.0 2.1 2.2 2.3 3.0 3.1 3.2 3.3 4.0'.split(' '),
    );
    for (const index of [0, 3, 6, 7, 10, 11]) {
      expect(await trained({ resume: states[index] })).toEqual(whole);
    }
  });

  test('also with the best weights and early stopping, and twice interrupted', async () => {
    const options: Partial<FitOptions> = { epochs: 8, restoreBest: true, earlyStopping: { patience: 2 } };
    const whole = await trained(options);
    const states = await statesOf(options);
    for (const index of [6, 9, states.length - 1]) {
      expect(await trained({ ...options, resume: states[index] })).toEqual(whole);
    }
    const [again] = (await statesOf({ ...options, resume: states[2] })).slice(4);
    expect(await trained({ ...options, resume: again })).toEqual(whole);
  });

  test.for(['ema', 'swa'] as const)('with an average of its weights: %s', async (kind) => {
    const average = kind === 'ema' ? { kind, decay: 0.9 } : { kind, from: 2 };
    const whole = await trained({ average });
    const states = await statesOf({ average });
    for (const index of [1, 7, 9, 11]) {
      expect(await trained({ average, resume: states[index] })).toEqual(whole);
    }
    const [state] = states;
    await expect(trained({ resume: state })).rejects.toThrow(
      /with an average of its weights, expected no average/,
    );
    // Its epoch ends twice: first when validation is broken off, then again.
    const folder = temporaryFolder();
    let asked = 0;
    const signal = {
      get aborted() {
        return ++asked > 15;
      },
    };
    await trained({ average, signal, checkpoint: { folder } });
    const resume = await loadTraining(folder);
    expect([resume.epoch, resume.step]).toEqual([2, 4]);
    expect(await trained({ average, resume })).toEqual(whole);
  });

  test.for([2, 4])('after a signal at step %i of an epoch', async (last) => {
    const folder = temporaryFolder();
    const signal = { aborted: false };
    const stopped = await trained({
      signal,
      checkpoint: { folder },
      onStep: ({ epoch, step }) => {
        signal.aborted = epoch === 2 && step === last;
      },
    });
    expect(stopped.aborted).toBe(true);
    const resume = await loadTraining(folder);
    expect([resume.epoch, resume.step]).toEqual([2, last]);
    expect(await trained({ resume })).toEqual(await trained());
  });

  test('on batches of a function', async () => {
    const run = async (options: Pick<FitOptions, 'checkpoint' | 'resume'>) => {
      seed(1);
      const model = denseModel();
      const { images, labels } = { images: train.images, labels: train.labels };
      const { tensor } = await import('../../src/index.ts');
      function* batches(epoch: number) {
        for (let step = 0; step < 5; step++) {
          const from = 8 * step + epoch;
          const pixels = Float32Array.from(images.subarray(from * 36, (from + 8) * 36), (each) => each / 255);
          yield {
            inputs: tensor(pixels, { shape: [8, 36] }),
            targets: tensor(labels.slice(from, from + 8), { dtype: 'int32' }),
          };
        }
      }
      const optimizer = new SGD(model.parameters(), { learningRate: 0.1, momentum: 0.9 });
      const { epochs } = await fit(model, batches, { epochs: 2, optimizer, progress: false, ...options });
      return { model: bits(await model.stateDict()), losses: epochs.map(({ trainLoss }) => trainLoss) };
    };
    const states: TrainingState[] = [];
    const whole = await run({ checkpoint: { save: (state) => void states.push(state), everyMinutes: 1e-9 } });
    expect(states.map(({ epoch, step }) => `${epoch}.${step}`)).toEqual(
      '1.1 1.2 1.3 1.4 2.0 2.1 2.2 2.3 2.4 3.0'.split(' '),
    );
    for (const index of [2, 4, 9]) expect(await run({ resume: states[index] })).toEqual(whole);
  });

  test('with other batches, or past its end, is refused', async () => {
    const [state] = await statesOf({ epochs: 1 });
    await expect(trained({ resume: state, batchSize: 8 })).rejects.toThrow(/with steps 4, expected steps 7/);
    await expect(trained({ resume: state, seed: 8 })).rejects.toThrow(OptionError);
    await expect(trained({ resume: state, epochsDone: 1 })).rejects.toThrow(/epochsDone beside resume/);
    await expect(trained({ resume: { ...state!, epoch: 5 } })).rejects.toThrow(/4 finished epochs/);
    await expect(trained({ resume: {} as TrainingState })).rejects.toThrow(/expected a TrainingState/);
    await expect(trained({ checkpoint: {} })).rejects.toThrow(/expected a folder/);
    await expect(trained({ checkpoint: { folder: 5 as never } })).rejects.toThrow(
      /got 5 for a folder.*checkpoint: \{ folder: 'training' \}/,
    );
    await expect(trained({ checkpoint: { folder: 'x', everyMinutes: 0 } })).rejects.toThrow(OptionError);
  });
});

describe('the files of a training', () => {
  test('are the last two, and a damaged one is passed over', async () => {
    const folder = temporaryFolder();
    const whole = await trained({ checkpoint: { folder, everyMinutes: 1e-9 } });
    const names = readdirSync(folder).sort();
    expect(names).toEqual(['epoch-3-step-3.safetensors', 'epoch-4-step-0.safetensors']);
    const last = join(folder, names[1]!);
    const bytes = readFileSync(last);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(last, bytes);
    const resume = await loadTraining(folder);
    expect([resume.epoch, resume.step]).toEqual([3, 3]);
    expect(await trained({ resume })).toEqual(whole);
    writeFileSync(join(folder, names[0]!), bytes.subarray(0, 1000));
    await expect(loadTraining(folder)).rejects.toThrow(CheckpointError);
    await expect(loadTraining(temporaryFolder())).rejects.toThrow(/no checkpoint of a training/);
  });

  test('keep figures that JSON has no number for', async () => {
    const folder = temporaryFolder();
    await trained({
      epochs: 1,
      metrics: { odd: (scores: Tensor) => scores.mean().mul(0).log() },
      checkpoint: { folder },
    });
    const { history } = await loadTraining(folder);
    expect(history[0]!.trainMetrics).toEqual({ odd: -Infinity });
    expect(history[0]!.valMetrics).toEqual({ odd: -Infinity });
  });

  test('are not replaced by a training that begins anew', async () => {
    const folder = temporaryFolder();
    await trained({ epochs: 1, checkpoint: { folder } });
    const names = readdirSync(folder);
    await expect(trained({ checkpoint: { folder } })).rejects.toThrow(
      /checkpoints of another training \(epoch-2-step-0.*resume: await loadTraining/,
    );
    expect(readdirSync(folder)).toEqual(names);
    await trained({ resume: await loadTraining(folder), checkpoint: { folder } });
    expect((await loadTraining(folder)).epoch).toBe(4);
  });

  test('stay as they were when a step gives NaN', async () => {
    const folder = temporaryFolder();
    const model = denseModel();
    // The rate of the sixth step takes the weights so far that no step can be made from there.
    const optimizer = new SGD(model.parameters(), { learningRate: (step) => (step === 5 ? 1e38 : 0.1) });
    const options = { epochs: 9, optimizer, batchSize: 16, progress: false } as const;
    const failed = fit(model, train, { ...options, checkpoint: { folder, everyMinutes: 1e-9 } });
    await expect(failed).rejects.toThrow(NonFiniteStepError);
    const { epoch, step, model: kept } = await loadTraining(folder);
    expect(Object.values(kept).every(({ data }) => data.every(Number.isFinite))).toBe(true);
    expect([epoch, step]).toEqual([2, 1]);
  });

  test('that cannot be written do not end the training: it says so once, and tries again', async () => {
    const folder = temporaryFolder({ file: '' });
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const { rmSync } = await import('node:fs');
    await trained({
      checkpoint: { folder: join(folder, 'file', 'training'), everyMinutes: 1e-9 },
      onEpoch: ({ epoch }) => {
        if (epoch === 2) rmSync(join(folder, 'file'));
      },
    });
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      expect.stringMatching(/^The training could not be saved, and goes on: .*file/),
      expect.stringMatching(/^The training is saved again/),
    ]);
    warn.mockRestore();
    expect((await loadTraining(join(folder, 'file', 'training'))).epoch).toBe(4);
  });
});
