/** Ready-made models by name: each classifies images, is stored as JSON, and is made in the sizes that it says. */
import { resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { moduleFromConfig, moduleToConfig, seed, summarize } from '../../src/index.ts';
import {
  createModel,
  type ModelName,
  type ModelSizes,
  modelFacts,
  modelNames,
} from '../../src/models/index.ts';
import { type SizeName, sizeKinds, sizeNames } from '../../src/models/sizes.ts';
import { errorOf, values } from '../nn/support.ts';

/** What an editor offers at the end of a line of code. */
function completions(line: string): string[] {
  const models = resolve(import.meta.dirname, '../../src/models/index.ts');
  const file = resolve(import.meta.dirname, 'typed.ts');
  const code = `import { createModel } from '${models}';\n${line}`;
  const service = ts.createLanguageService({
    getCompilationSettings: () => ({
      allowImportingTsExtensions: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
    }),
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (name) => {
      const text = name === file ? code : ts.sys.readFile(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => import.meta.dirname,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (name) => name === file || ts.sys.fileExists(name),
    readFile: ts.sys.readFile,
  });
  const offered = service.getCompletionsAtPosition(file, code.length, undefined);
  return offered?.entries.map(({ name }) => name) ?? [];
}

/** Another value of each size than any model has as its own. */
const others: ModelSizes = {
  hidden: 6,
  width: 12,
  layers: 5,
  dropout: 0.6,
  order: 'patches:2x4',
  readout: 'attention',
  maps: [3, 5],
  kernel: 5,
  patch: [2, 4],
  heads: 2,
  steps: 8,
  missing: 'learned',
};

const task = { inputShape: [16, 16, 1], classes: 3 } as const;

describe.each(modelNames)('%s', (name) => {
  it('classifies images, gray and colored, and is stored as JSON', async () => {
    for (const inputShape of [
      [16, 20, 3],
      [20, 20, 1],
    ] as const) {
      seed(2);
      const model = createModel(name, { inputShape, classes: 4 }).eval();
      const x = values([2, ...inputShape]);
      expect(model.call(x).shape).toEqual([2, 4]);
      const stored = JSON.stringify(moduleToConfig(model));
      const again = moduleFromConfig(JSON.parse(stored)).eval();
      expect(JSON.stringify(moduleToConfig(again))).toBe(stored);
      await again.loadStateDict(await model.stateDict());
      const scores = await model.call(x).data();
      expect(await again.call(x).data()).toEqual(scores);
      expect(scores.every(Number.isFinite)).toBe(true);
      // What it says of an image depends on the image, and on no other of the batch.
      const alone = await model.call(x.slice([0, 1])).data();
      expect(scores[0]).toBeCloseTo(alone[0]!, 5);
      expect([...scores.slice(0, 4)]).not.toEqual([...scores.slice(4)]);
    }
  });

  it('gives the same weights for a seed, and a gradient to each of them', async () => {
    seed(0);
    const first = createModel(name, task);
    seed(0);
    expect(await createModel(name, task).stateDict()).toEqual(await first.stateDict());
    first
      .eval()
      .call(values([2, ...task.inputShape]))
      .square()
      .mean()
      .backward();
    // Asked for at once, they are one plan.
    const gradients = await Promise.all(
      first.namedParameters().map(async ([path, { grad }]) => [path, await grad!.data()] as const),
    );
    for (const [path, gradient] of gradients) {
      // Where nothing is missing, there is no time since a pixel was seen that a decay could grow by.
      const idle = path.includes('inputDecay');
      expect(
        gradient.some((value) => value !== 0),
        path,
      ).toBe(!idle);
    }
  });

  it('is another model in each of its sizes', () => {
    const usual = JSON.stringify(moduleToConfig(createModel(name, task)));
    for (const size of Object.keys(modelFacts(name).sizes) as SizeName[]) {
      // A gru-d has one treatment of missing pixels, and glimpses are square.
      if (name === 'gru-d' && size === 'missing') continue;
      const other = name === 'glimpse' && size === 'patch' ? [4, 4] : others[size];
      const model = createModel(name, { ...task, [size]: other });
      expect(JSON.stringify(moduleToConfig(model)), size).not.toBe(usual);
      expect(model.eval().call(values([2, ...task.inputShape])).shape, size).toEqual([2, 3]);
    }
  });

  it('refuses sizes that it does not have, and what no size can be', () => {
    const own = modelFacts(name).sizes;
    for (const size of sizeNames) {
      const wrong = errorOf(() => createModel(name, { ...task, [size]: size in own ? -1 : others[size] }));
      expect(wrong.name).toBe('OptionError');
      expect(wrong.message).toContain(
        size in own ? `createModel: got ${size} -1` : `for '${name}', which has none`,
      );
    }
  });
});

describe('createModel', () => {
  it('begins with conv-lstm', () => {
    expect(modelNames[0]).toBe('conv-lstm');
  });

  it('has the parameters that are published', () => {
    const mnist = { inputShape: [28, 28, 1], classes: 10 } as const;
    expect(createModel('row-lstm', mnist).parameterCount()).toBe(82_186);
    expect(createModel('hierarchical-lstm', mnist).parameterCount()).toBe(199_434);
  });

  it('completes its names in an editor, and takes a text that is read from somewhere', () => {
    expectTypeOf<ModelName>().toExtend<Parameters<typeof createModel>[0]>();
    expectTypeOf<string>().toExtend<Parameters<typeof createModel>[0]>();
    expect(completions("createModel('")).toEqual(expect.arrayContaining([...modelNames]));
  });

  it('says which treatments of missing pixels a model takes, and takes these', () => {
    for (const name of modelNames) {
      const { treatments, sizes } = modelFacts(name);
      expect(treatments[0]).toBe(sizes.missing);
      for (const missing of treatments) createModel(name, { ...task, missing });
    }
    expect(() => createModel('cnn', { ...task, missing: 'mask' })).toThrow(
      /missing "mask" for 'cnn', which does not take it, expected missing as one of error, mean, last, learned.*another model: row-lstm, row-gru, bidirectional-lstm, stacked-lstm\./s,
    );
    // Filled in front, a gru-d sees nothing missing, and its decays never act.
    expect(() => createModel('gru-d', { ...task, missing: 'mean' })).toThrow(/one of decay/);
  });

  it('refuses sizes of which others make nothing', () => {
    const rcnn = (maps: number[], dropout: number) =>
      createModel('rcnn', { ...task, maps, steps: 5, dropout });
    expect(() => rcnn([8], 0)).toThrow(/maps 8 for 'rcnn', expected at least 2/);
    expect(() => rcnn([8, 8], 0.5)).toThrow(/with dropout 0.5, expected at least 3/);
    rcnn([8, 8], 0);
    // 20 strips of 2 rows: the last six of 28 rows hold nothing but zeros.
    const strips = (steps: number) =>
      createModel('convlstm2d', { inputShape: [28, 28, 1], classes: 3, steps });
    expect(() => strips(20)).toThrow(/steps 20 .*Give steps 14, or fewer/s);
    strips(14);
    expect(() => createModel('glimpse', { ...task, patch: [4, 8] })).toThrow(/patch 4×8 .*a square/s);
  });

  it('suggests the nearest name, and says which images it cannot read', () => {
    const error = errorOf(() => createModel('row-lsm', task));
    expect(error.name).toBe('OptionError');
    expect(error.message).toMatch(/got "row-lsm", expected one of conv-lstm, .*Did you mean 'row-lstm'\?/);
    expect(() => createModel('cnn', { inputShape: [8, 8, 1], classes: 0 })).toThrow(/classes 0/);
    expect(() => createModel('vil', { ...task, inputShape: [3, 8, 1] })).toThrow(/patches that divide/);
  });

  it('pools images as long as five rows and columns are left', () => {
    const side = (inputShape: readonly [number, number, number], maps: readonly number[]) =>
      summarize(createModel('conv-lstm', { inputShape, classes: 2, maps }), inputShape).rows.find(
        ({ path }) => path === 'read',
      )!.outputShape;
    expect(side([64, 64, 3], [2, 3, 4])).toEqual([1, 8, 8 * 4]);
    expect(side([20, 28, 1], [2, 3, 4])).toEqual([1, 5, 7 * 4]);
    expect(side([9, 40, 1], [2, 3])).toEqual([1, 9, 40 * 3]);
    expect(side([1, 1, 1], [2])).toEqual([1, 1, 2]);
  });

  it('reads on the command line what it writes', () => {
    for (const name of sizeNames) {
      const { read, write } = sizeKinds[name] as {
        read(text: string): unknown;
        write(value: unknown): string;
      };
      expect(read(write(others[name])), name).toEqual(others[name]);
      expect(sizeKinds[name].holds(read(sizeKinds[name].example)), name).toBe(true);
      expect(sizeKinds[name].holds(read('!')), name).toBe(false);
    }
  });
});
