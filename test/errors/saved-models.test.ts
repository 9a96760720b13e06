/** Bad input to saved models: damaged, missing or foreign files, and places that cannot be written. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  Activation,
  Adam,
  CheckpointError,
  decodeSafetensors,
  loadModel,
  loadOptimizer,
  ModelConfigError,
  OptionError,
  ones,
  Sequential,
  SGD,
  saveModel,
  saveOptimizer,
} from '../../src/index.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { denseModel, refuses } from './support.ts';

describe('saved models', () => {
  async function saved(): Promise<string> {
    const folder = join(temporaryFolder(), 'run');
    const model = denseModel();
    await saveModel(folder, { model, name: 'm', classNames: ['a', 'b', 'c'], inputShape: [4, 4, 1] });
    return folder;
  }

  interface Stored {
    [field: string]: unknown;
    architecture: {
      type: string;
      config: unknown;
      modules: Record<string, { type: string; config: unknown }>;
    };
  }

  async function withDescription(change: (stored: Stored) => unknown): Promise<string> {
    const folder = await saved();
    const path = join(folder, 'model.json');
    const stored = JSON.parse(readFileSync(path, 'utf8')) as Stored;
    change(stored);
    writeFileSync(path, JSON.stringify(stored));
    return folder;
  }

  const descriptions: [name: string, change: (stored: Stored) => unknown, pieces: string[]][] = [
    ['format', (s) => (s.format = 5), ['format 5', 'weft-model']],
    ['version', (s) => (s.version = 2), ['version 2, expected 1', 'the version of weft that saved it']],
    ['name', (s) => delete s.name, ['name undefined', 'a text']],
    ['inputShape', (s) => (s.inputShape = [4, -4, 1]), ['inputShape [4,-4,1]', 'height, width, channels']],
    [
      'another inputShape',
      (s) => (s.inputShape = [5, 5, 1]),
      ['dense "head": got [N=1, F=25]', 'last axis 16'],
    ],
    ['classNames', (s) => (s.classNames = 'abc'), ['classNames "abc"', 'a list of texts']],
    [
      'fewer classNames',
      (s) => (s.classNames = ['a', 'b']),
      ['2 names for scores [1, 3]', 'one name for each'],
    ],
    ['normalization', (s) => (s.normalization = { mean: [0] }), ['normalization {"mean":[0]}', 'a std']],
    ['zero deviation', (s) => (s.normalization = { mean: [0], std: [0] }), ['deviations 0']],
    ['two channels', (s) => (s.normalization = { mean: [0, 0], std: [1, 1] }), ['2 means', 'C=1']],
    ['hash', (s) => (s.weightsSha256 = 'abc'), ['SHA-256', 'as model.json says']],
    ['hash of another type', (s) => (s.weightsSha256 = 5), ['weightsSha256 5']],
    [
      'architecture',
      (s) => Reflect.deleteProperty(s, 'architecture'),
      ['moduleFromConfig', '{ type: string'],
    ],
    [
      'type',
      (s) => (s.architecture.modules.head.type = 'Dense2'),
      ['"head"', 'type "Dense2"', 'a class of layerTypes'],
    ],
    ['inherited type', (s) => (s.architecture.modules.head.type = 'constructor'), ['type "constructor"']],
    [
      'arguments',
      (s) => (s.architecture.modules.head.config = [16]),
      ['"head", Dense: got outputs undefined'],
    ],
    ['no arguments', (s) => (s.architecture.modules.head.config = {}), ['"head"', 'config: array']],
    [
      'an option',
      (s) => (s.architecture.modules.head.config = [16, 3, { bias: 'no' }]),
      ['"head", Dense', '"no"'],
    ],
    ['sizes', (s) => (s.architecture.modules.head.config = [16, 4]), ['"head.weight"', '[16, 3]', '[16, 4]']],
    ['a missing layer', (s) => delete s.architecture.modules.head, ['unknown head.weight', 'no variables']],
  ];
  test.each(descriptions)('model.json: %s', async (_, change, pieces) => {
    const folder = await withDescription(change);
    await refuses(() => loadModel(folder), CheckpointError, join(folder, 'model.'), ...pieces);
  });

  test('model.json that is no object', async () => {
    const folder = await saved();
    const path = join(folder, 'model.json');
    const texts = { '{"format': 'not JSON', '': 'not JSON', '[]': 'no JSON object', null: 'no JSON object' };
    for (const [text, piece] of Object.entries(texts)) {
      writeFileSync(path, text);
      await refuses(() => loadModel(folder), CheckpointError, path, piece, 'expected a JSON object');
    }
  });

  const files: [name: string, change: (bytes: Buffer) => Uint8Array, pieces: string[]][] = [
    ['empty', (bytes) => bytes.subarray(0, 0), ['0 bytes', 'at least 8']],
    ['cut in the header', (bytes) => bytes.subarray(0, 30), ['a header length of', 'in a file of 30']],
    ['cut in the data', (bytes) => bytes.subarray(0, -5), ['199 bytes of data (truncated)', '204']],
    ['longer', (bytes) => Buffer.concat([bytes, Buffer.of(1)]), ['205 bytes of data (trailing bytes)']],
    [
      'one bit',
      (bytes) => bytes.fill(bytes[bytes.length - 1] ^ 64, bytes.length - 1),
      ['SHA-256', 'damaged'],
    ],
    ['text', () => Buffer.from('404: Not Found'), ['got a text: "404: Not Found"', 'a server']],
    [
      'ZIP',
      () => Buffer.from('PK\x03\x04\0\0\x08\x08 .pt'),
      ['got a ZIP archive', '.pt or .pth', 'decodeSafetensors'],
    ],
    ['PNG', () => Buffer.from('89504e470d0a1a0a0000000d', 'hex'), ['got a picture']],
    [
      'pickle',
      () => Buffer.from('80028a0a6cfc9c46f920', 'hex'),
      ['got another kind of file', 'saveModel wrote'],
    ],
    ['length', (bytes) => bytes.fill(255, 0, 4), ['a header length of 4294967295 bytes']],
  ];
  test.each(files)('model.safetensors: %s', async (_, change, pieces) => {
    const folder = await saved();
    const path = join(folder, 'model.safetensors');
    writeFileSync(path, change(readFileSync(path)));
    await refuses(() => loadModel(folder), CheckpointError, path, ...pieces);
  });

  const entries: [entry: unknown, pieces: string[]][] = [
    [5, ['got 5', 'an object with dtype']],
    [{ dtype: 'F16', shape: [1], data_offsets: [0, 4] }, ['dtype "F16"', 'F32, I32 or BOOL']],
    [{ dtype: 'F32', shape: [-1], data_offsets: [0, 4] }, ['shape [-1]']],
    [{ dtype: 'F32', shape: [2], data_offsets: [0, 4] }, ['4 bytes, expected 8, for float32[2]']],
    [{ dtype: 'F32', shape: [1], data_offsets: [0] }, ['data_offsets [0]']],
    [{ dtype: 'F32', shape: [1], data_offsets: [4, 8] }, ['byte 4 of the data, which leaves a gap']],
  ];
  test.each(entries)('safetensors entry %j', async (entry, pieces) => {
    const header = Buffer.from(JSON.stringify({ w: entry }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const bytes = Buffer.concat([length, header, Buffer.alloc(4)]);
    await refuses(
      () => decodeSafetensors(bytes, 'x.safetensors'),
      CheckpointError,
      'x.safetensors, tensor "w"',
      ...pieces,
    );
  });

  test('missing files, and places that cannot be written', async () => {
    const folder = await saved();
    rmSync(join(folder, 'model.safetensors'));
    await refuses(
      () => loadModel(folder),
      CheckpointError,
      'model.safetensors: got no file or folder',
      'saveModel wrote',
    );
    await refuses(() => loadModel('/no/such'), CheckpointError, '/no/such/model.json');
    const target = {
      model: denseModel(),
      name: 'm',
      classNames: ['a', 'b', 'c'],
      inputShape: [4, 4, 1] as const,
    };
    const file = join(folder, 'model.json');
    await refuses(() => saveModel(file, target), CheckpointError, file, 'a folder that can be written to');
    const nowhere = join(folder, 'none');
    await refuses(
      () => saveModel(nowhere, { ...target, classNames: [] }),
      OptionError,
      'saveModel: got classNames []',
    );
    expect(existsSync(nowhere)).toBe(false);
    const activation = new Sequential({ a: new Activation('x', (x) => x) });
    await refuses(
      () => saveModel(nowhere, { ...target, model: activation }),
      ModelConfigError,
      '"a"',
      'Activation',
      'saveModel(folder, saved, { MyActivation })',
    );
  });

  test('the state of another optimizer', async () => {
    const folder = temporaryFolder();
    const model = denseModel();
    const adam = new Adam(model.parameters());
    model
      .call(ones([2, 16]))
      .sum()
      .backward();
    await adam.step();
    await saveOptimizer(folder, adam);
    const sgd = new SGD(model.parameters(), { momentum: 0.9 });
    await refuses(
      () => loadOptimizer(folder, sgd),
      CheckpointError,
      'optimizer.safetensors',
      '"adam.',
      'velocity',
    );
  });
});
