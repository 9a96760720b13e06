/** Saved, loaded, used: bit-equal. Damaged, missing and mismatched files: refused by name. */
import '../../src/index.ts';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { channelStatistics } from '../../src/data/normalize.ts';
import { seed, type Tensor } from '../../src/index.ts';
import { Dense, Layer, Sequential } from '../../src/nn/index.ts';
import { Adam, SGD } from '../../src/optim/index.ts';
import { randomState } from '../../src/tensor/random.ts';
import {
  CheckpointError,
  evaluate,
  fit as fitModel,
  loadModel,
  loadOptimizer,
  type SavedModel,
  saveModel,
  saveOptimizer,
} from '../../src/train/index.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { smallModel, stripes } from './support.ts';

const train = stripes(48);
const normalization = channelStatistics(train);

function makeOptimizer({ model }: Pick<SavedModel, 'model'>): Adam {
  return new Adam(model.parameters(), { learningRate: 0.02 });
}

async function savedRun(): Promise<{ folder: string; saved: SavedModel; optimizer: Adam }> {
  seed(0);
  const model = smallModel();
  const saved = {
    model,
    name: 'small',
    classNames: train.classNames,
    inputShape: [6, 6, 1],
    normalization,
  } as const;
  const optimizer = makeOptimizer(saved);
  await fitModel(model, train, { epochs: 2, batchSize: 16, optimizer, normalization });
  const folder = join(temporaryFolder(), 'run');
  await saveModel(folder, saved);
  await saveOptimizer(folder, optimizer);
  return { folder, saved, optimizer };
}

describe('round trip', () => {
  test('a loaded model predicts the same bits', async () => {
    const { folder, saved } = await savedRun();
    const random = randomState();
    const { model, ...rest } = await loadModel(folder);
    expect(randomState()).toEqual(random);
    const { model: original, ...written } = saved;
    expect(rest).toEqual(written);
    const [before, after] = await Promise.all(
      [original, model].map((each) => evaluate(each, train, { normalization })),
    );
    expect(Buffer.from(after.probabilities.buffer)).toEqual(Buffer.from(before.probabilities.buffer));
    expect(after).toEqual(before);
    expect(await model.stateDict()).toEqual(await saved.model.stateDict());
    expect(readdirSync(folder).sort()).toEqual(['model.json', 'model.safetensors', 'optimizer.safetensors']);
  });

  test('training goes on from the files as if it had not been interrupted', async () => {
    const { folder, saved, optimizer } = await savedRun();
    const options = { epochs: 2, epochsDone: 2, batchSize: 16, normalization };
    await fitModel(saved.model, train, { ...options, optimizer });
    seed(5);
    const loaded = await loadModel(folder);
    const resumed = makeOptimizer(loaded);
    await loadOptimizer(folder, resumed);
    expect(resumed.stepCount).toBe(6);
    await fitModel(loaded.model, train, { ...options, optimizer: resumed });
    expect(await loaded.model.stateDict()).toEqual(await saved.model.stateDict());
    expect(await resumed.stateDict()).toEqual(await optimizer.stateDict());
  });

  test('no normalization stays none, and saving again replaces', async () => {
    const { folder, saved } = await savedRun();
    const { normalization: _, ...without } = saved;
    await saveModel(folder, { ...without, name: 'other' });
    const loaded = await loadModel(folder);
    expect(loaded.normalization).toBeUndefined();
    expect(loaded.name).toBe('other');
  });

  test('layers of one’s own', async () => {
    class Twice extends Layer {
      config() {
        return [];
      }
      forward(x: Tensor): Tensor {
        return x.mul(2);
      }
    }
    const model = new Sequential({ twice: new Twice(), head: new Dense(2, 2) });
    const folder = temporaryFolder();
    await saveModel(folder, { model, name: 'own', classNames: ['a', 'b'], inputShape: [1, 1, 2] }, { Twice });
    expect((await loadModel(folder, { Twice })).name).toBe('own');
    await expect(loadModel(folder)).rejects.toThrow(/Twice/);
  });
});

describe('damage', () => {
  const change =
    (file: string, edit: (bytes: Buffer) => Uint8Array | string) =>
    (folder: string): void => {
      const path = join(folder, file);
      writeFileSync(path, edit(readFileSync(path)));
    };
  const json = (edit: (value: Record<string, unknown>) => object) =>
    change('model.json', (bytes) => JSON.stringify(edit(JSON.parse(bytes.toString()))));
  const remove = (file: string) => (folder: string) => rmSync(join(folder, file));

  const cases: [name: string, damage: (folder: string) => void, message: RegExp][] = [
    [
      'neither file',
      (folder) => {
        for (const file of ['model.json', 'model.safetensors']) rmSync(join(folder, file));
      },
      /model\.json: got no file or folder/,
    ],
    ['no weights', remove('model.safetensors'), /model\.safetensors: got no file or folder/],
    ['empty model.json', change('model.json', () => ''), /model\.json: got something that is not JSON/],
    ['cut model.json', change('model.json', (bytes) => bytes.subarray(0, 100)), /model\.json: .*not JSON/],
    ['another JSON', change('model.json', () => '[]'), /no JSON object/],
    ['another format', json((value) => ({ ...value, format: 'x' })), /format "x"/],
    ['a newer version', json((value) => ({ ...value, version: 9 })), /version 9/],
    ['no name', json(({ name: _, ...rest }) => rest), /name undefined/],
    ['no class names', json((value) => ({ ...value, classNames: [] })), /classNames \[\]/],
    ['a wrong input shape', json((value) => ({ ...value, inputShape: [6, -6] })), /inputShape \[6,-6\]/],
    ['a wrong normalization', json((value) => ({ ...value, normalization: {} })), /normalization \{\}/],
    ['no architecture', json(({ architecture: _, ...rest }) => rest), /model\.json: moduleFromConfig/],
    [
      'another architecture',
      json((value) => ({ ...value, architecture: { type: 'ReLU', config: [] } })),
      /loadStateDict/,
    ],
    [
      'arguments a layer refuses',
      json((value) => ({ ...value, architecture: { type: 'Dense', config: [0, 'x'] } })),
      /model\.json: moduleFromConfig, Dense/,
    ],
    ['cut weights', change('model.safetensors', (bytes) => bytes.subarray(0, -3)), /truncated/],
    [
      'one flipped bit in the weights',
      change('model.safetensors', (bytes) => {
        bytes[bytes.length - 2] ^= 1;
        return bytes;
      }),
      /SHA-256/,
    ],
  ];

  test.each(cases)('%s', async (_name, damage, message) => {
    const { folder } = await savedRun();
    damage(folder);
    await expect(loadModel(folder)).rejects.toThrow(CheckpointError);
    await expect(loadModel(folder)).rejects.toThrow(message);
  });

  test('weights without model.json, as the first save of a killed process may leave them, are the model', async () => {
    const { folder, saved } = await savedRun();
    remove('model.json')(folder);
    const { model, ...rest } = await loadModel(folder);
    const { model: original, ...written } = saved;
    expect(rest).toEqual(written);
    expect(await model.stateDict()).toEqual(await original.stateDict());
  });

  test('optimizer state that is missing, cut, or of another optimizer', async () => {
    const { folder, saved } = await savedRun();
    const sgd = new SGD(saved.model.parameters(), { momentum: 0.9 });
    await expect(loadOptimizer(folder, sgd)).rejects.toThrow(/optimizer\.safetensors: SGD\.loadStateDict/);
    change('optimizer.safetensors', (bytes) => bytes.subarray(0, 50))(folder);
    await expect(loadOptimizer(folder, makeOptimizer(saved))).rejects.toThrow(CheckpointError);
    change('optimizer.safetensors', () => readFileSync(join(folder, 'model.safetensors')))(folder);
    await expect(loadOptimizer(folder, makeOptimizer(saved))).rejects.toThrow(/stepCount: got nothing/);
    remove('optimizer.safetensors')(folder);
    await expect(loadOptimizer(folder, makeOptimizer(saved))).rejects.toThrow(/no file or folder/);
  });
});
