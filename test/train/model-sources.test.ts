/** A model travels: as bytes, a blob, a file, an address; what is no model is told apart; and inputs have any shape. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Adam,
  CheckpointError,
  Dense,
  deleteStoredModel,
  Embedding,
  encodeSafetensors,
  LSTM,
  loadModel,
  type ModelSource,
  Module,
  OptionError,
  type SavedModel,
  Sequential,
  ShapeError,
  saveModel,
  storedModels,
  type Tensor,
  WeftError,
  zeros,
} from '../../src/index.ts';
import { sha256InPage } from '../../src/train/sha256.ts';
import { denseModel, stripes } from './support.ts';

const saved = {
  model: denseModel(),
  name: 'stripes',
  classNames: stripes(3).classNames,
  inputShape: [6, 6, 1],
};
const folder = join(mkdtempSync(join(tmpdir(), 'weft-sources-')), 'a model');
const file = join(folder, 'model.safetensors');
let bytes: Uint8Array<ArrayBuffer>;
let server: Server;
let address: string;

beforeAll(async () => {
  await saveModel(folder, saved);
  bytes = await saveModel(saved);
  const answers: Record<string, Uint8Array | string> = {
    '/model/model.json': readFileSync(join(folder, 'model.json')),
    '/model/model.safetensors': bytes,
    '/short/model.json': readFileSync(join(folder, 'model.json')),
    '/short/model.safetensors': bytes.subarray(0, -8),
    '/page': '<!doctype html>\n<title>An app</title>',
    '/pointer': 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a',
  };
  server = createServer(({ url = '' }, response) => {
    const answer = answers[url.replace(/\?.*/, '')];
    response.statusCode = answer === undefined ? 404 : 200;
    response.end(answer);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function expectSame(loaded: SavedModel): Promise<void> {
  const { model, ...rest } = loaded;
  const { model: original, ...written } = saved;
  expect(rest).toEqual(written);
  expect(await model.stateDict()).toEqual(await original.stateDict());
}

describe('a saved model', () => {
  test('is the same bytes as the file in its folder', () => {
    expect(Buffer.from(bytes).equals(readFileSync(file))).toBe(true);
  });

  const sources: [name: string, source: () => ModelSource][] = [
    ['bytes', () => bytes],
    ['an ArrayBuffer', () => bytes.buffer],
    ['Node’s Buffer', () => readFileSync(file)],
    ['a Blob', () => new Blob([bytes])],
    ['a folder', () => folder],
    ['a file', () => file],
    ['the URL of a file', () => pathToFileURL(file)],
    ['the URL of a folder', () => pathToFileURL(folder)],
    ['an address', () => `${address}/model/model.safetensors?v=2`],
    ['the address of a folder', () => `${address}/model/?v=2`],
    ['an address as an object', () => new URL(`${address}/model/`)],
  ];
  test.each(sources)('comes from %s', async (_, source) => {
    await expectSame(await loadModel(source()));
  });

  const wrong: [name: string, source: () => ModelSource, message: RegExp][] = [
    [
      'a missing file',
      () => `${address}/none/model.safetensors`,
      /model\.safetensors: got HTTP status 404 Not Found/,
    ],
    ['a missing folder', () => `${address}/none/`, /none\/model\.json: got HTTP status 404/],
    ['a page in its place', () => `${address}/page`, /got a page \(HTML\): "<!doctype html>.*ends in \//],
    ['a pointer in its place', () => `${address}/pointer`, /Git LFS.*git lfs pull/],
    ['a cut file', () => `${address}/short/`, /short\/model\.safetensors: .*truncated/],
    ['no server', () => 'http://127.0.0.1:1/x', /no answer.*CORS/],
    ['model.json', () => join(folder, 'model.json'), /model\.json: got JSON.*does not hold its weights/],
    [
      'one other bit',
      () => bytes.map((byte, index) => (index === bytes.length - 2 ? byte ^ 1 : byte)),
      /SHA-256 differs/,
    ],
    ['other weights', () => encodeSafetensors({}), /weights without a description.*decodeSafetensors/],
    ['a cut blob', () => new Blob([bytes.subarray(0, 100)]), /the blob of the model: got a header length/],
  ];
  test.each(wrong)('is not %s', async (_, source, message) => {
    const loading = loadModel(source());
    await expect(loading).rejects.toThrow(CheckpointError);
    await expect(loading).rejects.toThrow(message);
  });

  test('is bytes without an optimizer', async () => {
    const optimizer = new Adam(saved.model.parameters());
    await expect(saveModel({ ...saved, optimizer })).rejects.toThrow(OptionError);
  });

  test('goes to pages only where there is one', async () => {
    await expect(saveModel({ download: 'digits' }, saved)).rejects.toThrow(/no page/);
    for (const act of [
      () => saveModel({ indexedDB: 'digits' }, saved),
      () => loadModel({ indexedDB: 'digits' }),
      () => storedModels(),
      () => deleteStoredModel('digits'),
    ]) {
      await expect(act()).rejects.toThrow(WeftError);
      await expect(act()).rejects.toThrow(/no IndexedDB.*not in Node/);
    }
  });
});

test('SHA-256 is that of Node', () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 4096, 100_001]) {
    const part = Uint8Array.from({ length }, (_, index) => index * 7);
    const wanted = createHash('sha256').update(part).update(part).digest('hex');
    expect(sha256InPage([part, part]), `${length}`).toBe(wanted);
  }
});

describe('inputs', () => {
  class Weather extends Module<{ readonly days: Tensor; readonly place: Tensor }, Tensor> {
    readonly lstm = new LSTM(3, 4);
    readonly places = new Embedding(10, 4);

    config() {
      return [];
    }

    forward({ days, place }: { readonly days: Tensor; readonly place: Tensor }): Tensor {
      return this.lstm.call(days).add(this.places.call(place));
    }
  }

  test('are sequences, words, or several, with and without classes', async () => {
    const regression = new Sequential({ lstm: new LSTM(3, 4), head: new Dense(4, 1) });
    const sequences = await loadModel(await saveModel({ model: regression, name: 'r', inputShape: [12, 3] }));
    expect(sequences).toMatchObject({ inputShape: [12, 3], classNames: undefined, normalization: undefined });
    const words = new Sequential({ embedding: new Embedding(50, 8), lstm: new LSTM(8, 2) });
    const inputShape = { shape: [20], dtype: 'int32' } as const;
    const told = { model: words, name: 'w', inputShape, classNames: ['no', 'yes'] };
    expect(await loadModel(await saveModel(told))).toMatchObject({ inputShape, classNames: ['no', 'yes'] });
    const weather = new Weather();
    const several = { days: [7, 3], place: { shape: [], dtype: 'int32' } } as const;
    const stored = await saveModel({ model: weather, name: 's', inputShape: several }, { Weather });
    const loaded = await loadModel<Parameters<Weather['forward']>[0]>(stored, { Weather });
    expect(loaded.inputShape).toEqual(several);
    const x = { days: zeros([2, 7, 3]), place: zeros([2], { dtype: 'int32' }) };
    expect(await loaded.model.call(x).array()).toEqual(await weather.call(x).array());
  });

  test('that do not fit the model are refused', async () => {
    const model = new Sequential({ lstm: new LSTM(3, 4), head: new Dense(4, 1) });
    const save = (more: object) => () => saveModel({ model, name: 'm', inputShape: [12, 3], ...more });
    await expect(save({ inputShape: [12, 2] })).rejects.toThrow(ShapeError);
    await expect(save({ inputShape: [12, 0] })).rejects.toThrow(/inputShape \[12,0\].*whole numbers above 0/);
    await expect(save({ inputShape: { shape: [12, 3], dtype: 'int8' } })).rejects.toThrow(OptionError);
    await expect(save({ inputShape: [] })).rejects.toThrow(WeftError);
    await expect(save({ classNames: ['a', 'b'] })).rejects.toThrow(
      /2 names for scores \[1, 1\].*Leave classNames out/,
    );
    const normalization = { mean: [0], std: [1] };
    await expect(save({ normalization })).rejects.toThrow(/1 means/);
    await expect(save({ normalization, inputShape: { a: [2], b: [3] } })).rejects.toThrow(WeftError);
  });
});
