/** A save is one act: overlapping, cut off, killed, read meanwhile; and an optimizer's state stays with its weights. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Adam,
  AdamW,
  CheckpointError,
  Conv2d,
  ConvTranspose2d,
  Dense,
  fit,
  GlobalAvgPool2d,
  loadModel,
  loadOptimizer,
  OptionError,
  type SavedModel,
  Sequential,
  SGD,
  saveModel,
  saveOptimizer,
  seed,
} from '../../src/index.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { FreshProcesses } from '../support/fresh-process.ts';
import { denseModel, smallModel, stripes } from './support.ts';

const train = stripes(48);
const files = ['model.json', 'model.safetensors', 'optimizer.safetensors'];

function described(model: SavedModel['model'], name = 'm') {
  return { model, name, classNames: train.classNames, inputShape: [6, 6, 1] } as const;
}

/** A model and its optimizer after some steps. */
async function trained(epochs = 1, model = smallModel()) {
  seed(0);
  const optimizer = new Adam(model.parameters(), { learningRate: 0.02 });
  await fit(model, train, { epochs, batchSize: 16, optimizer });
  return { model, optimizer };
}

describe('saves', () => {
  test('that overlap all succeed; the last one stays', async () => {
    const folder = join(temporaryFolder(), 'run');
    const saves: Promise<void>[] = [];
    const model = denseModel();
    const optimizer = new Adam(model.parameters());
    await fit(model, train, {
      epochs: 2,
      batchSize: 16,
      optimizer,
      onStep: ({ epoch, step }) => {
        saves.push(saveModel(folder, { ...described(model, `${epoch}.${step}`), optimizer }));
      },
    });
    await Promise.all(saves);
    expect(readdirSync(folder).sort()).toEqual(files);
    const loaded = await loadModel(folder);
    expect(loaded.name).toBe('2.3');
    expect(await loaded.model.stateDict()).toEqual(await model.stateDict());
    const resumed = new Adam(loaded.model.parameters());
    await loadOptimizer(folder, resumed);
    expect(resumed.stepCount).toBe(6);
  });

  test('take the model as it is at the call', async () => {
    const folder = temporaryFolder();
    const model = denseModel();
    const before = await model.stateDict();
    const saving = saveModel(folder, described(model));
    await Promise.all(model.parameters().map((each) => each.set(new Float32Array(each.size))));
    await saving;
    expect(await (await loadModel(folder)).model.stateDict()).toEqual(before);
  });

  test('cut off between the files are the new checkpoint', async () => {
    const folder = temporaryFolder();
    await saveModel(folder, described(denseModel(), 'old'));
    const old = readFileSync(join(folder, 'model.json'));
    const { model } = await trained();
    await saveModel(folder, described(model, 'new'));
    writeFileSync(join(folder, 'model.json'), old);
    const loaded = await loadModel(folder);
    expect(loaded.name).toBe('new');
    expect(await loaded.model.stateDict()).toEqual(await model.stateDict());
    // The weights speak for themselves only when they are whole.
    const weights = readFileSync(join(folder, 'model.safetensors'));
    for (const position of [100, weights.length - 3]) {
      const damaged = Buffer.from(weights);
      damaged[position] ^= 1;
      writeFileSync(join(folder, 'model.safetensors'), damaged);
      await expect(loadModel(folder)).rejects.toThrow(CheckpointError);
    }
  });

  test('of what could not be loaded again are refused', async () => {
    const folder = join(temporaryFolder(), 'none');
    const good = described(denseModel());
    const wrong: [object, RegExp][] = [
      [{ classNames: ['a'] }, /1 names for scores \[1, 3\]/],
      [{ inputShape: [5, 6, 1] }, /dense "hidden"/],
      [{ inputShape: [1e5, 1e5, 1] }, /inputShape \[100000,100000,1\]/],
      [{ model: undefined }, /undefined for a model/],
      [{ optimizer: 5 }, /optimizer 5/],
      [{ extra: 1 }, /unknown option "extra"/],
    ];
    for (const [change, message] of wrong) {
      await expect(saveModel(folder, { ...good, ...change })).rejects.toThrow(message);
    }
    // @ts-expect-error what JavaScript may pass
    await expect(saveModel(undefined, good)).rejects.toThrow(OptionError);
    expect(readdirSync(join(folder, '..'))).toEqual([]);
  });
});

describe('the state of an optimizer', () => {
  test('belongs to its weights', async () => {
    const folder = temporaryFolder();
    const { model, optimizer } = await trained();
    await saveModel(folder, { ...described(model), optimizer });
    await fit(model, train, { epochs: 1, batchSize: 16, optimizer });
    await saveModel(folder, described(model));
    const loaded = await loadModel(folder);
    const resumed = new Adam(loaded.model.parameters());
    await expect(loadOptimizer(folder, resumed)).rejects.toThrow(CheckpointError);
    await expect(loadOptimizer(folder, resumed)).rejects.toThrow(/trained other weights \("lstm/);
    expect(resumed.stepCount).toBe(0);
    await saveOptimizer(folder, optimizer);
    await loadOptimizer(folder, resumed);
    expect(resumed.stepCount).toBe(6);
  });

  test('belongs to the weights that were loaded, also when there was a save meanwhile', async () => {
    const folder = temporaryFolder();
    const { model, optimizer } = await trained();
    await saveModel(folder, { ...described(model), optimizer });
    const early = await loadModel(folder);
    await fit(model, train, { epochs: 1, batchSize: 16, optimizer });
    await saveModel(folder, { ...described(model), optimizer });
    await expect(loadOptimizer(folder, new Adam(early.model.parameters()))).rejects.toThrow(
      /load both again/,
    );
    const late = await loadModel(folder);
    await loadOptimizer(folder, new Adam(late.model.parameters()));
    // Weights that were trained on are not held against the file.
    await fit(early.model, train, { epochs: 1, batchSize: 48, optimizer: new SGD(early.model.parameters()) });
    await loadOptimizer(folder, new Adam(early.model.parameters()));
  });

  test('keeps its groups', async () => {
    const folder = temporaryFolder();
    const model = denseModel();
    const groups = (of: typeof model, rate: number) => [
      { parameters: of.modules.hidden.parameters(), learningRate: rate, weightDecay: 0 },
      { parameters: of.modules.head.parameters() },
    ];
    const optimizer = new AdamW(groups(model, 0.5));
    await saveModel(folder, { ...described(model), optimizer });
    const { model: loaded } = await loadModel(folder);
    const resumed = new AdamW(groups(loaded as typeof model, 0.1));
    await loadOptimizer(folder, resumed);
    expect((await resumed.stateDict()).groups).toEqual((await optimizer.stateDict()).groups);
    await expect(loadOptimizer(folder, new AdamW(loaded.parameters()))).rejects.toThrow(
      /optimizer\.safetensors: AdamW\.loadStateDict.*2 groups/,
    );
    const path = join(folder, 'optimizer.safetensors');
    const bytes = readFileSync(path, 'latin1');
    for (const name of ['groups', 'weights']) {
      writeFileSync(path, bytes.replace(`"${name}":"`, `"${name}":"}`).replace('  ', ' '), 'latin1');
      await expect(loadOptimizer(folder, resumed)).rejects.toThrow(CheckpointError);
    }
  });

  test('where there are no weights, to those of its parameters', async () => {
    const folder = temporaryFolder();
    const { model, optimizer } = await trained();
    await saveOptimizer(folder, optimizer);
    await loadOptimizer(folder, new Adam(model.parameters()));
    await expect(loadOptimizer(folder, new Adam(smallModel().parameters()))).rejects.toThrow(/other weights/);
  });

  test('is found when the save was cut off before it had its name', async () => {
    const folder = temporaryFolder();
    const { model, optimizer } = await trained();
    await saveModel(folder, { ...described(model, 'old'), optimizer });
    const [old, path] = [join(folder, 'old'), join(folder, 'optimizer.safetensors')];
    renameSync(path, old);
    await fit(model, train, { epochs: 1, batchSize: 16, optimizer });
    await saveModel(folder, { ...described(model, 'new'), optimizer });
    renameSync(path, `${path}.0123abcd-1-0123456789abcdef.tmp`);
    for (const before of [() => renameSync(old, path), () => rmSync(path)]) {
      before();
      const loaded = await loadModel(folder);
      const resumed = new Adam(loaded.model.parameters());
      await loadOptimizer(folder, resumed);
      expect(resumed.stepCount).toBe(6);
    }
  });
});

test('what is no file is not read', async () => {
  const folder = temporaryFolder();
  await saveModel(folder, described(denseModel()));
  for (const name of ['model.safetensors', 'model.json']) {
    rmSync(join(folder, name));
    symlinkSync('/dev/zero', join(folder, name));
    await expect(loadModel(folder)).rejects.toThrow(/a pipe, socket or device/);
  }
  // A save puts files in place of the links.
  await saveModel(folder, described(denseModel(), 'again'));
  expect((await loadModel(folder)).name).toBe('again');
});

describe('numbers in model.json', () => {
  type Layers = Record<string, { type: string; config: unknown[] }>;
  const changed = async (change: (architecture: Layers) => void, model: SavedModel['model']) => {
    const folder = temporaryFolder();
    await saveModel(folder, described(model));
    const path = join(folder, 'model.json');
    const json = JSON.parse(readFileSync(path, 'utf8')) as { architecture: { modules: Layers } };
    change(json.architecture.modules);
    writeFileSync(path, JSON.stringify(json));
    return loadModel(folder);
  };
  const convolving = () =>
    new Sequential({
      conv: new Conv2d(1, 1, 3, { padding: 1 }),
      up: new ConvTranspose2d(1, 1, 2, { stride: 2 }),
      pool: new GlobalAvgPool2d(),
      head: new Dense(1, 3),
    });

  test.each([
    ['layers', (a: Layers) => (a.lstm.config = [6, 8, { layers: 2 ** 31 - 1 }]), /from 1 to 1000/],
    ['more layers', (a: Layers) => (a.lstm.config = [6, 8, { layers: 2 ** 40 }]), /LSTM|lstm/],
    [
      'orthogonal weights',
      (a: Layers) => (a.lstm.config = [1, 1e5, { recurrentInitializer: 'orthogonal' }]),
      /more than its file holds/,
    ],
    ['sizes', (a: Layers) => (a.head.config = [1e4, 1e5]), /more than its file holds/],
    ['arguments of another kind', (a: Layers) => (a.head.config = [{ toString: null }]), /model\.json/],
  ])('%s', async (_, change, message) => {
    const loading = changed(change, smallModel());
    await expect(loading).rejects.toThrow(CheckpointError);
    await expect(loading).rejects.toThrow(message);
  });

  test.each([
    ['a stride', (a: Layers) => (a.up.config = [1, 1, 2, { stride: 1e9 }])],
    ['a smaller stride', (a: Layers) => (a.up.config = [1, 1, 2, { stride: 5e3 }])],
    ['a padding', (a: Layers) => (a.conv.config = [1, 1, 3, { padding: 1e9 }])],
  ])('%s that takes more memory than there is', async (_, change) => {
    const loading = changed(change, convolving());
    await expect(loading).rejects.toThrow(CheckpointError);
    await expect(loading).rejects.toThrow(/model\.json: .*at most/);
  });

  test('nesting without end', async () => {
    const folder = temporaryFolder();
    await saveModel(folder, described(denseModel()));
    const path = join(folder, 'model.json');
    const { architecture: _, ...rest } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const arrays = '['.repeat(20_000) + ']'.repeat(20_000);
    const containers =
      '{"type":"Sequential","config":[],"modules":{"a":'.repeat(20_000) +
      '{"type":"ReLU","config":[]}' +
      '}}'.repeat(20_000);
    for (const architecture of [arrays, containers, `{"type":"Dense","config":${arrays}}`]) {
      writeFileSync(path, `${JSON.stringify(rest).slice(0, -1)},"architecture":${architecture}}`);
      await expect(loadModel(folder)).rejects.toThrow(CheckpointError);
    }
  });
});

describe('a process', () => {
  let processes: FreshProcesses;
  beforeAll(async () => {
    processes = await FreshProcesses.create();
  }, 60_000);
  afterAll(() => processes.remove());

  const program = (folder: string) => `
    import { fork } from 'node:child_process';
    import { readdirSync } from 'node:fs';
    import { fileURLToPath } from 'node:url';
    import { Adam, Dense, Flatten, Sequential, full, loadModel, loadOptimizer, saveModel } from './weft.js';
    const folder = ${JSON.stringify(folder)};
    const described = (model) => ({ model, name: 'm', classNames: ['a', 'b'], inputShape: [8, 8, 1] });
    const made = () => new Sequential({ f: new Flatten(), d: new Dense(64, 64), h: new Dense(64, 2) });
    if (process.argv[2] === 'save') {
      const model = made();
      const optimizer = new Adam(model.parameters());
      for (let n = 0; ; n++) {
        for (const p of model.parameters()) p.grad = full(p.shape, 1);
        await optimizer.step();
        await saveModel(folder, { ...described(model), name: String(n), optimizer });
        if (n === 0) process.send('ready');
      }
    }
    const outcomes = new Set();
    for (let kill = 0; kill < 8; kill++) {
      const child = fork(fileURLToPath(import.meta.url), ['save']);
      await new Promise((resolve) => child.once('message', resolve));
      await new Promise((resolve) => setTimeout(resolve, 5 + 7 * kill));
      // Meanwhile a reader always finds a whole model.
      outcomes.add(await loadModel(folder).then(() => 'loads', String));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      try {
        const { model, name } = await loadModel(folder);
        const optimizer = new Adam(model.parameters());
        await loadOptimizer(folder, optimizer);
        outcomes.add(optimizer.stepCount === Number(name) + 1 ? 'a pair' : 'no pair');
      } catch (error) {
        outcomes.add(String(error));
      }
    }
    await saveModel(folder, described(made()));
    console.log(JSON.stringify([[...outcomes].sort(), readdirSync(folder).sort()]));
  `;

  test('that is killed leaves the old or the new checkpoint, model and optimizer, and the next save sweeps', async () => {
    const { output, errors } = await processes.run(program(join(temporaryFolder(), 'run')));
    expect(errors).toBe('');
    expect(JSON.parse(output)).toEqual([['a pair', 'loads'], files]);
  }, 60_000);

  // Here, and not within the test, since Node's own way to make folders does not return.
  test.runIf(existsSync('/proc/self'))(
    'that saves where no folder can be made is told so',
    async () => {
      const { code, errors } = await processes.run(`
      import { Dense, saveModel } from './weft.js';
      await saveModel('/proc/none/x', { model: new Dense(2, 2), name: 'm', inputShape: [2] });
    `);
      expect([code, errors]).toEqual([
        1,
        expect.stringContaining('expected a folder that can be written to'),
      ]);
    },
    60_000,
  );
});
