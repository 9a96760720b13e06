/** Modules as trees, modules as JSON, and the summary. */
import { describe, expect, it } from 'vitest';
import { Parameter, seed, type Tensor, zeros } from '../../src/index.ts';
import { createModel } from '../../src/models/index.ts';
import * as nn from '../../src/nn/index.ts';
import { errorOf, values } from './support.ts';

const options = { inputShape: [20, 20, 1], classes: 10 } as const;

describe('modules', () => {
  it('are named by record or number, nested with dots', () => {
    const model = new nn.Sequential([
      new nn.Sequential({ head: new nn.Dense(2, 3), norm: new nn.BatchNorm(3) }),
      new nn.Dense(3, 1, { bias: false }),
    ]);
    expect(model.namedVariables().map(([path, variable]) => [path, variable.name])).toEqual(
      [
        '0.head.weight',
        '0.head.bias',
        '0.norm.scale',
        '0.norm.shift',
        '0.norm.runningMean',
        '0.norm.runningVariance',
        '1.weight',
      ].map((name) => [name, name]),
    );
    expect(model.namedParameters().every(([, each]) => each instanceof Parameter)).toBe(true);
    expect(model.parameterCount()).toBe(6 + 3 + 3 + 3 + 3);
    expect(model.layers.length).toBe(2);
  });

  it('switch modes as a tree', () => {
    const model = createModel('conv-lstm', options);
    model.eval();
    expect(model.namedModules().every(([, module]) => !module.training)).toBe(true);
    model.train();
    expect(model.namedModules().every(([, module]) => module.training)).toBe(true);
  });

  it('refuse names that would hide something', () => {
    for (const name of ['call', 'training', 'a.b', '']) {
      expect(() => new nn.Sequential({ [name]: new nn.ReLU() })).toThrow(/Choose another name/);
    }
  });

  it('copy their state', async () => {
    seed(1);
    const from = createModel('conv-lstm', options).eval();
    const to = createModel('conv-lstm', options).eval();
    const x = values([2, 20, 20, 1]);
    expect(await to.call(x).data()).not.toEqual(await from.call(x).data());
    await to.loadStateDict(await from.stateDict());
    expect(await to.call(x).data()).toEqual(await from.call(x).data());
    const other = createModel('row-lstm', options);
    await expect(other.loadStateDict(await from.stateDict())).rejects.toThrow(/loadStateDict: got a state/);
  });
});

class Doubled extends nn.Layer {
  config() {
    return [];
  }
  forward(x: Tensor): Tensor {
    return x.mul(2);
  }
}

describe('serialization', () => {
  // Every layer as it usually is: every-layer.test.ts.
  const layers = [
    new nn.Dense(3, 4, { bias: false }),
    new nn.Conv1d(2, 4, 3, { padding: [1, 2], groups: 2 }),
    new nn.Conv2d(2, 4, [3, 2], {
      padding: [
        [1, 0],
        [0, 2],
      ],
      stride: [1, 2],
    }),
    new nn.BatchNorm(4, { momentum: 0.2, affine: false }),
    new nn.LSTM(3, 4, { layers: 2, bidirectional: true, dropout: 0.5, output: 'sequence', forgetBias: 1 }),
    new nn.GRU(3, 4, { bias: false, recurrentInitializer: 'orthogonal', fused: false }),
    new nn.Sequential([new nn.ReLU(), new nn.Sequential({ gelu: new nn.GELU(), tanh: new nn.Tanh() })]),
  ];
  it.each(layers.map((layer) => [layer.kind, layer] as const))('%s', (_, layer) => {
    const config = nn.moduleToConfig(layer as nn.AnyModule);
    const again = nn.moduleFromConfig(JSON.parse(JSON.stringify(config)));
    expect(JSON.stringify(nn.moduleToConfig(again))).toBe(JSON.stringify(config));
    const shapes = (module: nn.AnyModule) =>
      module.namedVariables().map(([path, { shape }]) => [path, shape]);
    expect(shapes(again)).toEqual(shapes(layer as nn.AnyModule));
  });

  it('takes classes of the user', () => {
    const model = new nn.Sequential({ doubled: new Doubled() });
    expect(errorOf(() => nn.moduleToConfig(model)).message).toContain(
      'moduleToConfig "doubled": got a module of class Doubled, expected a class of layerTypes. ',
    );
    const config = nn.moduleToConfig(model, { Doubled });
    const error = errorOf(() => nn.moduleFromConfig(config));
    expect(error.name).toBe('ModelConfigError');
    expect(error.message).toContain(
      'moduleFromConfig "doubled": got type "Doubled", expected a class of layerTypes',
    );
    expect(nn.moduleFromConfig(config, { Doubled }).call(zeros([2])).shape).toEqual([2]);
  });

  it('refuses what is no description', () => {
    for (const wrong of [null, 3, 'Dense', [], {}, { type: 'Dense' }, { type: 'toString', config: [] }]) {
      expect(errorOf(() => nn.moduleFromConfig(wrong)).name).toBe('ModelConfigError');
    }
    expect(errorOf(() => nn.moduleFromConfig({ type: 'Dense', config: [3, 'x'] })).message).toContain(
      'Dense: got outputs "x", expected a whole number',
    );
  });

  it('builds a module that stands twice once', () => {
    const shared = new nn.Dense(2, 2);
    const block = new nn.Sequential({ inner: shared, relu: new nn.ReLU() });
    const model = new nn.Sequential({ block, between: new nn.ReLU(), again: block, last: shared });
    const config = nn.moduleToConfig(model);
    expect(config.modules!.last).toEqual({ type: 'shared', config: ['block', 'inner'] });
    const built = nn.moduleFromConfig(JSON.parse(JSON.stringify(config))) as nn.Sequential;
    expect(built.modules.again).toBe(built.modules.block);
    expect(built.modules.last).toBe((built.modules.block as nn.Sequential).modules.inner);
    expect(nn.moduleToConfig(built)).toEqual(config);
    expect(built.parameters()).toHaveLength(2);
  });

  it('refuses what is shared with nothing that comes before, or with what it is a part of', () => {
    const later = { first: { type: 'shared', config: ['second'] }, second: { type: 'ReLU', config: [] } };
    expect(() => nn.moduleFromConfig({ type: 'Sequential', config: [], modules: later })).toThrow(
      /"first": got type "shared"/,
    );
    const inside = { inside: { type: 'shared', config: [] } };
    expect(() => nn.moduleFromConfig({ type: 'Sequential', config: [], modules: inside })).toThrow(
      /"inside": got type "shared"/,
    );
  });
});

describe('summary', () => {
  it('counts parameters and operations of the default model', () => {
    const model = createModel('conv-lstm', options);
    const { rows, parameters, flops } = nn.summarize(model, options.inputShape);
    expect(rows.map(({ path, outputShape }) => [path, outputShape])).toEqual([
      ['conv1', [1, 20, 20, 16]],
      ['norm1', [1, 20, 20, 16]],
      ['relu1', [1, 20, 20, 16]],
      ['pool1', [1, 10, 10, 16]],
      ['conv2', [1, 10, 10, 32]],
      ['norm2', [1, 10, 10, 32]],
      ['relu2', [1, 10, 10, 32]],
      ['pool2', [1, 5, 5, 32]],
      ['conv3', [1, 5, 5, 64]],
      ['norm3', [1, 5, 5, 64]],
      ['relu3', [1, 5, 5, 64]],
      ['read', [1, 5, 320]],
      ['lstm', [1, 128]],
      ['lstm.readout', [1, 128]],
      ['dropout', [1, 128]],
      ['head', [1, 10]],
    ]);
    const row = (path: string) => rows.find((each) => each.path === path)!;
    expect(row('conv1').parameters).toBe(3 * 3 * 16);
    expect(row('norm1').parameters).toBe(2 * 16);
    expect(row('lstm').parameters).toBe(2 * (320 * 256 + 64 * 256 + 2 * 256));
    expect(row('head').parameters).toBe(1290);
    expect(parameters).toBe(model.parameterCount());
    // Products of nine taps.
    expect(row('conv1').flops).toBe(400 * 16 * 2 * 9);
    expect(row('head').flops).toBe(2 * 128 * 10 + 10);
    expect(row('dropout').flops).toBe(0);
    expect(flops).toBe(rows.reduce((sum, each) => sum + each.flops, 0));
  });

  it('changes nothing: no mode, no running statistics', async () => {
    const norm = new nn.BatchNorm(2);
    const model = new nn.Sequential({ norm, drop: new nn.Dropout(0.5).eval() });
    nn.summary(model, [3, 2]);
    expect(norm.training).toBe(true);
    expect(model.layers[1].training).toBe(false);
    expect(Array.from(await norm.runningMean.data())).toEqual([0, 0]);
  });

  it('prints a table', () => {
    const model = new nn.Sequential({
      embed: new nn.Embedding(100, 8),
      encoder: new nn.Sequential({ lstm: new nn.LSTM(8, 4) }),
      head: new nn.Dense(4, 2),
    });
    expect(nn.summary(model, [6], { dtype: 'int32' })).toBe(
      [
        'layer         kind       output     parameters  FLOPs a sample',
        '------------  ---------  ---------  ----------  --------------',
        'embed         embedding  [N, 6, 8]         800               0',
        'encoder.lstm  lstm       [N, 4]            224          2.73 k',
        'head          dense      [N, 2]             10              18',
        'total                                    1,034          2.75 k',
      ].join('\n'),
    );
  });

  it('takes several inputs, in a list or a record', () => {
    class Two extends nn.Module<{ readonly days: Tensor; readonly place: Tensor }> {
      readonly lstm = new nn.LSTM(4, 8);
      readonly places = new nn.Embedding(10, 8);

      forward({ days, place }: { readonly days: Tensor; readonly place: Tensor }) {
        return this.lstm.call(days).add(this.places.call(place));
      }
    }
    const forms = { days: [7, 4], place: { shape: [], dtype: 'int32' } } as const;
    expect(nn.summary(new Two(), forms)).toMatch(/lstm +lstm +\[N, 8\]/);
    class Places extends nn.Module<readonly Tensor[]> {
      readonly places = new nn.Embedding(10, 8);

      forward([first, second]: readonly Tensor[]) {
        return this.places.call(first.add(second));
      }
    }
    const { rows } = nn.summarize(new Places(), [[3], [3]], { dtype: 'int32' });
    expect(rows.map(({ outputShape }) => outputShape)).toContainEqual([1, 3, 8]);
    expect(() => nn.summary(new Two(), {})).toThrow(/list or record of such for several inputs/);
  });

  it('names the layer that an input does not fit', () => {
    const model = createModel('conv-lstm', options);
    expect(() => nn.summary(model, [20, 20, 3])).toThrow(/conv2d "conv1": got \[N=1, H=20, W=20, C=3\]/);
    expect(model.training).toBe(true);
  });
});
